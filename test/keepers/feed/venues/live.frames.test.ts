import { expect } from "chai";
import { createLiveSource } from "../../../../keepers/feed/venues/live.ts";
import type { ListedMarket } from "../../../../keepers/feed/venues/pairs.ts";
import type { Tick } from "../../../../keepers/feed/venues/source.ts";
import { systemClock } from "../../../../keepers/shared/clock.ts";
import { createLogger } from "../../../../keepers/shared/log.ts";
import { createStandingClock } from "./support/clocks.ts";
import { recordedFrames } from "./support/frames.ts";
import { spotMarket } from "./support/markets.ts";
import { startVenueServer, until } from "./support/server.ts";

/** Receipt, later than every recorded or hand-made trade. */
const RECEIVED_AT_MS = 1_795_000_000_000;

interface Fact {
  pair: string;
  price: number;
  size: number;
  atMs: number;
}

/** A venue, how its frames are read here, independently of ccxt, and some frames made by hand. */
interface Case {
  venue: string;
  recording: string;
  markets: ListedMarket[];
  bases: string[];
  /** Trade that a frame states of one of the markets, by market id. */
  trades(frame: Record<string, unknown>): (Omit<Fact, "pair"> & { id: string })[];
  /** Bid and ask that a frame states, by market id. */
  book(frame: Record<string, unknown>): { id: string; bid: number; ask: number } | null;
  handMade: string[];
}

type Raw = Record<string, string>;

function binanceTrades(frame: Record<string, unknown>) {
  const data = (frame["data"] ?? frame) as Raw;
  if (data["e"] !== "aggTrade") return [];
  return [
    { id: data["s"]!, price: Number(data["p"]), size: Number(data["q"]), atMs: Number(data["T"]) },
  ];
}

function binanceBook(frame: Record<string, unknown>) {
  const data = frame["data"] as Raw | undefined;
  if (!String(frame["stream"]).endsWith("@bookTicker") || data === undefined) return null;
  return { id: data["s"]!, bid: Number(data["b"]), ask: Number(data["a"]) };
}

const CASES: Case[] = [
  {
    venue: "binance",
    recording: "binance_spot",
    markets: [spotMarket("NKNUSDT", "NKN", "USDT")],
    bases: ["NKN"],
    trades: binanceTrades,
    book: binanceBook,
    handMade: [
      '{"result":null,"id":1}',
      '{"stream":"nknusdt@aggTrade","data":{"e":"aggTrade","E":1633998600000,"s":"NKNUSDT","a":7,"p":"0.35310000","q":"12.50000000","f":1,"l":2,"T":1633998599990,"m":true,"M":true}}',
      '{"stream":"nknusdt@bookTicker","data":{"u":1,"s":"NKNUSDT","b":"0.35300000","B":"10.0","a":"0.35320000","A":"11.0"}}',
      '{"e":"aggTrade","E":1633998601000,"s":"NKNUSDT","a":8,"p":"0.35300000","q":"3.00000000","f":3,"l":3,"T":1633998600995,"m":false,"M":true}',
    ],
  },
  {
    venue: "binanceus",
    recording: "binanceus",
    // the only pair with recorded trades is quoted in another dollar coin; it stands in for a dollar pair
    markets: [
      spotMarket("OMGBUSD", "OMG", "USD"),
      spotMarket("COMPUSDT", "COMP", "USDT"),
      spotMarket("ZRXUSDT", "ZRX", "USDT"),
    ],
    bases: ["OMG", "COMP", "ZRX"],
    trades: binanceTrades,
    book: binanceBook,
    handMade: [
      '{"stream":"compusdt@bookTicker","data":{"u":2,"s":"COMPUSDT","b":"297.10000000","B":"1.0","a":"297.30000000","A":"2.0"}}',
      '{"stream":"omgbusd@aggTrade","data":{"e":"aggTrade","E":1633998300000,"s":"OMGBUSD","a":9,"p":"13.75000000","q":"0.73000000","f":4,"l":4,"T":1633998299999,"m":true,"M":true}}',
    ],
  },
  {
    venue: "coinbase",
    recording: "coinbase_pro",
    markets: [spotMarket("SKL-USD", "SKL", "USD")],
    bases: ["SKL"],
    trades(frame) {
      if (frame["type"] !== "match") return [];
      const { product_id: id, price, size, time } = frame as Raw;
      return [{ id: id!, price: Number(price), size: Number(size), atMs: Date.parse(time!) }];
    },
    book(frame) {
      if (frame["type"] !== "ticker") return null;
      const { product_id: id, best_bid: bid, best_ask: ask } = frame as Raw;
      return { id: id!, bid: Number(bid), ask: Number(ask) };
    },
    handMade: [
      '{"type":"subscriptions","channels":[{"name":"matches","product_ids":["SKL-USD"]}]}',
      '{"type":"last_match","trade_id":1,"side":"buy","size":"99","price":"0.7001","product_id":"SKL-USD","sequence":1,"time":"2021-04-17T16:43:00.000000Z"}',
      '{"type":"match","trade_id":2,"side":"sell","size":"450.5","price":"0.7911","product_id":"SKL-USD","sequence":2,"time":"2021-04-17T16:43:37.123456Z"}',
      '{"type":"ticker","sequence":3,"product_id":"SKL-USD","price":"0.7911","best_bid":"0.7910","best_ask":"0.7914","side":"buy","time":"2021-04-17T16:43:37.123456Z","trade_id":2,"last_size":"450.5"}',
    ],
  },
  {
    venue: "okx",
    recording: "okx_v5",
    markets: [spotMarket("BTC-USDT", "BTC", "USDT")],
    bases: ["BTC"],
    trades(frame) {
      if ((frame["arg"] as Raw | undefined)?.["channel"] !== "trades") return [];
      return ((frame["data"] as Raw[] | undefined) ?? []).map((row) => ({
        id: row["instId"]!,
        price: Number(row["px"]),
        size: Number(row["sz"]),
        atMs: Number(row["ts"]),
      }));
    },
    book(frame) {
      const row = (frame["data"] as Raw[] | undefined)?.[0];
      if ((frame["arg"] as Raw | undefined)?.["channel"] !== "tickers" || row === undefined)
        return null;
      return { id: row["instId"]!, bid: Number(row["bidPx"]), ask: Number(row["askPx"]) };
    },
    handMade: [
      '{"event":"subscribe","arg":{"channel":"trades","instId":"BTC-USDT"}}',
      '{"arg":{"channel":"trades","instId":"BTC-USDT"},"data":[{"instId":"BTC-USDT","tradeId":"1","px":"30001.5","sz":"0.25","side":"buy","ts":"1652459300000"},{"instId":"BTC-USDT","tradeId":"2","px":"30002","sz":"0.5","side":"sell","ts":"1652459300001"}]}',
      '{"arg":{"channel":"tickers","instId":"BTC-USDT"},"data":[{"instType":"SPOT","instId":"BTC-USDT","last":"30002","lastSz":"0.5","askPx":"30003","askSz":"1","bidPx":"30001","bidSz":"1","ts":"1652459300002"}]}',
      '{"arg":{"channel":"trades","instId":"ETH-USDT"},"data":[{"instId":"ETH-USDT","tradeId":"3","px":"2000","sz":"1","side":"buy","ts":"1652459300003"}]}',
    ],
  },
];

/** What the frames say, read without ccxt. */
function factsOf(
  { markets, trades, book }: Case,
  frames: string[],
): { trades: Fact[]; firstMids: Map<string, number> } {
  const symbols = new Map(markets.map((market) => [(market as { id?: string }).id, market.symbol]));
  const facts: Fact[] = [];
  const firstMids = new Map<string, number>();
  for (const text of frames) {
    const frame = JSON.parse(text) as Record<string, unknown>;
    for (const { id, ...fact } of trades(frame)) {
      const pair = symbols.get(id);
      if (pair !== undefined) facts.push({ pair, ...fact });
    }
    const quote = book(frame);
    const pair = symbols.get(quote?.id);
    if (quote !== null && pair !== undefined && !firstMids.has(pair)) {
      firstMids.set(pair, (quote.bid + quote.ask) / 2);
    }
  }
  return { trades: facts, firstMids };
}

/** Sends the frames to a live source as its venue would, after the first subscription. */
async function ticksOf(
  { venue, markets, bases }: Case,
  frames: string[],
  enough: (ticks: Tick[]) => boolean,
) {
  const server = await startVenueServer((_, socket, connection) => {
    // a venue that is spread over several sockets still says everything once
    if (connection > 0 || socket.listenerCount("message") === 0) return;
    socket.removeAllListeners("message");
    for (const frame of frames) socket.send(frame);
  });
  const ticks: Tick[] = [];
  const stop = new AbortController();
  const source = createLiveSource({
    venues: [venue],
    bases,
    log: createLogger({ name: "test", level: "silent" }),
    clock: createStandingClock(RECEIVED_AT_MS, systemClock),
    endpoints: { [venue]: { ws: server.url, markets } },
  });
  const done = source.start((tick) => ticks.push(tick), stop.signal);
  try {
    await until(() => enough(ticks));
    return { ticks, health: source.health() };
  } finally {
    stop.abort();
    await done;
    await server.close();
  }
}

async function check(test: Case, frames: string[]): Promise<void> {
  const facts = factsOf(test, frames);
  const bookCount = facts.firstMids.size;
  const { ticks, health } = await ticksOf(
    test,
    frames,
    (sofar) => sofar.length >= facts.trades.length + bookCount,
  );
  const pairOf = ({ base, quote }: Tick) => `${base}/${quote}`;
  const trades = ticks
    .filter(({ kind }) => kind === "trade")
    .map((tick) => ({ pair: pairOf(tick), price: tick.price, size: tick.size, atMs: tick.atMs }));
  expect(trades).to.deep.equal(facts.trades);
  const books = ticks.filter(({ kind }) => kind === "book");
  expect(books.map(pairOf).sort()).to.deep.equal([...facts.firstMids.keys()].sort());
  for (const tick of books) {
    expect(tick.price).to.be.closeTo(facts.firstMids.get(pairOf(tick))!, 1e-9);
    expect([tick.size, tick.atMs]).to.deep.equal([0, RECEIVED_AT_MS]);
  }
  expect(new Set(ticks.map(({ venue }) => venue))).to.deep.equal(new Set([test.venue]));
  for (const { pair, state } of health) {
    const listed = test.markets.some(({ symbol }) => symbol === pair);
    expect([pair, state === "unsupported"]).to.deep.equal([pair, !listed]);
  }
}

describe("live venues against a server that speaks as they do", function () {
  this.timeout(20_000);

  for (const test of CASES) {
    it(`${test.venue}: ticks equal what hand-made frames say`, () => check(test, test.handMade));

    it(`${test.venue}: ticks equal what recorded frames say, in order, each once`, async function () {
      const frames = recordedFrames(test.recording);
      if (frames === null) return this.skip();
      const { trades } = factsOf(test, frames);
      expect(trades.length).to.be.above(0);
      await check(test, frames);
    });
  }
});

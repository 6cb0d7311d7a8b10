import { expect } from "chai";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { WebSocket } from "ws";
import { VENUE_NAMES, venueEntry } from "../../../../keepers/feed/venues/catalogue.ts";
import {
  closeExchange,
  openExchange,
  type Endpoint,
} from "../../../../keepers/feed/venues/exchange.ts";
import { createLiveSource, type LiveOptions } from "../../../../keepers/feed/venues/live.ts";
import type { Tick, VenueSource } from "../../../../keepers/feed/venues/source.ts";
import { systemClock, type Clock } from "../../../../keepers/shared/clock.ts";
import { createLogger } from "../../../../keepers/shared/log.ts";
import { createManualClock } from "./support/clocks.ts";
import { spotMarket } from "./support/markets.ts";
import { startVenueServer, until, type VenueServer } from "./support/server.ts";

const MARKETS = [spotMarket("BTC-USDT", "BTC", "USDT")];
/** Quick, for tests on the real clock. */
const QUICK = { backoff: { baseMs: 10, capMs: 40 }, silenceMs: 150 };

function trade(px: number, ts: number): string {
  const data = [
    {
      instId: "BTC-USDT",
      tradeId: String(ts),
      px: String(px),
      sz: "1",
      side: "buy",
      ts: String(ts),
    },
  ];
  return JSON.stringify({ arg: { channel: "trades", instId: "BTC-USDT" }, data });
}

interface Running {
  source: VenueSource;
  ticks: Tick[];
  lines: { level: number; msg: string; reason?: string }[];
  stop(): Promise<void>;
}

/** A source that listens to OKX alone, whose frames are the simplest. */
function listen(
  endpoint: Endpoint,
  settings: LiveOptions["settings"],
  clock: Clock = systemClock,
): Running {
  const ticks: Tick[] = [];
  const lines: Running["lines"] = [];
  const log = createLogger({
    name: "test",
    level: "debug",
    destination: {
      write: (line: string) => lines.push(JSON.parse(line) as Running["lines"][number]),
    },
  });
  const source = createLiveSource({
    venues: ["okx"],
    bases: ["BTC"],
    log,
    clock,
    settings: settings ?? {},
    endpoints: { okx: endpoint },
    random: () => 0,
  });
  const stop = new AbortController();
  const done = source.start((tick) => ticks.push(tick), stop.signal);
  return {
    source,
    ticks,
    lines,
    async stop() {
      stop.abort();
      await done;
    },
  };
}

describe("live source", function () {
  this.timeout(20_000);
  let server: VenueServer | undefined;
  let running: Running | undefined;
  afterEach(async () => {
    await running?.stop();
    await server?.close();
    running = server = undefined;
  });

  function stateOf(pair = "BTC/USDT"): string | undefined {
    return running?.source.health().find((row) => row.pair === pair)?.state;
  }

  it("takes an open and silent socket for dead and connects anew", async () => {
    server = await startVenueServer((_, socket, connection) => {
      if (connection >= 2) socket.send(trade(100, 1_000));
    });
    running = listen({ ws: server.url, markets: MARKETS }, QUICK);
    await until(() => running!.ticks.length > 0);
    expect(running.lines[0]?.reason).to.match(/^silent for/);
    expect(running.lines.map(({ msg }) => msg)).to.deep.equal([
      "venue is down; retrying quietly",
      "venue is live",
    ]);
  });

  it("takes a socket for dead that answers pings and chats, but brings no market event", async () => {
    let chat: NodeJS.Timeout | undefined;
    server = await startVenueServer(undefined, (socket) => {
      clearInterval(chat);
      chat = setInterval(() => {
        socket.send("pong");
        socket.send('{"event":"subscribe","arg":{"channel":"trades","instId":"BTC-USDT"}}');
        socket.ping();
      }, 10);
    });
    running = listen({ ws: server.url, markets: MARKETS }, QUICK);
    await until(() => server!.connections.length >= 3);
    clearInterval(chat);
  });

  it("waits its limit of silence after every event, no less and no more", async () => {
    const clock = createManualClock(1_795_000_000_000);
    const sockets: WebSocket[] = [];
    server = await startVenueServer(
      (_, socket) => void (sockets.includes(socket) || sockets.push(socket)),
    );
    running = listen({ ws: server.url, markets: MARKETS }, { silenceMs: 30_000 }, clock);
    for (let event = 1; event <= 3; event++) {
      await until(() => sockets.length === 1);
      sockets[0]!.send(trade(100 + event, clock.nowMs()));
      await until(() => running!.ticks.length === event);
      await clock.advance(29_999);
      expect(stateOf()).to.equal("live");
    }
    await clock.advance(1);
    await until(() => stateOf() === "backoff");
    await until(() => clock.sleeping() === 1);
    await clock.advance(60_000);
    await until(() => server!.connections.length === 2);
  });

  it("comes back after the server closes or breaks the connection", async () => {
    server = await startVenueServer((_, socket, connection) => {
      socket.send(trade(100 + connection, 1_000 + connection));
      if (connection === 0) socket.close(1012, "maintenance");
      if (connection === 1) setImmediate(() => socket.terminate());
    });
    running = listen({ ws: server.url, markets: MARKETS }, { ...QUICK, silenceMs: 10_000 });
    await until(() => running!.ticks.some(({ price }) => price === 102));
    const prices = running.ticks.map(({ price }) => price);
    expect(prices).to.deep.equal([...new Set(prices)]);
  });

  it("notices a connection that ends after every stream has spoken", async () => {
    const ticker = {
      instType: "SPOT",
      instId: "BTC-USDT",
      last: "1",
      bidPx: "1",
      askPx: "3",
      ts: "1",
    };
    server = await startVenueServer((text, socket) => {
      if (text.includes("tickers")) {
        socket.send(trade(100, 1_000));
        socket.send(
          JSON.stringify({ arg: { channel: "tickers", instId: "BTC-USDT" }, data: [ticker] }),
        );
      }
    });
    running = listen({ ws: server.url, markets: MARKETS }, { ...QUICK, silenceMs: 3_600_000 });
    await until(() => running!.ticks.some(({ kind }) => kind === "book"));
    server.connections[0]!.terminate();
    await until(() => server!.connections.length === 2);
    expect(running.lines.at(-1)?.reason).to.match(/closed by the venue, code 1006/);
  });

  it("does not emit trades again that a venue repeats on connecting", async () => {
    server = await startVenueServer((_, socket, connection) => {
      socket.removeAllListeners("message");
      socket.send(trade(100, 1_000));
      socket.send(trade(101, 2_000));
      if (connection === 0) socket.close();
      else socket.send(trade(102, 3_000));
    });
    running = listen({ ws: server.url, markets: MARKETS }, { ...QUICK, silenceMs: 10_000 });
    await until(() => running!.ticks.some(({ price }) => price === 102));
    expect(running.ticks.map(({ price }) => price)).to.deep.equal([100, 101, 102]);
  });

  for (const [what, frames] of [
    ["text that is no JSON", ["garbage", "}{", "", "\u0000\u0001"]],
    ["half a frame", [trade(1, 1).slice(0, 40), trade(1, 1).slice(0, -1)]],
    [
      "JSON of another shape",
      ["[]", "null", "1", '{"arg":1,"data":2}', '{"arg":{"channel":"trades"},"data":null}'],
    ],
    [
      "trades of impossible numbers",
      [
        trade(0, 1),
        trade(-5, 2),
        trade(NaN, 3),
        trade(Infinity, 4),
        trade(1, 5).replace('"sz":"1"', '"sz":"x"'),
      ],
    ],
    ["bytes", [Buffer.from([0xff, 0xfe, 0x00, 0x80])]],
  ] as const) {
    it(`survives ${what} and emits only what is true`, async () => {
      server = await startVenueServer((_, socket) => {
        socket.removeAllListeners("message");
        for (const frame of frames) socket.send(frame);
        socket.send(trade(100, 1_000));
      });
      running = listen({ ws: server.url, markets: MARKETS }, QUICK);
      await until(() => running!.ticks.length > 0);
      expect(new Set(running.ticks.map(({ price }) => price))).to.deep.equal(new Set([100]));
    });
  }

  it("survives a violation of the WebSocket protocol", async () => {
    server = await startVenueServer((_, socket, connection) => {
      if (connection > 0) return socket.send(trade(100, 1_000));
      // reserved bits set, reserved opcode
      const raw = (socket as unknown as { _socket: { write(bytes: Buffer): void } })._socket;
      raw.write(Buffer.from([0xff, 0x7f, 0x00]));
    });
    running = listen({ ws: server.url, markets: MARKETS }, { ...QUICK, silenceMs: 10_000 });
    await until(() => running!.ticks.length > 0);
    expect(server.connections.length).to.equal(2);
  });

  it("backs off from a server that refuses, doubling to the cap, and logs that once", async () => {
    const closed = await startVenueServer();
    await closed.close();
    const clock = createManualClock(1_795_000_000_000);
    const settings = { backoff: { baseMs: 1_000, capMs: 60_000 }, silenceMs: 45_000 };
    running = listen({ ws: closed.url, markets: MARKETS }, settings, clock);
    const waits: number[] = [];
    for (let failures = 1; failures <= 10; failures++) {
      const seen = () => clock.sleeps.filter((ms) => ms !== 45_000);
      await until(
        () => seen().length === failures && stateOf() === "backoff" && clock.sleeping() === 1,
      );
      waits.push(seen().at(-1)!);
      await clock.advance(waits.at(-1)!);
    }
    expect(waits).to.deep.equal([
      500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000, 30_000,
    ]);
    expect(running.lines.length).to.equal(1);
    expect(running.lines[0]?.reason).to.match(/ECONNREFUSED/);
  });

  it("starts again from the first wait after a connection that was good for long", async () => {
    const clock = createManualClock(1_795_000_000_000);
    const settings = {
      backoff: { baseMs: 1_000, capMs: 60_000 },
      silenceMs: 10_000_000,
      stableMs: 60_000,
    };
    server = await startVenueServer((_, socket, connection) => {
      socket.removeAllListeners("message");
      if (connection < 3) socket.close();
      else socket.send(trade(100, 1_000));
    });
    running = listen({ ws: server.url, markets: MARKETS }, settings, clock);
    const waits = () => clock.sleeps.filter((ms) => ms <= 60_000);
    for (let failures = 1; failures <= 3; failures++) {
      await until(() => waits().length === failures && clock.sleeping() === 1);
      await clock.advance(60_000);
    }
    await until(() => running!.ticks.length === 1);
    await clock.advance(60_000);
    server.connections[3]!.terminate();
    await until(() => waits().length === 4);
    expect(waits()).to.deep.equal([500, 1_000, 2_000, 500]);
  });

  it("asks a venue for its markets, and keeps to those it lists", async () => {
    const instrument = (instId: string, baseCcy: string, quoteCcy: string) => {
      const common = {
        instType: "SPOT",
        instFamily: "",
        uly: "",
        settleCcy: "",
        ctVal: "",
        ctMult: "",
      };
      return {
        ...common,
        instId,
        baseCcy,
        quoteCcy,
        lotSz: "1",
        minSz: "1",
        tickSz: "1",
        state: "live",
        listTime: "1",
        expTime: "",
        lever: "",
      };
    };
    const rest = createServer((request, response) => {
      expect(request.url).to.match(/instType=SPOT/);
      const data = [instrument("BTC-USDT", "BTC", "USDT"), instrument("BTC-EUR", "BTC", "EUR")];
      response.end(JSON.stringify({ code: "0", data, msg: "" }));
    });
    rest.listen(0, "127.0.0.1");
    await once(rest, "listening");
    try {
      server = await startVenueServer((_, socket) => socket.send(trade(100, Date.now())));
      const address = `http://127.0.0.1:${(rest.address() as AddressInfo).port}`;
      running = listen({ ws: server.url, rest: address }, QUICK);
      await until(() => running!.ticks.length > 0);
      const states = running.source.health().map(({ pair, state }) => [pair, state]);
      expect(states).to.deep.equal([
        ["BTC/USD", "unsupported"],
        ["BTC/USDT", "live"],
        ["BTC/USDC", "unsupported"],
      ]);
      expect(server.received.join()).to.not.contain("EUR");
    } finally {
      rest.closeAllConnections();
      rest.close();
    }
  });

  it("goes on trying while a venue's list of markets cannot be had", async () => {
    const closed = await startVenueServer();
    await closed.close();
    running = listen(
      { ws: closed.url, rest: closed.url.replace("ws:", "http:").replace("/stream", "") },
      QUICK,
    );
    await until(() => stateOf() === "backoff");
    await until(() => stateOf() === "connecting");
    await until(() => stateOf() === "backoff");
    expect(running.lines.length).to.equal(1);
    expect(running.ticks).to.deep.equal([]);
  });

  it("stops at once, whatever a server leaves hanging", async () => {
    const hanging = createServer();
    // takes the connection and never answers: neither a request nor a handshake ends
    hanging.on("upgrade", (_, socket: Socket) => {
      socket.on("error", () => undefined);
      socket.on("end", () => socket.end());
      socket.resume();
    });
    hanging.on("request", () => undefined);
    hanging.listen(0, "127.0.0.1");
    await once(hanging, "listening");
    const port = (hanging.address() as AddressInfo).port;
    try {
      const cases: Endpoint[] = [
        { ws: `ws://127.0.0.1:${port}`, markets: MARKETS },
        { ws: `ws://127.0.0.1:${port}`, rest: `http://127.0.0.1:${port}` },
      ];
      for (const endpoint of cases) {
        const connected = once(hanging, "connection") as Promise<[Socket]>;
        const hung = listen(endpoint, { silenceMs: 3_600_000 });
        const [socket] = await connected;
        const closed = new Promise((resolve) => socket.once("close", resolve));
        const before = performance.now();
        await hung.stop();
        await closed;
        // half the time after which a request gives up by itself
        expect(performance.now() - before).to.be.below(5_000);
      }
    } finally {
      hanging.closeAllConnections();
      hanging.close();
    }
  });

  it("leaves nothing behind: a process that stopped its source ends by itself", async () => {
    server = await startVenueServer((_, socket) => {
      socket.send(trade(100, 1_000));
      // reads no more, so that it will never answer the closing handshake
      socket.pause();
    });
    const folder = `${import.meta.dirname}/../../../../keepers`;
    const script = `
      import { createLiveSource } from "${folder}/feed/venues/live.ts";
      import { createLogger } from "${folder}/shared/log.ts";
      import { systemClock } from "${folder}/shared/clock.ts";
      const stop = new AbortController();
      const source = createLiveSource({
        venues: ["okx", "kraken", "bitstamp"], bases: ["BTC"], clock: systemClock,
        log: createLogger({ name: "test", level: "silent" }),
        endpoints: {
          okx: { ws: ${JSON.stringify(server.url)}, markets: ${JSON.stringify(MARKETS)} },
          kraken: { ws: "ws://127.0.0.1:1", rest: "http://127.0.0.1:1" },
          bitstamp: { ws: "ws://127.0.0.1:1", markets: ${JSON.stringify(MARKETS)} },
        },
      });
      await source.start(() => stop.abort(), stop.signal);
      console.log("stopped");`;
    const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    let output = "";
    child.stdout.on("data", (data: Buffer) => (output += data.toString()));
    const [code] = (await once(child, "exit")) as [number | null];
    expect([code, output.trim()]).to.deep.equal([0, "stopped"]);
  });

  it("refuses an unknown venue and names the known ones", () => {
    const log = createLogger({ name: "test", level: "silent" });
    expect(() =>
      createLiveSource({ venues: ["mtgox"], bases: ["BTC"], log, clock: systemClock }),
    ).to.throw(/unknown venue "mtgox"; known are binance, .*okx/);
    expect(() =>
      createLiveSource({ venues: [], bases: ["BTC"], log, clock: systemClock }),
    ).to.throw(/no venues/);
  });
});

describe("catalogue", function () {
  this.timeout(20_000);

  for (const venue of VENUE_NAMES) {
    it(`${venue}: ccxt has its streams`, async () => {
      const entry = venueEntry(venue);
      const exchange = await openExchange(entry, new AbortController().signal);
      const has = (exchange as unknown as { has: Record<string, unknown> }).has;
      expect(has[entry.trades === "together" ? "watchTradesForSymbols" : "watchTrades"]).to.equal(
        true,
      );
      if (entry.life === "tickers") expect(has["watchTickers"]).to.equal(true);
      if (entry.life === "bidsAsks") expect(has["watchBidsAsks"]).to.equal(true);
      await closeExchange(exchange);
    });
  }
});

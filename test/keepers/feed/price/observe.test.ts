import { expect } from "chai";
import fc from "fast-check";

import { observe } from "../../../../keepers/feed/price/observe.ts";
import type { FeedPrice, FeedSpec } from "../../../../keepers/feed/price/observe.ts";
import type { PriceSettings } from "../../../../keepers/feed/price/settings.ts";
import type { MarketView } from "../../../../keepers/feed/price/window.ts";
import { NOW_MS, settings, shuffled, tick } from "./fixtures.ts";

const BTC: FeedSpec = { feedId: "BTC/USD", minVenues: 3 };

/** A market with one trade: "kraken BTC/USD", its price, and how long ago it was. */
function market(name: string, price: number, agoMs = 0, notional = 1_000): MarketView {
  const [venue, base, quote] = name.split(/[ /]/) as [string, string, string];
  const trade = tick({ venue, base, quote, price, atMs: NOW_MS - agoMs });
  const fresh = agoMs < 30_000;
  return {
    venue,
    base,
    quote,
    ticks: fresh ? [trade] : [],
    carry: fresh ? null : trade,
    lastAtMs: trade.atMs,
    notional,
  };
}

function price(
  views: readonly MarketView[],
  feed: FeedSpec = BTC,
  changes: Partial<PriceSettings> = {},
): FeedPrice {
  return observe(views, [feed], NOW_MS, settings(changes))[0]!;
}

const three = [
  market("a BTC/USD", 20_000),
  market("b BTC/USD", 20_001),
  market("c BTC/USD", 20_002),
];

describe("observation", () => {
  it("prices a feed from dollar markets", () => {
    expect(price(three)).to.deep.equal({
      feedId: "BTC/USD",
      priceE8: 2_000_100_000_000n,
      reason: "median of 3 venues",
      venues: { a: "used", b: "used", c: "used" },
    });
  });

  it("answers every feed in the order asked", () => {
    const feeds = ["ETH/USD", "BTC/USD"].map((feedId) => ({ feedId, minVenues: 1 }));
    const both = observe([...three, market("a ETH/USD", 1_500)], feeds, NOW_MS, settings());
    expect(both.map(({ feedId, priceE8 }) => [feedId, priceE8])).to.deep.equal([
      ["ETH/USD", 150_000_000_000n],
      ["BTC/USD", 2_000_100_000_000n],
    ]);
  });

  it("converts by the operator's own price of the quote currency, not by assuming a dollar", () => {
    // 22,727.27… USDC at 0.88 is 20,000 dollars: USDC as it traded in March 2023
    const views = [market("a BTC/USDC", 20_000 / 0.88), market("k USDC/USD", 0.88)];
    const { priceE8, reason } = price(views, { feedId: "BTC/USD", minVenues: 1 });
    expect(priceE8).to.equal(2_000_000_000_000n);
    expect(reason).to.equal("median of 1 venue");
  });

  it("does not use a quote whose currency has no price", () => {
    const result = price([...three, market("d BTC/USDT", 20_000)]);
    expect(result.venues["d"]).to.equal("BTC/USDT no USDT/USD price");
    expect(result.priceE8).to.equal(2_000_100_000_000n);
  });

  it("does not use a quote whose currency's price has died", () => {
    const dead = market("k USDT/USD", 1, 1_800_001);
    expect(price([...three, dead, market("d BTC/USDT", 20_000)]).venues["d"]).to.equal(
      "BTC/USDT no USDT/USD price",
    );
  });

  it("does not convert by a currency's price in another token", () => {
    const views = [
      ...three,
      market("k USDC/USDT", 1),
      market("k USDT/USD", 1),
      market("d BTC/USDC", 20_000),
    ];
    expect(price(views).venues["d"]).to.equal("BTC/USDC no USDC/USD price");
  });

  it("does not convert by two prices that contradict each other", () => {
    const views = [
      ...three,
      market("k USDT/USD", 1),
      market("l USDT/USD", 0.5),
      market("d BTC/USDT", 20_000),
    ];
    expect(price(views).venues["d"]).to.equal(
      "BTC/USDT no USDT/USD price: two venues disagree by 10000 bps",
    );
  });

  it("says of an unknown quote currency that it is not converted", () => {
    expect(price([...three, market("d BTC/EUR", 18_000)]).venues["d"]).to.equal(
      "BTC/EUR quotes in EUR are not converted",
    );
  });

  it("prices USDC/USD also through USDT, whose own price comes from dollars", () => {
    const views = [
      market("k USDC/USD", 0.9999),
      market("b USDC/USDT", 0.9997),
      market("k USDT/USD", 1.0002),
    ];
    const result = price(views, { feedId: "USDC/USD", minVenues: 1 });
    // 0.9997 · 1.0002 = 0.99989994; the middle of it and 0.9999
    expect(result.priceE8).to.equal(99_989_997n);
    expect(result.venues).to.deep.equal({ b: "used", k: "used" });
  });

  it("drops a silent venue and keeps one whose price merely repeats", () => {
    const silent = market("d BTC/USD", 20_001, 300_001);
    const repeating: MarketView = {
      ...market("e BTC/USD", 20_001),
      ticks: [0, 1, 2].map((index) => tick({ venue: "e", price: 20_001, atMs: NOW_MS - index })),
    };
    const { venues } = price([...three, silent, repeating]);
    expect(venues["d"]).to.equal("BTC/USD stale: silent for 300 s (limit 300 s)");
    expect(venues["e"]).to.equal("used");
  });

  it("counts a venue once, however many pairs it has", () => {
    const pairs = ["USD", "USDT", "USDC"].map((quote) => market(`a BTC/${quote}`, 20_000));
    const rates = [market("k USDT/USD", 1), market("k USDC/USD", 1)];
    const result = price([...pairs, ...rates], { feedId: "BTC/USD", minVenues: 2 });
    expect(result.priceE8).to.equal(null);
    expect(result.reason).to.equal("too few venues: 1 live, 2 needed");
  });

  it("prefers a venue's fresh trade, then its dollar pair, then its larger one", () => {
    const rates = [market("k USDT/USD", 1), market("k USDC/USD", 1)];
    const one = { feedId: "BTC/USD", minVenues: 1 };
    const chosen = (...views: MarketView[]) =>
      Number(price([...views, ...rates], one).priceE8) / 1e8;
    expect(chosen(market("a BTC/USD", 1, 60_000), market("a BTC/USDT", 2))).to.equal(2);
    expect(chosen(market("a BTC/USDT", 2, 0, 9e9), market("a BTC/USD", 1))).to.equal(1);
    expect(chosen(market("a BTC/USDC", 3, 0, 5), market("a BTC/USDT", 2, 0, 6))).to.equal(2);
  });

  it("does not let a venue's dollar pair speak when another of its pairs is much newer", () => {
    const views = [
      market("a BTC/USD", 1, 200_000),
      market("a BTC/USDT", 2, 45_000),
      market("k USDT/USD", 1),
    ];
    expect(price(views, { feedId: "BTC/USD", minVenues: 1 }).priceE8).to.equal(200_000_000n);
    const close = [
      market("a BTC/USD", 1, 60_000),
      market("a BTC/USDT", 2, 45_000),
      market("k USDT/USD", 1),
    ];
    expect(price(close, { feedId: "BTC/USD", minVenues: 1 }).priceE8).to.equal(100_000_000n);
  });

  it("names a used venue's silent markets", () => {
    const views = [...three, market("a BTC/USDT", 20_000, 600_000), market("k USDT/USD", 1)];
    expect(price(views).reason).to.equal(
      "median of 3 venues; a BTC/USDT stale: silent for 600 s (limit 300 s)",
    );
  });

  it("has no price with too few venues and says what is wrong with each", () => {
    const result = price([three[0]!, three[1]!, market("c BTC/USD", 20_002, 400_000)]);
    expect(result.priceE8).to.equal(null);
    expect(result.reason).to.equal(
      "too few venues: 2 live, 3 needed; c: BTC/USD stale: silent for 400 s (limit 300 s)",
    );
  });

  it("keeps its price when one of exactly enough venues publishes garbage", () => {
    const result = price([three[0]!, three[1]!, market("c BTC/USD", 3)]);
    expect(Number(result.priceE8) / 1e8).to.be.within(20_000, 20_001);
    expect(result.venues["c"]).to.match(/^outlier: -9998 bps/);
  });

  it("believes a dollar market when a converted one contradicts it and one venue is enough", () => {
    const views = [market("k USDC/USD", 1), market("b USDC/USDT", 0.9), market("k USDT/USD", 1)];
    const enough = price(views, { feedId: "USDC/USD", minVenues: 1 });
    expect(enough.priceE8).to.equal(100_000_000n);
    expect(enough.venues).to.deep.equal({ b: "two venues disagree by 1111 bps", k: "used" });
    const two = price(views, { feedId: "USDC/USD", minVenues: 2 });
    expect(two.priceE8).to.equal(null);
    expect(two.reason).to.equal("two venues disagree by 1111 bps");
  });

  it("says what it does not support", () => {
    expect(price(three, { feedId: "BTC/EUR", minVenues: 1 }).reason).to.equal(
      "unsupported: feeds are priced in USD, not EUR",
    );
    expect(price(three, { feedId: "bitcoin", minVenues: 1 }).reason).to.equal(
      'unsupported: "bitcoin" is not BASE/QUOTE',
    );
    expect(price(three, { feedId: "DOGE/USD", minVenues: 1 }).reason).to.equal(
      "no venue trades DOGE",
    );
  });

  it("never prices from no venue, even when none is asked for", () => {
    expect(price([], { feedId: "BTC/USD", minVenues: 0 }).priceE8).to.equal(null);
  });

  it("uses a stated rate only where no market gives one, and says so", () => {
    const one = { feedId: "BTC/USD", minVenues: 1 };
    const assumed = { assumedRates: { USDT: 2 } };
    const stated = price([market("a BTC/USDT", 10)], one, assumed);
    expect(stated.priceE8).to.equal(2_000_000_000n);
    expect(stated.reason).to.equal("median of 1 venue; USDT taken as 2 USD by assumption");
    const known = price([market("a BTC/USDT", 10), market("k USDT/USD", 1)], one, assumed);
    expect(known.priceE8).to.equal(1_000_000_000n);
  });

  it("refuses a price that 8 decimals cannot hold", () => {
    const result = price([market("a BTC/USD", 1e-9)], { feedId: "BTC/USD", minVenues: 1 });
    expect(result.priceE8).to.equal(null);
    expect(result.reason).to.equal("price 1e-9 does not fit 8 decimals");
  });

  it("never depends on the order of markets", () => {
    const name = fc
      .tuple(fc.constantFrom("a", "b", "c", "d", "e"), fc.constantFrom("USD", "USDT", "USDC"))
      .map(([venue, quote]) => `${venue} BTC/${quote}`);
    const views = fc.uniqueArray(
      fc.tuple(
        name,
        fc.double({ min: 100, max: 110, noNaN: true }),
        fc.integer({ min: 0, max: 400_000 }),
      ),
      { selector: ([key]) => key },
    );
    const rates = [
      market("k USDT/USD", 0.999),
      market("l USDT/USD", 1.001),
      market("k USDC/USD", 0.9),
    ];
    fc.assert(
      fc.property(views, fc.nat(), (drawn, seed) => {
        const all = [...drawn.map(([key, at, ago]) => market(key, at, ago)), ...rates];
        const result = price(all);
        const again = price(shuffled(all, seed));
        expect(again.priceE8).to.equal(result.priceE8);
        expect(again.reason).to.equal(result.reason);
        expect(again.venues).to.deep.equal(result.venues);
      }),
    );
  });
});

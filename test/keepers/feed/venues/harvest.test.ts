import { expect } from "chai";
import { createHarvest } from "../../../../keepers/feed/venues/harvest.ts";
import type { Tick } from "../../../../keepers/feed/venues/source.ts";
import type { UnifiedTicker, UnifiedTrade } from "../../../../keepers/feed/venues/ticks.ts";

describe("harvest", () => {
  const pairs = ["A", "B"].map((base) => ({ symbol: `${base}/USD`, base, quote: "USD" }));
  const trade = (price: number, timestamp: number) => ({ price, amount: 1, timestamp });

  function setUp(known: [string, number][] = []) {
    const caches = {
      trades: {} as Record<string, UnifiedTrade[] | undefined>,
      tickers: {} as Record<string, UnifiedTicker | undefined>,
      bidsasks: {} as Record<string, UnifiedTicker | undefined>,
    };
    const ticks: Tick[] = [];
    const harvest = createHarvest("v", pairs, caches, new Map(known), (tick) => ticks.push(tick));
    return { caches, ticks, harvest };
  }

  it("emits every trade of every pair once", () => {
    const { caches, ticks, harvest } = setUp();
    caches.trades["A/USD"] = [trade(1, 1), trade(2, 2)];
    expect(harvest.collect(10)).to.equal(true);
    caches.trades["A/USD"].push(trade(3, 3));
    caches.trades["B/USD"] = [trade(9, 3)];
    expect(harvest.collect(10)).to.equal(true);
    expect(harvest.collect(10)).to.equal(false);
    expect(ticks.map(({ base, price }) => [base, price])).to.deep.equal([
      ["A", 1],
      ["A", 2],
      ["A", 3],
      ["B", 9],
    ]);
  });

  it("leaves nothing in the caches of trades", () => {
    const { caches, harvest } = setUp();
    caches.trades["A/USD"] = [trade(1, 1), trade(-1, 2)];
    harvest.collect(10);
    expect(caches.trades["A/USD"]).to.deep.equal([]);
  });

  it("does not repeat trades of an earlier connection, yet takes them for life", () => {
    const { caches, ticks, harvest } = setUp([["A/USD", 2]]);
    caches.trades["A/USD"] = [trade(1, 1), trade(2, 2)];
    expect(harvest.collect(10)).to.equal(true);
    caches.trades["A/USD"].push(trade(3, 3));
    harvest.collect(10);
    expect(ticks.map(({ price }) => price)).to.deep.equal([3]);
  });

  it("counts every book event as life but emits one a second", () => {
    const { caches, ticks, harvest } = setUp();
    const lives = [0, 400, 999, 1_000].map((nowMs) => {
      caches.tickers["A/USD"] = { bid: nowMs + 1, ask: nowMs + 1 };
      return harvest.collect(nowMs);
    });
    expect(lives).to.deep.equal([true, true, true, true]);
    expect(ticks.map(({ price, kind }) => [price, kind])).to.deep.equal([
      [1, "book"],
      [1_001, "book"],
    ]);
  });
});

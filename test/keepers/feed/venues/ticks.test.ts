import { expect } from "chai";
import { bookTick, tradeTick } from "../../../../keepers/feed/venues/ticks.ts";

const pair = { symbol: "BTC/USD", base: "BTC", quote: "USD" };

describe("ticks", () => {
  it("takes price, size and time from a trade", () => {
    expect(
      tradeTick("kraken", pair, { price: 60_000.5, amount: 0.25, timestamp: 1_000 }, 2_000),
    ).to.deep.equal({
      venue: "kraken",
      base: "BTC",
      quote: "USD",
      price: 60_000.5,
      size: 0.25,
      atMs: 1_000,
      kind: "trade",
    });
  });

  it("stamps a trade without a time, or one from the future, with its receipt", () => {
    expect(tradeTick("v", pair, { price: 1, amount: 1 }, 2_000)?.atMs).to.equal(2_000);
    expect(tradeTick("v", pair, { price: 1, amount: 1, timestamp: 9_000 }, 2_000)?.atMs).to.equal(
      2_000,
    );
  });

  for (const wrong of [0, -1, NaN, Infinity, "1", null, undefined]) {
    it(`drops a trade whose price or size is ${String(wrong)} (${typeof wrong})`, () => {
      expect(tradeTick("v", pair, { price: wrong, amount: 1, timestamp: 1 }, 2)).to.equal(null);
      expect(tradeTick("v", pair, { price: 1, amount: wrong, timestamp: 1 }, 2)).to.equal(null);
    });
  }

  it("takes the middle of bid and ask, of no size, at its receipt", () => {
    expect(bookTick("okx", pair, { bid: 100, ask: 103 }, 5)).to.deep.equal({
      venue: "okx",
      base: "BTC",
      quote: "USD",
      price: 101.5,
      size: 0,
      atMs: 5,
      kind: "book",
    });
  });

  it("drops a crossed, one-sided or empty book", () => {
    expect(bookTick("v", pair, { bid: 2, ask: 1 }, 5)).to.equal(null);
    expect(bookTick("v", pair, { bid: 2 }, 5)).to.equal(null);
    expect(bookTick("v", pair, {}, 5)).to.equal(null);
    expect(bookTick("v", pair, { bid: 0, ask: 0 }, 5)).to.equal(null);
  });
});

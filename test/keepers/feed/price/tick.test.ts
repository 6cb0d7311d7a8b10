import { expect } from "chai";

import { compareTicks, refuseTick } from "../../../../keepers/feed/price/tick.ts";
import { tick } from "./fixtures.ts";

describe("tick", () => {
  it("takes a plain trade and a book event without a size", () => {
    expect(refuseTick(tick({ price: 23_143.73, size: 0.5 }))).to.equal(null);
    expect(refuseTick(tick({ kind: "book", size: 0 }))).to.equal(null);
  });

  for (const price of [Number.NaN, Infinity, -Infinity, 0, -0, -1, 1e-13, 1e21, 1e300]) {
    it(`refuses the price ${price}`, () => {
      expect(refuseTick(tick({ price }))).to.match(/^price/);
    });
  }

  for (const size of [Number.NaN, Infinity, -0.1, 1e300]) {
    it(`refuses the size ${size}`, () => {
      expect(refuseTick(tick({ size }))).to.match(/^size/);
    });
  }

  for (const atMs of [Number.NaN, Infinity, -1]) {
    it(`refuses the time ${atMs}`, () => {
      expect(refuseTick(tick({ atMs }))).to.match(/^time/);
    });
  }

  it("refuses an event of nowhere", () => {
    expect(refuseTick(tick({ venue: "" }))).to.equal("no venue or pair");
    expect(refuseTick(tick({ quote: "" }))).to.equal("no venue or pair");
  });

  it("orders by time, then by what the event says, and calls only equal events equal", () => {
    const early = tick({ atMs: 1, price: 9 });
    const low = tick({ atMs: 2, price: 1 });
    const high = tick({ atMs: 2, price: 2 });
    const large = tick({ atMs: 2, price: 2, size: 7 });
    const book = tick({ atMs: 2, price: 5, kind: "book" });
    const sorted = [large, high, early, low, book].sort(compareTicks);
    expect(sorted).to.deep.equal([early, book, low, high, large]);
    expect(compareTicks(high, tick({ atMs: 2, price: 2 }))).to.equal(0);
  });
});

import { expect } from "chai";
import fc from "fast-check";

import {
  cappedShares,
  middle,
  weightedMedian,
} from "../../../../keepers/feed/price/weighted-median.ts";

const weights = fc.array(fc.double({ min: 0, max: 1e12, noNaN: true }), {
  minLength: 1,
  maxLength: 25,
});

describe("capped shares", () => {
  it("keeps proportions that no cap touches", () => {
    expect(cappedShares([1, 1, 1, 1, 1, 1], 0.22).map((share) => share * 6)).to.deep.equal([
      1, 1, 1, 1, 1, 1,
    ]);
  });

  it("cuts a giant to the cap and shares the rest out in proportion", () => {
    // cap 0.22; the rest 0.78 goes 1 : 1 : 1 : 1 : 2 → 0.13 four times and 0.26, which is cut too; then 0.56 / 4
    const shares = cappedShares([900, 10, 10, 10, 10, 20], 0.22);
    expect(shares.map((share) => Number(share.toFixed(12)))).to.deep.equal([
      0.22, 0.14, 0.14, 0.14, 0.14, 0.22,
    ]);
  });

  it("lets no venue of two decide", () => {
    expect(cappedShares([1_000, 1], 0.22)).to.deep.equal([0.5, 0.5]);
  });

  it("counts venues alike when nothing is known of their liquidity", () => {
    expect(cappedShares([0, 0, 0, 0], 0.22)).to.deep.equal([0.25, 0.25, 0.25, 0.25]);
  });

  it("sums to one and exceeds the cap nowhere", () => {
    fc.assert(
      fc.property(weights, (values) => {
        const shares = cappedShares(values, 0.22);
        expect(shares.reduce((sum, share) => sum + share, 0)).to.be.closeTo(1, 1e-9);
        const cap = values.length === 1 ? 1 : Math.min(0.5, Math.max(0.22, 1.1 / values.length));
        for (const share of shares) expect(share).to.be.within(0, cap + 1e-9);
      }),
    );
  });

  it("gives no two of five or more venues half", () => {
    fc.assert(
      fc.property(weights, (values) => {
        fc.pre(values.length >= 5);
        const [first, second] = cappedShares(values, 0.22).sort((a, b) => b - a);
        expect(first! + second!).to.be.lessThan(0.5);
      }),
    );
  });
});

describe("weighted median", () => {
  it("is where the weight up to it passes one half", () => {
    const items = [
      { price: 30, weight: 0.4 },
      { price: 10, weight: 0.25 },
      { price: 20, weight: 0.35 },
    ];
    // 0.25, 0.60: at 20
    expect(weightedMedian(items)).to.equal(20);
  });

  it("is the middle of two prices that hold half each", () => {
    const items = [10, 20, 30, 40].map((price) => ({ price, weight: 0.25 }));
    expect(weightedMedian(items)).to.equal(25);
  });

  it("does not let rounding choose between two prices", () => {
    // 0.1 + 0.2 + 0.2 is not 0.5 in binary
    const shares = [0.1, 0.2, 0.2, 0.3, 0.2];
    const items = shares.map((weight, index) => ({ price: index, weight }));
    expect(weightedMedian(items)).to.equal(2.5);
  });
});

describe("middle", () => {
  it("is the one or two middle prices of up to eight, the middle third of more", () => {
    const ends = (count: number) => {
      const { low, high } = middle(Array.from({ length: count }, (_, index) => count - index));
      return [low, high];
    };
    expect([1, 2, 3, 4, 5, 6, 7, 8].map(ends)).to.deep.equal([
      [1, 1],
      [1, 2],
      [2, 2],
      [2, 3],
      [3, 3],
      [3, 4],
      [4, 4],
      [4, 5],
    ]);
    expect(ends(9)).to.deep.equal([4, 6]);
    expect(ends(20)).to.deep.equal([8, 13]);
  });
});

import { expect } from "chai";
import fc from "fast-check";

import { capByDeviation, madLimits, median } from "../../../../keepers/feed/price/outliers.ts";

const prices = fc.array(fc.double({ min: 0.01, max: 1e6, noNaN: true }), {
  minLength: 1,
  maxLength: 20,
});

describe("median", () => {
  it("is the middle value, or the mean of the two middle ones", () => {
    expect(median([5])).to.equal(5);
    expect(median([9, 1, 5])).to.equal(5);
    expect(median([4, 1, 9, 2])).to.equal(3);
  });
});

describe("median absolute deviation", () => {
  it("sets limits by hand-computed deviations", () => {
    // median 3; distances 2 1 0 1 97, their median 1; 3.5 · 1.4826 · 1 = 5.1891
    const { centre, low, high } = madLimits([1, 2, 3, 4, 100], 3.5, 25);
    expect(centre).to.equal(3);
    expect(low).to.be.closeTo(3 - 5.1891, 1e-12);
    expect(high).to.be.closeTo(3 + 5.1891, 1e-12);
  });

  it("never calls agreement to the cent a reason to exclude a neighbour", () => {
    // deviation 0, so the floor of 25 bps of 1000 holds: 2.5
    expect(madLimits([1000, 1000, 1000, 1002], 3.5, 25)).to.deep.equal({
      centre: 1000,
      low: 997.5,
      high: 1002.5,
    });
  });

  it("names no outlier among two", () => {
    const { low, high } = madLimits([1, 1_000_000], 3.5, 25);
    expect([low, high]).to.deep.equal([0, Infinity]);
  });

  it("keeps at least half of any prices", () => {
    fc.assert(
      fc.property(prices, (values) => {
        const { low, high } = madLimits(values, 3.5, 25);
        const kept = values.filter((value) => value >= low && value <= high);
        expect(kept.length * 2).to.be.at.least(values.length);
      }),
    );
  });
});

describe("cap by standard deviation", () => {
  it("moves what lies too far to the limit", () => {
    // 0 0 0 0 10: mean 2, deviation √(4·4 + 64)/5) = 4; one deviation reaches 6
    expect(capByDeviation([0, 0, 0, 0, 10], 1)).to.deep.equal([0, 0, 0, 0, 6]);
    expect(capByDeviation([10, 0, 0, 0, 0], 2)).to.deep.equal([10, 0, 0, 0, 0]);
  });

  it("leaves fewer than three alone", () => {
    expect(capByDeviation([1, 99], 0)).to.deep.equal([1, 99]);
  });

  it("keeps the order of prices", () => {
    fc.assert(
      fc.property(prices, (values) => {
        const sorted = [...values].sort((a, b) => a - b);
        const capped = capByDeviation(sorted, 1);
        expect(capped).to.deep.equal([...capped].sort((a, b) => a - b));
      }),
    );
  });
});

import { expect } from "chai";
import fc from "fast-check";

import { aggregate } from "../../../../keepers/feed/price/aggregate.ts";
import type { VenueQuote } from "../../../../keepers/feed/price/aggregate.ts";
import { settings, shuffled } from "./fixtures.ts";

function quotesOf(prices: readonly number[], liquidity: readonly number[] = []): VenueQuote[] {
  return prices.map((price, index) => ({
    venue: `v${index}`,
    price,
    liquidity: liquidity[index] ?? 1,
  }));
}

const price = fc.double({ min: 1e-6, max: 1e6, noNaN: true });
const liquidity = fc.double({ min: 0, max: 1e9, noNaN: true });
const quote = fc.record({ price, liquidity });

function named(quotes: readonly { price: number; liquidity: number }[]): VenueQuote[] {
  return quotes.map((one, index) => ({ venue: `v${index}`, ...one }));
}

describe("aggregation of venues", () => {
  it("takes the middle of five", () => {
    const { price, outliers } = aggregate(quotesOf([100, 101, 99, 100.5, 100.2]), settings());
    expect(price).to.equal(100.2);
    expect([...outliers]).to.deep.equal([]);
  });

  it("sets aside a venue far from the others and says how far", () => {
    // 100 100.1 100.2 100.3 150: without 150 the middle ones are 100.1 and 100.2, and 100.2 is the middle of all five
    const result = aggregate(quotesOf([150, 100, 100.1, 100.2, 100.3]), settings());
    expect(result.price).to.equal(100.2);
    expect([...result.outliers]).to.deep.equal([["v0", "outlier: +4970 bps from the median"]]);
  });

  it("lets liquidity choose between the two middle prices of an even number", () => {
    const prices = [100, 100.1, 100.2, 100.3];
    // 0.45 each is cut to 0.275, the others get 0.225: half is passed at the second price, then at the third
    expect(aggregate(quotesOf(prices, [9, 9, 1, 1]), settings()).price).to.equal(100.1);
    expect(aggregate(quotesOf(prices, [1, 1, 9, 9]), settings()).price).to.equal(100.2);
  });

  it("does not let the largest venue of three decide alone", () => {
    expect(aggregate(quotesOf([100, 100.1, 100.2], [1, 1, 1e9]), settings()).price).to.equal(100.1);
  });

  it("gives the middle of two that agree, and nothing of two that do not", () => {
    expect(aggregate(quotesOf([100, 101]), settings()).price).to.equal(100.5);
    const apart = aggregate(quotesOf([100, 106]), settings({ maxDisagreementBps: 500 }));
    expect(apart.price).to.equal(null);
    expect(apart.reason).to.equal("two venues disagree by 600 bps");
  });

  it("gives one venue's own price", () => {
    expect(aggregate(quotesOf([7.25]), settings()).price).to.equal(7.25);
  });

  it("never depends on the order of quotes", () => {
    fc.assert(
      fc.property(fc.array(quote, { minLength: 1, maxLength: 20 }), fc.nat(), (raw, seed) => {
        const quotes = named(raw);
        const result = aggregate(quotes, settings());
        const again = aggregate(shuffled(quotes, seed), settings());
        expect(again.price).to.equal(result.price);
        expect(again.reason).to.equal(result.reason);
        expect(Object.fromEntries(again.outliers)).to.deep.equal(
          Object.fromEntries(result.outliers),
        );
      }),
    );
  });

  it("is never moved beyond its neighbours by one venue of five", () => {
    fc.assert(
      fc.property(fc.array(quote, { minLength: 4, maxLength: 4 }), quote, (honest, liar) => {
        const [, low, high] = honest.map((one) => one.price).sort((a, b) => a - b);
        const result = aggregate(named([...honest, liar]), settings());
        expect(result.price).to.be.within(low!, high!);
      }),
      { numRuns: 2_000 },
    );
  });

  it("is never moved beyond its neighbours by one venue that stands close to the others", () => {
    const near = fc.record({ price: fc.integer({ min: 9_900, max: 10_100 }), liquidity });
    fc.assert(
      fc.property(fc.array(near, { minLength: 4, maxLength: 4 }), near, (honest, liar) => {
        const [, low, high] = honest.map((one) => one.price).sort((a, b) => a - b);
        expect(aggregate(named([...honest, liar]), settings()).price).to.be.within(low!, high!);
      }),
      { numRuns: 2_000 },
    );
  });

  it("stays among the honest prices while liars are a minority", () => {
    fc.assert(
      fc.property(
        fc
          .integer({ min: 1, max: 3 })
          .chain((liars) =>
            fc.tuple(
              fc.array(quote, { minLength: liars + 1, maxLength: 4 + liars }),
              fc.array(quote, { minLength: liars, maxLength: liars }),
            ),
          ),
        ([honest, liars]) => {
          const prices = honest.map((one) => one.price);
          const result = aggregate(named([...honest, ...liars]), settings());
          expect(result.price).to.be.within(Math.min(...prices), Math.max(...prices));
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it("scales with its prices", () => {
    const few = fc.array(quote, { minLength: 1, maxLength: 20 });
    fc.assert(
      // Powers of two scale binary fractions exactly, so nothing but the scale may differ.
      fc.property(few, fc.integer({ min: -20, max: 20 }), (raw, exponent) => {
        const scale = 2 ** exponent;
        const plain = aggregate(named(raw), settings());
        const scaled = aggregate(
          named(raw.map((one) => ({ price: one.price * scale, liquidity: one.liquidity * scale }))),
          settings(),
        );
        expect(scaled.price).to.equal(plain.price === null ? null : plain.price * scale);
      }),
    );
  });

  it("does not care in which unit liquidity is counted", () => {
    fc.assert(
      fc.property(fc.array(quote, { minLength: 1, maxLength: 20 }), (raw) => {
        const other = raw.map((one) => ({ ...one, liquidity: one.liquidity * 1_024 }));
        expect(aggregate(named(other), settings()).price).to.equal(
          aggregate(named(raw), settings()).price,
        );
      }),
    );
  });
});

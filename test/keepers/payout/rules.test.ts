import { concat, keccak256, toBeHex } from "ethers";
import { expect } from "chai";
import fc from "fast-check";

import { computeEpoch } from "../../../keepers/payout/compute.ts";
import type { Row } from "../../../keepers/payout/model.ts";
import { draw } from "../../../keepers/payout/raffle.ts";
import { divide } from "../../../keepers/payout/rules.ts";
import { sharesOf } from "../../../keepers/payout/shares.ts";
import {
  accountOf,
  block,
  distributor,
  holdersFrom,
  holdingOf,
  programOf,
  shuffled,
  token,
} from "./fixtures.ts";

const randomness = { coordinator: `0x${"c0".repeat(20)}`, consumer: `0x${"c1".repeat(20)}` };
const rules: Record<string, Record<string, unknown>> = {
  proRata: { kind: "proRata" },
  timeWeighted: { kind: "timeWeighted" },
  flat: { kind: "flat" },
  tiers: {
    kind: "tiers",
    tiers: [
      { from: "1000", weight: 1 },
      { from: "1000000000", weight: 7 },
      { from: "1000000000000000000", weight: 33 },
    ],
  },
  "raffle, equal": {
    ...{ kind: "raffle", weighting: "equal", prizes: [50, 20, ...new Array<number>(40).fill(1)] },
    randomness,
  },
  "raffle by balance": { kind: "raffle", weighting: "balance", prizes: [3, 2, 1], randomness },
};
const sum = (amounts: Iterable<bigint>): bigint => [...amounts].reduce((a, b) => a + b, 0n);

describe("payout rules", () => {
  for (const [name, rule] of Object.entries(rules)) {
    it(`pays the pool to the last unit, whatever the order of up to 10,000 holders: ${name}`, () => {
      fc.assert(
        fc.property(
          fc.integer({ min: 1, max: 10_000 }),
          fc.nat(2 ** 31),
          fc.bigInt({ min: 1n, max: 2n ** 96n - 1n }),
          (count, seed, pool) => {
            const program = programOf({ poolPerDay: String(pool), rule });
            const holdings = holdersFrom(seed, count);
            const words = [BigInt(seed), 2n ** 256n - 1n];
            const input = { program, distributor, epoch: 1, previous: [], words };
            const once = computeEpoch({ ...input, snapshot: { block, holdings } });
            const again = computeEpoch({
              ...input,
              snapshot: { block, holdings: shuffled(holdings, seed + 1) },
            });
            expect(again.root).to.equal(once.root);
            expect(again.rows).to.deep.equal(once.rows);
            const paid = sum(once.rows.map(({ earned }) => earned));
            expect(paid).to.equal(once.root === null ? 0n : pool);
            expect(once.distributed).to.equal(paid);
            expect(once.recipients + once.out.length).to.equal(count);
          },
        ),
        { numRuns: 12 },
      );
    }).timeout(120_000);
  }

  it("gives the units that are left to the largest remainders, the earlier of equals first", () => {
    // 10 of 3 : 3 : 1 are 4 2/7, 4 2/7 and 1 3/7: the one that is left goes to the last.
    expect(sharesOf(10n, [3n, 3n, 1n])).to.deep.equal([4n, 4n, 2n]);
    expect(sharesOf(5n, [1n, 1n, 1n])).to.deep.equal([2n, 2n, 1n]);
    expect(sharesOf(2n, [0n, 1n, 1n, 1n])).to.deep.equal([0n, 1n, 1n, 0n]);
    expect(sharesOf(7n, [])).to.deep.equal([]);
    expect(sharesOf(7n, [0n, 0n])).to.deep.equal([0n, 0n]);
    expect(() => sharesOf(1n, [-1n])).to.throw(RangeError, "negative weight");
  });

  it("never gives a share that is a whole unit off", () => {
    const weights = fc.array(fc.bigInt({ min: 0n, max: 2n ** 120n }), {
      minLength: 1,
      maxLength: 60,
    });
    fc.assert(
      fc.property(fc.bigInt({ min: 1n, max: 2n ** 96n }), weights, (pool, list) => {
        const total = sum(list);
        fc.pre(total > 0n);
        const amounts = sharesOf(pool, list);
        expect(sum(amounts)).to.equal(pool);
        amounts.forEach((amount, i) => {
          const difference = amount * total - pool * list[i]!;
          expect(difference < total && -difference < total).to.equal(true);
        });
      }),
    );
  });

  it("breaks ties by the lower address", () => {
    const accounts = [1, 2, 3].map(accountOf).sort();
    const program = programOf({ poolPerDay: "100" });
    const { rows } = computeEpoch({
      ...{ program, distributor, epoch: 1, previous: [], words: null },
      snapshot: { block, holdings: [3, 1, 2].map((i) => holdingOf(i)) },
    });
    expect(rows.map(({ account, earned }) => [account, earned])).to.deep.equal([
      [accounts[0], 34n],
      [accounts[1], 33n],
      [accounts[2], 33n],
    ]);
  });

  it("weighs an account by the highest tier that it reaches, and by nothing below the lowest", () => {
    const { rule } = programOf({
      rule: {
        kind: "tiers",
        tiers: [
          { from: "10", weight: 1 },
          { from: "100", weight: 4 },
        ],
      },
    });
    const holdings = [9n, 10n, 99n, 100n, 5_000n].map((balance, i) => holdingOf(i, { balance }));
    expect(divide(100n, rule, holdings, null)).to.deep.equal([0n, 10n, 10n, 40n, 40n]);
  });

  it("adds to what was earned before and keeps what other tokens earned", () => {
    const other = `0x${"72".repeat(20)}`;
    const [a, b, c] = [1, 2, 3].map(accountOf).sort() as [string, string, string];
    const previous: Row[] = [
      { account: a, token: other, cumulative: 5n, earned: 5n },
      { account: b, token, cumulative: 70n, earned: 70n },
      { account: c, token, cumulative: 30n, earned: 30n },
    ].sort((x, y) => (x.account + x.token < y.account + y.token ? -1 : 1));
    const holdings = [a, b].map((account) => ({ ...holdingOf(0), account }));
    const program = programOf({ poolPerDay: "10" });
    const { rows, totals } = computeEpoch({
      ...{ program, distributor, epoch: 2, previous, words: null },
      snapshot: { block, holdings },
    });
    const all = rows.map((row) => [row.account, row.token, row.cumulative, row.earned]);
    expect(all).to.deep.equal([
      [a, token, 5n, 5n],
      [a, other, 5n, 0n],
      [b, token, 75n, 5n],
      [c, token, 30n, 0n],
    ]);
    expect(totals).to.deep.equal([
      { token, amount: 110n },
      { token: other, amount: 5n },
    ]);
  });

  it("refuses an account that stands twice, and a total that the contract cannot count", () => {
    const input = { program: programOf(), distributor, epoch: 1, words: null };
    const twice = { block, holdings: [holdingOf(1), holdingOf(1)] };
    expect(() => computeEpoch({ ...input, previous: [], snapshot: twice })).to.throw(
      "stands twice",
    );
    const cumulative = 2n ** 96n - 1n;
    const previous = [{ account: accountOf(1), token, cumulative, earned: 0n }];
    const snapshot = { block, holdings: [holdingOf(1)] };
    expect(() => computeEpoch({ ...input, previous, snapshot })).to.throw("passes 2^96");
    expect(() => computeEpoch({ ...input, epoch: 0, previous: [], snapshot })).to.throw(
      "does not pay",
    );
  });

  describe("raffle", () => {
    /** The documented procedure once more: ethers' keccak, one bit length at a time, a walk over the list. */
    function drawPlainly(words: bigint[], weights: bigint[], count: number): number[] {
      const seed = keccak256(concat(words.map((word) => toBeHex(word, 32))));
      let next = 0;
      const left = [...weights];
      const drawn: number[] = [];
      while (drawn.length < count && sum(left) > 0n) {
        const total = sum(left);
        const bits = total === 1n ? 0 : (total - 1n).toString(2).length;
        let value = total;
        while (value >= total) {
          let text = "0x";
          for (let i = 0; i < Math.ceil(bits / 256); i++) {
            text += keccak256(concat([seed, toBeHex(next++, 32)])).slice(2);
          }
          value = text === "0x" ? 0n : BigInt(text) & (2n ** BigInt(bits) - 1n);
        }
        const position = left.findIndex((weight) => {
          if (value < weight) return true;
          value -= weight;
          return false;
        });
        drawn.push(position);
        left[position] = 0n;
      }
      return drawn;
    }

    it("draws as documented, weights above a word included", () => {
      const weights = fc.array(
        fc.oneof(fc.bigInt({ min: 0n, max: 5n }), fc.bigInt({ min: 0n, max: 2n ** 300n })),
        { minLength: 1, maxLength: 40 },
      );
      const words = fc.array(fc.bigInt({ min: 0n, max: 2n ** 256n - 1n }), {
        minLength: 1,
        maxLength: 3,
      });
      fc.assert(
        fc.property(words, weights, fc.integer({ min: 1, max: 50 }), (list, weighed, count) => {
          expect(draw(list, weighed, count)).to.deep.equal(drawPlainly(list, weighed, count));
        }),
        { numRuns: 60 },
      );
    });

    it("draws each once, and nobody without a weight", () => {
      const drawn = draw([7n], [5n, 0n, 1n, 3n, 0n, 2n], 10);
      expect([...drawn].sort()).to.deep.equal([0, 2, 3, 5]);
    });

    it("draws first in proportion to the weights", () => {
      const firsts = [0, 0, 0];
      for (let word = 0n; word < 6_000n; word++) firsts[draw([word], [1n, 2n, 3n], 1)[0]!]! += 1;
      // 1,000, 2,000 and 3,000 are expected; five standard deviations are at most 194.
      expect(firsts[0]).to.be.within(855, 1_145);
      expect(firsts[1]).to.be.within(1_817, 2_183);
      expect(firsts[2]).to.be.within(2_806, 3_194);
    }).timeout(60_000);

    it("gives the whole pool to those who could be drawn", () => {
      const { rule } = programOf({
        rule: { kind: "raffle", weighting: "equal", prizes: [2, 1, 1, 1], randomness },
      });
      const amounts = divide(90n, rule, [holdingOf(1), holdingOf(2)], [1n]);
      expect([...amounts].sort()).to.deep.equal([30n, 60n]);
    });

    it("is not held without words", () => {
      const { rule } = programOf({ rule: rules["raffle, equal"] });
      expect(() => divide(1n, rule, [holdingOf(1)], null)).to.throw("not known yet");
      expect(() => draw([], [1n], 1)).to.throw(RangeError, "at least one random word");
    });
  });
});

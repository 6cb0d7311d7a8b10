import { expect } from "chai";
import fc from "fast-check";

import { compose, due, mayBeDue, withPending } from "../../../../keepers/feed/decide.ts";
import type { FeedRules } from "../../../../keepers/feed/decide.ts";
import type { FeedState } from "../../../../keepers/feed/price/breaker.ts";
import { emptyFeed, FeedStatus } from "../../../../keepers/feed/price/breaker.ts";
import { lowerMedian } from "../../../../keepers/feed/round/median.ts";
import type { Observation } from "../../../../keepers/feed/signing/observation.ts";
import { RULES } from "./network.ts";

const SLOT = 1_000_000;
const PRICE = 100_000_000_000n;
const live = (secondsAgo: number, answer = PRICE): FeedState => ({
  ...emptyFeed,
  status: FeedStatus.live,
  answer,
  average: answer,
  round: 1,
  updatedAt: SLOT - secondsAgo,
  lastReportAt: SLOT - secondsAgo,
});
const observation = (operator: number, ...pricesE8: bigint[]): Observation => ({
  setId: 1,
  slot: SLOT,
  operator,
  pricesE8,
});
const reasons = (states: FeedState[], prices: bigint[], pending: Parameters<typeof due>[3] = []) =>
  due(
    states,
    states.map(() => RULES),
    prices,
    pending,
    SLOT,
  ).map(({ reason }) => reason);

describe("which feeds are due", () => {
  it("are those without an answer, if there is a price", () => {
    expect(reasons([emptyFeed], [PRICE])).to.deep.equal(["first"]);
    expect(reasons([emptyFeed], [0n])).to.deep.equal([]);
  });

  it("are those whose last report is a heartbeat old, and not a second younger", () => {
    expect(reasons([live(10)], [PRICE])).to.deep.equal(["heartbeat"]);
    expect(reasons([live(9)], [PRICE])).to.deep.equal([]);
  });

  it("are those that moved by the deviation, up or down, and not by a unit less", () => {
    const step = (PRICE * 20n) / 10_000n;
    expect(reasons([live(1)], [PRICE + step])).to.deep.equal(["deviation"]);
    expect(reasons([live(1)], [PRICE - step])).to.deep.equal(["deviation"]);
    expect(reasons([live(1)], [PRICE + step - 1n])).to.deep.equal([]);
  });

  it("are never those that have a report for this slot or a later one, or are dormant", () => {
    expect(reasons([live(0)], [2n * PRICE])).to.deep.equal([]);
    expect(reasons([live(-1)], [2n * PRICE])).to.deep.equal([]);
    expect(reasons([live(604_801)], [PRICE])).to.deep.equal([]);
    expect(reasons([live(604_800)], [PRICE])).to.deep.equal(["heartbeat"]);
  });

  it("are suspended ones often enough to confirm within the cool-down, however far the price is", () => {
    const rules: FeedRules = { ...RULES, heartbeat: 3_600 };
    const state = (ago: number): FeedState => ({ ...live(ago), status: FeedStatus.suspended });
    expect(due([state(29)], [rules], [2n * PRICE], [], SLOT)).to.deep.equal([]);
    expect(due([state(30)], [rules], [2n * PRICE], [], SLOT)).to.deep.equal([
      { feedIndex: 0, reason: "candidate" },
    ]);
  });

  it("treat pending reports as landed", () => {
    const entry = { feedIndex: 0, count: 3, answerE8: (PRICE * 101n) / 100n };
    const pending = [{ slot: SLOT - 1, entries: [entry] }];
    expect(reasons([live(20)], [entry.answerE8], pending)).to.deep.equal([]);
    expect(reasons([live(20)], [PRICE], pending)).to.deep.equal(["deviation"]);
  });

  it("carry pending feeds along when another is due, since the newer report replaces the older", () => {
    const pending = [{ slot: SLOT - 1, entries: [{ feedIndex: 0, count: 3, answerE8: PRICE }] }];
    expect(reasons([live(20), live(10), live(1)], [PRICE, PRICE, PRICE], pending)).to.deep.equal([
      "pending",
      "heartbeat",
    ]);
  });

  it("expect a pending answer out of the band to suspend the feed", () => {
    const pending = [
      { slot: SLOT - 1, entries: [{ feedIndex: 0, count: 3, answerE8: 2n * PRICE }] },
    ];
    const [state] = withPending([live(20)], [RULES], pending);
    expect(state).to.include({
      status: FeedStatus.suspended,
      answer: PRICE,
      lastReportAt: SLOT - 1,
    });
    expect(reasons([live(20)], [2n * PRICE], pending)).to.deep.equal([]);
  });
});

describe("what a cosigner lets pass as due", () => {
  it("is half of the deviation or half of the heartbeat, and not less", () => {
    const half = (PRICE * 10n) / 10_000n;
    expect(mayBeDue(live(1), RULES, PRICE + half, SLOT)).to.equal(true);
    expect(mayBeDue(live(1), RULES, PRICE + half - 1n, SLOT)).to.equal(false);
    expect(mayBeDue(live(5), RULES, PRICE, SLOT)).to.equal(true);
    expect(mayBeDue(live(4), RULES, PRICE, SLOT)).to.equal(false);
    expect(mayBeDue(live(0), RULES, 2n * PRICE, SLOT)).to.equal(false);
  });

  it("is everything that is due by the same view", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -2, max: 40 }),
        fc.bigInt({ min: PRICE - 10n ** 9n, max: PRICE + 10n ** 9n }),
        (ago, price) => {
          if (reasons([live(ago)], [price]).length > 0) {
            expect(mayBeDue(live(ago), RULES, price, SLOT)).to.equal(true);
          }
        },
      ),
    );
  });
});

describe("the lower median", () => {
  it("is element ⌊(n−1)/2⌋ of the sorted values", () => {
    expect(lowerMedian([])).to.equal(null);
    expect(lowerMedian([7n])).to.equal(7n);
    expect(lowerMedian([9n, 1n])).to.equal(1n);
    expect(lowerMedian([3n, 1n, 2n])).to.equal(2n);
    expect(lowerMedian([4n, 10n, 2n, 3n])).to.equal(3n);
    expect(lowerMedian([10n, 9n, 100n])).to.equal(10n);
  });
});

describe("composing a report", () => {
  const base = { rules: [RULES, RULES], quorum: 3, leader: 0, excluded: new Set<number>() };

  it("takes the median of all values and exactly a quorum of signers, the leader among them", () => {
    const observations = [4, 2, 0, 3, 1].map((operator) =>
      observation(operator, PRICE + BigInt(operator), PRICE),
    );
    const result = compose({ ...base, observations, feedIndexes: [0, 1] });
    expect(result).to.deep.include({
      kind: "report",
      entries: [
        { feedIndex: 0, count: 5, answerE8: PRICE + 2n },
        { feedIndex: 1, count: 5, answerE8: PRICE },
      ],
      // The leader and the first two that are not.
      signers: [0, 2, 4],
    });
  });

  it("drops the least covered feed until a quorum has a price for all", () => {
    const observations = [
      observation(0, PRICE, PRICE),
      observation(1, PRICE, PRICE),
      observation(2, PRICE, 0n),
      observation(3, PRICE, 0n),
      observation(4, 0n, PRICE),
    ];
    const result = compose({ ...base, observations, feedIndexes: [0, 1] });
    expect(result).to.deep.equal({
      kind: "report",
      entries: [{ feedIndex: 0, count: 4, answerE8: PRICE }],
      signers: [0, 1, 2],
      dropped: [{ feedIndex: 1, reason: "too few signers" }],
    });
  });

  it("drops feeds that the leader cannot sign for", () => {
    const far = (PRICE * 10_100n) / 10_000n;
    const observations = [0, 1, 2].map((operator) =>
      observation(operator, operator === 0 ? 0n : PRICE, operator === 0 ? far : PRICE),
    );
    const result = compose({ ...base, observations, feedIndexes: [0, 1] });
    expect(result).to.deep.include({
      kind: "none",
      dropped: [
        { feedIndex: 0, reason: "no price of the leader" },
        { feedIndex: 1, reason: "leader out of tolerance" },
      ],
    });
  });

  it("counts values below the quorum as too few", () => {
    const observations = [0, 1].map((operator) => observation(operator, PRICE, PRICE));
    const result = compose({ ...base, observations, feedIndexes: [0] });
    expect(result).to.deep.include({ dropped: [{ feedIndex: 0, reason: "too few observations" }] });
  });

  it("does not choose the excluded, but counts what they saw", () => {
    const observations = [0, 1, 2, 3].map((operator) => observation(operator, PRICE, PRICE));
    const result = compose({ ...base, observations, feedIndexes: [0], excluded: new Set([1]) });
    expect(result).to.deep.include({
      signers: [0, 2, 3],
      entries: [{ feedIndex: 0, count: 4, answerE8: PRICE }],
    });
  });

  it("always gives signers within tolerance of answers that lie between honest values", () => {
    fc.assert(
      fc.property(
        fc.array(fc.bigInt({ min: 9_900n, max: 10_100n }), { minLength: 3, maxLength: 5 }),
        fc.bigInt({ min: 1n, max: 10n ** 12n }),
        (honest, lie) => {
          const values = [...honest, lie];
          const quorum = Math.floor(values.length / 2) + 1;
          const observations = values.map((value, operator) => observation(operator, value));
          const result = compose({
            ...base,
            observations,
            feedIndexes: [0],
            quorum,
            rules: [RULES],
          });
          if (result.kind !== "report") return;
          const answer = result.entries[0]!.answerE8;
          const sorted = honest.toSorted((a, b) => Number(a - b));
          expect(answer >= sorted[0]! && answer <= sorted.at(-1)!).to.equal(true);
          expect(result.signers).to.have.length(quorum).and.include(0);
          for (const signer of result.signers) {
            const own = values[signer]!;
            const distance = own > answer ? own - answer : answer - own;
            expect(distance * 10_000n <= 50n * own).to.equal(true);
          }
        },
      ),
    );
  });
});

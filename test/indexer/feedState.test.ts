import { expect } from "chai";

import { applyEntry, truncateAverage, type FeedState } from "../../indexer/src/feedState.ts";

const LIVE: FeedState = {
  status: "live",
  answer: 2_000_000_000_000n,
  average: 2_000_000_000_000n,
  round: 9,
  updatedAt: 1_000,
  lastReportAt: 1_000,
  trippedUntil: 0,
  afterTrip: false,
};
const PARAMS = { bandBps: 1_000, tau: 600 };

const entry = (answerE8: bigint, slot: number, blockTime = slot) => ({
  answerE8,
  slot,
  blockTime,
  params: PARAMS,
});

describe("state of a feed after a report", () => {
  // Expected averages come from the formula in another language's integers.
  it("moves the average by the share of tau that has passed, towards zero", () => {
    const up = applyEntry(LIVE, entry(2_003_700_000_000n, 1_007));
    expect(up.after.average).to.equal(2_000_043_166_666n);
    const down = applyEntry(LIVE, entry(1_996_300_000_001n, 1_007));
    expect(down.after.average).to.equal(1_999_956_833_334n);
    const late = applyEntry(LIVE, entry(2_003_700_000_000n, 9_999));
    expect(late.after.average).to.equal(2_003_700_000_000n);
  });

  it("publishes with the next round and the report's slot", () => {
    expect(applyEntry(LIVE, entry(2_003_700_000_000n, 1_007))).to.deep.include({
      published: true,
      after: {
        ...LIVE,
        answer: 2_003_700_000_000n,
        average: 2_000_043_166_666n,
        round: 10,
        updatedAt: 1_007,
        lastReportAt: 1_007,
      },
    });
  });

  it("takes an answer confirmed outside the band for the average, and the first answer too", () => {
    const crash = 1_000_000_000_001n;
    expect(applyEntry(LIVE, entry(crash, 1_200)).after.average).to.equal(crash);
    const empty: FeedState = { ...LIVE, status: "empty", average: 0n, answer: 0n, updatedAt: 0 };
    expect(applyEntry(empty, entry(crash, 1_200)).after).to.include({
      status: "live",
      average: crash,
      round: 10,
    });
  });

  it("counts the edge of the band as inside", () => {
    const edge = 2_200_000_000_000n;
    expect(applyEntry(LIVE, entry(edge, 1_001)).after.average).to.equal(2_000_333_333_332n);
    expect(applyEntry(LIVE, entry(edge + 1n, 1_001)).after.average).to.equal(2_200_000_000_000n);
  });

  it("holds everything back while suspended, but remembers the report", () => {
    const { after, published } = applyEntry({ ...LIVE, status: "suspended" }, entry(5n, 1_010));
    expect(published).to.equal(false);
    expect(after).to.deep.equal({ ...LIVE, status: "suspended", lastReportAt: 1_010 });
  });

  it("ends a trip at its time by the block's clock, and then measures nothing against the average", () => {
    const tripped: FeedState = { ...LIVE, status: "tripped", trippedUntil: 5_000 };
    expect(applyEntry(tripped, entry(1n, 4_999, 4_999)).after).to.include({ status: "tripped" });
    const lapsed = applyEntry(tripped, entry(1n, 4_999, 5_000));
    expect(lapsed).to.deep.equal({
      published: false,
      after: { ...tripped, status: "suspended", afterTrip: true, lastReportAt: 4_999 },
    });
    const resumed = applyEntry(
      { ...lapsed.after, status: "live" },
      entry(2_003_700_000_000n, 5_100),
    );
    expect(resumed.after).to.include({ average: 2_003_700_000_000n, afterTrip: false });
  });
});

describe("truncateAverage", () => {
  it("keeps 40 significant bits, rounding down", () => {
    expect(truncateAverage(0n)).to.equal(0n);
    expect(truncateAverage(2n ** 40n - 1n)).to.equal(2n ** 40n - 1n);
    expect(truncateAverage(6_000_000_000_001n)).to.equal(6_000_000_000_000n);
    expect(truncateAverage(2n ** 95n - 1n)).to.equal(2n ** 95n - 2n ** 55n);
  });
});

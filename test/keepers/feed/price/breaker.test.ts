import { expect } from "chai";

import {
  applyReport,
  emptyFeed,
  FeedStatus,
  isDormant,
  resetFeed,
  Side,
  tripFeed,
  truncateAverage,
} from "../../../../keepers/feed/price/breaker.ts";
import type { BreakerParams, FeedState } from "../../../../keepers/feed/price/breaker.ts";

const PARAMS: BreakerParams = {
  heartbeat: 10,
  bandBps: 1_000,
  tau: 3_600,
  cooldown: 120,
  minReports: 3,
  dormancy: 604_800,
};
const T = 1_700_000_000;

const LIVE: FeedState = {
  ...emptyFeed,
  answer: 100_000n,
  average: 100_000n,
  updatedAt: T,
  lastReportAt: T,
  round: 7,
  status: FeedStatus.live,
};

function report(state: FeedState, priceE8: bigint, slot: number, trippedUntil = 0, now = slot) {
  const outcome = applyReport(state, PARAMS, { priceE8, slot, now, trippedUntil });
  if (outcome.kind !== "accepted") throw new Error(outcome.error);
  return outcome;
}

/** Applies reports of one price at these seconds after T. */
function hold(state: FeedState, priceE8: bigint, ...seconds: number[]) {
  return seconds.map((after) => {
    const outcome = report(state, priceE8, T + after);
    ({ state } = outcome);
    return outcome;
  });
}

describe("average in a slot", () => {
  it("keeps forty significant bits, rounded down", () => {
    expect(truncateAverage(0n)).to.equal(0n);
    expect(truncateAverage(2n ** 40n - 1n)).to.equal(2n ** 40n - 1n);
    expect(truncateAverage(2n ** 40n + 1n)).to.equal(2n ** 40n);
    expect(truncateAverage(2n ** 41n + 3n)).to.equal(2n ** 41n);
    expect(truncateAverage(2n ** 95n - 1n)).to.equal(2n ** 95n - 2n ** 55n);
  });
});

describe("breaker", () => {
  it("seeds an empty feed with the first report", () => {
    const { state, published } = report(emptyFeed, 123n, T);
    expect(published).to.equal(true);
    expect(state).to.deep.equal({
      ...LIVE,
      answer: 123n,
      average: 123n,
      round: 1,
    });
  });

  it("moves the average by the share of time that has passed", () => {
    // (104,000 − 100,000) · 900 / 3,600 = 1,000
    const { state } = report(LIVE, 104_000n, T + 900);
    expect(state.answer).to.equal(104_000n);
    expect(state.average).to.equal(101_000n);
    expect(state.round).to.equal(8);
  });

  it("rounds the average's step toward zero on both sides", () => {
    // ±5 · 900 / 3,600 = ±1.25
    expect(report(LIVE, 100_005n, T + 900).state.average).to.equal(100_001n);
    expect(report(LIVE, 99_995n, T + 900).state.average).to.equal(99_999n);
  });

  it("follows at most all the way", () => {
    expect(report(LIVE, 104_000n, T + 36_000).state.average).to.equal(104_000n);
  });

  it("publishes on the edge of the band and suspends beyond it", () => {
    expect(report(LIVE, 110_000n, T + 1).published).to.equal(true);
    expect(report(LIVE, 90_000n, T + 1).published).to.equal(true);
    const above = report(LIVE, 110_001n, T + 1);
    expect(above.published).to.equal(false);
    expect(above.event).to.equal("FeedSuspended");
    expect(above.state).to.deep.equal({
      ...LIVE,
      lastReportAt: T + 1,
      status: FeedStatus.suspended,
      candidateSide: Side.above,
      candidateAge: 0,
      candidateReports: 1,
    });
    expect(report(LIVE, 89_999n, T + 1).state.candidateSide).to.equal(Side.below);
  });

  it("publishes a level that has held for the cool-down and enough reports", () => {
    const outcomes = hold(LIVE, 50_000n, 1, 41, 81, 120, 121);
    expect(outcomes.map(({ published }) => published)).to.deep.equal([
      false,
      false,
      false,
      false,
      true,
    ]);
    expect(outcomes[4]?.event).to.equal("FeedResumed");
    expect(outcomes[4]?.state).to.deep.equal({
      ...LIVE,
      answer: 50_000n,
      average: 50_000n,
      updatedAt: T + 121,
      lastReportAt: T + 121,
      round: 8,
    });
  });

  it("asks for enough reports even when the time has passed", () => {
    // Two reports 80 s apart reach neither; the third has age 160 and count 3.
    const published = hold(LIVE, 50_000n, 1, 81, 161).map((outcome) => outcome.published);
    expect(published).to.deep.equal([false, false, true]);
  });

  it("starts again after a gap of more than two expected reports", () => {
    // expected = max(10, 120 / 3) = 40 s: 80 s is no gap, 81 s is one
    expect(hold(LIVE, 50_000n, 1, 81)[1]?.state.candidateReports).to.equal(2);
    const restarted = hold(LIVE, 50_000n, 1, 82)[1]?.state;
    expect(restarted?.candidateReports).to.equal(1);
    expect(restarted?.candidateAge).to.equal(0);
  });

  it("starts again when the side changes", () => {
    const low = report(LIVE, 50_000n, T + 1).state;
    const high = report(low, 150_000n, T + 41).state;
    expect([high.candidateSide, high.candidateReports]).to.deep.equal([Side.above, 1]);
  });

  it("ends a suspension with an answer back in the band, by the time since the last answer", () => {
    const low = report(LIVE, 50_000n, T + 1).state;
    const back = report(low, 104_000n, T + 900);
    expect(back.event).to.equal("FeedResumed");
    expect(back.state.average).to.equal(101_000n);
  });

  it("rejects a slot that is not newer", () => {
    for (const slot of [T, T - 1]) {
      const outcome = applyReport(LIVE, PARAMS, { priceE8: 1n, slot, now: T, trippedUntil: 0 });
      expect(outcome).to.deep.equal({ kind: "rejected", error: "ReorderedReport" });
    }
  });

  it("rejects every report after the dormancy limit, and none at it", () => {
    const at = (slot: number) =>
      applyReport(LIVE, PARAMS, { priceE8: 100_000n, slot, now: slot, trippedUntil: 0 });
    expect(at(T + 604_800).kind).to.equal("accepted");
    expect(at(T + 604_801)).to.deep.equal({ kind: "rejected", error: "FeedDormant" });
    expect(isDormant(LIVE, PARAMS, T + 604_800)).to.equal(false);
    expect(isDormant(LIVE, PARAMS, T + 604_801)).to.equal(true);
  });

  it("publishes nothing while tripped, and after it only what has held, on either side", () => {
    const tripped = tripFeed(LIVE);
    const held = report(tripped, 100_000n, T + 10, T + 100);
    expect(held.state).to.deep.equal({ ...tripped, lastReportAt: T + 10 });
    const lapsed = report(held.state, 100_000n, T + 100, T + 100);
    expect(lapsed.published).to.equal(false);
    expect(lapsed.state.candidateSide).to.equal(Side.any);
    let { state } = lapsed;
    const published = [160, 219, 220].map((after, index) => {
      const outcome = report(state, index % 2 === 0 ? 100_000n : 500_000n, T + after);
      ({ state } = outcome);
      return outcome.published;
    });
    // Age at T + 220 is 120.
    expect(published).to.deep.equal([false, false, true]);
  });

  it("decides by the block's time whether a trip has lapsed", () => {
    const { state } = report(tripFeed(LIVE), 1n, T + 50, T + 60, T + 60);
    expect(state.status).to.equal(FeedStatus.suspended);
  });

  it("empties a feed but keeps its order", () => {
    const empty = resetFeed(LIVE);
    expect(empty).to.deep.equal({ ...emptyFeed, round: 7, lastReportAt: T });
    expect(
      applyReport(empty, PARAMS, { priceE8: 1n, slot: T, now: T, trippedUntil: 0 }).kind,
    ).to.equal("rejected");
    expect(isDormant(empty, PARAMS, T + 1e9)).to.equal(false);
    expect(report(empty, 5n, T + 1e8).state.round).to.equal(8);
  });

  it("cannot trip what has no data", () => {
    expect(tripFeed(emptyFeed)).to.equal(emptyFeed);
  });
});

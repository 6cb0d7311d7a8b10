import { expect } from "chai";

import { emptyFeed, FeedStatus } from "../../../../keepers/feed/price/breaker.ts";
import type { FeedState } from "../../../../keepers/feed/price/breaker.ts";
import { dueReason } from "../../../../keepers/feed/price/due.ts";

const PARAMS = {
  heartbeat: 3_600,
  deviationBps: 50,
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
  round: 1,
  status: FeedStatus.live,
};

describe("when a report is due", () => {
  it("is at once for a feed without an answer", () => {
    expect(dueReason(emptyFeed, PARAMS, 1n, T)).to.equal("first");
  });

  it("is at the heartbeat, counted from the last report", () => {
    expect(dueReason(LIVE, PARAMS, 100_000n, T + 3_599)).to.equal(null);
    expect(dueReason(LIVE, PARAMS, 100_000n, T + 3_600)).to.equal("heartbeat");
  });

  it("is at the deviation, either way, edge included", () => {
    expect(dueReason(LIVE, PARAMS, 100_499n, T + 1)).to.equal(null);
    expect(dueReason(LIVE, PARAMS, 100_500n, T + 1)).to.equal("deviation");
    expect(dueReason(LIVE, PARAMS, 99_501n, T + 1)).to.equal(null);
    expect(dueReason(LIVE, PARAMS, 99_500n, T + 1)).to.equal("deviation");
  });

  it("is four times a cool-down while suspended, so that one report may be lost", () => {
    const suspended: FeedState = { ...LIVE, status: FeedStatus.suspended };
    // 120 / (3 + 1) = 30
    expect(dueReason(suspended, PARAMS, 50_000n, T + 29)).to.equal(null);
    expect(dueReason(suspended, PARAMS, 50_000n, T + 30)).to.equal("candidate");
  });

  it("is only at the heartbeat while tripped", () => {
    const tripped: FeedState = { ...LIVE, status: FeedStatus.tripped };
    expect(dueReason(tripped, PARAMS, 1n, T + 3_599)).to.equal(null);
    expect(dueReason(tripped, PARAMS, 1n, T + 3_600)).to.equal("heartbeat");
  });

  it("never is for a slot that has been reported, nor for a dormant feed", () => {
    expect(dueReason(LIVE, PARAMS, 1n, T)).to.equal(null);
    expect(dueReason(LIVE, PARAMS, 1n, T + 604_800)).to.equal("heartbeat");
    expect(dueReason(LIVE, PARAMS, 1n, T + 604_801)).to.equal(null);
  });
});

import { expect } from "chai";

import { reputationOf } from "../../indexer/src/api/reputation.ts";

describe("reputation of an operator", () => {
  const full = { reports: 200, signed: 200, meanLatencySeconds: 1.5, meanDeviationBps: 0 };

  it("is full for who signs everything at once at the median", () => {
    expect(reputationOf(full)).to.deep.equal({
      score: 10_000,
      participation: 10_000,
      accuracy: 10_000,
      promptness: 10_000,
    });
  });

  it("weighs participation by 70, accuracy by 20 and promptness by 10 of a hundred", () => {
    // Half of everything: 150 of 200 signed, 12.5 of 50 bps, 5 of 10 s too late.
    const record = { reports: 200, signed: 150, meanLatencySeconds: 7, meanDeviationBps: 12.5 };
    expect(reputationOf(record)).to.deep.equal({
      score: 7_250,
      participation: 7_500,
      accuracy: 7_500,
      promptness: 5_000,
    });
  });

  it("leaves out what is not known instead of guessing it", () => {
    expect(reputationOf({ ...full, signed: 100, meanDeviationBps: null }).score).to.equal(5_625);
    expect(
      reputationOf({ reports: 9, signed: 0, meanLatencySeconds: null, meanDeviationBps: null }),
    ).to.deep.equal({ score: 0, participation: 0, accuracy: null, promptness: null });
    expect(
      reputationOf({ reports: 0, signed: 0, meanLatencySeconds: null, meanDeviationBps: 3 }).score,
    ).to.equal(null);
  });

  it("is never below zero, however late or far off", () => {
    const bad = { reports: 10, signed: 1, meanLatencySeconds: 60, meanDeviationBps: 400 };
    expect(reputationOf(bad)).to.include({ accuracy: 0, promptness: 0, score: 700 });
  });
});

import { expect } from "chai";

import { checkpointAt, statusOf, type Poll } from "../../indexer/src/api/proposalStatus.ts";

const POLL: Poll = {
  step: "created",
  voteStart: 100,
  voteEnd: 200,
  forVotes: 50n,
  againstVotes: 49n,
  abstainVotes: 0n,
};

describe("status of a proposal", () => {
  it("changes with time at the seconds that the governor changes it", () => {
    const times = [100, 101, 200, 201];
    expect(times.map((now) => statusOf(POLL, 50n, now))).to.deep.equal([
      ...["pending", "active", "active", "succeeded"],
    ]);
  });

  it("is defeated without a quorum of votes for and abstentions, and on a tie", () => {
    expect(statusOf(POLL, 51n, 201)).to.equal("defeated");
    expect(statusOf({ ...POLL, abstainVotes: 1n }, 51n, 201)).to.equal("succeeded");
    expect(statusOf({ ...POLL, againstVotes: 50n }, 50n, 201)).to.equal("defeated");
  });

  it("is what was done with it, whatever the time", () => {
    for (const step of ["queued", "executed", "cancelled"] as const)
      for (const now of [0, 150, 300]) expect(statusOf({ ...POLL, step }, 0n, now)).to.equal(step);
  });

  it("looks up the value that held at a time", () => {
    const steps = [
      { since: 10, value: "a" },
      { since: 20, value: "b" },
    ];
    expect([9, 10, 19, 20, 99].map((time) => checkpointAt(steps, time))).to.deep.equal([
      ...[null, "a", "a", "b", "b"],
    ]);
  });
});

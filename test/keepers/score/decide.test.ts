import { expect } from "chai";

import type { Situation, World } from "../../../keepers/score/decide.ts";
import { openEpochs, stepOf, weightsOf } from "../../../keepers/score/decide.ts";
import type { Progress } from "../../../keepers/shared/attempts.ts";

const accountOf = (index: number): string => `0x${index.toString(16).padStart(40, "0")}`;
const [a, b, c] = [accountOf(0xa), accountOf(0xb), accountOf(0xc)];
const NOW = 1_800_000_000_000;
const weights = { accounts: [a], weights: [10_000] };
const world: World = { shareable: 1n, isPaused: false, maxAttempts: 3 };

const step = (situation: Partial<Situation>, change: Partial<World> = {}) =>
  stepOf({ isPosted: false, weights, progress: null, ...situation }, { ...world, ...change }, NOW);
const progress = (fields: Partial<Progress> = {}): Progress => ({
  ...{ attempt: 1, status: "failed", reason: "reverted", changedMs: NOW },
  ...fields,
});

describe("weights of an epoch", () => {
  it("are signed reports out of all, in basis points, rounded down, by ascending account", () => {
    const parts = [
      { account: c, reports: 9, signed: 7 },
      { account: a, reports: 9, signed: 9 },
      { account: b, reports: 3, signed: 1 },
    ];
    expect(weightsOf(parts, new Set([a, b, c]))).to.deep.equal({
      accounts: [a, b, c],
      // 1; 1/3 and 7/9 by hand.
      weights: [10_000, 3_333, 7_777],
    });
  });

  it("leave out who signed nothing, too little for a basis point, or was not active", () => {
    const parts = [
      { account: a, reports: 5, signed: 0 },
      { account: b, reports: 10_001, signed: 1 },
      { account: c, reports: 5, signed: 5 },
      { account: accountOf(1), reports: 0, signed: 0 },
    ];
    expect(weightsOf(parts, new Set([a, b]))).to.deep.equal({ accounts: [], weights: [] });
  });

  it("compare accounts as numbers, and are never more than the contract takes", () => {
    const parts = Array.from({ length: 70 }, (_, i) => ({
      ...{ account: accountOf(70 - i), reports: 100, signed: i < 6 ? 1 : 50 },
    }));
    const { accounts, weights: given } = weightsOf(parts, new Set(parts.map((p) => p.account)));
    expect(accounts).to.deep.equal(Array.from({ length: 64 }, (_, i) => accountOf(i + 1)));
    expect(new Set(given)).to.deep.equal(new Set([5_000]));
  });
});

describe("what is to be done about an epoch", () => {
  it("is nothing once it is posted, or when nobody took part", () => {
    expect(step({ isPosted: true, weights: null })).to.deep.equal({ kind: "posted" });
    expect(step({ weights: { accounts: [], weights: [] } })).to.deep.equal({ kind: "idle" });
  });

  it("is to wait for the index, the pause's end, the treasury, and the relayer", () => {
    const waits = (situation: Partial<Situation>, change?: Partial<World>) =>
      step(situation, change);
    expect(waits({ weights: null })).to.deep.equal({ kind: "waiting", for: "index" });
    expect(waits({}, { isPaused: true })).to.deep.equal({ kind: "waiting", for: "pause" });
    expect(waits({}, { shareable: 0n })).to.deep.equal({ kind: "waiting", for: "funds" });
    for (const status of ["queued", "sent"] as const) {
      const under = { progress: progress({ status }) };
      expect(waits(under)).to.deep.equal({ kind: "waiting", for: "relayer" });
    }
  });

  it("is to post it, again after what failed or was undone, and not for ever", () => {
    expect(step({})).to.deep.equal({ kind: "post", attempt: 1, weights });
    expect(step({ progress: progress() })).to.deep.equal({
      ...{ kind: "pausing", untilMs: NOW + 2_000 },
    });
    for (const status of ["failed", "confirmed", "superseded", "expired"] as const) {
      expect(step({ progress: progress({ status, changedMs: NOW - 2_000 }) })).to.deep.equal({
        ...{ kind: "post", attempt: 2, weights },
      });
    }
    expect(step({ progress: progress({ attempt: 2, changedMs: NOW - 3_999 }) }).kind).to.equal(
      "pausing",
    );
    expect(step({ progress: progress({ attempt: 3 }) })).to.deep.equal({
      ...{ kind: "givenUp", reason: "3 attempts: reverted" },
    });
  });

  it("concerns the epochs that have ended and may still be posted", () => {
    expect(openEpochs(100, 4)).to.deep.equal([96, 97, 98, 99]);
    expect(openEpochs(2, 4)).to.deep.equal([0, 1]);
    expect(openEpochs(0, 4)).to.deep.equal([]);
  });
});

import { expect } from "chai";

import type { IntentStatus } from "../../../keepers/shared/intents.ts";
import {
  oldestSlot,
  pauseMs,
  stepOf,
  type Rules,
  type Situation,
} from "../../../keepers/watch/decide.ts";
import { warningsOf, type Limits, type Vigil } from "../../../keepers/watch/warnings.ts";

const NOW_MS = 1_800_000_000_000;
const RULES: Rules = { blockTime: 10_000, evidencePeriod: 1_000, maxAttempts: 3, confirmations: 4 };

const situation = (change: Partial<Situation> = {}): Situation => ({
  ...{ slot: 9_500, progress: null, punishedBlocks: null },
  ...change,
});
const after = (status: IntentStatus, attempt = 1, agoMs = 1_000_000): Situation =>
  situation({
    progress: {
      ...{ id: "x", attempt },
      intent: { status, reason: "reverted", changedMs: NOW_MS - agoMs },
    },
  });
const step = (one: Situation, rules = RULES) => stepOf(one, rules, NOW_MS);

describe("watch: what is to be done about evidence", () => {
  it("is brought when it is new", () => {
    expect(step(situation())).to.deep.equal({ kind: "bring", attempt: 1 });
  });

  it("is left to the relayer that has it", () => {
    for (const status of ["queued", "sent"] as const)
      expect(step(after(status))).to.deep.equal({ kind: "waiting" });
  });

  it("is brought again, with pauses that grow, after an attempt ended without a slash", () => {
    for (const status of ["failed", "expired", "superseded", "confirmed"] as const) {
      expect(step(after(status))).to.deep.equal({ kind: "bring", attempt: 2 });
      expect(step(after(status, 1, 4_999))).to.deep.equal({ kind: "pausing", untilMs: NOW_MS + 1 });
    }
    expect([1, 2, 3, 30].map(pauseMs)).to.deep.equal([5_000, 10_000, 20_000, 600_000]);
  });

  it("is brought again when its intent is gone", () => {
    const lost = situation({ progress: { id: "x", attempt: 1, intent: null } });
    expect(step(lost)).to.deep.equal({ kind: "bring", attempt: 2 });
  });

  it("is given up after the last attempt, and somebody should look", () => {
    expect(step(after("failed", 3))).to.deep.equal({
      ...{ kind: "settled", lost: true, reason: "given up after 3 attempts: reverted" },
    });
  });

  it("is settled once a slash, by whomever, is deep enough that no reorg takes it back", () => {
    expect(step(situation({ punishedBlocks: 0 }))).to.deep.equal({ kind: "waiting" });
    expect(step(situation({ punishedBlocks: 3 }))).to.deep.equal({ kind: "waiting" });
    expect(step(situation({ punishedBlocks: 4 }))).to.deep.equal({
      ...{ kind: "settled", reason: "slashed", lost: false },
    });
  });

  it("is lost when it has expired; its last second still counts", () => {
    expect(step(situation({ slot: 9_000 }))).to.deep.equal({ kind: "bring", attempt: 1 });
    expect(step(situation({ slot: 8_999 }))).to.include({ kind: "settled", lost: true });
    expect(oldestSlot(RULES)).to.equal(9_000);
    expect(oldestSlot({ ...RULES, blockTime: 5 })).to.equal(0);
  });
});

describe("watch: warnings", () => {
  const LIMITS: Limits = {
    pauseSeconds: 100,
    termSeconds: 1_000,
    stakeBps: 11_000,
    overdueSeconds: 60,
  };
  const QUIET: Vigil = {
    ...{ blockTime: 10_000, pauses: [], trips: [], termEnds: null, stakes: [] },
    ...{ minimumStake: null, nextChangeAt: 0 },
  };
  const keysOf = (change: Partial<Vigil>): string[] =>
    warningsOf({ ...QUIET, ...change }, LIMITS).map(({ key }) => key);

  it("are silent while nothing is coming", () => {
    expect(keysOf({})).to.deep.equal([]);
    expect(
      keysOf({ pauses: [{ target: "0xa", until: 0 }], trips: [{ feed: "BTC/USD", until: 9_999 }] }),
    ).to.deep.equal([]);
  });

  it("say when a pause or a trip lapses soon, not long before and not after", () => {
    const at = (until: number) =>
      keysOf({ pauses: [{ target: "0xa", until }], trips: [{ feed: "BTC/USD", until }] });
    expect(at(10_101)).to.deep.equal([]);
    expect(at(10_100)).to.deep.equal(["pause:0xa", "trip:BTC/USD"]);
    expect(at(10_001)).to.have.length(2);
    expect(at(10_000)).to.deep.equal([]);
  });

  it("say when the guardian's term ends, has ended, or nobody holds it", () => {
    const texts = [11_001, 11_000, 9_000, 0].map(
      (termEnds) => warningsOf({ ...QUIET, termEnds }, LIMITS)[0]?.text ?? null,
    );
    expect(texts[0]).to.equal(null);
    expect(texts[1]).to.equal("the guardian's term ends at 1970-01-01T03:03:20.000Z");
    expect(texts[2]).to.equal("the guardian's term ended at 1970-01-01T02:30:00.000Z");
    expect(texts[3]).to.equal("nobody holds the guardian");
  });

  it("say whose stake is close to the minimum", () => {
    const stakes = [1_099n, 1_100n, 0n].map((staked, index) => ({ account: `0x${index}`, staked }));
    expect(keysOf({ stakes, minimumStake: 1_000n })).to.deep.equal(["stake:0x0", "stake:0x2"]);
    expect(keysOf({ stakes, minimumStake: 0n })).to.deep.equal([]);
    expect(keysOf({ stakes })).to.deep.equal([]);
  });

  it("say that a set change is coming, and that nobody made it", () => {
    expect(keysOf({ nextChangeAt: 20_000 })).to.deep.equal(["change:20000"]);
    expect(keysOf({ nextChangeAt: 9_940 })).to.deep.equal(["change:9940"]);
    const [overdue] = warningsOf({ ...QUIET, nextChangeAt: 9_939 }, LIMITS);
    expect(overdue!.key).to.equal("overdue:9939");
    expect(overdue!.text).to.contain("Operators.advance");
  });
});

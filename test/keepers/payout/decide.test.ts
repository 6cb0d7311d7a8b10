import { expect } from "chai";

import { decide, holdOf, type StepState } from "../../../keepers/payout/decide.ts";
import { judgeProposal, type Verdict } from "../../../keepers/payout/judge.ts";
import { accountOf, firstEnd, programOf, proposalOf, rootB, situationOf } from "./fixtures.ts";

const me = accountOf(77);
const step = (fields: Partial<StepState> = {}): StepState => ({
  ...{ step: "propose", subject: "", attempt: 1, status: "sent", reason: null },
  createdAtMs: 900_000,
  ...fields,
});
const verdicts = (verdict: Verdict) => new Map([[proposalOf().id, verdict]]);

describe("payout decisions", () => {
  describe("of a proposer", () => {
    it("wait for the end of the day", () => {
      const decision = decide(situationOf({}, { time: firstEnd - 1 }));
      expect(decision).to.deep.equal({ actions: [], waiting: null, due: 0 });
    });

    it("compute first", () => {
      expect(decide(situationOf({ computed: null })).actions).to.deep.equal([
        { kind: "compute", epoch: 1 },
      ]);
      const old = situationOf({}, { activeEpoch: 1, time: firstEnd + 86_400 });
      expect(decide(old).actions).to.deep.equal([{ kind: "compute", epoch: 2 }]);
    });

    it("propose once", () => {
      expect(decide(situationOf()).actions).to.deep.equal([
        { kind: "propose", epoch: 1, attempt: 1 },
      ]);
      expect(decide(situationOf({ steps: [step()] })).actions).to.deep.equal([]);
      const mined = situationOf({ steps: [step({ status: "confirmed" })] });
      expect(decide(mined).waiting).to.contain("its effect is not seen yet");
      const open = decide(situationOf({}, { proposals: [proposalOf()] }));
      expect(open.actions).to.deep.equal([]);
      expect(open.waiting).to.contain("waits for approvals");
    });

    it("catch up missed days in order, one at a time", () => {
      const late = situationOf({}, { time: firstEnd + 5 * 86_400 });
      expect(decide(late)).to.deep.include({
        ...{ due: 6, actions: [{ kind: "propose", epoch: 1, attempt: 1 }] },
      });
    });

    it("propose beside another's proposal with another root", () => {
      const foreign = situationOf({}, { proposals: [proposalOf({ root: rootB })] });
      expect(decide(foreign).actions[0]?.kind).to.equal("propose");
    });

    it("propose again what expired or became void, after its own transaction", () => {
      for (const state of ["expired", "void"] as const) {
        const ended = situationOf(
          { steps: [step({ status: "confirmed" })] },
          { proposals: [proposalOf({ state })] },
        );
        expect(decide(ended).actions).to.deep.equal([{ kind: "propose", epoch: 1, attempt: 2 }]);
      }
    });

    it("propose anew when a reorganisation changed what their own proposal should have been", () => {
      const steps = [step({ status: "confirmed" })];
      for (const state of ["proposed", "disputed"] as const) {
        const moved = situationOf({ steps }, { proposals: [proposalOf({ state, root: rootB })] });
        expect(decide(moved).actions).to.deep.equal([{ kind: "propose", epoch: 1, attempt: 2 }]);
      }
    });

    it("hold what was disputed", () => {
      const disputed = situationOf(
        { steps: [step({ status: "confirmed" })] },
        { proposals: [proposalOf({ state: "disputed" })] },
      );
      const { actions } = decide(disputed);
      expect(actions[0]?.kind).to.equal("hold");
      const reasons = actions[0]?.kind === "hold" ? actions[0].reasons : [];
      const released = new Set([holdOf(1, reasons)]);
      expect(decide({ ...disputed, released }).actions[0]).to.deep.include({
        ...{ kind: "propose", attempt: 2 },
      });
    });

    it("hold findings until these are released", () => {
      const base = situationOf();
      const computed = { ...base.computed!, findings: ["one funder of many"] };
      const held = decide({ ...base, computed });
      expect(held.actions).to.deep.equal([
        { kind: "hold", epoch: 1, reasons: ["one funder of many"] },
      ]);
      expect(held.waiting).to.contain("held for a person: one funder of many");
      const other = new Set([holdOf(1, ["a jump"]), holdOf(2, computed.findings)]);
      expect(decide({ ...base, computed, released: other }).actions[0]?.kind).to.equal("hold");
      const released = new Set([holdOf(1, computed.findings)]);
      expect(decide({ ...base, computed, released }).actions[0]?.kind).to.equal("propose");
    });

    it("pause after a failure, longer each time, and give up", () => {
      const failed = (attempt: number) =>
        step({ attempt, status: "failed", reason: "reverted: NotFunded", createdAtMs: 1_000_000 });
      const at = (nowMs: number, ...steps: StepState[]) => decide(situationOf({ nowMs, steps }));
      expect(at(1_014_999, failed(1)).waiting).to.contain("pauses: reverted: NotFunded");
      expect(at(1_015_000, failed(1)).actions[0]).to.deep.include({ attempt: 2 });
      expect(at(1_029_999, failed(1), failed(2)).actions).to.deep.equal([]);
      expect(at(1_030_000, failed(1), failed(2)).actions[0]).to.deep.include({ attempt: 3 });
      expect(at(9_000_000, failed(3)).waiting).to.contain("given up after 3 attempts");
    });

    it("activate what is ready, no sooner than the epochs' distance", () => {
      const proposals = [proposalOf({ state: "ready" })];
      const ready = situationOf({}, { proposals });
      expect(decide(ready).actions[0]).to.deep.include({ kind: "activate", attempt: 1 });
      const second = situationOf(
        { computed: { ...situationOf().computed!, epoch: 2 } },
        {
          ...{ activeEpoch: 1, activatedAt: firstEnd + 86_000, epochSeconds: 1_000 },
          ...{ time: firstEnd + 86_400, proposals: [proposalOf({ epoch: 2, state: "ready" })] },
        },
      );
      expect(decide(second).waiting).to.contain(`from ${firstEnd + 87_000} on`);
      const { distributor } = second;
      const later = { ...second, distributor: { ...distributor, time: firstEnd + 87_000 } };
      expect(decide(later).actions[0]?.kind).to.equal("activate");
    });

    it("never activate another root", () => {
      const foreign = situationOf({}, { proposals: [proposalOf({ root: rootB, state: "ready" })] });
      expect(decide(foreign).actions[0]?.kind).to.equal("propose");
    });
  });

  describe("of an approver", () => {
    const approver = situationOf({ role: "approver", approver: me }, { proposals: [proposalOf()] });

    it("approve what is the same, once", () => {
      const same = { ...approver, verdicts: verdicts({ kind: "same" }) };
      expect(decide(same).actions[0]).to.deep.include({ kind: "approve", attempt: 1 });
      const done = proposalOf({ approvedBy: [me] });
      const approved = { ...same, distributor: { ...same.distributor, proposals: [done] } };
      expect(decide(approved)).to.deep.include({ actions: [], waiting: "approved" });
      const twin = proposalOf({ id: `0x${"02".repeat(32)}` });
      const twins = { ...same.distributor, proposals: [done, twin] };
      const both = new Map<string, Verdict>([
        [done.id, { kind: "same" }],
        [twin.id, { kind: "same" }],
      ]);
      expect(decide({ ...same, distributor: twins, verdicts: both }).actions).to.deep.equal([]);
    });

    it("approve nothing that differs, is not published, or was not compared", () => {
      const differs = { kind: "differs" as const, reason: "root: computed 1, proposed 2" };
      const waiting = (situation: typeof approver) => {
        const decision = decide(situation);
        expect(decision.actions).to.deep.equal([]);
        return decision.waiting;
      };
      expect(waiting(approver)).to.contain("not compared yet");
      expect(waiting({ ...approver, verdicts: verdicts(differs) })).to.contain(differs.reason);
      const unpublished = verdicts({ kind: "unpublished" });
      expect(waiting({ ...approver, verdicts: unpublished })).to.contain("not published");
    });

    it("hold what its own checks find", () => {
      const computed = { ...approver.computed!, findings: ["a sudden holder"] };
      const situation = { ...approver, computed, verdicts: verdicts({ kind: "same" }) };
      expect(decide(situation).actions[0]?.kind).to.equal("hold");
    });
  });

  describe("of a watcher", () => {
    const watcher = (verdict: Verdict, fields: Parameters<typeof proposalOf>[0] = {}) =>
      situationOf(
        { role: "watcher", verdicts: verdicts(verdict) },
        { proposals: [proposalOf(fields)] },
      );

    it("dispute what differs in every open state, and nothing that is right", () => {
      for (const state of ["proposed", "approved", "ready"] as const) {
        const [action] = decide(watcher({ kind: "differs", reason: "root" }, { state })).actions;
        expect(action).to.deep.include({ kind: "dispute", reason: "root", attempt: 1 });
      }
      expect(decide(watcher({ kind: "same" })).actions).to.deep.equal([]);
      for (const state of ["disputed", "expired", "void"] as const) {
        const ended = watcher({ kind: "differs", reason: "root" }, { state });
        expect(decide(ended).actions).to.deep.equal([]);
      }
    });

    it("dispute what is not published shortly before the window ends", () => {
      const end = firstEnd + 60 + 600;
      const missing = { kind: "unpublished" as const };
      expect(decide(watcher(missing)).actions).to.deep.equal([]);
      expect(decide(watcher(missing, { challengeEndsAt: end + 1 })).actions).to.deep.equal([]);
      const [action] = decide(watcher(missing, { challengeEndsAt: end })).actions;
      expect(action).to.deep.include({ kind: "dispute", reason: "its data is not published" });
    });

    it("dispute what comes before its day has ended, or after the program", () => {
      const early = situationOf(
        { role: "watcher", computed: null },
        { time: firstEnd - 1, proposals: [proposalOf()] },
      );
      expect(decide(early).actions[0]).to.deep.include({ kind: "dispute" });
      const over = situationOf(
        { role: "watcher", computed: null, program: programOf({ days: 1 }) },
        { activeEpoch: 1, time: firstEnd + 90_000, proposals: [proposalOf({ epoch: 2 })] },
      );
      const [action] = decide(over).actions;
      expect(action).to.deep.include({ reason: "the program does not pay in epoch 2" });
    });
  });

  it("count other epochs' proposals for nothing", () => {
    const old = situationOf({}, { proposals: [proposalOf({ epoch: 2 })] });
    expect(decide(old).actions[0]?.kind).to.equal("propose");
  });
});

describe("judging a payout proposal", () => {
  const own = {
    ...{ chainId: 1, distributor: accountOf(9), epoch: 1, program: programOf() },
    ...{ snapshot: { number: 500, hash: rootB, time: 5 }, previous: null, words: null },
    ...{ root: proposalOf().root, totals: proposalOf().totals },
    rows: [{ account: me, token: accountOf(8), cumulative: 1_000n, earned: 1_000n }],
  };
  const audit = { sequence: 0, head: rootB };
  const read = (fields: object = {}) =>
    ({ kind: "read", publication: { ...own, audit, ...fields } }) as const;

  it("finds the same, whatever the audit log's place", () => {
    const later = read({ audit: { sequence: 9, head: proposalOf().root } });
    expect(judgeProposal(own, proposalOf(), read())).to.deep.equal({ kind: "same" });
    expect(judgeProposal(own, proposalOf(), later)).to.deep.equal({ kind: "same" });
  });

  it("names what differs on chain", () => {
    const reasonOf = (fields: Parameters<typeof proposalOf>[0]) => {
      const verdict = judgeProposal(own, proposalOf(fields), read());
      return verdict.kind === "differs" ? verdict.reason : verdict.kind;
    };
    expect(reasonOf({ root: rootB })).to.equal(`root: computed ${own.root}, proposed ${rootB}`);
    expect(reasonOf({ snapshotBlock: 501 })).to.equal("snapshot block: computed 500, proposed 501");
    expect(reasonOf({ totals: [] })).to.match(/^totals: /);
    expect(reasonOf({ epoch: 2 })).to.match(/^epoch: /);
  });

  it("names what differs in the file", () => {
    const reasonOf = (fields: object) => {
      const verdict = judgeProposal(own, proposalOf(), read(fields));
      return verdict.kind === "differs" ? verdict.reason : verdict.kind;
    };
    expect(reasonOf({ chainId: 2 })).to.match(/^chain: /);
    expect(reasonOf({ distributor: me })).to.match(/^distributor: /);
    expect(reasonOf({ program: programOf({ poolPerDay: "1" }) })).to.match(/^program: /);
    expect(reasonOf({ snapshot: { ...own.snapshot, hash: own.root } })).to.match(/^snapshot: /);
    expect(reasonOf({ previous: { root: rootB, dataHash: rootB } })).to.match(/^previous epoch: /);
    expect(reasonOf({ words: [1n] })).to.match(/^random words: /);
    expect(reasonOf({ rows: [{ ...own.rows[0]!, earned: 1n }] })).to.contain(me);
    expect(judgeProposal(own, proposalOf(), { kind: "missing" }).kind).to.equal("unpublished");
    const invalid = judgeProposal(own, proposalOf(), { kind: "invalid", reason: "no JSON" });
    expect(invalid).to.deep.equal({ kind: "differs", reason: "its file is wrong: no JSON" });
  });
});

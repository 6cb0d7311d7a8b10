import { epochsDue, windowOf } from "./calendar.ts";
import { hashOf } from "./canonical.ts";
import type { Verdict } from "./judge.ts";
import type { Total } from "./model.ts";
import type { Program } from "./program.ts";
import type { IntentStatus } from "../shared/intents.ts";

/** What a process does about payouts. */
export type Role = "proposer" | "approver" | "watcher";

/** A proposal as the chain has it. */
export interface ProposalView {
  readonly id: string;
  readonly epoch: number;
  readonly state:
    | "proposed"
    | "approved"
    | "ready"
    | "activated"
    | "disputed"
    | "superseded"
    | "void"
    | "expired";
  readonly root: string;
  readonly totals: readonly Total[];
  readonly dataHash: string;
  readonly snapshotBlock: number;
  /** Unix seconds; 0 before it has enough approvals. */
  readonly challengeEndsAt: number;
  /** Unix seconds. */
  readonly expiresAt: number;
  /** Lower case. */
  readonly approvedBy: readonly string[];
}

/** The distributor at one block. */
export interface DistributorView {
  /** Time of that block, unix seconds: the only clock that counts. */
  readonly time: number;
  readonly activeEpoch: number;
  /** Unix seconds; 0 before the first. */
  readonly activatedAt: number;
  /** Shortest time between two activations. */
  readonly epochSeconds: number;
  /** Of the next epoch, in the order of the chain. */
  readonly proposals: readonly ProposalView[];
}

/** What was computed here for the next epoch. */
export interface ComputedView {
  readonly epoch: number;
  /** null when there has never been anything to pay. */
  readonly root: string | null;
  readonly totals: readonly Total[];
  readonly snapshotBlock: number;
  /** One sentence each: why a person has to look. */
  readonly findings: readonly string[];
}

/** A step that was handed to the relayer. */
export interface StepState {
  readonly step: "propose" | "approve" | "activate" | "dispute";
  /** The proposal, for approvals also the approver; empty for "propose". */
  readonly subject: string;
  readonly attempt: number;
  readonly status: IntentStatus;
  readonly reason: string | null;
  readonly createdAtMs: number;
}

/** Everything that is decided from. */
export interface Situation {
  readonly role: Role;
  /** The approver's address, lower case; null for the other roles. */
  readonly approver: string | null;
  /** Wall clock: only pauses between attempts are measured with it. */
  readonly nowMs: number;
  readonly program: Program;
  readonly distributor: DistributorView;
  /** null before the next epoch was computed. */
  readonly computed: ComputedView | null;
  /** Open proposals compared with what was computed. */
  readonly verdicts: ReadonlyMap<string, Verdict>;
  /** Of the next epoch, from this keeper's database. */
  readonly steps: readonly StepState[];
  /** Holds that a person released, by `holdOf`. */
  readonly released: ReadonlySet<string>;
  readonly maxAttempts: number;
  /** The watcher disputes a proposal whose file is missing so long before its challenge window ends. */
  readonly unpublishedSeconds: number;
}

/** What the keeper does next. Every action may be repeated: it is the same computation, hold, step or intent again. */
export type Action =
  | { readonly kind: "compute"; readonly epoch: number }
  | { readonly kind: "hold"; readonly epoch: number; readonly reasons: readonly string[] }
  | { readonly kind: "propose"; readonly epoch: number; readonly attempt: number }
  | { readonly kind: "approve"; readonly proposal: ProposalView; readonly attempt: number }
  | { readonly kind: "activate"; readonly proposal: ProposalView; readonly attempt: number }
  | {
      readonly kind: "dispute";
      readonly proposal: ProposalView;
      readonly attempt: number;
      readonly reason: string;
    };

/** What to do now. */
export interface Decision {
  readonly actions: readonly Action[];
  /** What is waited for, in words; null when something is done, or nothing is due. */
  readonly waiting: string | null;
  /** Epochs that have ended and are not active: above 1, days were missed and are caught up in order. */
  readonly due: number;
}

const FIRST_PAUSE_MS = 15_000;
const MAX_PAUSE_MS = 3_600_000;
const openStates: ReadonlySet<ProposalView["state"]> = new Set(["proposed", "approved", "ready"]);

/** @returns the name of a hold: other reasons are another hold, which has to be released again */
export function holdOf(epoch: number, reasons: readonly string[]): string {
  return hashOf([String(epoch), ...reasons].join("\n"));
}

/** @returns whether a proposal can still be approved, disputed or activated */
export function isOpen({ state }: Pick<ProposalView, "state">): boolean {
  return openStates.has(state);
}

/** Decides what is missing for the next epoch. Pure: the same situation gives the same actions. */
export function decide(situation: Situation): Decision {
  const { role, program, distributor, computed } = situation;
  const epoch = distributor.activeEpoch + 1;
  const due = epochsDue(program, epoch, distributor.time);
  const open = distributor.proposals.filter(
    (proposal) => proposal.epoch === epoch && isOpen(proposal),
  );
  if (due === 0 && open.length === 0) return { actions: [], waiting: null, due };
  if (due === 0 && role !== "watcher") {
    const waiting = `a proposal for epoch ${epoch} is there before its day has ended`;
    return { actions: [], waiting, due };
  }
  const done = (result: Omit<Decision, "due">): Decision => ({ ...result, due });
  if (due === 0) return done(disputeAll(situation, open, prematureReason(program, epoch)));
  if (computed?.epoch !== epoch) return done(act({ kind: "compute", epoch }));
  if (role === "watcher") return done(watch(situation, open));
  if (role === "approver") return done(approve(situation, computed, open));
  return done(propose(situation, computed, open));
}

type Outcome = Omit<Decision, "due">;

function propose(
  situation: Situation,
  computed: ComputedView,
  open: readonly ProposalView[],
): Outcome {
  const { distributor } = situation;
  const ours = open.find((proposal) => isSameContent(computed, proposal));
  if (ours !== undefined) return activate(situation, ours);
  if (computed.root === null) return wait("there is nothing to pay, and never was");
  const proposed = distributor.proposals.filter(({ epoch }) => epoch === computed.epoch);
  const disputed = proposed.filter(
    (proposal) => isSameContent(computed, proposal) && proposal.state === "disputed",
  );
  const held = hold(situation, computed, [
    ...computed.findings,
    ...disputed.map(({ id }) => `proposal ${id} with the same root was disputed`),
  ]);
  if (held !== null) return held;
  // None of them is what was computed: they ended, or a reorganisation changed what should have been proposed.
  const step = nextAttempt(situation, "propose", "", proposed.length);
  return typeof step === "string"
    ? wait(step)
    : act({ kind: "propose", epoch: computed.epoch, attempt: step });
}

function activate(situation: Situation, proposal: ProposalView): Outcome {
  const { time, activeEpoch, activatedAt, epochSeconds } = situation.distributor;
  if (proposal.state !== "ready") {
    const what = proposal.state === "proposed" ? "approvals" : "the end of its challenge window";
    return wait(`proposal ${proposal.id} waits for ${what}`);
  }
  const earliest = activeEpoch === 0 ? 0 : activatedAt + epochSeconds;
  if (time < earliest) return wait(`an activation is possible from ${earliest} on, it is ${time}`);
  const attempt = nextAttempt(situation, "activate", proposal.id, 0);
  return typeof attempt === "string" ? wait(attempt) : act({ kind: "activate", proposal, attempt });
}

function approve(
  situation: Situation,
  computed: ComputedView,
  open: readonly ProposalView[],
): Outcome {
  const { approver, verdicts } = situation;
  if (approver === null) throw new RangeError("an approver has an address");
  // One approval an epoch: of two proposals that are alike the first counts.
  if (open.some(({ approvedBy }) => approvedBy.includes(approver))) return wait("approved");
  const same = open.find(({ id }) => verdicts.get(id)?.kind === "same");
  if (same === undefined) {
    const [first] = open;
    if (first === undefined) return wait(`no proposal for epoch ${computed.epoch} yet`);
    return wait(`proposal ${first.id} is not approved: ${describe(verdicts.get(first.id))}`);
  }
  const held = hold(situation, computed, computed.findings);
  if (held !== null) return held;
  const attempt = nextAttempt(situation, "approve", `${same.id} ${approver}`, 0);
  return typeof attempt === "string"
    ? wait(attempt)
    : act({ kind: "approve", proposal: same, attempt });
}

function watch(situation: Situation, open: readonly ProposalView[]): Outcome {
  const { verdicts, distributor, unpublishedSeconds } = situation;
  return disputeAll(situation, open, ({ id, challengeEndsAt }) => {
    const verdict = verdicts.get(id);
    if (verdict?.kind === "differs") return verdict.reason;
    const isClose = challengeEndsAt > 0 && distributor.time >= challengeEndsAt - unpublishedSeconds;
    return verdict?.kind === "unpublished" && isClose ? "its data is not published" : null;
  });
}

function prematureReason(program: Program, epoch: number): (proposal: ProposalView) => string {
  const window = windowOf(program, epoch);
  const reason =
    window === null
      ? `the program does not pay in epoch ${epoch}`
      : `epoch ${epoch} ends at ${window.end}, unix seconds`;
  return () => reason;
}

function disputeAll(
  situation: Situation,
  open: readonly ProposalView[],
  whyOf: (proposal: ProposalView) => string | null,
): Outcome {
  const actions: Action[] = [];
  let waiting: string | null = null;
  for (const proposal of open) {
    const reason = whyOf(proposal);
    if (reason === null) continue;
    const attempt = nextAttempt(situation, "dispute", proposal.id, 0);
    if (typeof attempt === "string") waiting = attempt;
    else actions.push({ kind: "dispute", proposal, attempt, reason });
  }
  return { actions, waiting };
}

function hold(
  situation: Situation,
  { epoch }: ComputedView,
  reasons: readonly string[],
): Outcome | null {
  if (reasons.length === 0 || situation.released.has(holdOf(epoch, reasons))) return null;
  return {
    actions: [{ kind: "hold", epoch, reasons }],
    waiting: `epoch ${epoch} is held for a person: ${reasons.join("; ")}`,
  };
}

/**
 * Says which attempt at a step is next, or what is waited for instead.
 * @param seen how many of its transactions may have had an effect that is not what is wanted: proposals that expired or
 * became void, or whose root is another by now. The distributor refuses what is there already, should it be another's.
 */
function nextAttempt(
  { steps, nowMs, maxAttempts }: Situation,
  step: StepState["step"],
  subject: string,
  seen: number,
): number | string {
  const tries = steps
    .filter((known) => known.step === step && known.subject === subject)
    .sort((a, b) => a.attempt - b.attempt);
  const last = tries.at(-1);
  if (last === undefined) return 1;
  if (last.status === "queued" || last.status === "sent") return `${step}: is with the relayer`;
  if (last.status === "confirmed") {
    const confirmed = tries.filter(({ status }) => status === "confirmed").length;
    return confirmed <= seen ? last.attempt + 1 : `${step}: is mined, its effect is not seen yet`;
  }
  const reason = last.reason ?? last.status;
  if (last.attempt >= maxAttempts)
    return `${step}: given up after ${last.attempt} attempts: ${reason}`;
  const untilMs = last.createdAtMs + pauseMs(last.attempt);
  return nowMs < untilMs
    ? `${step}: attempt ${last.attempt} failed, pauses: ${reason}`
    : last.attempt + 1;
}

/** 15 s, 30 s, 1 min, … at most an hour. */
function pauseMs(attempt: number): number {
  return Math.min(FIRST_PAUSE_MS * 2 ** Math.min(attempt - 1, 20), MAX_PAUSE_MS);
}

function isSameContent(computed: ComputedView, proposal: ProposalView): boolean {
  return (
    proposal.root === computed.root &&
    proposal.snapshotBlock === computed.snapshotBlock &&
    proposal.totals.length === computed.totals.length &&
    computed.totals.every(
      ({ token, amount }, i) =>
        proposal.totals[i]?.token === token && proposal.totals[i].amount === amount,
    )
  );
}

function describe(verdict: Verdict | undefined): string {
  if (verdict === undefined) return "it was not compared yet";
  return verdict.kind === "differs" ? verdict.reason : "its data is not published";
}

function act(action: Action): Outcome {
  return { actions: [action], waiting: null };
}

function wait(reason: string): Outcome {
  return { actions: [], waiting: reason };
}

import { askForWords } from "./ask.ts";
import { readBlock } from "./blocks.ts";
import { windowOf } from "./calendar.ts";
import { CrossCheckError } from "./cross-check.ts";
import { decide, isOpen, type Action, type ComputedView, type Role } from "./decide.ts";
import type { DistributorReader, DistributorState } from "./distributor.ts";
import {
  NotReadyError,
  prepareEpoch,
  WordsNotReadyError,
  type EpochDeps,
  type PreparedEpoch,
} from "./epoch.ts";
import { judgeProposal, type Published, type Verdict } from "./judge.ts";
import { ChainMovedError } from "./log-cursor.ts";
import { decodePublication, PublicationError } from "./publication.ts";
import { SourceBehindError } from "./source.ts";
import { readHolds, readSteps } from "./store.ts";
import { createSubmitter, RefusedError, type SubmitDeps } from "./submit.ts";
import { IncompleteTransfersError } from "./transfers.ts";

/** What the loop works with. */
export interface KeeperDeps extends EpochDeps, SubmitDeps {
  readonly role: Role;
  readonly reader: DistributorReader;
  readonly pollMs: number;
  readonly maxAttempts: number;
  readonly unpublishedSeconds: number;
}

/** What /health shows. */
export interface KeeperHealth {
  /** When chain and database were last read without an error; null before the first time. */
  readonly lookedAtMs: number | null;
  readonly head: number | null;
  readonly activeEpoch: number | null;
  readonly due: number;
  readonly waiting: string | null;
  readonly error: string | null;
}

const ADVANCE_MS = 10_000;
const FUNDING_MS = 60_000;
/** After a call that would revert, or an epoch that cannot be computed yet; where looks are frequent, so many of these. */
const SHORT_PAUSE_MS = 5_000;
const SHORT_PAUSE_LOOKS = 4;
/** After data that contradict each other: a person has to look, or the chain has to move. */
const LONG_PAUSE_MS = 60_000;
const soon = [NotReadyError, RefusedError, SourceBehindError, ChainMovedError];
const late = [CrossCheckError, IncompleteTransfersError, PublicationError];

interface Prepared extends PreparedEpoch {
  readonly view: ComputedView;
  /** Of the active epoch that the rows add to. */
  readonly base: string | null;
}

/** Creates the loop that looks at chain and database, and asks for what is missing. */
export function createPayoutKeeper(deps: KeeperDeps): {
  health(): KeeperHealth;
  /** Looks once, and does what is missing. */
  look(signal: AbortSignal): Promise<void>;
  /** Runs until the signal aborts. */
  run(signal: AbortSignal): Promise<void>;
} {
  const { role, db, reader, clock, log, metrics, program, chain, chainId, distributor } = deps;
  const audit = { chainId, distributor };
  const submitter = createSubmitter(deps);
  const approver = deps.wallet?.address.toLowerCase() ?? null;
  const shortPauseMs = Math.min(SHORT_PAUSE_MS, SHORT_PAUSE_LOOKS * deps.pollMs);
  let health: KeeperHealth = {
    ...{ lookedAtMs: null, head: null, activeEpoch: null, due: 0, waiting: null, error: null },
  };
  let prepared: Prepared | null = null;
  let verdicts = new Map<string, Verdict>();
  let refused: { readonly reason: string; readonly untilMs: number } | null = null;
  const lastMs = { advance: 0, funding: 0 };

  function isDue(what: keyof typeof lastMs, everyMs: number): boolean {
    const nowMs = clock.nowMs();
    if (Math.abs(nowMs - lastMs[what]) < everyMs) return false;
    lastMs[what] = nowMs;
    return true;
  }

  /** Drops what was computed on a chain, or on an epoch, that is no more. */
  async function revalidate(state: DistributorState): Promise<void> {
    if (prepared === null) return;
    const { number, hash } = prepared.result.snapshotBlock;
    const isOnChain = (await readBlock(chain, number))?.hash === hash;
    const isNext = prepared.view.epoch === state.activeEpoch + 1;
    if (isOnChain && isNext && prepared.base === (state.active?.dataHash ?? null)) return;
    if (!isOnChain) log.warn({ block: number }, "the snapshot block was replaced: computes again");
    prepared = null;
    verdicts = new Map();
  }

  async function compute(state: DistributorState, signal: AbortSignal): Promise<void> {
    const epoch = state.activeEpoch + 1;
    const startedMs = clock.nowMs();
    const made = await prepareEpoch(deps, epoch, state.active, signal).catch(
      async (error: unknown) => {
        const isAsker = role === "proposer" && error instanceof WordsNotReadyError;
        if (isAsker) await askForWords(deps, error.consumer, epoch);
        throw error;
      },
    );
    const { root, totals, snapshotBlock, findings, recipients, distributed } = made.result;
    const view: ComputedView = {
      ...{ epoch, root, totals, snapshotBlock: snapshotBlock.number },
      findings: findings.map(({ reason }) => reason),
    };
    prepared = { ...made, view, base: state.active?.dataHash ?? null };
    verdicts = new Map();
    const facts = { epoch, root, recipients, distributed: String(distributed) };
    const tookMs = clock.nowMs() - startedMs;
    log.info({ ...facts, block: snapshotBlock.number, checked: made.checked, tookMs }, "computed");
  }

  async function compare(state: DistributorState, signal: AbortSignal): Promise<void> {
    const own = prepared?.content;
    if (own === undefined || own === null || role === "proposer") return;
    for (const proposal of state.proposals.filter(isOpen)) {
      const known = verdicts.get(proposal.id);
      if (known !== undefined && known.kind !== "unpublished") continue;
      const verdict = judgeProposal(own, proposal, await publishedOf(proposal.dataHash, signal));
      verdicts.set(proposal.id, verdict);
      if (known?.kind === verdict.kind) continue;
      if (verdict.kind === "same") log.info({ proposal: proposal.id }, "proposal is right");
      else log.warn({ proposal: proposal.id, ...verdict }, "proposal is not right");
    }
  }

  async function publishedOf(dataHash: string, signal: AbortSignal): Promise<Published> {
    const bytes = await deps.files.read(dataHash, signal);
    if (bytes === null) return { kind: "missing" };
    try {
      return { kind: "read", publication: decodePublication(bytes, dataHash) };
    } catch (error) {
      return { kind: "invalid", reason: messageOf(error) };
    }
  }

  async function look(signal: AbortSignal): Promise<void> {
    const state = await reader.read(approver, signal);
    const epoch = state.activeEpoch + 1;
    await revalidate(state);
    const isPaused = refused !== null && clock.nowMs() < refused.untilMs;
    for (let round = 0; ; round++) {
      await compare(state, signal);
      const [steps, holds] = await Promise.all([
        readSteps(db.pool, audit, epoch),
        readHolds(db.pool, audit, epoch),
      ]);
      const released = new Set(
        holds.filter(({ releasedBy }) => releasedBy !== null).map(({ hold }) => hold),
      );
      const decision = decide({
        ...{ role, approver, program, distributor: state, steps, released, verdicts },
        nowMs: clock.nowMs(),
        computed: prepared?.view ?? null,
        ...{ maxAttempts: deps.maxAttempts, unpublishedSeconds: deps.unpublishedSeconds },
      });
      const waiting = isPaused ? (refused?.reason ?? null) : decision.waiting;
      health = {
        ...{ lookedAtMs: clock.nowMs(), head: state.head, activeEpoch: state.activeEpoch },
        ...{ due: decision.due, waiting, error: null },
      };
      const isHeld = decision.actions.some(({ kind }) => kind === "hold");
      const { activatedAt, time: chainTime } = state;
      const isWaiting = waiting !== null;
      metrics.looked({ due: decision.due, activatedAt, chainTime, isHeld, isWaiting });
      if (isPaused) return;
      const [first] = decision.actions;
      if (first?.kind !== "compute" || round > 0) {
        for (const action of decision.actions) await attempt(() => act(action, state));
        return;
      }
      if (!(await attempt(() => compute(state, signal)))) return;
    }
  }

  /** What is not ready, or would be refused, is tried again after a pause, and said once. */
  async function attempt(work: () => Promise<void>): Promise<boolean> {
    try {
      await work();
      refused = null;
      return true;
    } catch (error) {
      const isLate = late.some((type) => error instanceof type);
      if (!isLate && !soon.some((type) => error instanceof type)) throw error;
      const reason = messageOf(error);
      if (refused?.reason !== reason) log[isLate ? "error" : "warn"]({ reason }, "waits");
      refused = { reason, untilMs: clock.nowMs() + (isLate ? LONG_PAUSE_MS : shortPauseMs) };
      health = { ...health, waiting: reason };
      return false;
    }
  }

  async function act(action: Action, state: DistributorState): Promise<void> {
    const content = prepared?.content ?? null;
    if (action.kind === "compute" || (action.kind === "propose" && content === null)) return;
    await submitter.submit(action, content, state);
  }

  /** Work that nothing waits for. */
  async function aside(signal: AbortSignal): Promise<void> {
    const { head, activeEpoch } = health;
    if (head === null || activeEpoch === null) return;
    if (isDue("advance", ADVANCE_MS) && windowOf(program, activeEpoch + 1) !== null) {
      const final = head - deps.confirmations;
      if (final >= 0) await deps.source.advance(program, final, signal);
      metrics.sourceLag(head - (deps.source.block() ?? 0));
    }
    if (isDue("funding", FUNDING_MS)) {
      metrics.funding(await reader.funding(program.token), program.poolPerDay);
    }
  }

  async function tick(signal: AbortSignal): Promise<void> {
    for (const work of [look, aside]) {
      try {
        await work(signal);
      } catch (error) {
        if (signal.aborted) return;
        const reason = messageOf(error);
        if (health.error !== reason) log.warn({ reason }, "did not look, tries again");
        health = { ...health, error: reason };
        return;
      }
    }
  }

  return {
    health: () => health,
    look,
    async run(signal) {
      while (!signal.aborted) {
        const startedMs = clock.nowMs();
        await tick(signal);
        await clock.sleep(Math.max(1, startedMs + deps.pollMs - clock.nowMs()), signal);
      }
    },
  };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

import type { Clock } from "../shared/clock.ts";
import type { Logger } from "../shared/log.ts";
import { prepare, proveReport, UnattestableError, type AttestDeps } from "./attest.ts";
import { encodeAttestCall, intentOf, type AttestReader, type Head, type Target } from "./chain.ts";
import {
  decide,
  nameOf,
  pauseMs,
  periodStart,
  type Candidate,
  type Obstacle,
  type Step,
} from "./decide.ts";
import type { AttestMetrics } from "./metrics.ts";
import type { AttestStore } from "./store.ts";

/** What the loop works with. */
export interface AttesterDeps extends Omit<AttestDeps, "reader" | "signal"> {
  readonly reader: AttestReader;
  readonly store: AttestStore;
  readonly target: Target;
  readonly everySeconds: number;
  readonly gatherSeconds: number;
  readonly confirmations: number;
  readonly maxAttempts: number;
  readonly pollMs: number;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: AttestMetrics;
}

/** What /health shows. */
export interface AttesterHealth {
  /** When index and chain were last read without an error; null before the first time. */
  readonly readMs: number | null;
  /** What it does, or why it waits. */
  readonly state: string;
  /** Seconds since the slot of each feed's latest attested answer. */
  readonly ages: Readonly<Record<string, number>>;
  readonly error: string | null;
}

type Part = Parameters<AttestMetrics["failed"]>[0];

/** Creates the loop that looks which feeds are due, proves their reports, and has the proofs sent. */
export function createAttester(deps: AttesterDeps): {
  health(): AttesterHealth;
  /** Runs until the signal aborts. */
  run(signal: AbortSignal): Promise<void>;
} {
  const { clock, log, metrics, reader, store, target } = deps;
  /** Of this process: another one finds out by itself. */
  const obstacles = new Map<string, Obstacle & { readonly count: number; readonly slot: number }>();
  let health: AttesterHealth = { readMs: null, state: "starting", ages: {}, error: null };
  let failures = 0;

  function note(report: Candidate, reason: string, isFinal: boolean, part: Part): void {
    const name = nameOf(report);
    const count = (obstacles.get(name)?.count ?? 0) + 1;
    const retryAtMs = isFinal ? null : clock.nowMs() + pauseMs(count);
    obstacles.set(name, { reason, retryAtMs, count, slot: report.slot });
    metrics.failed(part);
    const { setId, slot } = report;
    log.warn({ setId, slot, reason, isFinal }, "the report cannot be attested");
  }

  async function attest(report: Candidate, attempt: number, signal: AbortSignal): Promise<boolean> {
    const { setId, slot } = report;
    const inner: AttestDeps = { ...deps, signal };
    let part: Part = "observations";
    try {
      const prepared = await prepare(report.transaction, inner);
      part = "proof";
      const { call, included, proofs } = await proveReport(prepared, inner);
      const data = encodeAttestCall(call);
      metrics.proved(proofs);
      part = "refused";
      const estimate = await reader.estimate(data);
      if (estimate.kind === "refused") {
        note(report, `the contract would refuse it: ${estimate.reason}`, false, part);
        return false;
      }
      part = "other";
      const intent = intentOf(report, attempt, { data, gas: estimate.gas }, target);
      await store.ask(intent);
      metrics.asked();
      log.info(
        {
          ...{ setId, slot, attempt, intent: intent.key, feeds: report.feeds },
          ...{ included: included.length, points: proofs.points, memoryBytes: proofs.memoryBytes },
          proofMs: Math.round(proofs.proofs.reduce((sum, one) => sum + one.proofMs, 0)),
          witnessMs: Math.round(proofs.proofs.reduce((sum, one) => sum + one.witnessMs, 0)),
        },
        "a report is proved and handed to the relayer",
      );
      return true;
    } catch (error) {
      if (signal.aborted) return false;
      const reason = error instanceof Error ? error.message : String(error);
      note(report, reason, error instanceof UnattestableError && error.isFinal, part);
      return false;
    }
  }

  function agesAt(attested: ReadonlyMap<string, number>, { blockTime }: Head): Map<string, number> {
    return new Map([...attested].map(([feed, slot]) => [feed, Math.max(0, blockTime - slot)]));
  }

  async function look(): Promise<Step> {
    const head = await reader.head();
    const startSlot = periodStart(head.blockTime, deps.everySeconds);
    const reports = await store.reports(startSlot, head.block - deps.confirmations);
    for (const [name, { slot }] of obstacles) if (slot < startSlot) obstacles.delete(name);
    const [newest] = reports;
    const feeds =
      newest === undefined ? Object.keys(health.ages) : (await reader.set(newest.setId)).feeds;
    const [attested, progress] = await Promise.all([
      reader.attested(feeds),
      store.progress(reports),
    ]);
    const ages = agesAt(attested, head);
    metrics.ages(ages);
    const step = decide(
      { reports, attested, progress, obstacles },
      {
        ...{ startSlot, previousSlot: startSlot - deps.everySeconds, nowSlot: head.blockTime },
        ...{ gatherSeconds: deps.gatherSeconds, maxAttempts: deps.maxAttempts },
      },
      clock.nowMs(),
    );
    metrics.waiting(step.kind !== "done");
    const state = wordsOf(step);
    if (state !== health.state) log.info({ state }, "looked");
    health = { readMs: clock.nowMs(), state, ages: Object.fromEntries(ages), error: null };
    return step;
  }

  /** One look, and what follows from it. */
  async function turn(signal: AbortSignal): Promise<number> {
    const step = await look();
    if (step.kind !== "attest") return deps.pollMs;
    failures = (await attest(step.report, step.attempt, signal)) ? 0 : failures + 1;
    return failures === 0 ? deps.pollMs : Math.max(deps.pollMs, pauseMs(failures));
  }

  return {
    health: () => health,
    async run(signal) {
      while (!signal.aborted) {
        let waitMs = deps.pollMs;
        try {
          waitMs = await turn(signal);
        } catch (error) {
          const reason = error instanceof Error ? error.message : String(error);
          if (!signal.aborted && reason !== health.error) {
            log.warn({ reason }, "failed, will be tried again");
          }
          health = { ...health, error: reason };
        }
        await clock.sleep(waitMs, signal);
      }
    },
  };
}

function wordsOf(step: Step): string {
  if (step.kind === "waiting") return `waits: ${step.reason}`;
  if (step.kind === "done") return "every feed of this period is attested";
  return `attests slot ${step.report.slot}`;
}

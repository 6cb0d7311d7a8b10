import type { Clock } from "../shared/clock.ts";
import type { Logger } from "../shared/log.ts";
import type { Head, WatchReader } from "./chain.ts";
import { oldestSlot, pauseMs, stepOf, type Rules } from "./decide.ts";
import { encodeEvidence, intentOf, type Court } from "./evidence.ts";
import type { WatchMetrics } from "./metrics.ts";
import type { Evidence } from "./model.ts";
import type { WatchStore } from "./store.ts";

/** What the evidence in the database is brought with. */
export interface BringDeps {
  readonly store: WatchStore;
  readonly reader: Pick<WatchReader, "set" | "isPunished" | "estimate">;
  readonly court: Court;
  readonly evidencePeriod: number;
  readonly maxAttempts: number;
  readonly confirmations: number;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: WatchMetrics;
}

/** What has expired is still looked at for so long, to say so. */
const SHOWN_EXPIRED_SECONDS = 3_600;

interface Refusal {
  readonly reason: string;
  readonly count: number;
  readonly untilMs: number;
}

/**
 * Creates the hand that brings evidence: each call looks at all that is in the database and not settled, and does what
 * is missing. What it remembers between calls only spares work.
 */
export function createBringer(deps: BringDeps): (head: Head) => Promise<void> {
  const { store, reader, court, clock, log, metrics } = deps;
  /** Block in which each was first seen punished. */
  const punishedAt = new Map<string, number>();
  const refusals = new Map<string, Refusal>();

  async function punishedBlocks(evidence: Evidence, head: Head): Promise<number | null> {
    const { id } = evidence;
    if (!(await reader.isPunished(evidence, await reader.set(evidence.setId)))) {
      punishedAt.delete(id);
      return null;
    }
    const since = Math.min(punishedAt.get(id) ?? head.block, head.block);
    punishedAt.set(id, since);
    return head.block - since;
  }

  function refused(evidence: Evidence, reason: string): void {
    const last = refusals.get(evidence.id);
    const count = (last?.count ?? 0) + 1;
    refusals.set(evidence.id, { reason, count, untilMs: clock.nowMs() + pauseMs(count) });
    if (last?.reason === reason) return;
    log.warn({ evidence: evidence.id, reason }, "the chain does not take the evidence now");
  }

  async function bring(evidence: Evidence, attempt: number): Promise<void> {
    if (clock.nowMs() < (refusals.get(evidence.id)?.untilMs ?? 0)) return;
    const data = encodeEvidence(evidence, court.reporter);
    const estimate = await reader.estimate(data, court.reporter);
    if (estimate.kind === "refused") return refused(evidence, estimate.reason);
    refusals.delete(evidence.id);
    const intent = intentOf(evidence, attempt, estimate.gas, court);
    if (!(await store.bring(evidence, attempt, intent))) return;
    metrics.found(evidence.kind);
    const { id, slot, setId } = evidence;
    log.error(
      { evidence: id, setId, slot, attempt, intent: intent.key },
      "evidence of a lie is brought",
    );
  }

  async function settle(evidence: Evidence, reason: string, lost: boolean): Promise<void> {
    await store.settle(evidence, reason);
    punishedAt.delete(evidence.id);
    refusals.delete(evidence.id);
    metrics.settled(evidence.kind, lost);
    if (lost) log.error({ evidence: evidence.id, reason }, "evidence was not punished");
    else log.info({ evidence: evidence.id }, "punished");
  }

  return async (head) => {
    const { evidencePeriod, maxAttempts, confirmations } = deps;
    const rules: Rules = { blockTime: head.blockTime, evidencePeriod, maxAttempts, confirmations };
    const from = Math.max(0, oldestSlot(rules) - SHOWN_EXPIRED_SECONDS);
    const [contradictions, reports] = await Promise.all([
      store.contradictions(from),
      store.wrongReports(from),
    ]);
    const all: Evidence[] = [...contradictions, ...reports];
    metrics.open(all.length);
    const progress = await store.progress(all.map(({ id }) => id));
    for (const evidence of all) {
      const situation = {
        slot: evidence.slot,
        progress: progress.get(evidence.id) ?? null,
        punishedBlocks: await punishedBlocks(evidence, head),
      };
      const step = stepOf(situation, rules, clock.nowMs());
      if (step.kind === "bring") await bring(evidence, step.attempt);
      else if (step.kind === "settled") await settle(evidence, step.reason, step.lost);
    }
  };
}

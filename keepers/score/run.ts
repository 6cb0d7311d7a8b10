import type { Clock } from "../shared/clock.ts";
import type { Logger } from "../shared/log.ts";
import type { Head, ScoreReader, Target } from "./chain.ts";
import { encodePosting, intentOf, POST_WITHIN_EPOCHS } from "./chain.ts";
import type { Participation, Step, Weights } from "./decide.ts";
import { openEpochs, stepOf, weightsOf } from "./decide.ts";
import type { IndexReader } from "./index-reader.ts";
import type { ScoreLedger } from "./ledger.ts";
import type { ScoreMetrics } from "./metrics.ts";

/** What the loop works with. */
export interface ScorerDeps {
  readonly reader: ScoreReader;
  readonly index: IndexReader;
  readonly ledger: ScoreLedger;
  readonly target: Target;
  readonly epochSeconds: number;
  readonly settleSeconds: number;
  readonly confirmations: number;
  readonly maxAttempts: number;
  readonly pollMs: number;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: ScoreMetrics;
}

/** What /health shows. */
export interface ScorerHealth {
  /** When chain and index were last read without an error; null before the first time. */
  readonly readMs: number | null;
  readonly shareable: string | null;
  /** Where the epochs stand that may still be posted. */
  readonly epochs: Readonly<Record<number, string>>;
  readonly error: string | null;
}

/**
 * Creates the loop that has every ended epoch posted. Each turn looks at all epochs that may still be posted and does what
 * is missing; nothing is remembered but what was said.
 */
export function createScorer(deps: ScorerDeps): {
  health(): ScorerHealth;
  /** Runs until the signal aborts. */
  run(signal: AbortSignal): Promise<void>;
} {
  const { clock, index, ledger, log, metrics, reader, target } = deps;
  let health: ScorerHealth = { readMs: null, shareable: null, epochs: {}, error: null };
  let isUnfunded = false;
  let failure: string | null = null;
  const refusals = new Map<number, string>();
  const said = new Map<number, string>();

  /** Time up to which the index has counted all, as far as a reorg may not reach. */
  async function countedUntil(signal: AbortSignal): Promise<number> {
    const block = (await index.block(signal)) - deps.confirmations;
    return block < 0 ? 0 : ((await reader.blockTime(block)) ?? 0);
  }

  async function weigh(epoch: number, parts: readonly Participation[]): Promise<Weights> {
    const accounts = parts.map(({ account }) => account);
    return weightsOf(parts, await reader.active(accounts, epoch));
  }

  async function post(epoch: number, attempt: number, weights: Weights): Promise<void> {
    const data = encodePosting(epoch, weights);
    const estimate = await reader.estimate(data);
    if (estimate.kind === "refused") {
      if (refusals.get(epoch) === estimate.reason) return;
      refusals.set(epoch, estimate.reason);
      log.warn({ epoch, reason: estimate.reason }, "the chain does not take the epoch now");
      return;
    }
    refusals.delete(epoch);
    await ledger.ask(intentOf(epoch, attempt, { data, gas: estimate.gas }, target));
    metrics.asked();
    log.info({ epoch, attempt, ...weights }, "epoch handed to the relayer");
  }

  function tell(epoch: number, step: Step): void {
    if (said.get(epoch) === step.kind) return;
    said.set(epoch, step.kind);
    if (step.kind === "posted") log.info({ epoch }, "epoch is posted");
    else if (step.kind === "idle") log.info({ epoch }, "nobody took part in the epoch");
    else if (step.kind === "givenUp") {
      log.error({ epoch, reason: step.reason }, "epoch cannot be posted");
    }
  }

  function tellFunds(steps: readonly Step[]): void {
    const waits = steps.some((step) => step.kind === "waiting" && step.for === "funds");
    if (waits && !isUnfunded) {
      log.warn(
        "operators took part, and nothing is there to be shared: the treasury funds OperatorRewards, governance sets an " +
          "epoch's budget. Epochs that are not posted in time stay unpaid",
      );
    } else if (isUnfunded && !waits) log.info("there is something to be shared again");
    isUnfunded = waits;
  }

  async function look(signal: AbortSignal): Promise<void> {
    const head = await reader.head();
    const epochs = openEpochs(head.currentEpoch, POST_WITHIN_EPOCHS);
    const until = await countedUntil(signal);
    const [parts, progress] = await Promise.all([
      index.participation(epochs),
      ledger.progress(epochs),
    ]);
    const world = { ...head, maxAttempts: deps.maxAttempts };
    const steps = new Map<number, Step>();
    for (const epoch of epochs) {
      const isPosted = await reader.isPosted(epoch);
      const isCounted = until >= (epoch + 1) * deps.epochSeconds + deps.settleSeconds;
      const weights = isPosted || !isCounted ? null : await weigh(epoch, parts.get(epoch) ?? []);
      const situation = { isPosted, weights, progress: progress.get(epoch) ?? null };
      const step = stepOf(situation, world, clock.nowMs());
      steps.set(epoch, step);
      tell(epoch, step);
      if (step.kind === "post") await post(epoch, step.attempt, step.weights);
    }
    tellFunds([...steps.values()]);
    for (const known of [said, refusals])
      for (const epoch of known.keys()) if (!steps.has(epoch)) known.delete(epoch);
    report(head, steps);
  }

  function report(head: Head, steps: ReadonlyMap<number, Step>): void {
    const names = [...steps].map(
      ([epoch, step]) =>
        [epoch, step.kind === "waiting" ? `waiting for ${step.for}` : step.kind] as const,
    );
    metrics.standing(
      Object.fromEntries(
        [...Map.groupBy(names, ([, name]) => name)].map(([name, list]) => [name, list.length]),
      ),
    );
    metrics.shareable(head.shareable);
    for (const [epoch, { kind }] of steps) if (kind === "posted") metrics.posted(epoch);
    health = {
      ...{ readMs: clock.nowMs(), shareable: String(head.shareable), error: null },
      epochs: Object.fromEntries(names),
    };
  }

  return {
    health: () => health,
    async run(signal) {
      while (!signal.aborted) {
        try {
          await look(signal);
          if (failure !== null) log.info("works again");
          failure = null;
        } catch (error) {
          const reason = error instanceof Error ? error.message : String(error);
          if (!signal.aborted && reason !== failure) {
            log.warn({ reason }, "failed, will be tried again");
          }
          failure = reason;
          health = { ...health, error: reason };
        }
        await clock.sleep(deps.pollMs, signal);
      }
    },
  };
}

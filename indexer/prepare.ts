import { systemClock } from "../keepers/shared/clock.ts";
import { ConfigError } from "../keepers/shared/config.ts";
import type { Database } from "../keepers/shared/database.ts";
import { RetryableError } from "../keepers/shared/lifecycle.ts";
import type { Logger } from "../keepers/shared/log.ts";
import type { ChainReader } from "./chain.ts";
import { judgeContinuity, type Verdict } from "./continuity.ts";
import { countPonderConnections, dropIndex, readProgress, releaseStaleLock } from "./indexStore.ts";

const CHAIN_PATIENCE_MS = 60_000;
const CONNECTIONS_PATIENCE_MS = 5_000;
const STEP_MS = 500;
const SHORT_STEP_MS = 100;

/** What the preparation works on. */
export interface Preparation {
  readonly database: Database;
  readonly chain: ChainReader;
  readonly chainId: number;
  /** Schema of the build, whose launcher's lock the caller holds. */
  readonly schema: string;
  /** How long a chain may stay behind its index before the index is given up. */
  readonly patienceMs: number;
  /** A wrong chain id at the first start is a mistake in the configuration, later a fault that may pass. */
  readonly isFirstStart: boolean;
  readonly log: Logger;
}

/**
 * Makes an index fit to be continued: checks that the endpoint serves the right chain, drops an index whose chain was
 * reset or stays behind it for `patienceMs`, and opens the lock of a Ponder that was killed.
 *
 * @param preparation The caller must be the only launcher of this build, with no Ponder running.
 * @param signal Ends the waiting.
 * @throws ConfigError when the endpoint serves another chain at the first start, RetryableError when for 60 s it does
 * not answer or serves another chain.
 */
export async function prepareIndex(preparation: Preparation, signal: AbortSignal): Promise<void> {
  const { database, schema, chainId, log } = preparation;
  await awaitChain(preparation, signal);
  const isAlone = await awaitNoConnections(preparation, signal);

  const deadlineMs = systemClock.nowMs() + preparation.patienceMs;
  let hasSaidSo = false;
  while (!signal.aborted) {
    const verdict = await judge(preparation);
    if (verdict.kind === "continue") break;
    if (verdict.kind === "behind" && systemClock.nowMs() < deadlineMs) {
      if (!hasSaidSo) log.warn({ reason: verdict.reason }, "waiting for the chain to catch up");
      hasSaidSo = true;
      await systemClock.sleep(STEP_MS, signal);
      continue;
    }
    if (!isAlone) {
      throw new RetryableError(`the index ${schema} must be rebuilt, but another process uses it`);
    }
    log.warn({ schema, reason: verdict.reason }, "the chain is not the indexed one; rebuilding");
    await database.transaction((client) => dropIndex(client, schema, chainId));
    break;
  }
  if (isAlone && (await releaseStaleLock(database.pool, schema))) {
    log.info({ schema }, "opened the lock of an indexer that was killed");
  }
}

async function judge({ database, chain, chainId, schema }: Preparation): Promise<Verdict> {
  const head = await chain.head();
  const { finalized, seen } = await readProgress(database.pool, schema, chainId, head);
  return judgeContinuity(chainId, {
    head,
    finalized,
    seen: seen === null ? null : { ...seen, hashNow: await chain.blockHash(seen.number) },
  });
}

async function awaitChain({ chain, chainId, isFirstStart, log }: Preparation, signal: AbortSignal) {
  const deadlineMs = systemClock.nowMs() + CHAIN_PATIENCE_MS;
  let said = "";
  while (!signal.aborted) {
    let problem: string;
    try {
      const given = await chain.chainId();
      if (given === chainId) return;
      problem = `the RPC endpoint serves chain ${given}, expected ${chainId}`;
      if (isFirstStart) throw new ConfigError(problem);
    } catch (error) {
      if (error instanceof ConfigError) throw error;
      problem = `the RPC endpoint does not answer: ${describe(error)}`;
    }
    if (problem !== said) log.warn(`${problem}; waiting`);
    said = problem;
    if (systemClock.nowMs() >= deadlineMs) throw new RetryableError(problem);
    await systemClock.sleep(STEP_MS, signal);
  }
}

async function awaitNoConnections({ database, schema, log }: Preparation, signal: AbortSignal) {
  const deadlineMs = systemClock.nowMs() + CONNECTIONS_PATIENCE_MS;
  for (;;) {
    const open = await countPonderConnections(database.pool, schema);
    if (open === 0) return true;
    if (signal.aborted || systemClock.nowMs() >= deadlineMs) {
      log.warn({ schema, open }, "a process that this launcher does not know uses the index");
      return false;
    }
    await systemClock.sleep(SHORT_STEP_MS, signal);
  }
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message} (${error.cause.message})` : error.message;
}

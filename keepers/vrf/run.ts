import type { Clock } from "../shared/clock.ts";
import type { Database } from "../shared/database.ts";
import { enqueueIntent } from "../shared/intents.ts";
import type { Logger } from "../shared/log.ts";
import { encodeStoreBlockhash, type CoordinatorReader } from "./coordinator.ts";
import { decide, type Action, type Decision, type Limits } from "./decide.ts";
import { readFulfilled, readSpending } from "./figures.ts";
import type { IndexHead } from "./index-head.ts";
import type { JobContent } from "./job.ts";
import type { VrfMetrics } from "./metrics.ts";
import type { Coordinate, PendingRequest } from "./model.ts";
import type { DeadLetter, JobQueue } from "./queue.ts";
import { withdrawOrphans } from "./orphans.ts";
import { IndexMissingError, proofName, readPending, writeKeeper } from "./store.ts";

/** What the loop works with. */
export interface KeeperDeps {
  readonly coordinate: Coordinate;
  readonly keyHash: string;
  readonly db: Database;
  readonly reader: Pick<CoordinatorReader, "head" | "skipReason" | "blockHashes">;
  readonly queue: Pick<JobQueue, "add" | "bury" | "dead">;
  /** How far the index is; null when it does not answer. */
  readonly indexHead: (signal: AbortSignal) => Promise<IndexHead | null>;
  readonly indexSchema: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: VrfMetrics;
  readonly limits: Limits;
  readonly pollMs: number;
}

/** What /health shows. */
export interface KeeperHealth {
  /** When the chain, the index and the queue were last read without an error; null before the first time. */
  readonly lookedAtMs: number | null;
  readonly head: number | null;
  readonly blocked: string | null;
  readonly waiting: Decision["waiting"] | null;
  readonly error: string | null;
}

const HEARTBEAT_MS = 2_000;
const DEAD_MS = 1_000;
const ORPHANS_MS = 2_000;
const SPENDING_MS = 60_000;
const STORE_GAS = 80_000n;
/** A job is asked for again after this long: one that is under way is not made twice by it, only looked for. */
const ASK_AGAIN_MS = 3_000;
/** Jobs asked for in one look; the others have their turn at the next ones. A queue that long has work for minutes. */
const ASK_LIMIT = 250;
/** Bound of what is remembered to spare a look-up. */
const REMEMBERED = 20_000;

/** Creates the loop that looks at chain, index and queue, and asks for what is missing. */
export function createKeeper(deps: KeeperDeps): {
  health(): KeeperHealth;
  /** Runs until the signal aborts. */
  run(signal: AbortSignal): Promise<void>;
} {
  const { coordinate, keyHash, db, reader, queue, clock, log, metrics, limits } = deps;
  const { chainId, coordinator } = coordinate;
  let health: KeeperHealth = {
    ...{ lookedAtMs: null, head: null, blocked: null, waiting: null, error: null },
  };
  let actedBlock: number | null = null;
  let fulfilledBlock: number | null = null;
  const storedHashes = new Set<string>();
  /** When each due job was asked for. */
  let asked = new Map<string, number>();
  let letters: DeadLetter[] = [];
  const skips = new Map<string, string | null>();
  const lastMs = { dead: 0, heartbeat: 0, orphans: 0, spending: 0 };

  /** Whether something that is done now and then is due. */
  function isDue(what: keyof typeof lastMs, everyMs: number): boolean {
    const nowMs = clock.nowMs();
    if (Math.abs(nowMs - lastMs[what]) < everyMs) return false;
    lastMs[what] = nowMs;
    return true;
  }

  /**
   * The ledger does not know why a batch left a request out; the coordinator's event does. Whether it was left out shows
   * once the index has reached the block.
   */
  async function withSkipReasons(
    requests: PendingRequest[],
    indexBlock: number,
  ): Promise<PendingRequest[]> {
    return Promise.all(
      requests.map(async ({ request, delivery }) => {
        if (delivery?.status !== "confirmed" || delivery.transactionHash === null) {
          return { request, delivery };
        }
        if (delivery.block !== null && delivery.block > indexBlock) return { request, delivery };
        const name = `${delivery.transactionHash} ${request.requestId}`;
        if (!skips.has(name)) {
          if (skips.size > REMEMBERED) skips.clear();
          skips.set(name, await reader.skipReason(delivery.transactionHash, request.requestId));
        }
        return { request, delivery: { ...delivery, reason: skips.get(name) ?? null } };
      }),
    );
  }

  async function act(actions: readonly Action[]): Promise<void> {
    const jobs: JobContent[] = [];
    const nowMs = clock.nowMs();
    const stillDue = new Map<string, number>();
    for (const action of actions) {
      if (action.kind === "storeBlockhash") {
        await storeBlockhash(action.block, action.blockHash);
        continue;
      }
      const { request, attempt } = action;
      if (action.kind === "enqueue") {
        const name = `${proofName(request)} ${attempt}`;
        const askedMs = asked.get(name);
        const isFresh = askedMs !== undefined && Math.abs(nowMs - askedMs) < ASK_AGAIN_MS;
        if (isFresh) stillDue.set(name, askedMs);
        else if (jobs.length < ASK_LIMIT) {
          stillDue.set(name, nowMs);
          jobs.push({ request, attempt });
        }
      } else {
        await queue.bury({ request, attempt }, action.reason);
        lastMs.dead = 0;
        log.warn({ request: String(request.requestId), reason: action.reason }, "request given up");
      }
      actedBlock = Math.max(actedBlock ?? 0, request.block);
    }
    const added = await queue.add(jobs);
    asked = stillDue;
    if (added > 0) log.debug({ added }, "jobs added");
  }

  async function storeBlockhash(block: number, blockHash: string): Promise<void> {
    if (storedHashes.has(blockHash)) return;
    await db.transaction((client) =>
      enqueueIntent(client, {
        chainId,
        key: `vrf:${chainId}:${coordinator}:blockhash:${block}:${blockHash}`,
        lane: "randomness",
        group: null,
        ordinal: BigInt(block),
        to: coordinator,
        data: encodeStoreBlockhash(block),
        value: 0n,
        gasLimit: STORE_GAS,
        expiresAtMs: null,
      }),
    );
    if (storedHashes.size > REMEMBERED) storedHashes.clear();
    storedHashes.add(blockHash);
    log.info({ block }, "asked for the block's hash to be stored");
  }

  async function look(signal: AbortSignal): Promise<void> {
    const [head, index] = await Promise.all([reader.head(), deps.indexHead(signal)]);
    actedBlock ??= head;
    // A chain that went back is followed.
    actedBlock = Math.min(actedBlock, head);
    fulfilledBlock = Math.min(fulfilledBlock ?? head, head);
    if (isDue("dead", DEAD_MS)) letters = await queue.dead();
    const pending = await readPending(db.pool, coordinate, keyHash, deps.indexSchema);
    const requests = await withSkipReasons(pending, index?.block ?? 0);
    const dead = new Map(letters.map(({ key, reason }) => [key, reason]));
    const decision = decide({ coordinate, head, index, actedBlock, requests, dead, limits });
    announce(decision.blocked);
    await act(decision.actions);
    if (decision.blocked === null && index !== null && isDue("orphans", ORPHANS_MS)) {
      const { indexSchema } = deps;
      const orphans = { db: db.pool, coordinate, keyHash, reader, indexSchema };
      const intents = await withdrawOrphans(orphans, index.block);
      if (intents.length > 0) log.info({ intents }, "withdrew what serves no request any more");
    }
    metrics.waiting(decision.waiting);
    health = {
      ...{ lookedAtMs: clock.nowMs(), head, error: null },
      ...{ blocked: decision.blocked, waiting: decision.waiting },
    };
    const fulfilled = await readFulfilled(db.pool, keyHash, deps.indexSchema, fulfilledBlock);
    metrics.fulfilled(fulfilled);
    fulfilledBlock = fulfilled.at(-1)?.block ?? fulfilledBlock;
  }

  function announce(blocked: string | null): void {
    metrics.blocked(blocked);
    if ((blocked === null) === (health.blocked === null)) return;
    if (blocked === null) log.info("the index is up to date");
    else log.warn({ reason: blocked }, "waits for the index");
  }

  async function tick(signal: AbortSignal): Promise<void> {
    try {
      await look(signal);
    } catch (error) {
      if (signal.aborted) return;
      const reason = error instanceof Error ? error.message : String(error);
      const blocked = error instanceof IndexMissingError ? reason : health.blocked;
      if (health.error !== reason) log.warn({ reason }, "did not look, tries again");
      health = { ...health, error: reason, blocked };
    }
    try {
      if (isDue("heartbeat", HEARTBEAT_MS)) {
        await writeKeeper(db.pool, coordinate, keyHash, health.error ?? health.blocked);
      }
      if (isDue("spending", SPENDING_MS)) metrics.spending(await readSpending(db.pool, chainId));
    } catch (error) {
      log.debug({ reason: error instanceof Error ? error.message : String(error) }, "not written");
    }
  }

  return {
    health: () => health,
    async run(signal) {
      while (!signal.aborted) {
        const startedMs = clock.nowMs();
        await tick(signal);
        const restMs = startedMs + deps.pollMs - clock.nowMs();
        // A look that takes long, since much is pending, leaves the thread to those who work that off.
        await clock.sleep(Math.max(deps.pollMs / 2, restMs), signal);
      }
    },
  };
}

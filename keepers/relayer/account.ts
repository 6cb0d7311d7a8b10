import { FenceLostError, openLedger, takeOver } from "./ledger.ts";
import { createMemory, type AccountDeps, type AccountStatus } from "./memory.ts";
import { createSender } from "./sender.ts";
import * as store from "./store.ts";
import { createWake, type Wake } from "./wake.ts";
import { readPendingNonce } from "./watch.ts";
import { createWatcher } from "./watcher.ts";

/** One account: `work` while it is owned. */
export interface AccountWorker {
  readonly key: store.AccountKey;
  readonly status: AccountStatus;
  /** New intents are there. */
  wake(): void;
  /** Works until the signal aborts. @throws FenceLostError when another process has taken the account over */
  work(signal: AbortSignal): Promise<void>;
}

const firstBackoffMs = 100;
const maxBackoffMs = 3_000;

/** Creates the worker of one account: one loop reads the chain and settles, another decides, signs and sends. */
export function createAccountWorker(deps: AccountDeps): AccountWorker {
  const { db, chain, signer, clock, log, metrics, settings } = deps;
  const memory = createMemory(deps);
  const { key, labels, status, sendWake, watchWake } = memory;
  const watch = createWatcher(deps, memory);
  const send = createSender(deps, memory);

  /** Repeats a step until the signal aborts; only a lost fence ends it otherwise. */
  async function loop(
    name: string,
    step: () => Promise<number>,
    wake: Wake,
    signal: AbortSignal,
  ): Promise<void> {
    let backoffMs = firstBackoffMs;
    while (!signal.aborted) {
      try {
        const waitMs = await step();
        backoffMs = firstBackoffMs;
        await wake.wait(waitMs, signal);
      } catch (error) {
        if (error instanceof FenceLostError) throw error;
        if (signal.aborted) return;
        log.warn(
          {
            ...key,
            step: name,
            reason: error instanceof Error ? error.message : String(error),
            backoffMs,
          },
          "step failed",
        );
        await clock.sleep(backoffMs, signal);
        backoffMs = Math.min(2 * backoffMs, maxBackoffMs);
      }
    }
  }

  async function takeOverWithPatience(signal: AbortSignal): Promise<bigint | null> {
    let fence: bigint | null = null;
    const step = async (): Promise<number> => {
      const known = await store.readNextNonce(db.pool, key);
      fence = await takeOver(db.pool, key, known ?? (await readPendingNonce(chain, key.address)));
      done.abort();
      return 0;
    };
    const done = new AbortController();
    await loop("take over", step, createWake(), AbortSignal.any([signal, done.signal]));
    return fence;
  }

  return {
    key,
    status,
    wake() {
      memory.wokenAtMs ??= clock.nowMs();
      sendWake.wake();
    },
    async work(signal) {
      const fence = await takeOverWithPatience(signal);
      if (fence === null) return;
      const ledger = openLedger(db, key, fence, signer, settings);
      // The former owner may have sent or lost anything in the meantime.
      memory.view = null;
      memory.behind = null;
      memory.ahead = null;
      memory.nextBroadcastMs = new Map();
      const account = await store.readAccount(db.pool, key);
      if (account !== undefined) {
        memory.clockOffsetMs = account.nowMs - clock.nowMs();
        const { quarantines, quarantinedUntilMs: untilMs, quarantineReason: reason } = account;
        memory.standing = { failures: [], quarantines, untilMs, reason };
      }
      status.owner = true;
      metrics.owner.set(labels, 1);
      log.info({ ...key, fence: String(fence) }, "works on the account");
      const failed = new AbortController();
      const stop = AbortSignal.any([signal, failed.signal]);
      const guard = async (running: Promise<void>): Promise<void> => {
        try {
          await running;
        } catch (error) {
          failed.abort();
          throw error;
        }
      };
      try {
        const loops = [
          guard(loop("watch", () => watch(ledger), watchWake, stop)),
          guard(loop("send", () => send(ledger), sendWake, stop)),
        ];
        const results = await Promise.allSettled(loops);
        for (const result of results) if (result.status === "rejected") throw result.reason;
      } finally {
        status.owner = false;
        deps.allocator.leave(key.address);
        metrics.owner.set(labels, 0);
      }
    },
  };
}

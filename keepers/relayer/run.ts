import type { Clock } from "../shared/clock.ts";
import type { Database } from "../shared/database.ts";
import type { Logger } from "../shared/log.ts";
import type { Health } from "../shared/metrics.ts";
import type { Chain } from "../shared/rpc.ts";
import type { AccountWorker } from "./account.ts";
import { FenceLostError } from "./ledger.ts";
import type { RelayerMetrics } from "./metrics.ts";
import { holdSession, type Session } from "./session.ts";
import { readBacklog } from "./store.ts";
import { runTreasury, type TreasuryRules } from "./treasury.ts";

/** One chain with the accounts that send on it. */
export interface Network {
  chain: Chain;
  workers: readonly AccountWorker[];
  /** Age at which the last look at the chain makes the process unhealthy. */
  staleAfterMs: number;
  /** Keeps the accounts filled; null where nothing does. */
  treasury: { worker: AccountWorker; rules: TreasuryRules } | null;
}

/** What the relayer needs. */
export interface RelayerDeps {
  db: Database;
  clock: Clock;
  log: Logger;
  metrics: RelayerMetrics;
  networks: readonly Network[];
}

const standbyMs = 1_000;
const gaugesMs = 1_000;
const endpointStates = ["unknown", "healthy", "failing", "refused", "behind", "ahead"] as const;

/** Runs all accounts of all networks until the signal aborts. */
export async function runRelayer(deps: RelayerDeps, signal: AbortSignal): Promise<void> {
  const workers = deps.networks.flatMap(workersOf);
  const onIntent = (chainId: number | null): void => {
    for (const worker of workers)
      if (chainId === null || worker.key.chainId === chainId) worker.wake();
  };
  await Promise.all([
    holdSession(deps, signal, onIntent, async (session) => {
      const stop = AbortSignal.any([signal, session.lost]);
      await Promise.all(workers.map((worker) => ownAndWork(deps, session, worker, stop)));
    }),
    refreshGauges(deps, signal),
    ...deps.networks.map(({ chain, treasury, workers: filled }) =>
      treasury === null
        ? Promise.resolve()
        : runTreasury(
            { ...deps, chain },
            treasury.worker.key.address,
            filled.map(({ key }) => key.address),
            treasury.rules,
            signal,
          ),
    ),
  ]);
}

/** @returns the workers of all accounts of a network, the treasury's last. */
function workersOf({ workers, treasury }: Network): AccountWorker[] {
  return treasury === null ? [...workers] : [...workers, treasury.worker];
}

/** Stands by until the account is free, then works on it. */
async function ownAndWork(
  deps: RelayerDeps,
  session: Session,
  worker: AccountWorker,
  stop: AbortSignal,
): Promise<void> {
  let announced = false;
  while (!stop.aborted) {
    if (await session.tryLock(worker.key)) {
      try {
        await worker.work(stop);
      } catch (error) {
        if (!(error instanceof FenceLostError)) throw error;
        deps.log.warn({ ...worker.key, reason: error.message }, "account lost");
      }
      announced = false;
    } else if (!announced) {
      announced = true;
      deps.log.info({ ...worker.key }, "stands by: another process works on the account");
    }
    await deps.clock.sleep(standbyMs, stop);
  }
}

async function refreshGauges(deps: RelayerDeps, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    for (const { chain } of deps.networks) {
      for (const { name, state } of chain.health()) {
        for (const one of endpointStates) {
          deps.metrics.endpoint.set(
            { chain: String(chain.chainId), endpoint: name, state: one },
            one === state ? 1 : 0,
          );
        }
      }
    }
    try {
      const backlogs = await Promise.all(
        deps.networks.map(({ chain }) => readBacklog(deps.db.pool, chain.chainId)),
      );
      deps.metrics.intents.reset();
      deps.metrics.oldest.reset();
      backlogs.forEach((backlog, index) => {
        const chain = String(deps.networks[index]?.chain.chainId);
        for (const { status, lane, count, oldestSeconds } of backlog) {
          deps.metrics.intents.set({ chain, status, lane }, count);
          deps.metrics.oldest.set({ chain, status, lane }, oldestSeconds);
        }
      });
    } catch (error) {
      deps.log.debug(
        { reason: error instanceof Error ? error.message : String(error) },
        "backlog not read",
      );
    }
    await deps.clock.sleep(gaugesMs, signal);
  }
}

/** @returns ok when each account's chain was read lately, or another process works on it. */
export function relayerHealth(deps: Pick<RelayerDeps, "networks" | "clock">): Health {
  const networks = deps.networks.map((network) => ({
    chainId: network.chain.chainId,
    endpoints: network.chain.health(),
    accounts: workersOf(network).map(({ key, status }) => {
      const ageMs = status.readAtMs === null ? null : deps.clock.nowMs() - status.readAtMs;
      const ok = !status.owner || (ageMs !== null && ageMs <= network.staleAfterMs);
      return { address: key.address, ok, ageMs, ...status };
    }),
  }));
  return {
    ok: networks.every((network) => network.accounts.every((account) => account.ok)),
    networks,
  };
}

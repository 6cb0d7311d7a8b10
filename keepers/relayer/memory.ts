import type { Clock } from "../shared/clock.ts";
import type { Database } from "../shared/database.ts";
import type { Logger } from "../shared/log.ts";
import type { Chain } from "../shared/rpc.ts";
import type { Allocator } from "./allocate.ts";
import type { Timing } from "./config.ts";
import type { RelayerMetrics } from "./metrics.ts";
import type { ChainView, Settings } from "./model.ts";
import {
  afterFailure,
  barredBy,
  clean,
  type QuarantineSettings,
  type Standing,
} from "./quarantine.ts";
import type { Signer } from "./signers/signer.ts";
import type { AccountKey } from "./store.ts";
import type { Streak } from "./streak.ts";
import { createWake, type Wake } from "./wake.ts";
import type { TipSettings } from "./watch.ts";

/** What the work on one account needs. */
export interface AccountDeps {
  db: Database;
  chain: Chain;
  signer: Signer;
  clock: Clock;
  log: Logger;
  metrics: RelayerMetrics;
  settings: Settings;
  timing: Timing;
  tip: TipSettings;
  quarantine: QuarantineSettings;
  /** Shared by the accounts of a chain. */
  allocator: Allocator;
  /** Sends only intents that name it: a treasury. */
  dedicated: boolean;
}

/** What is known of an account at the moment. */
export interface AccountStatus {
  owner: boolean;
  head: number | null;
  /** When the chain was last read. */
  readAtMs: number | null;
  balanceWei: bigint | null;
  open: number;
  heldReason: string | null;
  quarantinedUntilMs: number | null;
}

/**
 * What the two loops of an account share. Nothing here has to outlive the process: the ledger has what does.
 */
export interface AccountMemory {
  readonly key: AccountKey;
  /** Of the account's metrics. */
  readonly labels: { chain: string; account: string };
  readonly status: AccountStatus;
  readonly sendWake: Wake;
  readonly watchWake: Wake;
  /** When new intents were announced that are not looked at yet. */
  wokenAtMs: number | null;
  /** The chain at the last look; null before the first. */
  view: ChainView | null;
  /** Some receipts of the last look are unknown, since nobody answered. */
  isIncomplete: boolean;
  behind: Streak | null;
  ahead: Streak | null;
  /** When balance and hold were last written. */
  notedAtMs: number;
  standing: Standing;
  /** The standing has changed since it was last written. */
  isNoteDue: boolean;
  /** The database's clock is the one that all processes share; this machine's may be off. */
  clockOffsetMs: number;
  readonly refusedOnce: Set<bigint>;
  /** When each attempt is to be sent again; what this process never sent is due at once. */
  nextBroadcastMs: Map<bigint, number>;
}

/** @returns the memory of an account that was not looked at yet */
export function createMemory({ chain, signer }: AccountDeps): AccountMemory {
  const key: AccountKey = { chainId: chain.chainId, address: signer.address };
  return {
    key,
    labels: { chain: String(key.chainId), account: key.address },
    status: {
      owner: false,
      head: null,
      readAtMs: null,
      balanceWei: null,
      open: 0,
      heldReason: null,
      quarantinedUntilMs: null,
    },
    sendWake: createWake(),
    watchWake: createWake(),
    wokenAtMs: null,
    view: null,
    isIncomplete: false,
    behind: null,
    ahead: null,
    notedAtMs: 0,
    standing: clean,
    isNoteDue: false,
    clockOffsetMs: 0,
    refusedOnce: new Set(),
    nextBroadcastMs: new Map(),
  };
}

/** @returns the time by the database's clock */
export function sharedNowMs({ clock }: AccountDeps, memory: AccountMemory): number {
  return clock.nowMs() + memory.clockOffsetMs;
}

/** Holds a failure that nothing explains against the account; several in a row put it into quarantine. */
export function fail(deps: AccountDeps, memory: AccountMemory, what: string): void {
  const { log, metrics, quarantine } = deps;
  const { key, labels, standing: before } = memory;
  memory.standing = afterFailure(before, what, sharedNowMs(deps, memory), quarantine);
  log.warn({ ...key, what }, "unexplained failure");
  if (memory.standing.quarantines === before.quarantines) return;
  memory.isNoteDue = true;
  metrics.quarantines.inc(labels);
  const reason = barredBy(memory.standing, sharedNowMs(deps, memory));
  log.error({ ...key, reason }, "account is quarantined");
}

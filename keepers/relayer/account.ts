import type { Allocator } from "./allocate.ts";
import type { Clock } from "../shared/clock.ts";
import type { Database } from "../shared/database.ts";
import type { Logger } from "../shared/log.ts";
import type { Chain } from "../shared/rpc.ts";
import { broadcast, type Outcome } from "./broadcast.ts";
import type { Timing } from "./config.ts";
import { decide, loadOf, type Action } from "./decide.ts";
import { marketFees } from "./fees.ts";
import { confirmForeign } from "./foreign.ts";
import {
  FenceLostError,
  noteBroadcast,
  openLedger,
  SignerError,
  takeOver,
  type Ledger,
  type Signed,
} from "./ledger.ts";
import type { RelayerMetrics } from "./metrics.ts";
import type { ChainView, Settings } from "./model.ts";
import {
  afterFailure,
  afterSuccess,
  barredBy,
  clean,
  type QuarantineSettings,
  type Standing,
} from "./quarantine.ts";
import { settle } from "./settle.ts";
import type { Signer } from "./signer.ts";
import * as store from "./store.ts";
import { createWake, type Wake } from "./wake.ts";
import {
  readChain,
  readNonceOfAll,
  readPendingNonce,
  readReceipts,
  toVerdicts,
  type TipSettings,
} from "./watch.ts";

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

/** One account: `work` while it is owned. */
export interface AccountWorker {
  readonly key: store.AccountKey;
  readonly status: AccountStatus;
  /** New intents are there. */
  wake(): void;
  /** Works until the signal aborts. @throws FenceLostError when another process has taken the account over */
  work(signal: AbortSignal): Promise<void>;
}

const retryBroadcastMs = 500;
const busyWaitMs = 250;
const idleWaitMs = 1_000;
const noteEveryMs = 5_000;
const firstBackoffMs = 100;
const maxBackoffMs = 3_000;

/** Creates the worker of one account: one loop reads the chain and settles, another decides, signs and sends. */
export function createAccountWorker(deps: AccountDeps): AccountWorker {
  const { db, chain, signer, clock, log, metrics, settings, timing } = deps;
  const key: store.AccountKey = { chainId: chain.chainId, address: signer.address };
  const labels = { chain: String(key.chainId), account: key.address };
  const status: AccountStatus = {
    owner: false,
    head: null,
    readAtMs: null,
    balanceWei: null,
    open: 0,
    heldReason: null,
    quarantinedUntilMs: null,
  };
  const sendWake = createWake();
  const watchWake = createWake();
  let wokenAtMs: number | null = null;
  let view: ChainView | null = null;
  let isIncomplete = false;
  let behindSinceMs: number | null = null;
  let aheadSinceMs: number | null = null;
  let notedAtMs = 0;
  let standing: Standing = clean;
  let isNoteDue = false;
  // The database's clock is the one that all processes share; this machine's may be off.
  let clockOffsetMs = 0;
  const nowMs = (): number => clock.nowMs() + clockOffsetMs;
  const refusedOnce = new Set<bigint>();
  // When each attempt is to be sent again; what this process never sent is due at once.
  let nextBroadcastMs = new Map<bigint, number>();

  function fail(what: string): void {
    const before = standing;
    standing = afterFailure(standing, what, nowMs(), deps.quarantine);
    log.warn({ ...key, what }, "unexplained failure");
    if (standing.quarantines === before.quarantines) return;
    isNoteDue = true;
    metrics.quarantines.inc(labels);
    log.error({ ...key, reason: barredBy(standing, nowMs()) }, "account is quarantined");
  }

  /** Reads chain and nonce; asks all endpoints for the nonce where one alone tells something strange. */
  async function readChecked(): Promise<{ read: ChainView; nextNonce: number }> {
    const read = await readChain(chain, key.address, deps.tip, clock.nowMs());
    const nextNonce = (await store.readNextNonce(db.pool, key)) ?? read.nonce;
    const isStrange = read.nonce > nextNonce || (view !== null && read.nonce < view.nonce);
    if (isStrange) read.nonce = (await readNonceOfAll(chain, key.address)) ?? read.nonce;
    return { read, nextNonce };
  }

  async function watch(ledger: Ledger): Promise<number> {
    const { read, nextNonce } = await readChecked();
    const watched = await store.readWatchedSlots(db.pool, key, read.nonce);
    // Receipts of what is mined already can only change with the head.
    const isNews =
      isIncomplete || view === null || view.head !== read.head || view.nonce !== read.nonce;
    const looked = watched.filter(
      (slot) => isNews || slot.status !== "mined" || slot.nonce >= read.nonce,
    );
    const { receipts, unknown: unanswered } = await readReceipts(chain, looked, read.nonce);
    const isKnown = ({ hash }: { hash: string }): boolean => receipts.has(hash);
    const due = looked.filter(
      ({ attempts }) =>
        attempts.some(isKnown) || !attempts.some(({ hash }) => unanswered.has(hash)),
    );

    const unknown =
      read.nonce < nextNonce &&
      (await store.countSlots(db.pool, key, read.nonce)) < nextNonce - read.nonce;
    const behind = unknown || watched.some((slot) => slot.nonce >= read.nonce);
    const isAhead = read.nonce > nextNonce;
    const isOld = (sinceMs: number | null): boolean =>
      sinceMs !== null && clock.nowMs() - sinceMs >= timing.behindAfterMs;
    behindSinceMs = behind ? (behindSinceMs ?? clock.nowMs()) : null;
    aheadSinceMs = isAhead ? (aheadSinceMs ?? clock.nowMs()) : null;
    const believed = isOld(behindSinceMs);
    const isLower = view === null || read.head < view.head;
    if (isLower) await ledger.align(nextNonce, read.head);
    if (isOld(aheadSinceMs) || (believed && unknown)) {
      log.warn(
        { ...key, ledgerNonce: nextNonce, chainNonce: read.nonce },
        "ledger and chain disagree on the nonce",
      );
      await ledger.align(read.nonce, read.head);
      if (isAhead) fail("nonces were used that are not in the ledger");
    }
    let settlements = settle(due, receipts, read, settings, believed);
    if (settlements.some(({ type }) => type === "foreign" || type === "missing")) {
      const nonce = (await readNonceOfAll(chain, key.address)) ?? read.nonce;
      const isUsed = (id: bigint): boolean =>
        due.some((slot) => slot.id === id && slot.nonce < nonce);
      settlements = settlements.filter(
        ({ type, slotId }) => (type !== "foreign" && type !== "missing") || isUsed(slotId),
      );
      // An endpoint that makes a used nonce up would keep its bytes from being sent again.
      if (nonce < read.nonce) read.nonce = nonce;
      settlements = await confirmForeign({ db: db.pool, chain, log }, settlements, due);
    }
    const verdicts = await toVerdicts(chain, settlements, clock.nowMs());
    if (verdicts.length > 0) await ledger.settle(verdicts);
    for (const verdict of verdicts) {
      if (verdict.type === "mined" && verdict.final) {
        metrics.mined.inc({
          chain: labels.chain,
          result: verdict.receipt.succeeded ? "succeeded" : "reverted",
        });
        metrics.gasUsed.inc({ chain: labels.chain }, Number(verdict.receipt.gasUsed));
        const level = verdict.receipt.succeeded ? "debug" : "warn";
        log[level](
          { ...key, hash: verdict.receipt.hash, reason: verdict.reason },
          "transaction is final",
        );
        const was = standing;
        standing = afterSuccess(standing, verdict.blockMs);
        if (standing !== was) {
          isNoteDue = true;
          log.info({ ...key }, "account is trusted again");
        }
      } else if (verdict.type === "reopened" || verdict.type === "foreign") {
        log.warn({ ...key, slot: String(verdict.slotId) }, `nonce is ${verdict.type}`);
        if (verdict.type === "foreign") fail("a nonce went to a transaction of someone else");
      }
    }
    // What a chain that went back has dropped is sent again without waiting.
    if (verdicts.some((verdict) => verdict.type === "reopened")) nextBroadcastMs = new Map();

    const changed = isNews || verdicts.length > 0;
    // What nobody answered for is asked again at the next look, although the head may be the same.
    isIncomplete = unanswered.size > 0;
    view = read;
    Object.assign(status, {
      head: read.head,
      readAtMs: read.readAtMs,
      balanceWei: read.balanceWei,
    });
    metrics.balance.set(labels, Number(read.balanceWei) / 1e18);
    if (changed) sendWake.wake();
    const isBusy = status.open > 0 || watched.length > 0 || behind || read.nonce < nextNonce;
    return isBusy ? timing.pollMs : timing.idlePollMs;
  }

  async function send(ledger: Ledger): Promise<number> {
    const startedMs = wokenAtMs ?? clock.nowMs();
    wokenAtMs = null;
    if (view === null || clock.nowMs() - view.readAtMs > timing.staleAfterMs) return idleWaitMs;
    const [account, slots] = await Promise.all([
      store.readAccount(db.pool, key),
      store.readOpenSlots(db.pool, key),
    ]);
    if (account === undefined) throw new Error(`account ${key.address} is not in the ledger`);
    clockOffsetMs = account.nowMs - clock.nowMs();
    for (const slot of slots)
      slot.nextBroadcastMs = (slot.attempt && nextBroadcastMs.get(slot.attempt.id)) ?? 0;
    const known = new Set(slots.map((slot) => slot.attempt?.id));
    for (const id of nextBroadcastMs.keys()) if (!known.has(id)) nextBroadcastMs.delete(id);
    for (const id of refusedOnce) if (!known.has(id)) refusedOnce.delete(id);

    const pausedReason = account.paused === null ? null : `paused: ${account.paused}`;
    const barred = pausedReason ?? barredBy(standing, nowMs());
    const snapshot = { nextNonce: account.nextNonce, chain: view, slots, settings, barred };
    const market = marketFees(view.baseFeeWei, view.tipWei, settings);
    const load = loadOf(key.address, deps.dedicated, snapshot, nowMs());
    const queued = await deps.allocator.take(load, market, nowMs());
    let signed: Signed[] = [];
    let actions: Action[];
    try {
      actions = decide({ ...snapshot, queued }, nowMs());
      await noteHold(ledger, actions, view.balanceWei);
      const isWrite = ({ type }: Action): boolean => type !== "broadcast" && type !== "hold";
      if (actions.some(isWrite)) signed = await ledger.sign(actions, view.head);
    } catch (error) {
      if (error instanceof SignerError) fail(`signer: ${error.message}`);
      throw error;
    } finally {
      const sent = new Set(signed.flatMap(({ intentId }) => intentId ?? []));
      deps.allocator.release(key.address, queued, sent);
    }
    for (const one of signed) metrics.signed.inc({ chain: labels.chain, purpose: one.purpose });
    const again = actions.flatMap((action) =>
      action.type === "broadcast" ? [action.attemptId] : [],
    );
    const raws = await store.readRaw(db.pool, again);
    const outcomes = await Promise.all([
      ...signed.map((one) => deliver(one.attemptId, one.raw)),
      ...[...raws].map(([attemptId, raw]) => deliver(attemptId, raw)),
    ]);
    if (signed.some((one) => one.purpose === "new")) {
      metrics.sendSeconds.observe({ chain: labels.chain }, (clock.nowMs() - startedMs) / 1_000);
    }
    const added = signed.filter((one) => one.purpose === "new").length;
    status.open = slots.filter((slot) => slot.status === "pending").length + added;
    metrics.open.set(labels, status.open);
    if (outcomes.length > 0) watchWake.wake();
    return status.open > 0 ? busyWaitMs : idleWaitMs;
  }

  async function deliver(attemptId: bigint, raw: string): Promise<void> {
    const outcome = await broadcast(chain, raw);
    metrics.broadcasts.inc({ chain: labels.chain, outcome: outcome.type });
    const isTaken = outcome.type === "accepted" || outcome.type === "nonceUsed";
    nextBroadcastMs.set(attemptId, nowMs() + (isTaken ? timing.rebroadcastMs : retryBroadcastMs));
    if (!isTaken)
      log.warn({ ...key, attempt: String(attemptId), outcome }, "node did not take a transaction");
    if (outcome.type === "refused" && !refusedOnce.has(attemptId)) {
      refusedOnce.add(attemptId);
      fail(`the node refuses what it should take: ${outcome.message}`);
    }
    await noteBroadcast(db.pool, attemptId, errorText(outcome));
  }

  async function noteHold(
    ledger: Ledger,
    actions: readonly Action[],
    balanceWei: bigint,
  ): Promise<void> {
    const hold = actions.find((action) => action.type === "hold")?.reason ?? null;
    const isNews = (hold === null) !== (status.heldReason === null);
    if (isNews)
      log[hold === null ? "info" : "warn"](
        { ...key, reason: hold },
        hold === null ? "sends again" : "holds",
      );
    status.heldReason = hold;
    status.quarantinedUntilMs = standing.untilMs;
    if (!isNews && !isNoteDue && clock.nowMs() - notedAtMs < noteEveryMs) return;
    notedAtMs = clock.nowMs();
    await ledger.note(balanceWei, hold, standing);
    isNoteDue = false;
  }

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
      wokenAtMs ??= clock.nowMs();
      sendWake.wake();
    },
    async work(signal) {
      const fence = await takeOverWithPatience(signal);
      if (fence === null) return;
      const ledger = openLedger(db, key, fence, signer, settings);
      // The former owner may have sent or lost anything in the meantime.
      view = null;
      behindSinceMs = null;
      aheadSinceMs = null;
      nextBroadcastMs = new Map();
      const account = await store.readAccount(db.pool, key);
      if (account !== undefined) {
        clockOffsetMs = account.nowMs - clock.nowMs();
        const { quarantines, quarantinedUntilMs: untilMs, quarantineReason: reason } = account;
        standing = { failures: [], quarantines, untilMs, reason };
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

function errorText(outcome: Outcome): string | null {
  if (outcome.type === "accepted") return null;
  return "message" in outcome ? `${outcome.type}: ${outcome.message}` : outcome.type;
}

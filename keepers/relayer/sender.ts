import { broadcast, type Outcome } from "./broadcast.ts";
import { decide, loadOf, type Action } from "./decide.ts";
import { marketFees } from "./fees.ts";
import { noteBroadcast, type Ledger } from "./ledger.ts";
import { fail, sharedNowMs, type AccountDeps, type AccountMemory } from "./memory.ts";
import { barredBy } from "./quarantine.ts";
import { SignerError, type Signed } from "./signing.ts";
import * as store from "./store.ts";

const retryBroadcastMs = 500;
const busyWaitMs = 250;
const idleWaitMs = 1_000;
const noteEveryMs = 5_000;

/**
 * Creates the step that decides about an account's nonces and queue, signs, and sends.
 * @returns a function that returns after how many milliseconds to decide again
 */
export function createSender(
  deps: AccountDeps,
  memory: AccountMemory,
): (ledger: Ledger) => Promise<number> {
  const { db, chain, clock, log, metrics, settings, timing } = deps;
  const { key, labels, status } = memory;
  const nowMs = (): number => sharedNowMs(deps, memory);

  async function deliver(attemptId: bigint, raw: string): Promise<void> {
    const outcome = await broadcast(chain, raw);
    metrics.broadcasts.inc({ chain: labels.chain, outcome: outcome.type });
    const isTaken = outcome.type === "accepted" || outcome.type === "nonceUsed";
    memory.nextBroadcastMs.set(
      attemptId,
      nowMs() + (isTaken ? timing.rebroadcastMs : retryBroadcastMs),
    );
    if (!isTaken)
      log.warn({ ...key, attempt: String(attemptId), outcome }, "node did not take a transaction");
    if (outcome.type === "refused" && !memory.refusedOnce.has(attemptId)) {
      memory.refusedOnce.add(attemptId);
      fail(deps, memory, `the node refuses what it should take: ${outcome.message}`);
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
    status.quarantinedUntilMs = memory.standing.untilMs;
    if (!isNews && !memory.isNoteDue && clock.nowMs() - memory.notedAtMs < noteEveryMs) return;
    memory.notedAtMs = clock.nowMs();
    await ledger.note(balanceWei, hold, memory.standing);
    memory.isNoteDue = false;
  }

  return async function send(ledger) {
    const startedMs = memory.wokenAtMs ?? clock.nowMs();
    memory.wokenAtMs = null;
    if (memory.view === null || clock.nowMs() - memory.view.readAtMs > timing.staleAfterMs)
      return idleWaitMs;
    const [account, slots] = await Promise.all([
      store.readAccount(db.pool, key),
      store.readOpenSlots(db.pool, key),
    ]);
    if (account === undefined) throw new Error(`account ${key.address} is not in the ledger`);
    memory.clockOffsetMs = account.nowMs - clock.nowMs();
    for (const slot of slots)
      slot.nextBroadcastMs = (slot.attempt && memory.nextBroadcastMs.get(slot.attempt.id)) ?? 0;
    const known = new Set(slots.map((slot) => slot.attempt?.id));
    for (const id of memory.nextBroadcastMs.keys())
      if (!known.has(id)) memory.nextBroadcastMs.delete(id);
    for (const id of memory.refusedOnce) if (!known.has(id)) memory.refusedOnce.delete(id);

    const pausedReason = account.paused === null ? null : `paused: ${account.paused}`;
    const barred = pausedReason ?? barredBy(memory.standing, nowMs());
    const snapshot = { nextNonce: account.nextNonce, chain: memory.view, slots, settings, barred };
    const market = marketFees(memory.view.baseFeeWei, memory.view.tipWei, settings);
    const load = loadOf(key.address, deps.dedicated, snapshot, nowMs());
    const queued = await deps.allocator.take(load, market, nowMs());
    let signed: Signed[] = [];
    let actions: Action[];
    try {
      actions = decide({ ...snapshot, queued }, nowMs());
      await noteHold(ledger, actions, memory.view.balanceWei);
      const isWrite = ({ type }: Action): boolean => type !== "broadcast" && type !== "hold";
      if (actions.some(isWrite)) signed = await ledger.sign(actions, memory.view.head);
    } catch (error) {
      if (error instanceof SignerError) fail(deps, memory, `signer: ${error.message}`);
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
    if (outcomes.length > 0) memory.watchWake.wake();
    return status.open > 0 ? busyWaitMs : idleWaitMs;
  };
}

function errorText(outcome: Outcome): string | null {
  if (outcome.type === "accepted") return null;
  return "message" in outcome ? `${outcome.type}: ${outcome.message}` : outcome.type;
}

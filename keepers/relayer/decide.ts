import { marketFees, replacementFees, worstCostWei } from "./fees.ts";
import type {
  Attempt,
  ChainView,
  Content,
  Fees,
  OpenSlot,
  QueuedIntent,
  Rank,
  Settings,
} from "./model.ts";
import { byPriority, type AccountLoad } from "./schedule.ts";

/** Everything the decision depends on. */
export interface Snapshot {
  nextNonce: number;
  chain: ChainView;
  /** Open nonces, ascending. */
  slots: readonly OpenSlot[];
  queued: readonly QueuedIntent[];
  settings: Settings;
  /** Why nothing new is started (paused, quarantined); what is pending is still replaced. */
  barred?: string | null;
}

/** Why bytes are signed. */
export type Purpose = "new" | "group" | "stuck" | "underpriced" | "reused" | "cancelled";

/** What becomes of an intent that will not be sent (again). */
export interface Drop {
  intentId: bigint;
  status: "superseded" | "expired" | "failed";
  reason: string;
}

/** What is to be done, in order. */
export type Action =
  /** End a queued intent. */
  | { type: "drop"; drop: Drop }
  /** Sign bytes for a nonce, store them, then send them. `slotId` null reserves the account's next nonce. */
  | {
      type: "sign";
      nonce: number;
      slotId: bigint | null;
      /** The bytes that the decision was about; checked under the lock. */
      formerAttemptId: bigint | null;
      /** null signs a cancellation: nothing, sent to oneself. */
      intentId: bigint | null;
      fees: Fees;
      purpose: Purpose;
      /** The intent that loses the nonce. */
      drop: Drop | null;
    }
  /** Give a nonce back that the chain cannot use yet. */
  | { type: "vacate"; slotId: bigint; formerAttemptId: bigint; drop: Drop }
  /** Send stored bytes (again). */
  | { type: "broadcast"; attemptId: bigint }
  /** Nothing can be signed at the moment. */
  | { type: "hold"; reason: string };

/**
 * Decides what to do about the open nonces and the queue of one account. Pure.
 * Order of service: a nonce whose content is dead goes to the newest intent of the same group, else to the first in the
 * queue, else it is cancelled; then vacant nonces, then new ones; lanes by priority, first come first served inside.
 */
export function decide(snapshot: Snapshot, nowMs: number): Action[] {
  const { chain, settings } = snapshot;
  const actions: Action[] = [];
  const market = marketFees(chain.baseFeeWei, chain.tipWei, settings);
  const isBarred = (snapshot.barred ?? null) !== null;

  const queue: QueuedIntent[] = [];
  for (const intent of snapshot.queued) {
    const drop = deadness(intent, nowMs);
    if (drop === null) queue.push(intent);
    else actions.push({ type: "drop", drop });
  }
  queue.sort(byPriority);

  // A nonce below the chain's is used up: its receipt tells by what.
  const slots = snapshot.slots.filter((slot) => slot.nonce >= chain.nonce);
  let freeWei = chain.balanceWei;
  for (const slot of slots)
    if (slot.status === "pending" && slot.attempt) freeWei -= worstCostWei(slot.attempt);
  const isWanted = (slot: OpenSlot): boolean =>
    slot.status === "pending" &&
    slot.attempt !== null &&
    contentDeadness(slot, slot.attempt, nowMs)?.status !== "expired";
  const lastWanted = slots.findLast(isWanted)?.nonce ?? -1;
  let pendingCount = slots.filter((slot) => slot.status === "pending").length;
  let gap = false;
  let held: string | null = null;

  /** Takes the worst cost out of the free balance; false when it is not there. */
  const afford = (
    fees: Fees,
    gasLimit: bigint,
    valueWei: bigint,
    former: Attempt | null,
  ): boolean => {
    const extraWei =
      worstCostWei({ gasLimit, valueWei, fees }) - (former === null ? 0n : worstCostWei(former));
    if (extraWei > freeWei && extraWei > 0n) {
      held ??= `balance ${chain.balanceWei} wei is too low: ${extraWei - freeWei} wei more are needed`;
      return false;
    }
    freeWei -= extraWei;
    return true;
  };

  for (const slot of slots) {
    const { attempt } = slot;
    if (slot.status === "vacant" || attempt === null) {
      const intent = isBarred ? undefined : queue[0];
      const fees = (attempt && replacementFees(attempt.fees, market, settings)) ?? market;
      if (intent !== undefined && pendingCount < settings.maxPending) {
        if (afford(fees, intent.gasLimit, intent.valueWei, null)) {
          queue.shift();
          pendingCount++;
          actions.push(sign(slot, intent.id, fees, "reused", null));
          continue;
        }
      } else if (slot.nonce < lastWanted && pendingCount < settings.maxPending + cancelAllowance) {
        if (afford(fees, settings.cancelGas, 0n, null)) {
          pendingCount++;
          actions.push(sign(slot, null, fees, "cancelled", null));
          continue;
        }
      }
      gap = true;
      continue;
    }

    const drop = contentDeadness(slot, attempt, nowMs);
    if (drop !== null && gap && drop.status === "expired") {
      // Below it are nonces that nobody needs yet: filling them all only to cancel this one would be waste.
      actions.push({ type: "vacate", slotId: slot.id, formerAttemptId: attempt.id, drop });
      freeWei += worstCostWei(attempt);
      pendingCount--;
      continue;
    }
    const fees = replacementFees(attempt.fees, market, settings);
    if (drop !== null) {
      const sameGroup = queue.findIndex(
        (intent) => intent.group !== null && intent.group === slot.content?.group,
      );
      if (
        sameGroup >= 0 &&
        nowMs - attempt.createdMs < settings.groupReplaceMs &&
        attempt.accepted
      ) {
        queue.splice(sameGroup, 1);
      } else if (fees !== null) {
        const intent = sameGroup >= 0 ? queue[sameGroup] : isBarred ? undefined : queue[0];
        const purpose: Purpose =
          sameGroup >= 0 ? "group" : intent === undefined ? "cancelled" : "reused";
        if (afford(fees, intent?.gasLimit ?? settings.cancelGas, intent?.valueWei ?? 0n, attempt)) {
          if (intent !== undefined) queue.splice(queue.indexOf(intent), 1);
          actions.push(sign(slot, intent?.id ?? null, fees, purpose, drop));
          continue;
        }
      } else if (sameGroup >= 0) {
        // At the fee cap: the older one has to be mined first, then the newer gets a nonce of its own.
        queue.splice(sameGroup, 1);
      }
    } else if (fees !== null) {
      const purpose = whyReplace(slot, attempt, chain, settings);
      if (purpose !== null && afford(fees, attempt.gasLimit, attempt.valueWei, attempt)) {
        actions.push(sign(slot, attempt.intentId, fees, purpose, null));
        continue;
      }
    }
    // Dead bytes are sent again only where the fee cap forbids to replace them: else they would leave a gap.
    if (drop !== null && fees !== null) continue;
    if (slot.nextBroadcastMs <= nowMs) actions.push({ type: "broadcast", attemptId: attempt.id });
  }

  let nonce = snapshot.nextNonce;
  // The chain is ahead of the ledger: settled first.
  const ahead = chain.nonce > snapshot.nextNonce;
  while (!ahead && !gap && !isBarred && pendingCount < settings.maxPending) {
    const intent = queue[0];
    if (intent === undefined || !afford(market, intent.gasLimit, intent.valueWei, null)) break;
    queue.shift();
    pendingCount++;
    actions.push({
      type: "sign",
      nonce: nonce++,
      slotId: null,
      formerAttemptId: null,
      intentId: intent.id,
      fees: market,
      purpose: "new",
      drop: null,
    });
  }
  const reason = snapshot.barred ?? held;
  if (reason !== null) actions.push({ type: "hold", reason });
  return actions;
}

/** Cancellations that close a gap may go beyond the limit of open nonces: without them nothing above is mined. */
const cancelAllowance = 16;

function sign(
  slot: OpenSlot,
  intentId: bigint | null,
  fees: Fees,
  purpose: Purpose,
  drop: Drop | null,
): Extract<Action, { type: "sign" }> {
  const formerAttemptId = slot.attempt?.id ?? null;
  return {
    type: "sign",
    nonce: slot.nonce,
    slotId: slot.id,
    formerAttemptId,
    intentId,
    fees,
    purpose,
    drop,
  };
}

/**
 * Sums up an account for the scheduler. Pure.
 * @param snapshot all but the queue
 */
export function loadOf(
  address: string,
  dedicated: boolean,
  snapshot: Omit<Snapshot, "queued">,
  nowMs: number,
): AccountLoad {
  const { chain, settings } = snapshot;
  const open = snapshot.slots.filter(
    (slot) => slot.nonce >= chain.nonce && slot.status === "pending" && slot.attempt !== null,
  );
  const wanted = open.filter((slot) => contentDeadness(slot, slot.attempt!, nowMs) === null);
  return {
    address,
    // A nonce whose content is dead takes a new one without opening another.
    pending: wanted.length,
    maxPending: settings.maxPending,
    freeWei: open.reduce((wei, slot) => wei - worstCostWei(slot.attempt!), chain.balanceWei),
    dedicated,
    barred: snapshot.barred ?? null,
    groups: new Set(open.flatMap((slot) => slot.content?.group ?? [])),
  };
}

/** @returns why an intent must not be sent; null when it may. */
export function deadness(intent: Content, nowMs: number): Drop | null {
  if (intent.expiresAtMs !== null && nowMs >= intent.expiresAtMs) {
    const reason = `expired at ${new Date(intent.expiresAtMs).toISOString()}`;
    return { intentId: intent.id, status: "expired", reason };
  }
  if (intent.cancelReason !== null) {
    const reason = `cancelled: ${intent.cancelReason}`;
    return { intentId: intent.id, status: "failed", reason };
  }
  if (intent.newest !== null && compareRanks(intent.newest, intent) > 0) {
    const reason = `replaced by intent ${intent.newest.id} of the same group`;
    return { intentId: intent.id, status: "superseded", reason };
  }
  return null;
}

/** @returns what becomes of a pending nonce's intent when its bytes must not be mined; null when they may. */
function contentDeadness(slot: OpenSlot, attempt: Attempt, nowMs: number): Drop | null {
  if (attempt.intentId === null || slot.content === null) return null;
  if (!attempt.accepted && attempt.error?.startsWith("rejected") === true) {
    return { intentId: slot.content.id, status: "failed", reason: attempt.error };
  }
  if (slot.content.status !== "sent") {
    return { intentId: slot.content.id, status: "superseded", reason: "no longer wanted" };
  }
  return deadness(slot.content, nowMs);
}

function whyReplace(
  slot: OpenSlot,
  attempt: Attempt,
  chain: ChainView,
  settings: Settings,
): Purpose | null {
  if (attempt.error === "underpriced") return "underpriced";
  if (chain.head - attempt.signedAtBlock < settings.replaceAfterBlocks) return null;
  const blocksWithoutUs = slot.nonce === chain.nonce;
  const belowMarket = attempt.fees.maxFeeWei < chain.baseFeeWei;
  return blocksWithoutUs || belowMarket ? "stuck" : null;
}

function compareRanks(a: Rank, b: Rank): number {
  return compareIds(a.ordinal, b.ordinal) || compareIds(a.id, b.id);
}

function compareIds(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

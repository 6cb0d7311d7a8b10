import type { ChainView, Settings } from "./model.ts";

/** A receipt of one of our transactions. */
export interface Receipt {
  hash: string;
  blockNumber: number;
  blockHash: string;
  succeeded: boolean;
  gasUsed: bigint;
  effectiveGasPriceWei: bigint;
}

/** A nonce that may have been used up, or whose block may be gone. */
export interface WatchedSlot {
  id: bigint;
  nonce: number;
  status: "pending" | "vacant" | "mined" | "final" | "foreign";
  missingSinceBlock: number | null;
  /** Every set of bytes ever signed for it; any may win. */
  attempts: ReadonlyArray<{ id: bigint; hash: string }>;
}

/** What the chain has made of a nonce. */
export type Settlement =
  | { type: "mined"; slotId: bigint; attemptId: bigint; receipt: Receipt; final: boolean }
  /** The chain went back: its transaction is no longer in a block. */
  | { type: "reopened"; slotId: bigint; head: number }
  /** Used up, and no receipt of ours so far. */
  | { type: "missing"; slotId: bigint; sinceBlock: number }
  /** Used up by a transaction that is not ours; holds of the slot as long as this is its newest attempt. */
  | { type: "foreign"; slotId: bigint; newestAttemptId: bigint | null };

/**
 * Compares nonces with the chain. Pure.
 * @param receipts by hash, of all attempts of the slots whose nonce is used up
 * @param behind whether the chain has been behind the ledger for long enough to believe it
 */
export function settle(
  slots: readonly WatchedSlot[],
  receipts: ReadonlyMap<string, Receipt>,
  chain: ChainView,
  settings: Pick<Settings, "confirmations" | "foreignAfterBlocks">,
  behind: boolean,
): Settlement[] {
  const settlements: Settlement[] = [];
  for (const slot of slots) {
    if (slot.nonce >= chain.nonce) {
      const settled =
        slot.status === "mined" || slot.status === "final" || slot.status === "foreign";
      if (settled && behind)
        settlements.push({ type: "reopened", slotId: slot.id, head: chain.head });
      continue;
    }
    if (slot.status === "final" || slot.status === "foreign") continue;
    const winner = slot.attempts.find((attempt) => receipts.has(attempt.hash));
    const receipt = winner && receipts.get(winner.hash);
    if (winner !== undefined && receipt !== undefined) {
      const depth = chain.head - receipt.blockNumber + 1;
      const final = depth >= settings.confirmations;
      settlements.push({ type: "mined", slotId: slot.id, attemptId: winner.id, receipt, final });
    } else if (slot.missingSinceBlock === null || slot.missingSinceBlock > chain.head) {
      settlements.push({ type: "missing", slotId: slot.id, sinceBlock: chain.head });
    } else if (chain.head - slot.missingSinceBlock >= settings.foreignAfterBlocks) {
      settlements.push({ type: "foreign", slotId: slot.id, newestAttemptId: newestOf(slot) });
    }
  }
  return settlements;
}

function newestOf({ attempts }: WatchedSlot): bigint | null {
  return attempts.reduce<bigint | null>(
    (newest, { id }) => (newest === null || id > newest ? id : newest),
    null,
  );
}

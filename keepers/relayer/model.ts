import type { IntentStatus, Lane } from "../shared/intents.ts";

/** EIP-1559 fees of one transaction, wei per gas. */
export interface Fees {
  maxFeeWei: bigint;
  tipWei: bigint;
}

/** Bytes signed for a nonce. */
export interface Attempt {
  id: bigint;
  hash: string;
  /** null: a cancellation. */
  intentId: bigint | null;
  fees: Fees;
  gasLimit: bigint;
  valueWei: bigint;
  /** Head when it was signed. */
  signedAtBlock: number;
  createdMs: number;
  /** Whether a node ever took it. */
  accepted: boolean;
  /** Last answer of a node when it did not take it, see `broadcast.ts`. */
  error: string | null;
}

/** An intent as far as a nonce that carries it is concerned. */
export interface Content {
  id: bigint;
  group: string | null;
  ordinal: bigint;
  expiresAtMs: number | null;
  status: IntentStatus;
  /** Why somebody asked to have it cancelled; null when nobody did. */
  cancelReason: string | null;
  /** The newest of its group that is queued, sent or confirmed. */
  newest: Rank | null;
}

/** Order inside a group: by ordinal, then by arrival. */
export interface Rank {
  ordinal: bigint;
  id: bigint;
}

/** A queued intent. */
export interface QueuedIntent extends Content {
  lane: Lane;
  /** The only account that may send it; null leaves the choice. */
  account: string | null;
  valueWei: bigint;
  gasLimit: bigint;
}

/** A nonce that is still open: pending or vacant. */
export interface OpenSlot {
  id: bigint;
  nonce: number;
  status: "pending" | "vacant";
  /** null: a cancellation, or nothing. */
  content: Content | null;
  /** Newest bytes; null when a vacant nonce was never used by this relayer. */
  attempt: Attempt | null;
  /** Wall-clock time from which the bytes should be sent (again); 0 when this process never sent them. */
  nextBroadcastMs: number;
}

/** What a node says about chain and account. */
export interface ChainView {
  /** Number of the newest block. */
  head: number;
  baseFeeWei: bigint;
  /** Tip to offer. */
  tipWei: bigint;
  /** Next nonce of the account at that block. */
  nonce: number;
  balanceWei: bigint;
  /** When it was read. */
  readAtMs: number;
}

/** Tunables of one account's decisions. */
export interface Settings {
  /** Nonces open at the same time. */
  maxPending: number;
  /** Blocks after which unmined bytes are replaced at a higher fee. */
  replaceAfterBlocks: number;
  /** Least age of pending bytes before a newer intent of the group replaces them: bounds what bumping costs. */
  groupReplaceMs: number;
  /** Percent by which a replacement raises both fees. */
  bumpPercent: number;
  baseFeeMultiplier: number;
  /** Hard cap of the fee per gas. */
  maxFeeWei: bigint;
  /** Blocks after which a nonce that is used up without a receipt of ours counts as taken by someone else. */
  foreignAfterBlocks: number;
  /** Depth at which a transaction counts as final; 1 is the head. */
  confirmations: number;
  /** How often an intent whose nonce was taken is queued again. */
  maxRequeues: number;
  /** Gas limit of a cancellation: 21,000 but for chains that charge more for a bare transfer. */
  cancelGas: bigint;
}

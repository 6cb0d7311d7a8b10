/** What the parts of the keeper talk about. */

/** Which coordinator on which chain. */
export interface Coordinate {
  readonly chainId: number;
  /** Address of the coordinator, lower case. */
  readonly coordinator: string;
}

/** A request as it stands in a block: a reorg that moves it to another block makes it another one. */
export interface VrfRequest {
  readonly requestId: bigint;
  readonly block: number;
  /** Lower-case hex; part of what is proved. */
  readonly blockHash: string;
  /** Unix seconds of that block. */
  readonly blockTime: number;
  readonly keyHash: string;
  readonly subId: bigint;
  /** The consumer that is called back, lower case. */
  readonly sender: string;
  readonly callbackGasLimit: number;
  readonly numWords: number;
  /** Blocks between the request's block and the first that may fulfil it. */
  readonly confirmations: number;
  /** Reserve, premium and bond share as the contract packs them; a fulfilment repeats them. */
  readonly terms: bigint;
}

/** How an attempt to deliver a proof ended, or that it has not. */
export interface Delivery {
  /** 1 for the first; each further one has an intent of its own. */
  readonly attempt: number;
  readonly status: "queued" | "sent" | "confirmed" | "failed" | "superseded" | "expired";
  readonly reason: string | null;
  /** Block of its transaction, null while there is none. */
  readonly block: number | null;
  readonly transactionHash: string | null;
}

/** A request that the index holds for pending, with what this keeper has done about it. */
export interface PendingRequest {
  readonly request: VrfRequest;
  /** null while no proof is stored. */
  readonly delivery: Delivery | null;
}

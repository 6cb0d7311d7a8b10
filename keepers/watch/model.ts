/** What an operator says about a slot, as it signed it. */
export interface Observation {
  readonly setId: number;
  /** Unix seconds. */
  readonly slot: number;
  /** Index in the set. */
  readonly operator: number;
  /** By feed index of the set, 8 decimals; 0 is "no price". */
  readonly pricesE8: readonly bigint[];
}

/** An observation with its ECDSA signature over the EIP-712 message, 65 bytes in hex. */
export interface SignedObservation extends Observation {
  readonly signature: string;
}

/** A multisignature of a report, as `PriceFeeds.submit` takes it. */
export interface Multisignature {
  readonly s: bigint;
  readonly commitment: string;
  readonly zInverse: bigint;
}

/** A report with everything that it stands on. */
export interface ReportBundle {
  /** Packed bytes in hex. */
  readonly report: string;
  readonly signature: Multisignature;
  /** In the root's order; empty when the operator that was asked did not see them. */
  readonly observations: readonly SignedObservation[];
}

/** One set as the chain describes it; never changes under its id. */
export interface OperatorSet {
  readonly id: number;
  readonly quorum: number;
  readonly feeds: number;
  readonly operators: readonly SetOperator[];
}

/** One operator of a set. */
export interface SetOperator {
  readonly account: string;
  /** Affine secp256k1 key. */
  readonly x: bigint;
  readonly y: bigint;
  /** Address of the key, checksummed. */
  readonly signer: string;
}

/** Two observations that one operator signed for one slot. */
export interface Contradiction {
  readonly kind: "equivocation";
  readonly id: string;
  readonly setId: number;
  readonly slot: number;
  readonly operator: number;
  /** Each with the digest that was signed. */
  readonly said: readonly [Stored, Stored];
}

/** One side of a contradiction. */
export interface Stored {
  readonly pricesE8: readonly bigint[];
  readonly digest: bigint;
  readonly signature: string;
}

/** A report that does not follow from the observations under its root. */
export interface WrongReport {
  readonly kind: "medians";
  readonly id: string;
  readonly setId: number;
  readonly slot: number;
  readonly digest: string;
  /** Packed bytes in hex. */
  readonly report: string;
  readonly signature: Multisignature;
  readonly observations: readonly {
    readonly operator: number;
    readonly pricesE8: readonly bigint[];
  }[];
}

/** Proof that somebody lied. */
export type Evidence = Contradiction | WrongReport;

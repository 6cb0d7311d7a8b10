/** One set as the chain describes it; never changes under its id. */
export interface ProvingSet {
  readonly id: number;
  readonly quorum: number;
  /** Names by feed index, for example "BTC/USD". */
  readonly feeds: readonly string[];
  readonly operators: readonly ProvingOperator[];
}

/** One operator of a set. */
export interface ProvingOperator {
  readonly account: string;
  /** Affine grumpkin key. */
  readonly key: { readonly x: bigint; readonly y: bigint };
}

/** A signed report as `PriceFeeds.submit` took it. */
export interface SignedReport {
  /** Packed bytes in hex. */
  readonly bytes: string;
  readonly signature: {
    readonly s: bigint;
    readonly commitment: string;
    readonly zInverse: bigint;
  };
}

/** An observation with the signature that the circuit checks. */
export interface ProvableObservation {
  /** Index in the set. */
  readonly operator: number;
  /** By feed index of the set, 8 decimals; 0 is "no price". */
  readonly pricesE8: readonly bigint[];
  readonly proof: { readonly s: bigint; readonly e: bigint };
}

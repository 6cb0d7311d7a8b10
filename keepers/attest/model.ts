/** Where reports are signed for. */
export interface Domain {
  readonly chainId: number;
  /** Address of PriceFeeds, lower case. */
  readonly priceFeeds: string;
}

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

/** What a report's bytes say (layout in IPriceFeeds). */
export interface Report {
  readonly setId: number;
  /** Unix seconds. */
  readonly slot: number;
  readonly root: bigint;
  readonly entries: readonly ReportEntry[];
}

/** One feed's answer in a report. */
export interface ReportEntry {
  readonly feed: number;
  readonly count: number;
  readonly answerE8: bigint;
}

/** An observation with the signature that the circuit checks. */
export interface ProvableObservation {
  /** Index in the set. */
  readonly operator: number;
  /** By feed index of the set, 8 decimals; 0 is "no price". */
  readonly pricesE8: readonly bigint[];
  readonly proof: { readonly s: bigint; readonly e: bigint };
}

const RESERVE_BITS = 72;
const PREMIUM_BITS = 64;
const BOND_SHARE_BITS = 72;

/** Terms of a request, in wei. */
export interface VrfTerms {
  /** Set aside by the subscription. */
  readonly reserve: bigint;
  /** The operator's fee beside the gas. */
  readonly premium: bigint;
  /** What a refund takes from the key's bond for the subscription. */
  readonly bondShare: bigint;
}

/**
 * Unpacks the terms of a request; the layout stands at `IVRFCoordinator.Request`.
 *
 * @param packed `preSeed` of RandomWordsRequested: reserve in bits 0 to 71, premium in 72 to 135, bond share in 136 to
 * 207; above them is where the contract keeps the request.
 */
export function unpackTerms(packed: bigint): VrfTerms {
  return {
    reserve: BigInt.asUintN(RESERVE_BITS, packed),
    premium: BigInt.asUintN(PREMIUM_BITS, packed >> BigInt(RESERVE_BITS)),
    bondShare: BigInt.asUintN(BOND_SHARE_BITS, packed >> BigInt(RESERVE_BITS + PREMIUM_BITS)),
  };
}

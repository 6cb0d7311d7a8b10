import type { Fees } from "./model.ts";

/** What the fee functions need to know. */
export interface FeeSettings {
  /** Headroom over the base fee; 2 survives six full blocks in a row (1.125^6 = 2.03). */
  baseFeeMultiplier: number;
  /** Hard cap of the fee per gas. */
  maxFeeWei: bigint;
  /** Percent by which a replacement raises both fees: nodes ask for 10, some for 12.5. */
  bumpPercent: number;
}

const tenthsOfPercent = 1_000n;
const minBumpPercent = 10;

/**
 * Fees of a transaction that replaces nothing: base fee × multiplier + tip under the hard cap (EIP-1559).
 * @returns a tip never above the cap
 */
export function marketFees(baseFeeWei: bigint, tipWei: bigint, settings: FeeSettings): Fees {
  const headroomWei =
    (baseFeeWei * BigInt(Math.round(settings.baseFeeMultiplier * 1_000))) / 1_000n;
  const maxFeeWei = min(headroomWei + tipWei, settings.maxFeeWei);
  return { maxFeeWei, tipWei: min(tipWei, maxFeeWei) };
}

/**
 * Fees of a transaction that replaces one with the same nonce: the market's, and at least `bumpPercent` (never less
 * than 10) above the former for both the fee and the tip, rounded up.
 * @returns null when the hard cap does not allow the raise: the former transaction has to be waited for
 */
export function replacementFees(former: Fees, market: Fees, settings: FeeSettings): Fees | null {
  const raised: Fees = {
    maxFeeWei: max(market.maxFeeWei, raise(former.maxFeeWei, settings.bumpPercent)),
    tipWei: max(market.tipWei, raise(former.tipWei, settings.bumpPercent)),
  };
  // Nodes reject a tip above the fee.
  const maxFeeWei = max(raised.maxFeeWei, raised.tipWei);
  return maxFeeWei > settings.maxFeeWei ? null : { maxFeeWei, tipWei: raised.tipWei };
}

/** @returns the most that a transaction can take from the account, in wei. */
export function worstCostWei(transaction: {
  gasLimit: bigint;
  valueWei: bigint;
  fees: Fees;
}): bigint {
  return transaction.gasLimit * transaction.fees.maxFeeWei + transaction.valueWei;
}

function raise(wei: bigint, percent: number): bigint {
  const factor = tenthsOfPercent + BigInt(Math.ceil(Math.max(percent, minBumpPercent) * 10));
  return (wei * factor + tenthsOfPercent - 1n) / tenthsOfPercent;
}

function min(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}

function max(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}

const ANSWER_LIMIT = 2n ** 95n;

/**
 * The one place where a price leaves floating point: rounded to 8 decimals, half up.
 *
 * @param price Price in the unit.
 * @returns Price in 1e-8 units, 0 < priceE8 < 2^95, or null when an answer cannot hold it.
 */
export function toE8(price: number): bigint | null {
  const scaled = Math.round(price * 1e8);
  if (!Number.isFinite(scaled) || scaled <= 0) return null;
  const priceE8 = BigInt(scaled);
  return priceE8 < ANSWER_LIMIT ? priceE8 : null;
}

import type { Observation } from "../signing/observation.ts";

const BPS = 10_000n;

/** Element ⌊(n−1)/2⌋ of the sorted values, null of none: always a value that somebody observed. */
export function lowerMedian(values: readonly bigint[]): bigint | null {
  const sorted = values.toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? null;
}

/** All prices that the observations hold for a feed. */
export function pricesOf(observations: readonly Observation[], feedIndex: number): bigint[] {
  return observations
    .map(({ pricesE8 }) => pricesE8[feedIndex] ?? 0n)
    .filter((priceE8) => priceE8 > 0n);
}

/** Whether |value − reference| is at most so many basis points of the reference. */
export function distanceAtMost(value: bigint, reference: bigint, bps: number): boolean {
  const distance = value > reference ? value - reference : reference - value;
  return distance * BPS <= BigInt(bps) * reference;
}

/** Shares this close to one half are one half: rounding must not choose between two prices. */
const HALF_TOLERANCE = 1e-9;
/** A venue whose liquidity is unknown or tiny still has this much of the largest one's weight. */
const MIN_RELATIVE_WEIGHT = 0.01;

/** A price and how much it weighs. */
export interface Weighted {
  readonly price: number;
  readonly weight: number;
}

/**
 * Turns liquidity into shares of the vote, each at most the cap. What a large venue loses is shared out among the
 * others in proportion to theirs. The cap is widened to 1.1/n where few venues could not fill the whole, but never
 * above one half, so that no venue decides alone as soon as there are two.
 *
 * @param weights Liquidity of each venue, ≥ 0, any unit.
 * @param maxShare Largest share, e.g. 0.22: below a quarter no two of five venues hold half.
 * @returns Shares in the same order, summing to 1.
 */
export function cappedShares(weights: readonly number[], maxShare: number): number[] {
  const count = weights.length;
  if (count === 0) return [];
  if (count === 1) return [1];
  const cap = Math.min(0.5, Math.max(maxShare, 1.1 / count));
  const largest = Math.max(...weights);
  const floored = weights.map((weight) =>
    largest > 0 ? Math.max(weight / largest, MIN_RELATIVE_WEIGHT) : 1,
  );
  const shares = floored.map(() => 0);
  let open = floored.map((_, index) => index);
  let rest = 1;
  for (;;) {
    const total = open.reduce((sum, index) => sum + floored[index]!, 0);
    const over = open.filter((index) => (floored[index]! / total) * rest > cap);
    if (over.length === 0) {
      for (const index of open) shares[index] = (floored[index]! / total) * rest;
      return shares;
    }
    for (const index of over) shares[index] = cap;
    rest -= cap * over.length;
    open = open.filter((index) => shares[index] === 0);
    if (open.length === 0) return shares;
  }
}

/**
 * Weighted median: the lowest price at which the shares up to it exceed one half; the middle between it and the next
 * when they are exactly one half.
 *
 * @param items At least one price, shares summing to 1.
 */
export function weightedMedian(items: readonly Weighted[]): number {
  const sorted = [...items].sort((a, b) => a.price - b.price || a.weight - b.weight);
  let sum = 0;
  for (let index = 0; index < sorted.length; index += 1) {
    const { price, weight } = sorted[index]!;
    sum += weight;
    if (Math.abs(sum - 0.5) <= HALF_TOLERANCE) {
      const next = sorted[index + 1]?.price ?? price;
      return price + (next - price) / 2;
    }
    if (sum > 0.5) return price;
  }
  return sorted[sorted.length - 1]!.price;
}

/**
 * The middle of a list of prices that no single one of them can move beyond its neighbours: the one or two middle
 * prices of up to eight, the middle third of more. Whatever filters and weights say, the result stays inside.
 *
 * For an odd number the middle price of n always lies between the two middle prices of the n − 1 others, whatever
 * value the n-th takes; the same interval follows for an even number.
 *
 * @param prices At least one price.
 * @returns Both ends, inclusive.
 */
export function middle(prices: readonly number[]): { low: number; high: number } {
  const sorted = [...prices].sort((a, b) => a - b);
  const count = sorted.length;
  const rank = Math.min(Math.ceil(count / 2), Math.ceil(count / 3) + 1);
  return { low: sorted[rank - 1]!, high: sorted[count - rank]! };
}

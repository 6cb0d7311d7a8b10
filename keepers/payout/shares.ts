/**
 * Divides a pool by weights, to the last unit: each gets ⌊pool · weight / total⌋, and what is left goes, one unit each,
 * to those with the largest remainders, the earlier of equals first (Hamilton's method).
 * @param weights none negative
 * @returns amounts in the order of the weights; their sum is the pool, or 0 where all weights are 0
 */
export function sharesOf(pool: bigint, weights: readonly bigint[]): bigint[] {
  let total = 0n;
  for (const weight of weights) {
    if (weight < 0n) throw new RangeError(`negative weight ${weight}`);
    total += weight;
  }
  if (total === 0n) return weights.map(() => 0n);
  let left = pool;
  const amounts: bigint[] = [];
  const remainders: bigint[] = [];
  for (const weight of weights) {
    const product = pool * weight;
    const amount = product / total;
    amounts.push(amount);
    remainders.push(product - amount * total);
    left -= amount;
  }
  const order = remainders
    .map((_, i) => i)
    .sort((a, b) => {
      const [first, second] = [remainders[a]!, remainders[b]!];
      return first === second ? a - b : first > second ? -1 : 1;
    });
  // Fewer units are left than there are remainders above zero.
  for (const i of order.slice(0, Number(left))) amounts[i]! += 1n;
  return amounts;
}

/** Makes the median absolute deviation of a normal sample estimate its standard deviation: 1 / Φ⁻¹(3/4). */
const MAD_TO_SIGMA = 1.4826;

/**
 * Median of any non-empty list; the mean of the two middle values when their number is even.
 */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)]!;
  const lower = sorted[Math.floor((sorted.length - 1) / 2)]!;
  return lower + (upper - lower) / 2;
}

/** Limits within which prices are believed, both inclusive. */
export interface Limits {
  readonly centre: number;
  readonly low: number;
  readonly high: number;
}

/**
 * Limits of the median absolute deviation filter (Leys et al. 2013; 3.5 after Iglewicz and Hoaglin 1993). Half of the
 * values or more always lie inside; fewer than three values cannot name an outlier.
 *
 * @param values At least one positive price.
 * @param deviations Half-width in scaled median absolute deviations.
 * @param floorBps Smallest half-width, in basis points of the median.
 */
export function madLimits(values: readonly number[], deviations: number, floorBps: number): Limits {
  const centre = median(values);
  if (values.length < 3) return { centre, low: 0, high: Number.POSITIVE_INFINITY };
  const mad = median(values.map((value) => Math.abs(value - centre)));
  const half = Math.max(deviations * MAD_TO_SIGMA * mad, (centre * floorBps) / 10_000);
  return { centre, low: centre - half, high: centre + half };
}

/**
 * Moves values that lie further than `deviations` standard deviations from the mean to that distance, so that what
 * the filter let through cannot pull where two prices are averaged. Order is kept.
 *
 * @param values Prices; fewer than three are returned as they are.
 * @param deviations Distance in population standard deviations.
 */
export function capByDeviation(values: readonly number[], deviations: number): number[] {
  if (values.length < 3) return [...values];
  // A sorted sum, so that the order of the venues does not show in the last digit.
  const sorted = [...values].sort((a, b) => a - b);
  const origin = sorted[0]!;
  const mean = origin + sorted.reduce((sum, value) => sum + (value - origin), 0) / sorted.length;
  const variance = sorted.reduce((sum, value) => sum + (value - mean) ** 2, 0) / sorted.length;
  const reach = deviations * Math.sqrt(variance);
  return values.map((value) => Math.min(Math.max(value, mean - reach), mean + reach));
}

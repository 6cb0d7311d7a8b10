/** Bounds of the wait between two attempts. */
export interface BackoffSettings {
  /** Wait before the second attempt, before jitter. */
  baseMs: number;
  /** Longest wait, jitter included. */
  capMs: number;
}

/**
 * Wait before the next attempt: doubles with every failure, jittered over its upper half so that operators that lost a
 * venue together do not return together.
 *
 * @param failures Failures in a row, ≥ 1.
 * @param random Uniform in [0, 1).
 * @returns Milliseconds in [half, whole] of min(capMs, baseMs · 2^(failures − 1)).
 */
export function backoffMs(
  failures: number,
  random: number,
  { baseMs, capMs }: BackoffSettings,
): number {
  const whole = Math.min(capMs, baseMs * 2 ** Math.min(failures - 1, 30));
  return Math.round(whole * (0.5 + 0.5 * random));
}

/** An observation that repeats without a break: what one look tells may be an endpoint that lags or lies. */
export interface Streak {
  readonly sinceMs: number;
  readonly looks: number;
}

/** A slow machine looks seldom: time alone would let two looks in a row decide. */
const enoughLooks = 4;

/** @returns the streak after one more look; null once a look contradicts. */
export function continued(before: Streak | null, holds: boolean, nowMs: number): Streak | null {
  if (!holds) return null;
  return { sinceMs: before?.sinceMs ?? nowMs, looks: (before?.looks ?? 0) + 1 };
}

/** @returns whether it has lasted for so long, and for at least four looks. */
export function isBelievable(streak: Streak | null, afterMs: number, nowMs: number): boolean {
  return streak !== null && streak.looks >= enoughLooks && nowMs - streak.sinceMs >= afterMs;
}

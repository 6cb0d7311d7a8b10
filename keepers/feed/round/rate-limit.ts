import type { Clock } from "../../shared/clock.ts";

/** Token buckets by key. */
export interface RateLimit {
  /** Takes one token; false if there is none. */
  take(key: string): boolean;
}

const MAX_KEYS = 10_000;

/** Creates a limit; memory is bounded, full buckets are forgotten first. */
export function createRateLimit(
  { perSecond, burst }: { readonly perSecond: number; readonly burst: number },
  clock: Clock,
): RateLimit {
  const buckets = new Map<string, { tokens: number; atMs: number }>();
  return {
    take(key) {
      const nowMs = clock.nowMs();
      const bucket = buckets.get(key) ?? { tokens: burst, atMs: nowMs };
      const elapsedMs = Math.max(0, nowMs - bucket.atMs);
      const tokens = Math.min(burst, bucket.tokens + (elapsedMs * perSecond) / 1_000);
      // Moved to the end, so that the first key is the one unused for longest.
      buckets.delete(key);
      buckets.set(key, { tokens: Math.max(0, tokens - 1), atMs: nowMs });
      const [oldest] = buckets.keys();
      if (buckets.size > MAX_KEYS && oldest !== undefined) buckets.delete(oldest);
      return tokens >= 1;
    },
  };
}

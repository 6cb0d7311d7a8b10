/** What an operator did over a time, as far as the index and its database know. */
export interface Record {
  /** Reports of sets that it belonged to. */
  readonly reports: number;
  /** Those of them that it signed. */
  readonly signed: number;
  /** Mean seconds from slot to block of what it signed; null if it signed nothing. */
  readonly meanLatencySeconds: number | null;
  /** Mean distance of its own prices from the published answers, in basis points; null where its prices are not known. */
  readonly meanDeviationBps: number | null;
}

/** Reputation and its parts, each from 0 to 10,000; null where nothing is known. */
export interface Reputation {
  readonly score: number | null;
  readonly participation: number | null;
  readonly accuracy: number | null;
  readonly promptness: number | null;
}

const FULL = 10_000;
const WEIGHTS = { participation: 70, accuracy: 20, promptness: 10 } as const;
/** Cosigners refuse what is further off: a price this far off is worth nothing. */
const DEVIATION_LIMIT_BPS = 50;
/** A report lands in the next block or the one after it; one that took this long missed its takeover. */
const LATENCY_BEST_SECONDS = 2;
const LATENCY_WORST_SECONDS = 12;

/**
 * Reputation of an operator. Liveness costs nothing but this.
 *
 *     participation = signed / reports
 *     accuracy      = 1 − mean deviation / 50 bps, at least 0
 *     promptness    = 1 − (mean latency − 2 s) / 10 s, from 0 to 1
 *     score         = (70 · participation + 20 · accuracy + 10 · promptness) / 100
 *
 * each in basis points, rounded down. A part that is not known is left out, and the others' weights count in its place.
 * Without reports there is no score.
 */
export function reputationOf(record: Record): Reputation {
  const { meanDeviationBps, meanLatencySeconds, reports, signed } = record;
  const parts = {
    participation: reports === 0 ? null : share(signed / reports),
    accuracy: meanDeviationBps === null ? null : share(1 - meanDeviationBps / DEVIATION_LIMIT_BPS),
    promptness:
      meanLatencySeconds === null
        ? null
        : share(
            1 -
              (meanLatencySeconds - LATENCY_BEST_SECONDS) /
                (LATENCY_WORST_SECONDS - LATENCY_BEST_SECONDS),
          ),
  };
  if (parts.participation === null) return { score: null, ...parts };
  let sum = 0;
  let weights = 0;
  for (const name of ["participation", "accuracy", "promptness"] as const) {
    const part = parts[name];
    if (part === null) continue;
    sum += WEIGHTS[name] * part;
    weights += WEIGHTS[name];
  }
  return { score: Math.floor(sum / weights), ...parts };
}

function share(part: number): number {
  return Math.floor(FULL * Math.min(1, Math.max(0, part)));
}

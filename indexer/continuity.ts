/** What the database remembers of a chain, and what the chain says now. */
export interface Evidence {
  /** Number of the chain's latest block. */
  readonly head: number;
  /** Block that the index holds for final, null before the first. */
  readonly finalized: number | null;
  /** Highest block that the database has seen as final, at or below the head: its hash then and now. */
  readonly seen: {
    readonly number: number;
    readonly hash: string;
    readonly hashNow: string | null;
  } | null;
}

/** What to do with the index of a chain before Ponder starts. */
export type Verdict =
  | { readonly kind: "continue" }
  /** The chain has yet to reach what the index holds for final. */
  | { readonly kind: "behind"; readonly reason: string }
  /** The chain has another history: only a new index is right. */
  | { readonly kind: "replaced"; readonly reason: string };

const DEFAULT_FINALITY = 30;
// Ponder's own table (utils/finality.ts): it refuses to start when this many blocks below the head lie below what it
// held for final before.
const FINALITY: Readonly<Record<number, number>> = {
  1: 65,
  3: 65,
  4: 65,
  5: 65,
  42: 65,
  11155111: 65,
  137: 200,
  80001: 200,
  42161: 240,
  42170: 240,
  421611: 240,
};

/**
 * Judges whether an index can go on.
 *
 * @param chainId Decides how many blocks Ponder holds for not final.
 * @param evidence Block numbers and hashes.
 */
export function judgeContinuity(chainId: number, { head, finalized, seen }: Evidence): Verdict {
  if (seen !== null && seen.hashNow !== seen.hash) {
    const now = seen.hashNow ?? "missing";
    return {
      kind: "replaced",
      reason: `block ${seen.number} was ${seen.hash} and is ${now}`,
    };
  }
  if (finalized === null) return { kind: "continue" };
  const finalNow = Math.max(0, head - (FINALITY[chainId] ?? DEFAULT_FINALITY));
  if (finalNow >= finalized) return { kind: "continue" };
  return {
    kind: "behind",
    reason: `the chain's head ${head} makes block ${finalNow} final, the index holds ${finalized} for final`,
  };
}

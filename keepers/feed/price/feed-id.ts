/** A feed's pair: one base is worth so much quote. */
export interface Pair {
  readonly base: string;
  readonly quote: string;
}

/**
 * Splits a feed id such as "BTC/USD".
 *
 * @returns The pair, or null when the id is not two upper-case symbols around one slash.
 */
export function parseFeedId(feedId: string): Pair | null {
  const match = /^([A-Z0-9.]+)\/([A-Z0-9.]+)$/.exec(feedId);
  if (match?.[1] === undefined || match[2] === undefined || match[1] === match[2]) return null;
  return { base: match[1], quote: match[2] };
}

import type { ApiFeed } from "./api.ts";
import type { OperatorStatus } from "./status.ts";

/** New rounds since this start that make a feed healthy. */
const newRounds = 2;

export interface FeedHealth {
  readonly id: string;
  /** True when enough operators have a price for it: then it must publish. */
  readonly expected: boolean;
  readonly healthy: boolean;
  /** Why it is not expected or not yet healthy; null when it is healthy. */
  readonly reason: string | null;
}

/**
 * Judges every feed.
 * @param feeds What the index serves.
 * @param statuses Recent words of the operators.
 * @param firstRounds Round of each feed at this start.
 * @param quorum Operators that a round needs.
 */
export function judge(
  feeds: readonly ApiFeed[],
  statuses: readonly OperatorStatus[],
  firstRounds: ReadonlyMap<string, number>,
  quorum: number,
): FeedHealth[] {
  return feeds.map((feed) => {
    const views = statuses
      .map((status) => status.feeds[feed.id])
      .filter((view) => view !== undefined);
    const priced = views.filter((view) => view.priceE8 !== null).length;
    const fresh = feed.round - (firstRounds.get(feed.id) ?? 0);
    if (priced < quorum) {
      const why =
        views.find((view) => view.priceE8 === null)?.reason ?? "no operator has reported yet";
      return { id: feed.id, expected: false, healthy: false, reason: why };
    }
    if (fresh < newRounds) {
      return {
        id: feed.id,
        expected: true,
        healthy: false,
        reason: `${fresh} of ${newRounds} new rounds`,
      };
    }
    return { id: feed.id, expected: true, healthy: true, reason: null };
  });
}

/** True when every operator has spoken and every feed with enough venues has its rounds. */
export function allHealthy(
  health: readonly FeedHealth[],
  spoken: number,
  operators: number,
): boolean {
  const expected = health.filter((feed) => feed.expected);
  return spoken === operators && expected.length > 0 && expected.every((feed) => feed.healthy);
}

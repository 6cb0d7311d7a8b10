import { applyReport } from "./price/breaker.ts";
import type { FeedState } from "./price/breaker.ts";
import { dueReason } from "./price/due.ts";
import type { Due, DueParams } from "./price/due.ts";
import type { Observation } from "./signing/observation.ts";
import type { ReportEntry } from "./signing/report.ts";
import { distanceAtMost, lowerMedian, pricesOf } from "./round/median.ts";

/** Parameters of a feed, as far as they decide about its reports. */
export interface FeedRules extends DueParams {
  /** Furthest that a signer lets the answer be from its own price. */
  readonly cosignToleranceBps: number;
}

/** A signed report that has not been seen on chain yet. */
export interface PendingReport {
  readonly slot: number;
  readonly entries: readonly ReportEntry[];
}

/** A feed that needs a report, and why. */
export interface DueFeed {
  readonly feedIndex: number;
  readonly reason: Due | "pending";
}

// Whether a trip has lapsed is not part of a snapshot: a pending report is then expected to publish nothing.
const TRIP_HOLDS = Number.MAX_SAFE_INTEGER;

/** States as they will be when the pending reports have landed, so that nobody reports the same again meanwhile. */
export function withPending(
  states: readonly FeedState[],
  rules: readonly FeedRules[],
  pending: readonly PendingReport[],
): FeedState[] {
  const ordered = pending.toSorted((a, b) => a.slot - b.slot);
  return states.map((stored, feedIndex) => {
    const rule = rules[feedIndex];
    let state = stored;
    for (const { slot, entries } of ordered) {
      const entry = entries.find((candidate) => candidate.feedIndex === feedIndex);
      if (entry === undefined || rule === undefined) continue;
      const report = { priceE8: entry.answerE8, slot, now: slot, trippedUntil: TRIP_HOLDS };
      const outcome = applyReport(state, rule, report);
      if (outcome.kind === "accepted") state = outcome.state;
    }
    return state;
  });
}

/**
 * Feeds that a report for this slot shall carry, ascending. If anything is due, feeds of reports still pending are
 * carried along: the relayer lets a newer report replace a pending one, and nothing may get lost by that.
 * Feeds without an own price are left out, since nobody signs for an answer that it cannot compare.
 * @param states As the chain has them, by feed index.
 * @param pricesE8 The operator's own prices of the slot, by feed index; 0 is "no price".
 */
export function due(
  states: readonly FeedState[],
  rules: readonly FeedRules[],
  pricesE8: readonly bigint[],
  pending: readonly PendingReport[],
  slot: number,
): DueFeed[] {
  const expected = withPending(states, rules, pending);
  const feeds = states.flatMap((state, feedIndex): DueFeed[] => {
    const rule = rules[feedIndex];
    const next = expected[feedIndex];
    const priceE8 = pricesE8[feedIndex] ?? 0n;
    if (rule === undefined || next === undefined || priceE8 === 0n) return [];
    const reason = dueReason(next, rule, priceE8, slot);
    if (reason !== null) return [{ feedIndex, reason }];
    const isPending = state.lastReportAt < next.lastReportAt && next.lastReportAt < slot;
    return isPending ? [{ feedIndex, reason: "pending" }] : [];
  });
  return feeds.every(({ reason }) => reason === "pending") ? [] : feeds;
}

/**
 * Whether another operator may have found the feed due: on its own price and a moment earlier or later, so half of the
 * deviation and half of the time suffice.
 */
export function mayBeDue(
  state: FeedState,
  rules: FeedRules,
  priceE8: bigint,
  slot: number,
): boolean {
  const halved: FeedRules = {
    ...rules,
    heartbeat: Math.ceil(rules.heartbeat / 2),
    deviationBps: Math.floor(rules.deviationBps / 2),
    cooldown: Math.floor(rules.cooldown / 2),
  };
  return dueReason(state, halved, priceE8, slot) !== null;
}

/** What `compose` makes of the observations. */
export type Composition =
  | {
      readonly kind: "report";
      readonly entries: readonly ReportEntry[];
      /** Exactly a quorum, ascending. */
      readonly signers: readonly number[];
      readonly dropped: readonly DroppedFeed[];
    }
  | { readonly kind: "none"; readonly reason: string; readonly dropped: readonly DroppedFeed[] };

/** A due feed that the report cannot carry. */
export interface DroppedFeed {
  readonly feedIndex: number;
  readonly reason:
    | "no price of the leader"
    | "too few observations"
    | "leader out of tolerance"
    | "too few signers";
}

/**
 * Makes entries and chooses signers from verified observations of one set and slot.
 * A feed's answer is the lower median of all values. A signer must have a price, within the feed's tolerance, for every
 * entry; while there are too few of those, the least covered feed is dropped.
 * @param observations At most one an operator, in order of preference as signers.
 * @param feedIndexes Due feeds, ascending.
 * @param excluded Operators that must not sign this time.
 */
export function compose(input: {
  readonly observations: readonly Observation[];
  readonly feedIndexes: readonly number[];
  readonly rules: readonly FeedRules[];
  readonly quorum: number;
  readonly leader: number;
  readonly excluded: ReadonlySet<number>;
}): Composition {
  const { observations, rules, quorum, leader, excluded } = input;
  const dropped: DroppedFeed[] = [];
  const candidates = input.feedIndexes.flatMap((feedIndex) => {
    const values = pricesOf(observations, feedIndex);
    const answerE8 = lowerMedian(values);
    const able = new Set<number>();
    for (const { operator, pricesE8 } of observations) {
      const own = pricesE8[feedIndex] ?? 0n;
      const tolerance = rules[feedIndex]?.cosignToleranceBps ?? 0;
      if (answerE8 !== null && own > 0n && distanceAtMost(answerE8, own, tolerance))
        able.add(operator);
    }
    const leaderPrice =
      observations.find(({ operator }) => operator === leader)?.pricesE8[feedIndex] ?? 0n;
    const reason =
      leaderPrice === 0n
        ? "no price of the leader"
        : answerE8 === null || values.length < quorum
          ? "too few observations"
          : able.has(leader)
            ? null
            : "leader out of tolerance";
    if (reason !== null) {
      dropped.push({ feedIndex, reason });
      return [];
    }
    return [{ entry: { feedIndex, count: values.length, answerE8: answerE8 ?? 0n }, able }];
  });
  const ranked = [
    leader,
    ...observations
      .map(({ operator }) => operator)
      .filter((operator) => operator !== leader && !excluded.has(operator)),
  ];
  while (candidates.length > 0) {
    const signers = ranked.filter((operator) => candidates.every(({ able }) => able.has(operator)));
    if (signers.length >= quorum) {
      return {
        kind: "report",
        entries: candidates.map(({ entry }) => entry),
        signers: signers.slice(0, quorum).toSorted((a, b) => a - b),
        dropped,
      };
    }
    const coverage = candidates.map(
      ({ able }) => ranked.filter((operator) => able.has(operator)).length,
    );
    const [least] = candidates.splice(coverage.indexOf(Math.min(...coverage)), 1);
    if (least !== undefined) {
      dropped.push({ feedIndex: least.entry.feedIndex, reason: "too few signers" });
    }
  }
  return { kind: "none", reason: "no feed has a quorum of observations and signers", dropped };
}

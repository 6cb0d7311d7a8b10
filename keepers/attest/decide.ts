import type { Progress } from "../shared/attempts.ts";

/** A report that the index has and the chain keeps. */
export interface Candidate {
  readonly setId: number;
  /** Unix seconds. */
  readonly slot: number;
  /** Names of the feeds that it carries. */
  readonly feeds: readonly string[];
  /** Hash of the transaction that submitted it. */
  readonly transaction: string;
}

/** What kept a report from being attested. */
export interface Obstacle {
  readonly reason: string;
  /** Unix milliseconds from which on it is tried again; null never, since nothing will change it. */
  readonly retryAtMs: number | null;
}

/** What there is to know. */
export interface Situation {
  /** Confirmed reports of the period. */
  readonly reports: readonly Candidate[];
  /** Slot of each feed's latest attested answer, by name; a feed without one is missing. */
  readonly attested: ReadonlyMap<string, number>;
  /** By report (`nameOf`). */
  readonly progress: ReadonlyMap<string, Progress>;
  /** By report (`nameOf`). */
  readonly obstacles: ReadonlyMap<string, Obstacle>;
}

/** What is to be done. */
export type Step =
  | { readonly kind: "attest"; readonly report: Candidate; readonly attempt: number }
  /** Nothing until something else happens, and what. */
  | { readonly kind: "waiting"; readonly reason: string }
  /** Every feed that has a report in this period is attested. */
  | { readonly kind: "done" };

/** What a decision is made by. */
export interface Rules {
  /** First slot of the period, and of the one before. */
  readonly startSlot: number;
  readonly previousSlot: number;
  /** Of the newest block, unix seconds. */
  readonly nowSlot: number;
  /** From the period's start: so long a report that lacks some of the feeds waits for one with all of them. */
  readonly gatherSeconds: number;
  readonly maxAttempts: number;
}

const FIRST_PAUSE_MS = 2_000;
const LONGEST_PAUSE_MS = 300_000;

/** Name of a report: a set and a slot have one at most. */
export function nameOf({ setId, slot }: Pick<Candidate, "setId" | "slot">): string {
  return `${setId}:${slot}`;
}

/** First slot of the period that a moment belongs to: times of attestation are multiples of `everySeconds`. */
export function periodStart(nowSeconds: number, everySeconds: number): number {
  return Math.floor(nowSeconds / everySeconds) * everySeconds;
}

/**
 * Says which report is to be attested now, if any. Pure: the same situation gives the same step.
 *
 * A feed is due while it has a report in the period and no attested answer of it. Of the reports that carry due feeds the
 * one with the most of them is taken, of these the newest, and never one that cannot be attested (yet). Since each
 * attestation costs the same whatever its feeds, a period begins with a wait for the feeds that were attested in the last.
 * @param nowMs Own clock, unix milliseconds.
 */
export function decide(
  { attested, obstacles, progress, reports }: Situation,
  { gatherSeconds, maxAttempts, nowSlot, previousSlot, startSlot }: Rules,
  nowMs: number,
): Step {
  const ofPeriod = reports.filter(({ slot }) => slot >= startSlot);
  if (ofPeriod.length === 0) return { kind: "waiting", reason: "no report of this period yet" };
  const isUnderway = (report: Candidate): boolean =>
    ["queued", "sent"].includes(progress.get(nameOf(report))?.status ?? "");
  const due = new Set(
    ofPeriod.flatMap(({ feeds }) => feeds).filter((feed) => (attested.get(feed) ?? 0) < startSlot),
  );
  if (due.size === 0) return { kind: "done" };
  for (const { feeds } of ofPeriod.filter(isUnderway)) for (const feed of feeds) due.delete(feed);
  if (due.size === 0) return { kind: "waiting", reason: "the relayer has it" };

  const reasons: string[] = [];
  const open = ofPeriod.flatMap((report) => {
    const covers = report.feeds.filter((feed) => due.has(feed)).length;
    if (covers === 0 || isUnderway(report)) return [];
    const obstacle = obstacleOf(report, progress, obstacles, maxAttempts, nowMs);
    if (obstacle === null) return [{ report, covers }];
    reasons.push(`slot ${report.slot}: ${obstacle}`);
    return [];
  });
  const [best] = open.toSorted((a, b) => b.covers - a.covers || b.report.slot - a.report.slot);
  if (best === undefined) return { kind: "waiting", reason: reasons[0] ?? "no report" };
  const { report } = best;
  const isMissing = ([feed, slot]: [string, number]): boolean =>
    slot >= previousSlot && slot < startSlot && !report.feeds.includes(feed);
  if (nowSlot < startSlot + gatherSeconds && [...attested].some(isMissing)) {
    return { kind: "waiting", reason: "no report yet has all feeds of the last period" };
  }
  return { kind: "attest", report, attempt: (progress.get(nameOf(report))?.attempt ?? 0) + 1 };
}

/** 2, 4, 8, … s, at most five minutes. */
export function pauseMs(failures: number): number {
  return Math.min(FIRST_PAUSE_MS * 2 ** Math.min(failures - 1, 16), LONGEST_PAUSE_MS);
}

function obstacleOf(
  report: Candidate,
  progress: Situation["progress"],
  obstacles: Situation["obstacles"],
  maxAttempts: number,
  nowMs: number,
): string | null {
  const obstacle = obstacles.get(nameOf(report));
  if (obstacle !== undefined && (obstacle.retryAtMs === null || nowMs < obstacle.retryAtMs)) {
    return obstacle.reason;
  }
  const last = progress.get(nameOf(report));
  if (last === undefined) return null;
  // Failed, or confirmed while the feed is not attested: a node that is behind, or a reorg that the relayer will notice.
  const { attempt, changedMs, reason, status } = last;
  if (attempt >= maxAttempts) return `given up after ${attempt} attempts: ${reason ?? status}`;
  return nowMs < changedMs + pauseMs(attempt) ? (reason ?? status) : null;
}

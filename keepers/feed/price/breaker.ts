/** Status of a feed as stored; Dormant is never stored, see `isDormant`. Values are those of the contract. */
export const FeedStatus = { empty: 0, live: 1, suspended: 2, tripped: 3 } as const;
export type FeedStatus = (typeof FeedStatus)[keyof typeof FeedStatus];

/** Candidate's side of the band. */
export const Side = { below: 0, above: 1, any: 2 } as const;
export type Side = (typeof Side)[keyof typeof Side];

/** Parameters of a feed that the breaker reads, in seconds and basis points, bounded as on chain. */
export interface BreakerParams {
  readonly heartbeat: number;
  readonly bandBps: number;
  readonly tau: number;
  readonly cooldown: number;
  readonly minReports: number;
  readonly dormancy: number;
}

/** State of a feed: the fields of its storage slot. */
export interface FeedState {
  /** Last published answer in 1e-8 units; 0 while empty. */
  readonly answer: bigint;
  /** Moving average in 1e-8 units, already truncated to what the slot can hold. */
  readonly average: bigint;
  /** Slot of the answer, unix seconds. */
  readonly updatedAt: number;
  /** Slot of the last accepted report, unix seconds. */
  readonly lastReportAt: number;
  readonly round: number;
  readonly status: FeedStatus;
  readonly candidateSide: Side;
  /** Seconds, at most 4,095. */
  readonly candidateAge: number;
  /** At most 7. */
  readonly candidateReports: number;
}

/** One feed's entry of a report. */
export interface ReportEntry {
  /** Median in 1e-8 units, 0 < priceE8 < 2^95. */
  readonly priceE8: bigint;
  /** Slot of the report, unix seconds. */
  readonly slot: number;
  /** Time of the block, unix seconds, ≥ slot. */
  readonly now: number;
  /** Until when the guardian's trip holds, unix seconds; 0 if never tripped. */
  readonly trippedUntil: number;
}

/** What a report does to a feed. */
export type Outcome =
  | { readonly kind: "rejected"; readonly error: "ReorderedReport" | "FeedDormant" }
  | {
      readonly kind: "accepted";
      readonly state: FeedState;
      readonly published: boolean;
      readonly event: "FeedSuspended" | "FeedResumed" | null;
    };

/** A feed that nobody has reported. */
export const emptyFeed: FeedState = {
  answer: 0n,
  average: 0n,
  updatedAt: 0,
  lastReportAt: 0,
  round: 0,
  status: FeedStatus.empty,
  candidateSide: Side.below,
  candidateAge: 0,
  candidateReports: 0,
};

const MANTISSA_BITS = 40;
const MAX_AGE_SECONDS = 4_095;
const MAX_REPORTS = 7;
const BPS = 10_000n;
const NO_CANDIDATE = { candidateSide: Side.below, candidateAge: 0, candidateReports: 0 } as const;

/**
 * What the slot can hold of an average: its highest 40 bits, rounded down.
 *
 * @param value 0 ≤ value < 2^96.
 */
export function truncateAverage(value: bigint): bigint {
  const bits = value === 0n ? 0 : value.toString(2).length;
  const exponent = BigInt(Math.max(0, bits - MANTISSA_BITS));
  return (value >> exponent) << exponent;
}

/**
 * Says whether the feed was silent beyond its limit, so that it accepts no report until governance resets it.
 *
 * @param at Slot or block time to judge at, unix seconds.
 */
export function isDormant(
  state: FeedState,
  params: Pick<BreakerParams, "dormancy">,
  at: number,
): boolean {
  return state.status !== FeedStatus.empty && at - state.lastReportAt > params.dormancy;
}

/** |price − average| ≤ band, in integers. */
function inBand(priceE8: bigint, average: bigint, bandBps: number): boolean {
  const distance = priceE8 > average ? priceE8 - average : average - priceE8;
  return distance * BPS <= BigInt(bandBps) * average;
}

/**
 * Applies one report to one feed, exactly as the contract does: every integer and every rounding is the same.
 *
 * @param state Stored state before the report.
 * @param params Parameters of the feed.
 * @param report Median, slot, block time and trip.
 */
export function applyReport(state: FeedState, params: BreakerParams, report: ReportEntry): Outcome {
  const { priceE8, slot } = report;
  if (slot <= state.lastReportAt) return { kind: "rejected", error: "ReorderedReport" };
  if (state.status === FeedStatus.empty) return accepted(restart(state, priceE8, slot), true, null);
  if (isDormant(state, params, slot)) return { kind: "rejected", error: "FeedDormant" };

  if (state.status === FeedStatus.tripped) {
    const reported = { ...state, lastReportAt: slot };
    if (report.now < report.trippedUntil) return accepted(reported, false, null);
    return accepted(candidate(reported, Side.any), false, "FeedSuspended");
  }

  const inside = inBand(priceE8, state.average, params.bandBps);
  const side: Side = priceE8 > state.average ? Side.above : Side.below;
  if (state.status === FeedStatus.live) {
    if (inside) return accepted(follow(state, params, priceE8, slot), true, null);
    return accepted(candidate({ ...state, lastReportAt: slot }, side), false, "FeedSuspended");
  }

  const anySide = state.candidateSide === Side.any;
  if (inside && !anySide) {
    return accepted(follow(state, params, priceE8, slot), true, "FeedResumed");
  }
  return confirm(state, params, report, anySide ? Side.any : side);
}

/** Ages the candidate of a suspended feed by one report, starts it again, or lets it become the answer. */
function confirm(
  state: FeedState,
  params: BreakerParams,
  { priceE8, slot }: ReportEntry,
  side: Side,
): Outcome {
  const silence = slot - state.lastReportAt;
  const expected = Math.max(params.heartbeat, Math.floor(params.cooldown / params.minReports));
  if (side !== state.candidateSide || silence > 2 * expected) {
    return accepted(candidate({ ...state, lastReportAt: slot }, side), false, null);
  }
  const candidateAge = Math.min(MAX_AGE_SECONDS, state.candidateAge + silence);
  const candidateReports = Math.min(MAX_REPORTS, state.candidateReports + 1);
  if (candidateAge >= params.cooldown && candidateReports >= params.minReports) {
    return accepted(restart(state, priceE8, slot), true, "FeedResumed");
  }
  return accepted({ ...state, lastReportAt: slot, candidateAge, candidateReports }, false, null);
}

/** Publishes with an average that starts anew at the price. */
function restart(state: FeedState, priceE8: bigint, slot: number): FeedState {
  return publish(state, priceE8, truncateAverage(priceE8), slot);
}

/** Publishes with the average moved by the share dt/τ of the distance, truncated toward zero. */
function follow(state: FeedState, params: BreakerParams, priceE8: bigint, slot: number): FeedState {
  const elapsed = BigInt(Math.min(slot - state.updatedAt, params.tau));
  const step = ((priceE8 - state.average) * elapsed) / BigInt(params.tau);
  return publish(state, priceE8, truncateAverage(state.average + step), slot);
}

function publish(state: FeedState, priceE8: bigint, average: bigint, slot: number): FeedState {
  return {
    answer: priceE8,
    average,
    updatedAt: slot,
    lastReportAt: slot,
    round: state.round + 1,
    status: FeedStatus.live,
    ...NO_CANDIDATE,
  };
}

function candidate(state: FeedState, candidateSide: Side): FeedState {
  return {
    ...state,
    status: FeedStatus.suspended,
    candidateSide,
    candidateAge: 0,
    candidateReports: 1,
  };
}

function accepted(
  state: FeedState,
  published: boolean,
  event: "FeedSuspended" | "FeedResumed" | null,
): Outcome {
  return { kind: "accepted", state, published, event };
}

/** The guardian stops a feed that has data. */
export function tripFeed(state: FeedState): FeedState {
  if (state.status === FeedStatus.empty) return state;
  return { ...state, status: FeedStatus.tripped, ...NO_CANDIDATE };
}

/** Governance empties a feed: round and last report stay, so that order holds across a reset. */
export function resetFeed(state: FeedState): FeedState {
  return { ...emptyFeed, round: state.round, lastReportAt: state.lastReportAt };
}

import type { FeedParams, FeedStatus } from "../ponder.schema.ts";

const MANTISSA_BITS = 40;
const BPS = 10_000n;

/** What the index knows of a feed before an entry of a report. */
export interface FeedState {
  readonly status: FeedStatus;
  readonly answer: bigint;
  readonly average: bigint;
  readonly round: number;
  readonly updatedAt: number;
  readonly lastReportAt: number;
  readonly trippedUntil: number;
  readonly afterTrip: boolean;
}

/** One entry of an accepted report. */
export interface AcceptedEntry {
  readonly answerE8: bigint;
  readonly slot: number;
  readonly blockTime: number;
  readonly params: Pick<FeedParams, "bandBps" | "tau">;
}

/**
 * State of a feed after an accepted report that carried it. The contract says before, by its events in the same
 * transaction, whether the feed was suspended or resumed; so the candidate need not be followed here.
 *
 * @param before State after those events. Suspended means that this entry was held back.
 * @param entry The entry, with the parameters of the report's set.
 * @returns The new state, and whether the answer was published.
 */
export function applyEntry(
  before: FeedState,
  entry: AcceptedEntry,
): { after: FeedState; published: boolean } {
  const { slot } = entry;
  if (before.status === "tripped") {
    // A trip that has run out needs no transaction: the first report after it begins the confirmation.
    const lapsed = entry.blockTime >= before.trippedUntil;
    const after: FeedState = lapsed
      ? { ...before, status: "suspended", afterTrip: true, lastReportAt: slot }
      : { ...before, lastReportAt: slot };
    return { after, published: false };
  }
  if (before.status === "suspended") {
    return { after: { ...before, lastReportAt: slot }, published: false };
  }
  return {
    after: {
      ...before,
      status: "live",
      answer: entry.answerE8,
      average: averageAfter(before, entry),
      round: before.round + 1,
      updatedAt: slot,
      lastReportAt: slot,
      afterTrip: false,
    },
    published: true,
  };
}

/** Moving average after a publication: a step inside the band, a jump to an answer that was confirmed outside it. */
function averageAfter(before: FeedState, { answerE8, slot, params }: AcceptedEntry): bigint {
  const { average } = before;
  if (before.status === "empty" || before.afterTrip) return truncateAverage(answerE8);
  const distance = answerE8 > average ? answerE8 - average : average - answerE8;
  if (distance * BPS > BigInt(params.bandBps) * average) return truncateAverage(answerE8);
  const seconds = BigInt(Math.min(slot - before.updatedAt, params.tau));
  return truncateAverage(average + ((answerE8 - average) * seconds) / BigInt(params.tau));
}

/**
 * Rounds a value down to the 40 significant bits that a feed's storage slot keeps of the average.
 *
 * @param value Price with 8 decimals, not negative.
 */
export function truncateAverage(value: bigint): bigint {
  const exponent = BigInt(Math.max(0, value.toString(2).length - MANTISSA_BITS));
  return (value >> exponent) << exponent;
}

import { randomField } from "./field.ts";
import type { Fill } from "./ledger.ts";
import { MAX_FILLS, openingState } from "./ledger.ts";
import type { Period, PerformanceStatement, Subject } from "./performance.ts";
import { performance } from "./performance.ts";

/** How a history is cut into periods. */
export interface HistoryOptions extends Subject {
  /** What profit is measured by and equity starts from; above 0, below 2^64. */
  readonly capital: bigint;
  /** Unix milliseconds at which the first period begins; the first fill's time unless given. */
  readonly startMs?: number;
  /** Fills of a period at most, 200 unless given. */
  readonly maxFills?: number;
  /** Source of salts and blinding factors, for tests that must repeat themselves. */
  readonly random?: () => bigint;
}

/** One period of a history, with all that it takes to prove it. */
export interface ProvablePeriod {
  readonly period: Period;
  readonly statement: PerformanceStatement;
}

/**
 * Cuts the fills of one account and instrument into periods that can be proved and recorded one after the other. Each ends
 * at the time of its last fill and the next begins there, from the very state, blinding factor included, that the one
 * before committed to: `statement.startCommitment` of a period is `statement.endCommitment` of the one before, 0 for the
 * first. A position that is open at an end is carried over. No fills, no periods.
 *
 * For each period: the ingestion service signs `statement.fillsCommitment`; `openProver(srs).prove("performance",
 * statement.inputs)` makes the proof, whose public inputs are `statement.publicInputs`.
 * @param fills All of one instrument, in the order of their numbers; time never goes back.
 * @throws RangeError if a period cannot be proved: a number is out of range, or time goes back.
 */
export function periodsOf(fills: readonly Fill[], options: HistoryOptions): ProvablePeriod[] {
  const { account, instrument, capital, maxFills = MAX_FILLS, random = randomField } = options;
  if (!Number.isInteger(maxFills) || maxFills < 1 || maxFills > MAX_FILLS) {
    throw new RangeError(`periods of ${maxFills} fills, not 1 to ${MAX_FILLS}`);
  }
  const periods: ProvablePeriod[] = [];
  for (let first = 0; first < fills.length; first += maxFills) {
    const last = periods.at(-1);
    const part = fills.slice(first, first + maxFills);
    const period: Period = {
      account,
      instrument,
      startMs: last?.period.endMs ?? options.startMs ?? fills[0]!.timeMs,
      endMs: part.at(-1)!.timeMs,
      sequence: first,
      fills: part,
      salt: random(),
      capital,
      before: last?.statement.end ?? openingState(capital),
      blindingBefore: last?.period.blinding ?? null,
      blinding: random(),
    };
    periods.push({ period, statement: performance(period) });
  }
  return periods;
}

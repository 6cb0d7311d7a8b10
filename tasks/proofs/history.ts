import { hashFields, tagField } from "../../circuits/model/field.ts";
import type { Fill } from "../../circuits/model/ledger.ts";
import { MAX_FILLS, openingState } from "../../circuits/model/ledger.ts";
import type { PerformanceStatement, Period, Subject } from "../../circuits/model/performance.ts";
import { performance } from "../../circuits/model/performance.ts";
import { TaskError } from "../shared/error.ts";

/** Everything that the fills of an account and instrument are proved with. */
export interface History extends Subject {
  capital: bigint;
  startMs: number;
  /** Since the first one ever. */
  fills: readonly Fill[];
  /** The account's own: blinding factors follow from it, so that nothing else has to be kept. */
  secret: bigint;
}

/** A cut of a history: where a period ends. */
export interface Cut {
  /** Fills. */
  count: number;
  /** Unix milliseconds. */
  endMs: number;
  /** Of the commitment to the fills. */
  salt: bigint;
}

/** What the chain has of the account and instrument. */
export interface Recorded {
  /** State that the next period must start from; 0 before the first. */
  commitment: bigint;
  periods: readonly Omit<Cut, "salt">[];
}

/** A period with what is proved about it. */
export interface PlannedPeriod {
  /** From 0. */
  index: number;
  period: Period;
  statement: PerformanceStatement;
}

const BLINDING_TAG = "Dodona blinding v1";
const SALT_TAG = "Dodona salt v1";

/** Blinding factor of the state at the end of a period: nobody without the secret can guess it. */
export function blindingOf({ account, instrument, secret }: History, index: number): bigint {
  return hashFields([tagField(BLINDING_TAG), secret, account, instrument, BigInt(index)]);
}

/** Salt of the commitment to a period's fills, for whoever is the ingestion service itself. */
export function saltOf({ account, instrument, secret }: History, index: number): bigint {
  return hashFields([tagField(SALT_TAG), secret, account, instrument, BigInt(index)]);
}

/**
 * Cuts what is not recorded yet into periods of at most 200 fills, each ending with its last fill.
 *
 * @param first Number of the first period that is cut.
 */
export function cutsOf(history: History, recordedFills: number, first: number): Cut[] {
  const rest = history.fills.slice(recordedFills);
  return Array.from({ length: Math.ceil(rest.length / MAX_FILLS) }, (_, index) => {
    const part = rest.slice(index * MAX_FILLS, (index + 1) * MAX_FILLS);
    const endMs = part.at(-1)!.timeMs;
    return { count: part.length, endMs, salt: saltOf(history, first + index) };
  });
}

/**
 * Prepares the periods that follow the recorded ones. The recorded ones are computed again from the fills, so that no state
 * has to be kept between two runs.
 *
 * @throws {TaskError} when fills or secret are not those of the records, or a period cannot be proved.
 */
export function planPeriods(
  history: History,
  recorded: Recorded,
  cuts: readonly Cut[],
): PlannedPeriod[] {
  const past = recorded.periods.map((cut) => ({ ...cut, salt: 0n }));
  const all: PlannedPeriod[] = [];
  for (const [index, cut] of [...past, ...cuts].entries()) {
    const planned = planPeriod(history, index, cut, all.at(-1) ?? null);
    all.push(planned);
    if (index + 1 === past.length && planned.statement.endCommitment !== recorded.commitment) {
      throw new TaskError(
        `The fills, the capital or the secret are not those that the ${past.length} recorded periods were proved with.`,
      );
    }
  }
  return all.slice(past.length);
}

function planPeriod(
  history: History,
  index: number,
  { count, endMs, salt }: Cut,
  last: PlannedPeriod | null,
): PlannedPeriod {
  const { account, capital, instrument } = history;
  const before = last?.statement.end ?? openingState(capital);
  const fills = history.fills.slice(before.sequence, before.sequence + count);
  if (fills.length < count) {
    throw new TaskError(`Period ${index} has ${count} fills, and the ledger ends before.`);
  }
  const period: Period = {
    ...{ account, instrument, capital, before, fills, endMs, salt },
    startMs: last?.period.endMs ?? history.startMs,
    sequence: before.sequence,
    blindingBefore: last?.period.blinding ?? null,
    blinding: blindingOf(history, index),
  };
  try {
    return { index, period, statement: performance(period) };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new TaskError(`Period ${index} cannot be proved: ${error.message}.`);
  }
}

import type { CircuitInputs } from "./field.ts";
import { fieldInput, hashFields, signedField, tagField } from "./field.ts";
import type { Figures, Fill, LedgerResult, LedgerState } from "./ledger.ts";
import { assertFill, elapsedMs, MAX_FILLS, openingState, runLedger } from "./ledger.ts";

/** ASCII tag of commitments to a state. */
export const STATE_TAG = "Dodona performance state v1";
/** ASCII tag of commitments to a period's fills. */
export const FILLS_TAG = "Dodona fills v1";

const FEE_BIAS = 1n << 55n;

/** What a period's commitments have in common. */
export interface Subject {
  /** The trader's account: its address as a number. */
  readonly account: bigint;
  /** The instrument as a field element: `tagField` of its name. */
  readonly instrument: bigint;
}

/** All fills of an account and instrument in a span of time, as the ingestion service commits to them. */
export interface FillBatch extends Subject {
  /** Unix milliseconds: the period before ended here. */
  readonly startMs: number;
  /** Unix milliseconds. */
  readonly endMs: number;
  /** Number of the last fill before the period. */
  readonly sequence: number;
  /** In the order of their numbers, which is that of time. */
  readonly fills: readonly Fill[];
  /** The service's random field element, so that nobody can guess the fills. */
  readonly salt: bigint;
}

/** A period that is to be proved. */
export interface Period extends FillBatch {
  readonly capital: bigint;
  /** What the period before ended with. */
  readonly before: LedgerState;
  /** Blinding factor of the commitment to `before`, null for the first period. */
  readonly blindingBefore: bigint | null;
  /** Random blinding factor of the commitment to the end. */
  readonly blinding: bigint;
}

/** Inputs of a proof and what the circuit makes public, in its order. */
export interface PerformanceStatement {
  readonly inputs: CircuitInputs;
  readonly publicInputs: readonly bigint[];
  readonly figures: Figures;
  /** The state for the next period. */
  readonly end: LedgerState;
  /** 0 for the first period. */
  readonly startCommitment: bigint;
  readonly endCommitment: bigint;
  readonly fillsCommitment: bigint;
}

/** Commitment to a state at the end of a period, in unix milliseconds. */
export function commitState(
  state: LedgerState,
  { account, instrument }: Subject,
  capital: bigint,
  endMs: number,
  blinding: bigint,
): bigint {
  return hashFields([
    tagField(STATE_TAG),
    account,
    instrument,
    BigInt(state.index),
    BigInt(endMs),
    BigInt(state.sequence),
    capital,
    signedField(state.position),
    state.cost,
    signedField(state.equity),
    state.peak,
    blinding,
  ]);
}

/**
 * The commitment to a period's fills, which the ingestion service signs.
 * @throws RangeError if a fill is out of range, time goes back, or there are too many.
 */
export function commitFills(batch: FillBatch): bigint {
  const { account, instrument, startMs, endMs, sequence, fills, salt } = batch;
  if (fills.length > MAX_FILLS) throw new RangeError(`${fills.length} fills, at most ${MAX_FILLS}`);
  const elapsed = elapsedOf(batch);
  const elements = fills.map((fill, i) => packedFill(fill, elapsed[i]!));
  return hashFields([
    tagField(FILLS_TAG),
    account,
    instrument,
    BigInt(startMs),
    BigInt(endMs),
    BigInt(sequence),
    BigInt(fills.length),
    salt,
    ...elements,
    ...Array<bigint>(MAX_FILLS - fills.length).fill(0n),
  ]);
}

/**
 * Prepares a proof of a period.
 * @throws RangeError if the circuit cannot express it.
 */
export function performance(period: Period): PerformanceStatement {
  const { before, capital, blindingBefore } = period;
  if (before.sequence !== period.sequence) throw new RangeError("fills of another place");
  if (blindingBefore === null && !isOpening(before, capital)) {
    throw new RangeError("a first period in which something has happened before");
  }
  return statementOf(period, runLedger(before, period.fills, capital));
}

/** What the circuit is asked about a period, whether it can prove it or not. */
export function statementOf(
  period: Period,
  { figures, end, steps, worst }: LedgerResult,
): PerformanceStatement {
  const { account, instrument, capital, before, blindingBefore, blinding, startMs, endMs } = period;
  const fillsCommitment = commitFills(period);
  const startCommitment =
    blindingBefore === null ? 0n : commitState(before, period, capital, startMs, blindingBefore);
  const endCommitment = commitState(end, period, capital, endMs, blinding);
  const elapsed = elapsedOf(period);
  const scalars = {
    start_commitment: startCommitment,
    end_commitment: endCommitment,
    fills_commitment: fillsCommitment,
    account,
    instrument,
    capital,
    start: BigInt(startMs),
    end: BigInt(endMs),
    count: BigInt(figures.count),
    profit_bps: signedField(figures.profitBps),
    wins: BigInt(figures.wins),
    closes: BigInt(figures.closes),
    drawdown_bps: BigInt(figures.drawdownBps),
  };
  const fills = Array.from({ length: MAX_FILLS }, (_, i) => {
    const fill = period.fills[i];
    const step = steps[i];
    return {
      buy: fill?.side === "buy",
      quantity: fieldInput(fill?.quantity ?? 0n),
      price: fieldInput(fill?.price ?? 0n),
      fee: fieldInput(signedField(fill?.fee ?? 0n)),
      elapsed: fieldInput(elapsed[i] ?? 0n),
      exceeds: bit(step?.exceeds),
      released: fieldInput(step?.released ?? 0n),
      gains: bit(step?.gains),
      rises: bit(step?.rises),
    };
  });
  return {
    inputs: {
      ...Object.fromEntries(Object.entries(scalars).map(([name, v]) => [name, fieldInput(v)])),
      before: {
        index: fieldInput(BigInt(before.index)),
        sequence: fieldInput(BigInt(before.sequence)),
        position: fieldInput(before.position < 0n ? -before.position : before.position),
        long: bit(before.position >= 0n),
        cost: fieldInput(before.cost),
        equity: fieldInput(signedField(before.equity)),
        peak: fieldInput(before.peak),
      },
      blindings: [fieldInput(blindingBefore ?? 0n), fieldInput(blinding)],
      salt: fieldInput(period.salt),
      fills,
      worst: Array.from({ length: MAX_FILLS + 1 }, (_, i) => i === worst),
    },
    publicInputs: Object.values(scalars),
    figures,
    end,
    startCommitment,
    endCommitment,
    fillsCommitment,
  };
}

function isOpening(state: LedgerState, capital: bigint): boolean {
  const opening = openingState(capital);
  return (Object.keys(opening) as (keyof LedgerState)[]).every(
    (key) => state[key] === opening[key],
  );
}

/** Gaps before each fill; refuses a period that ends before its last fill. */
function elapsedOf({ startMs, endMs, fills }: FillBatch): bigint[] {
  if (!Number.isSafeInteger(startMs) || startMs < 0) throw new RangeError("time out of range");
  const times = [startMs, ...fills.map(({ timeMs }) => timeMs), endMs];
  const gaps = times.slice(1).map((timeMs, i) => elapsedMs(times[i]!, timeMs));
  return gaps.slice(0, -1);
}

function packedFill(fill: Fill, elapsed: bigint): bigint {
  assertFill(fill);
  return (
    (fill.side === "buy" ? 1n : 0n) +
    (fill.quantity << 1n) +
    (fill.price << 57n) +
    ((fill.fee + FEE_BIAS) << 113n) +
    (elapsed << 169n)
  );
}

function bit(value: boolean | undefined): string {
  return value === true ? "1" : "0";
}

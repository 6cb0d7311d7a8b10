/** Fills of a period at most, as in circuits/performance. */
export const MAX_FILLS = 200;

const QUANTITY_LIMIT = 1n << 56n;
const PRICE_LIMIT = 1n << 56n;
const FEE_LIMIT = 1n << 55n;
const ELAPSED_LIMIT = 1n << 42n;
const VALUE_LIMIT = 1n << 98n;
const DRAWDOWN_LIMIT = 2 ** 20;
const PROFIT_LIMIT = 1n << 63n;
const CAPITAL_LIMIT = 1n << 64n;
const BPS = 10_000n;

/** One fill of an order, in the instrument's whole units. */
export interface Fill {
  readonly side: "buy" | "sell";
  /** Above 0, below 2^56. */
  readonly quantity: bigint;
  /** Value of one unit of quantity, below 2^56. */
  readonly price: bigint;
  /** In units of value; negative for a rebate. At least −2^55, below 2^55. */
  readonly fee: bigint;
  /** Unix milliseconds. */
  readonly timeMs: number;
}

/** Where an account stands with one instrument. */
export interface LedgerState {
  /** Periods so far. */
  readonly index: number;
  /** Fills so far. */
  readonly sequence: number;
  /** Positive for a long position, negative for a short one. */
  readonly position: bigint;
  /** What the position cost, fees left out. */
  readonly cost: bigint;
  /** Capital and all that was realized, fees included; may be negative. */
  readonly equity: bigint;
  /** Highest equity so far. */
  readonly peak: bigint;
}

/** What the figures of a period say. */
export interface Figures {
  /** Fills. */
  readonly count: number;
  /** Realized, by the capital, rounded down. */
  readonly profitBps: bigint;
  /** Fills that reduced a position and realized more than their fee. */
  readonly wins: number;
  /** Fills that reduced a position. */
  readonly closes: number;
  /** Largest fall of the equity below its peak so far, by that peak, rounded up. */
  readonly drawdownBps: number;
}

/** A fill's effect on the way through a period. */
export interface Step {
  readonly state: LedgerState;
  /** 1 for a long position, 0 for a short one; keeps the last side when flat. */
  readonly long: boolean;
  readonly exceeds: boolean;
  readonly released: bigint;
  /** Made by what was closed, less the fee. */
  readonly realized: bigint;
  readonly gains: boolean;
  readonly rises: boolean;
  readonly closes: boolean;
}

/** A period, computed. */
export interface LedgerResult {
  readonly figures: Figures;
  readonly end: LedgerState;
  readonly steps: readonly Step[];
  /** Where the drawdown is: 0 for the start, n for after the n-th fill. */
  readonly worst: number;
}

/** The state that an account's first period starts from. */
export function openingState(capital: bigint): LedgerState {
  return { index: 0, sequence: 0, position: 0n, cost: 0n, equity: capital, peak: capital };
}

/**
 * Runs a period's fills by average cost.
 * @param capital What profit is measured by; above 0, below 2^64.
 * @throws RangeError if a number is out of the range that the circuit can prove, or there are too many fills.
 */
export function runLedger(
  start: LedgerState,
  fills: readonly Fill[],
  capital: bigint,
): LedgerResult {
  if (capital <= 0n || capital >= CAPITAL_LIMIT) throw new RangeError("capital out of range");
  if (start.peak < capital) throw new RangeError("a peak below the capital");
  fills.forEach(assertFill);
  const result = computeLedger(start, fills, capital);
  assertProvable(start, result);
  return result;
}

/**
 * Runs a period's fills whatever their numbers are: a result out of range is none that the circuit proves.
 * @param capital Above 0, as the peak at the start.
 */
export function computeLedger(
  start: LedgerState,
  fills: readonly Fill[],
  capital: bigint,
): LedgerResult {
  const steps: Step[] = [];
  let state = start;
  let long = start.position >= 0n;
  let worst = { index: 0, drawdownBps: drawdownBps(start) };
  for (const fill of fills) {
    const step = apply(state, long, fill);
    ({ state, long } = step);
    steps.push(step);
    const drawdown = drawdownBps(state);
    if (drawdown > worst.drawdownBps) worst = { index: steps.length, drawdownBps: drawdown };
  }
  const closing = steps.filter(({ closes }) => closes);
  return {
    figures: {
      count: fills.length,
      profitBps: floorDiv((state.equity - start.equity) * BPS, capital),
      wins: closing.filter(({ gains }) => gains).length,
      closes: closing.length,
      drawdownBps: Number(worst.drawdownBps),
    },
    end: { ...state, index: start.index + 1 },
    steps,
    worst: worst.index,
  };
}

/** Refuses exactly what the circuit refuses of honest numbers. */
function assertProvable(start: LedgerState, { figures, steps }: LedgerResult): void {
  const { count, profitBps, drawdownBps } = figures;
  if (count > MAX_FILLS) throw new RangeError(`${count} fills, at most ${MAX_FILLS}`);
  assertState(start);
  for (const { state, realized } of steps) {
    assertState(state);
    if (realized <= -VALUE_LIMIT || realized > VALUE_LIMIT) {
      throw new RangeError("realized value out of range");
    }
  }
  if (profitBps < -PROFIT_LIMIT || profitBps >= PROFIT_LIMIT) {
    throw new RangeError("profit out of range");
  }
  if (drawdownBps >= DRAWDOWN_LIMIT) throw new RangeError("drawdown out of range");
}

/** @throws RangeError if the service could not commit to the fill. */
export function assertFill({ quantity, price, fee }: Fill): void {
  if (quantity <= 0n || quantity >= QUANTITY_LIMIT) throw new RangeError("quantity out of range");
  if (price < 0n || price >= PRICE_LIMIT) throw new RangeError("price out of range");
  if (fee < -FEE_LIMIT || fee >= FEE_LIMIT) throw new RangeError("fee out of range");
}

/**
 * Milliseconds between a fill and what is before it.
 * @throws RangeError if time goes back or the gap is too long.
 */
export function elapsedMs(beforeMs: number, timeMs: number): bigint {
  const elapsed = BigInt(timeMs) - BigInt(beforeMs);
  if (elapsed < 0n || elapsed >= ELAPSED_LIMIT) throw new RangeError("time out of range");
  return elapsed;
}

function apply(before: LedgerState, long: boolean, fill: Fill): Step {
  const held = before.position < 0n ? -before.position : before.position;
  const against = (fill.side === "buy") !== long;
  const exceeds = fill.quantity > held;
  const closed = against ? (exceeds ? held : fill.quantity) : 0n;
  const opened = fill.quantity - closed;
  const released = held === 0n ? 0n : (before.cost * closed) / held;
  const gross = closed * fill.price - released;
  const realized = (long ? gross : -gross) - fill.fee;
  const equity = before.equity + realized;
  const rises = equity > before.peak;
  const size = held - closed + opened;
  const nowLong = against && exceeds ? !long : long;
  return {
    state: {
      index: before.index,
      sequence: before.sequence + 1,
      position: nowLong ? size : -size,
      cost: before.cost - released + opened * fill.price,
      equity,
      peak: rises ? equity : before.peak,
    },
    long: nowLong,
    exceeds,
    released,
    realized,
    gains: realized > 0n,
    rises,
    closes: against && held > 0n,
  };
}

function drawdownBps({ equity, peak }: LedgerState): bigint {
  return ((peak - equity) * BPS + peak - 1n) / peak;
}

function assertState({ position, cost, equity, peak }: LedgerState): void {
  const held = position < 0n ? -position : position;
  if (held >= QUANTITY_LIMIT) throw new RangeError("position out of range");
  if (cost < 0n || cost >= VALUE_LIMIT) throw new RangeError("cost out of range");
  if (peak <= 0n || peak >= VALUE_LIMIT) throw new RangeError("peak out of range");
  if (peak < equity || peak - equity >= VALUE_LIMIT) throw new RangeError("equity out of range");
}

/** Quotient rounded toward minus infinity, for a positive divisor. */
function floorDiv(value: bigint, divisor: bigint): bigint {
  const quotient = value / divisor;
  return value % divisor < 0n ? quotient - 1n : quotient;
}

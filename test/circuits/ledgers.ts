import fc from "fast-check";

import type { Fill, LedgerState } from "../../circuits/model/ledger.ts";
import { openingState } from "../../circuits/model/ledger.ts";
import type { Period } from "../../circuits/model/performance.ts";

export const startMs = 1_600_000_000_000;

/** A fill without its time. */
export const fill = (
  side: Fill["side"],
  quantity: bigint,
  price: bigint,
  fee = 0n,
  timeMs = startMs,
): Fill => ({ side, quantity, price, fee, timeMs });

/** A period of these fills, the first one unless changed. */
export function periodOf(fills: readonly Fill[], changes: Partial<Period> = {}): Period {
  const capital = changes.capital ?? 1_000_000n;
  const before = changes.before ?? openingState(capital);
  return {
    account: 0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266n,
    instrument: 0x444f4745n,
    startMs,
    endMs: (fills.at(-1)?.timeMs ?? startMs) + 1000,
    sequence: before.sequence,
    fills,
    salt: 11n,
    capital,
    before,
    blindingBefore: before.index === 0 ? null : 22n,
    blinding: 33n,
    ...changes,
  };
}

/** Wins, a loss, a partial close, a flip, a fee and a rebate. */
export const mixedFills: readonly Fill[] = [
  fill("buy", 10n, 1000n, 5n, startMs + 1),
  fill("sell", 4n, 1100n, 5n, startMs + 20),
  fill("sell", 10n, 900n, -3n, startMs + 20),
  fill("buy", 2n, 950n, 1n, startMs + 3000),
  fill("buy", 1n, 850n, 1n, startMs + 4000),
];

/** A ledger whose numbers stay in range: where it stands, what happened, what it is measured by. */
export interface Ledger {
  readonly start: LedgerState;
  readonly fills: readonly Fill[];
  readonly capital: bigint;
}

/** A fill, and how long after the one before. */
type Row = Omit<Fill, "timeMs"> & { readonly waitMs: number };

const small: fc.Arbitrary<Row> = fc.record({
  side: fc.constantFrom("buy" as const, "sell" as const),
  // Few quantities, so that positions close exactly now and then.
  quantity: fc.constantFrom(1n, 2n, 3n, 5n, 10n),
  price: fc.bigInt({ min: 90n, max: 110n }),
  fee: fc.bigInt({ min: -3n, max: 5n }),
  waitMs: fc.integer({ min: 0, max: 100_000 }),
});

/**
 * Fills of quantities up to so many bits, 48 at most. Quantity times price stays below 2^62: an account that loses on all of
 * 200 fills is then down by less than a hundred times its capital, which is what can be proved.
 */
const large = (bits: bigint): fc.Arbitrary<Row> =>
  fc.record({
    side: fc.constantFrom("buy" as const, "sell" as const),
    quantity: fc.bigInt({ min: 1n, max: (1n << bits) - 1n }),
    price: fc.bigInt({ min: 0n, max: (1n << (62n - bits)) - 1n }),
    fee: fc.bigInt({ min: -(1n << 55n), max: (1n << 55n) - 1n }),
    waitMs: fc.integer({ min: 0, max: 2 ** 33 }),
  });

// Every number up to the end of its range, so that sums leave theirs.
const extreme: fc.Arbitrary<Row> = fc.record({
  side: fc.constantFrom("buy" as const, "sell" as const),
  quantity: anyBits(56n).filter((quantity) => quantity > 0n),
  price: anyBits(56n),
  fee: anyBits(56n).map((fee) => fee - (1n << 55n)),
  waitMs: fc.constant(0),
});

/** Numbers of up to so many bits, small and large ones alike. */
function anyBits(most: bigint): fc.Arbitrary<bigint> {
  return fc
    .bigInt({ min: 0n, max: most })
    .chain((bits) => fc.bigInt({ min: (1n << bits) >> 1n, max: (1n << bits) - 1n }));
}

const start = (capital: bigint, bits: bigint): fc.Arbitrary<LedgerState> =>
  fc.oneof(
    fc.constant(openingState(capital)),
    fc
      .record({
        index: fc.integer({ min: 1, max: 1000 }),
        sequence: fc.integer({ min: 0, max: 100_000 }),
        position: fc.bigInt({ min: -(1n << bits), max: 1n << bits }),
        price: fc.bigInt({ min: 90n, max: 110n }),
        gain: fc.bigInt({ min: 0n, max: capital }),
        drop: fc.bigInt({ min: 0n, max: 2n * capital }),
      })
      .map(({ index, sequence, position, price, gain, drop }) => ({
        index,
        sequence,
        position,
        cost: (position < 0n ? -position : position) * price,
        equity: capital + gain - drop,
        peak: capital + gain,
      })),
  );

const fillsOf = (rows: readonly Row[]): Fill[] => {
  let timeMs = startMs;
  return rows.map(({ waitMs, ...rest }) => ({ ...rest, timeMs: (timeMs += waitMs) }));
};

const ledger = (rows: fc.Arbitrary<Row>, capital: bigint, bits: bigint): fc.Arbitrary<Ledger> =>
  fc
    .record({
      start: start(capital, bits),
      rows: fc.oneof(
        { weight: 4, arbitrary: fc.array(rows, { maxLength: 40 }) },
        { weight: 1, arbitrary: fc.array(rows, { minLength: 200, maxLength: 200 }) },
      ),
    })
    .map(({ start, rows }) => ({ start, fills: fillsOf(rows), capital }));

/** Ledgers of everyday and of very large numbers. */
export const anyLedger = fc.oneof(
  { weight: 3, arbitrary: ledger(small, 2_000n, 6n) },
  {
    weight: 1,
    arbitrary: fc
      .bigInt({ min: 8n, max: 48n })
      .chain((bits) => ledger(large(bits), (1n << 64n) - 1n, bits)),
  },
);

/** Ledgers of which some leave the range of what can be proved, one way or another. */
export const wildLedger: fc.Arbitrary<Ledger> = fc
  .record({
    capital: anyBits(64n).filter((capital) => capital > 0n),
    peak: anyBits(97n),
    drop: anyBits(98n),
    position: anyBits(56n),
    short: fc.boolean(),
    cost: anyBits(98n),
    rows: fc.array(extreme, { minLength: 1, maxLength: 6 }),
  })
  .map(({ capital, peak, drop, position, short, cost, rows }) => ({
    start: {
      index: 1,
      sequence: 7,
      position: short ? -position : position,
      cost: position === 0n ? 0n : cost,
      equity: capital + peak - drop,
      peak: capital + peak,
    },
    fills: fillsOf(rows),
    capital,
  }));

const most = (1n << 56n) - 1n;
/** A long position of the largest size, and a peak that leaves room for what it makes or loses. */
const laden: LedgerState = {
  ...openingState(1n),
  index: 1,
  position: most,
  peak: 1n << 96n,
};

/** Ledgers in which one number leaves its range, and what the model calls it. */
export const outOfRange: readonly (Ledger & { readonly reason: string })[] = [
  // Back in range with the second fill, which the comparisons with what follows would not notice.
  {
    reason: "position",
    start: laden,
    fills: [fill("buy", 1n, 0n), fill("sell", 1n, 0n)],
    capital: 1n,
  },
  {
    reason: "cost",
    start: { ...openingState(1n), index: 1 },
    fills: [fill("buy", 1n << 55n, 1n << 43n)],
    capital: 1n,
  },
  {
    reason: "peak",
    start: { ...laden, equity: (1n << 97n) + (1n << 60n), peak: (1n << 97n) + (1n << 60n) },
    fills: [fill("sell", most, 1n << 41n)],
    capital: 1n << 60n,
  },
  {
    reason: "realized value",
    start: { ...laden, equity: 1n - (1n << 97n) },
    fills: [fill("sell", most, (1n << 42n) + 1n)],
    capital: 1n << 60n,
  },
  {
    reason: "equity",
    start: { ...laden, cost: (1n << 98n) - 1n },
    fills: [fill("sell", most, 0n, 5n)],
    capital: 1n << 60n,
  },
  {
    reason: "profit",
    start: openingState(1n),
    fills: [fill("buy", 1n, 0n, -(1n << 54n))],
    capital: 1n,
  },
  {
    reason: "profit",
    start: { ...laden, position: 0n, equity: 1n << 96n },
    fills: [fill("buy", 1n, 0n, 1n << 54n)],
    capital: 1n,
  },
  // States that no period ends with, brought back by the first fill.
  {
    reason: "position",
    start: { ...laden, position: (1n << 56n) + 5n, cost: 1n },
    fills: [fill("sell", 10n, 0n)],
    capital: 1n,
  },
  {
    reason: "cost",
    start: { ...laden, position: 1n << 50n, cost: 3n << 97n },
    fills: [fill("sell", 1n << 49n, 0n)],
    capital: 1n << 60n,
  },
  {
    reason: "equity",
    start: { ...openingState(1000n), index: 1, equity: 1001n },
    fills: [fill("buy", 1n, 1n)],
    capital: 1000n,
  },
  {
    reason: "drawdown",
    start: openingState(1000n),
    fills: [fill("buy", 1n, 0n, 104_858n)],
    capital: 1000n,
  },
].map((one) => ({ ...one, start: { ...one.start, peak: max(one.start.peak, one.capital) } }));

function max(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}

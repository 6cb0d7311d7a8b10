/** Row of the table `trader`, as far as a reputation follows from it. */
export interface TraderTotals {
  readonly periods: number;
  readonly fills: number;
  readonly wins: number;
  readonly closes: number;
  readonly drawdownBps: number;
  readonly capital: bigint;
  readonly realizedBps: bigint;
  readonly start: number;
}

/**
 * An account's figures over all its instruments, as `TraderRegistry.reputationOf` computes them.
 *
 * @param totals Sums over its periods.
 * @param instruments Periods of each instrument, oldest first; at least one each.
 * @returns Profit in basis points of all capital, rounded down; times in unix milliseconds.
 */
export function reputationOf(
  totals: TraderTotals,
  instruments: readonly (readonly { readonly end: number }[])[],
) {
  const { capital, closes, drawdownBps, fills, periods, realizedBps, start, wins } = totals;
  const ends = instruments.map((records) => records.at(-1)?.end ?? 0);
  return {
    instruments: instruments.length,
    ...{ periods, fills, wins, closes, drawdownBps },
    profitBps: floorDiv(realizedBps, capital).toString(),
    capital: capital.toString(),
    ...{ start, provenUntil: Math.min(...ends) },
  };
}

/** Quotient rounded toward minus infinity, for a positive divisor. */
function floorDiv(value: bigint, divisor: bigint): bigint {
  const quotient = value / divisor;
  return value % divisor < 0n ? quotient - 1n : quotient;
}

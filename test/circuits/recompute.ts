import type { Figures, Fill, LedgerState } from "../../circuits/model/ledger.ts";

/** What a recomputation finds. */
export interface Recomputed {
  readonly figures: Figures;
  readonly position: bigint;
  readonly cost: bigint;
  readonly equity: bigint;
  readonly peak: bigint;
}

interface Book {
  /** Signed. */
  position: bigint;
  /** Signed: what was paid for a long position, what was received for a short one as a negative number. */
  paid: bigint;
}

/**
 * A period's figures by other means than the model's: a signed book in which every fill is split into a part that closes
 * and a part that opens, cash counted apart from the book, and the drawdown over all pairs of points.
 */
export function recompute(start: LedgerState, fills: readonly Fill[], capital: bigint): Recomputed {
  const book: Book = {
    position: start.position,
    paid: start.position < 0n ? -start.cost : start.cost,
  };
  const equities = [start.equity];
  let wins = 0;
  let closes = 0;
  for (const fill of fills) {
    let signed = fill.side === "buy" ? fill.quantity : -fill.quantity;
    let made = -fill.fee;
    const opposite = (book.position > 0n && signed < 0n) || (book.position < 0n && signed > 0n);
    if (opposite) {
      const part = abs(signed) < abs(book.position) ? signed : -book.position;
      made += closePart(book, part, fill.price);
      signed -= part;
      closes += 1;
      if (made > 0n) wins += 1;
    }
    book.position += signed;
    book.paid += signed * fill.price;
    equities.push(equities.at(-1)! + made);
  }
  const drawdowns = equities.map((equity, i) => {
    const peak = [start.peak, ...equities.slice(0, i + 1)].reduce((a, b) => (a > b ? a : b));
    return Number(ceilQuotient((peak - equity) * 10_000n, peak));
  });
  const end = equities.at(-1)!;
  return {
    figures: {
      count: fills.length,
      profitBps: floorQuotient((end - start.equity) * 10_000n, capital),
      wins,
      closes,
      drawdownBps: Math.max(...drawdowns),
    },
    position: book.position,
    cost: abs(book.paid),
    equity: end,
    peak: [start.peak, ...equities].reduce((a, b) => (a > b ? a : b)),
  };
}

/** Closes a part of the book and says what that made. */
function closePart(book: Book, part: bigint, price: bigint): bigint {
  const share = abs(book.paid) * abs(part);
  const released = floorQuotient(share, abs(book.position));
  const isShort = book.position < 0n;
  book.position += part;
  book.paid += isShort ? released : -released;
  return isShort ? released - abs(part) * price : abs(part) * price - released;
}

/** Largest whole number whose product with the divisor does not exceed the value, found bit by bit. */
function floorQuotient(value: bigint, divisor: bigint): bigint {
  if (value < 0n) return -ceilQuotient(-value, divisor);
  let quotient = 0n;
  for (let bit = BigInt(value.toString(2).length); bit >= 0n; bit--) {
    const more = quotient + (1n << bit);
    if (more * divisor <= value) quotient = more;
  }
  return quotient;
}

function ceilQuotient(value: bigint, divisor: bigint): bigint {
  const quotient = floorQuotient(value, divisor);
  return quotient * divisor === value ? quotient : quotient + 1n;
}

function abs(value: bigint): bigint {
  return value < 0n ? -value : value;
}

import type { Pair } from "./pairs.ts";
import type { Tick } from "./source.ts";

/** What is read of a trade as ccxt unifies it; venues leave fields out or send nonsense. */
export interface UnifiedTrade {
  price?: unknown;
  amount?: unknown;
  timestamp?: unknown;
}

/** What is read of a ticker as ccxt unifies it. */
export interface UnifiedTicker {
  bid?: unknown;
  ask?: unknown;
}

/**
 * Tick of one trade.
 *
 * @param receivedAtMs Stands in for a missing time, and bounds it: a venue's clock that runs ahead must not make an old
 * price look fresh.
 * @returns Null for a trade without a positive, finite price and size.
 */
export function tradeTick(
  venue: string,
  pair: Pair,
  trade: UnifiedTrade,
  receivedAtMs: number,
): Tick | null {
  const { price, amount, timestamp } = trade;
  if (!isPositive(price) || !isPositive(amount)) return null;
  const atMs = isPositive(timestamp) ? Math.min(timestamp, receivedAtMs) : receivedAtMs;
  return { venue, base: pair.base, quote: pair.quote, price, size: amount, atMs, kind: "trade" };
}

/**
 * Tick of a book event: the middle of bid and ask, of no size, at the time of receipt, since a ticker's own time is
 * often that of the last trade.
 *
 * @returns Null unless 0 < bid ≤ ask.
 */
export function bookTick(
  venue: string,
  pair: Pair,
  ticker: UnifiedTicker,
  receivedAtMs: number,
): Tick | null {
  const { bid, ask } = ticker;
  if (!isPositive(bid) || !isPositive(ask) || bid > ask) return null;
  const { base, quote } = pair;
  return {
    venue,
    base,
    quote,
    price: bid + (ask - bid) / 2,
    size: 0,
    atMs: receivedAtMs,
    kind: "book",
  };
}

function isPositive(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value) && value > 0;
}

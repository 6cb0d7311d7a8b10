/** One trade (or book event) at a venue. */
export interface Tick {
  /** Name of the venue, as its source calls it ("kraken"). */
  readonly venue: string;
  /** Asset that is priced ("BTC"). */
  readonly base: string;
  /** Currency of the price ("USD", "USDT"). */
  readonly quote: string;
  /** Price of one base in quote; for a book event the middle of best bid and ask. */
  readonly price: number;
  /** Traded amount in base; 0 when unknown or for a book event. */
  readonly size: number;
  /** Time of the event, in the time base of the source. */
  readonly atMs: number;
  readonly kind: "trade" | "book";
}

/** Smallest price that is taken; far below one unit of the eighth decimal, so that conversion never meets a zero. */
const MIN_PRICE = 1e-12;
/** Largest price that is taken: an answer must stay below 2^95 with 8 decimals. */
const MAX_PRICE = 2 ** 95 / 1e8;
/** Largest value of one event, in quote: more than any market trades in a year, and sums of it stay finite. */
const MAX_NOTIONAL = 1e18;

/**
 * Says why a tick cannot be true, or null when it can.
 *
 * @param tick Event as a source hands it over; nothing about its numbers is trusted.
 * @returns One short sentence, or null for a tick that may be used.
 */
export function refuseTick(tick: Tick): string | null {
  const { price, size, atMs } = tick;
  if (tick.venue === "" || tick.base === "" || tick.quote === "") return "no venue or pair";
  if (!Number.isFinite(price)) return "price is not a finite number";
  if (price <= 0) return "price is not positive";
  if (price < MIN_PRICE || price >= MAX_PRICE) return "price is out of range";
  if (!Number.isFinite(size) || size < 0) return "size is not a finite positive number";
  if (price * size > MAX_NOTIONAL) return "size is out of range";
  if (!Number.isFinite(atMs) || atMs < 0) return "time is not a finite positive number";
  return null;
}

/**
 * Total order over the events of one market, so that no result depends on the order of arrival.
 *
 * @returns Negative when `a` comes first, positive when `b` does, 0 when they are equal in everything that counts.
 */
export function compareTicks(a: Tick, b: Tick): number {
  if (a.atMs !== b.atMs) return a.atMs - b.atMs;
  if (a.kind !== b.kind) return a.kind < b.kind ? -1 : 1;
  if (a.price !== b.price) return a.price - b.price;
  return a.size - b.size;
}

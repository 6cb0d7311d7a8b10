import type { Tick } from "./tick.ts";
import type { MarketView } from "./window.ts";

/** How a venue's price was made, best first. */
export type Method = "vwap" | "twap" | "last";

/** Price of one market at a moment. */
export interface VenuePrice {
  readonly price: number;
  readonly method: Method;
}

/**
 * Price of one market: volume-weighted over the window's trades, else time-weighted over its events, else the last
 * one before the window.
 *
 * @param view The market, known to be alive.
 * @param nowMs Moment of the view.
 * @param windowMs Length of the window.
 * @param carryLimitMs Age up to which the event before the window still counts as its opening price.
 * @returns null when the market never had an event.
 */
export function venuePrice(
  view: MarketView,
  nowMs: number,
  windowMs: number,
  carryLimitMs: number,
): VenuePrice | null {
  const traded = vwap(view.ticks);
  if (traded !== null) return { price: traded, method: "vwap" };
  const { carry } = view;
  if (view.ticks.length > 0) {
    const opening = carry !== null && nowMs - windowMs - carry.atMs <= carryLimitMs ? carry : null;
    return { price: twap(view.ticks, nowMs, nowMs - windowMs, opening), method: "twap" };
  }
  return carry === null ? null : { price: carry.price, method: "last" };
}

/**
 * Volume-weighted average price, Σ price·size / Σ size over trades with a size.
 *
 * @param ticks Events in the order of `compareTicks`.
 * @returns null when nothing with a size was traded.
 */
export function vwap(ticks: readonly Tick[]): number | null {
  // Summing distances from the first price keeps one trade exact and loses no digits to large prices.
  let origin: number | null = null;
  let weighted = 0;
  let volume = 0;
  for (const tick of ticks) {
    if (tick.kind !== "trade" || tick.size === 0) continue;
    origin ??= tick.price;
    weighted += (tick.price - origin) * tick.size;
    volume += tick.size;
  }
  return origin === null ? null : origin + weighted / volume;
}

/**
 * Time-weighted average price: each event's price holds until the next one, the last one until now.
 *
 * @param ticks At least one event, oldest first, none after `nowMs`.
 * @param startMs Start of the window.
 * @param opening Event whose price held at the start, or null: then time counts from the first event.
 */
export function twap(
  ticks: readonly Tick[],
  nowMs: number,
  startMs: number,
  opening: Tick | null,
): number {
  const last = ticks[ticks.length - 1]!;
  const origin = last.price;
  let weighted = 0;
  let total = 0;
  let price = opening?.price ?? ticks[0]!.price;
  let since = opening === null ? ticks[0]!.atMs : startMs;
  for (const tick of ticks) {
    weighted += (price - origin) * (tick.atMs - since);
    total += tick.atMs - since;
    price = tick.price;
    since = tick.atMs;
  }
  total += nowMs - since;
  return total === 0 ? origin : origin + weighted / total;
}

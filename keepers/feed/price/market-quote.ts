import { deathOf } from "./liveness.ts";
import { staleLimitMs } from "./settings.ts";
import type { PriceSettings } from "./settings.ts";
import { venuePrice } from "./venue-price.ts";
import type { Method } from "./venue-price.ts";
import type { MarketView } from "./window.ts";

/** What one market says at a moment, in its own quote currency. */
export interface MarketQuote {
  readonly venue: string;
  readonly base: string;
  readonly quote: string;
  /** null when the market is dead; then `why` says so. */
  readonly price: number | null;
  readonly why: string;
  readonly method: Method;
  /** Time of the newest event; 0 when there was none. */
  readonly atMs: number;
  /** Value traded lately, in quote. */
  readonly liquidity: number;
}

/**
 * Prices one market, or says why it has no price.
 *
 * @param view The market at `nowMs`.
 * @param nowMs Moment of the view.
 * @param settings Window and limits.
 */
export function quoteMarket(view: MarketView, nowMs: number, settings: PriceSettings): MarketQuote {
  const { venue, base, quote } = view;
  const limitMs = staleLimitMs(settings, base, quote);
  const death = deathOf(view.lastAtMs, nowMs, limitMs);
  const priced = death === null ? venuePrice(view, nowMs, settings.windowMs, limitMs) : null;
  return {
    venue,
    base,
    quote,
    price: priced?.price ?? null,
    why: priced === null ? (death ?? "no data yet") : "",
    method: priced?.method ?? "last",
    atMs: view.lastAtMs ?? 0,
    liquidity: view.notional,
  };
}

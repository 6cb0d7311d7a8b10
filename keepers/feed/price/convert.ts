import { aggregate } from "./aggregate.ts";
import type { MarketQuote } from "./market-quote.ts";
import type { PriceSettings } from "./settings.ts";

/** How many units one of a currency is worth at a moment, or why nobody knows. */
export interface Rate {
  readonly rate: number | null;
  /** Why there is no rate; or, with a rate, what a reader must know about it; else empty. */
  readonly note: string;
}

/**
 * Price of a quote currency in the unit, from this operator's own quotes of the same moment and only from venues that
 * quote it in the unit itself: never by assuming that a dollar token is a dollar, and never through a published feed,
 * which may be suspended. (USDC traded at 0.88 dollars in March 2023.)
 *
 * @param currency Symbol such as "USDT".
 * @param quotes All markets at the moment.
 * @param settings Unit, convertible currencies, aggregation.
 */
export function rateOf(
  currency: string,
  quotes: readonly MarketQuote[],
  settings: PriceSettings,
): Rate {
  const { unit } = settings;
  if (currency === unit) return { rate: 1, note: "" };
  const direct = quotes.flatMap(({ venue, base, quote, price, liquidity }) =>
    base === currency && quote === unit && price !== null ? [{ venue, price, liquidity }] : [],
  );
  const known = settings.convertible.includes(currency);
  if (known && direct.length > 0) {
    const { price, reason } = aggregate(direct, settings);
    return { rate: price, note: price === null ? `no ${currency}/${unit} price: ${reason}` : "" };
  }
  const assumed = settings.assumedRates[currency];
  if (assumed !== undefined) {
    return { rate: assumed, note: `${currency} taken as ${assumed} ${unit} by assumption` };
  }
  return {
    rate: null,
    note: known ? `no ${currency}/${unit} price` : `quotes in ${currency} are not converted`,
  };
}

import { capByDeviation, madLimits } from "./outliers.ts";
import type { PriceSettings } from "./settings.ts";
import { cappedShares, middle, weightedMedian } from "./weighted-median.ts";

/** One venue's price of one asset, in the unit. */
export interface VenueQuote {
  readonly venue: string;
  readonly price: number;
  /** Value traded lately, any common unit, ≥ 0. */
  readonly liquidity: number;
}

/** One price out of many, and which venues are in it. */
export interface Aggregate {
  /** null when the venues give none; then `reason` says why. */
  readonly price: number | null;
  readonly reason: string;
  /** Venues that were set aside, and why. */
  readonly outliers: ReadonlyMap<string, string>;
}

/**
 * Makes one price of distinct venues' prices: outliers out, the rest capped, liquidity-weighted median with capped
 * shares, held within the middle of all the venues.
 *
 * @param unordered One quote a venue, at least one; their order does not matter.
 * @param settings Distances and caps.
 */
export function aggregate(unordered: readonly VenueQuote[], settings: PriceSettings): Aggregate {
  // One fixed order, so that not even the last digit of a sum depends on who came first.
  const quotes = [...unordered].sort((a, b) => (a.venue < b.venue ? -1 : 1));
  const prices = quotes.map((quote) => quote.price);
  const limits = madLimits(prices, settings.outlierDeviations, settings.outlierFloorBps);
  const outliers = new Map<string, string>();
  const kept: VenueQuote[] = [];
  for (const quote of quotes) {
    if (quote.price >= limits.low && quote.price <= limits.high) kept.push(quote);
    else outliers.set(quote.venue, outlierReason(quote.price, limits.centre));
  }
  if (quotes.length === 2) {
    const apartBps = (Math.abs(prices[0]! - prices[1]!) / Math.min(prices[0]!, prices[1]!)) * 1e4;
    if (apartBps > settings.maxDisagreementBps) {
      const reason = `two venues disagree by ${Math.round(apartBps)} bps`;
      return { price: null, reason, outliers };
    }
  }
  const capped = capByDeviation(
    kept.map((quote) => quote.price),
    settings.capDeviations,
  );
  const shares = cappedShares(
    kept.map((quote) => quote.liquidity),
    settings.maxVenueShare,
  );
  const weighted = weightedMedian(
    capped.map((price, index) => ({ price, weight: shares[index]! })),
  );
  const { low, high } = middle(prices);
  return { price: Math.min(Math.max(weighted, low), high), reason: "", outliers };
}

function outlierReason(price: number, centre: number): string {
  const bps = Math.round((price / centre - 1) * 10_000);
  return `outlier: ${bps > 0 ? "+" : ""}${bps} bps from the median`;
}

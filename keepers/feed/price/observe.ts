import { aggregate } from "./aggregate.ts";
import type { VenueQuote } from "./aggregate.ts";
import { rateOf } from "./convert.ts";
import type { Rate } from "./convert.ts";
import { parseFeedId } from "./feed-id.ts";
import { quoteMarket } from "./market-quote.ts";
import type { MarketQuote } from "./market-quote.ts";
import type { PriceSettings } from "./settings.ts";
import { toE8 } from "./to-e8.ts";
import type { MarketView } from "./window.ts";

/** A feed to be priced. */
export interface FeedSpec {
  /** "BASE/QUOTE", e.g. "BTC/USD". */
  readonly feedId: string;
  /** Distinct live venues that a price needs, from the feed's parameters on chain. */
  readonly minVenues: number;
}

/** An operator's own price of one feed at one moment. */
export interface FeedPrice {
  readonly feedId: string;
  /** Price with 8 decimals, or null when there is none; `reason` says how it was made or why it is missing. */
  readonly priceE8: bigint | null;
  readonly reason: string;
  /** For each venue that trades the base: "used", or why it was not. */
  readonly venues: Readonly<Record<string, string>>;
}

/** A venue's best market for a feed, in the unit. */
interface Candidate extends VenueQuote {
  readonly market: MarketQuote;
  readonly note: string;
}

const METHOD_RANK = { vwap: 0, twap: 1, last: 2 } as const;

/**
 * Prices feeds from what the markets look like at one moment. Pure: the same views in any order give the same bytes.
 *
 * A venue counts once per feed, however many of its pairs quote the base. Of the pairs heard within one window of the
 * venue's newest event: the one with the best method (traded in the window, then quoted, then the last price), then the
 * one quoted in the unit itself (a conversion adds its own error and would make many venues hang on one rate), then the
 * one that trades more.
 *
 * @param snapshot All markets at `nowMs`, one view per venue and pair.
 * @param feeds Feeds to price.
 * @param nowMs The moment.
 * @param settings See `PriceSettings`.
 * @returns One entry per feed, in the order given.
 */
export function observe(
  snapshot: readonly MarketView[],
  feeds: readonly FeedSpec[],
  nowMs: number,
  settings: PriceSettings,
): FeedPrice[] {
  const quotes = snapshot
    .map((view) => quoteMarket(view, nowMs, settings))
    .sort((a, b) => compare(a.venue, b.venue) || compare(a.quote, b.quote));
  const rates = new Map<string, Rate>();
  const rate = (currency: string): Rate => {
    let known = rates.get(currency);
    if (known === undefined) {
      known = rateOf(currency, quotes, settings);
      rates.set(currency, known);
    }
    return known;
  };
  return feeds.map((feed) => observeFeed(feed, quotes, rate, settings));
}

function observeFeed(
  { feedId, minVenues }: FeedSpec,
  quotes: readonly MarketQuote[],
  rate: (currency: string) => Rate,
  settings: PriceSettings,
): FeedPrice {
  const pair = parseFeedId(feedId);
  if (pair === null) return missing(feedId, `unsupported: "${feedId}" is not BASE/QUOTE`);
  if (pair.quote !== settings.unit) {
    return missing(feedId, `unsupported: feeds are priced in ${settings.unit}, not ${pair.quote}`);
  }
  const { candidates, venues, silent } = gather(pair.base, quotes, rate, settings);
  if (candidates.length < Math.max(1, minVenues)) {
    return missing(feedId, tooFew(pair.base, candidates.length, minVenues, venues), venues);
  }
  let chosen = candidates;
  let result = aggregate(chosen, settings);
  const direct = candidates.filter(({ market }) => market.quote === settings.unit);
  if (result.price === null && minVenues <= 1 && direct.length === 1) {
    // Two contradict each other and one venue is enough: the one that needs no conversion speaks.
    for (const { venue } of candidates) venues[venue] = result.reason;
    chosen = direct;
    result = aggregate(chosen, settings);
  }
  for (const { venue } of chosen) venues[venue] = result.outliers.get(venue) ?? "used";
  if (result.price === null) {
    for (const { venue } of chosen) venues[venue] = result.reason;
    return missing(feedId, result.reason, venues);
  }
  const priceE8 = toE8(result.price);
  if (priceE8 === null) {
    return missing(feedId, `price ${result.price} does not fit 8 decimals`, venues);
  }
  const used = chosen.length - result.outliers.size;
  const notes = new Set(chosen.map(({ note }) => note).filter((note) => note !== ""));
  const reason = [`median of ${used} ${used === 1 ? "venue" : "venues"}`, ...notes, ...silent];
  return { feedId, priceE8, reason: reason.join("; "), venues };
}

/** Every venue's best market of a base, and what is wrong with the others. */
function gather(
  base: string,
  quotes: readonly MarketQuote[],
  rate: (currency: string) => Rate,
  settings: PriceSettings,
): { candidates: Candidate[]; venues: Record<string, string>; silent: string[] } {
  const alive = new Map<string, Candidate[]>();
  const dead: { venue: string; pair: string; why: string }[] = [];
  for (const market of quotes) {
    if (market.base !== base) continue;
    const { venue, quote, price } = market;
    const { rate: converted, note } = rate(quote);
    if (price === null || converted === null) {
      dead.push({ venue, pair: `${base}/${quote}`, why: price === null ? market.why : note });
      continue;
    }
    const liquidity = market.liquidity * converted;
    const known = alive.get(venue) ?? [];
    known.push({ venue, price: price * converted, liquidity, market, note });
    alive.set(venue, known);
  }
  const venues: Record<string, string> = {};
  const silent: string[] = [];
  for (const { venue, pair, why } of dead) {
    if (alive.has(venue)) silent.push(`${venue} ${pair} ${why}`);
    else {
      const before = Object.hasOwn(venues, venue) ? `${venues[venue]}; ` : "";
      venues[venue] = `${before}${pair} ${why}`;
    }
  }
  return { candidates: [...alive.values()].map((own) => best(own, settings)), venues, silent };
}

/** The market that speaks for a venue. */
function best(own: readonly Candidate[], { unit, windowMs }: PriceSettings): Candidate {
  const newestMs = Math.max(...own.map(({ market }) => market.atMs));
  const heard = own.filter(({ market }) => market.atMs > newestMs - windowMs);
  return heard.reduce((chosen, other) => (preferred(other, chosen, unit) < 0 ? other : chosen));
}

/** Negative when `a` is the better market of a venue. */
function preferred(a: Candidate, b: Candidate, unit: string): number {
  return (
    METHOD_RANK[a.market.method] - METHOD_RANK[b.market.method] ||
    Number(a.market.quote !== unit) - Number(b.market.quote !== unit) ||
    b.liquidity - a.liquidity ||
    compare(a.market.quote, b.market.quote)
  );
}

function tooFew(
  base: string,
  live: number,
  minVenues: number,
  venues: Readonly<Record<string, string>>,
): string {
  const whys = Object.entries(venues).map(([venue, why]) => `${venue}: ${why}`);
  if (live === 0 && whys.length === 0) return `no venue trades ${base}`;
  return [`too few venues: ${live} live, ${Math.max(1, minVenues)} needed`, ...whys].join("; ");
}

function missing(
  feedId: string,
  reason: string,
  venues: Readonly<Record<string, string>> = {},
): FeedPrice {
  return { feedId, priceE8: null, reason, venues };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

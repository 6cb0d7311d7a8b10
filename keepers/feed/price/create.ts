import { observe } from "./observe.ts";
import type { FeedPrice, FeedSpec } from "./observe.ts";
import { defaultPriceSettings } from "./settings.ts";
import type { PriceSettings } from "./settings.ts";
import type { Tick } from "./tick.ts";
import { QuoteWindow } from "./window.ts";

/** Markets that one pricer follows; a source that invents pairs must not fill the memory. */
const MAX_MARKETS = 2_000;

/** One pair at one venue. */
export interface Market {
  readonly venue: string;
  readonly base: string;
  readonly quote: string;
}

/** An operator's prices: ticks go in as they come, prices come out for any moment. */
export interface Pricer {
  /** Takes an event; returns why it was refused, or null. Never throws. */
  add(tick: Tick): string | null;
  /** Prices all feeds at a moment, in the time base of the ticks; moments go forward. */
  observe(nowMs: number): FeedPrice[];
  /** Replaces the feeds, when the set on chain has changed; what was heard from the venues is kept. */
  setFeeds(feeds: readonly FeedSpec[]): void;
}

/**
 * Creates a pricer with an empty memory. It has no clock and does no input or output.
 *
 * @param options.feeds Feeds to price, with the venues each needs.
 * @param options.markets Markets to report on before their first event; others are added when they speak.
 * @param options.settings Changes to `defaultPriceSettings`.
 */
export function createPricer(options: {
  readonly feeds: readonly FeedSpec[];
  readonly markets?: readonly Market[];
  readonly settings?: Partial<PriceSettings>;
}): Pricer {
  const settings: PriceSettings = { ...defaultPriceSettings, ...options.settings };
  const windows: QuoteWindow[] = [];
  // Nested, because joining three names for every tick costs more than everything else that is done with it.
  const index = new Map<string, Map<string, Map<string, QuoteWindow>>>();
  let { feeds } = options;
  const create = (market: Market): QuoteWindow | null => {
    if (windows.length >= MAX_MARKETS) return null;
    const window = new QuoteWindow(market, settings);
    windows.push(window);
    const { venue, base, quote } = market;
    const bases = index.get(venue) ?? new Map<string, Map<string, QuoteWindow>>();
    index.set(venue, bases);
    const quotes = bases.get(base) ?? new Map<string, QuoteWindow>();
    bases.set(base, quotes);
    quotes.set(quote, window);
    return window;
  };
  const windowOf = (market: Market): QuoteWindow | null =>
    index.get(market.venue)?.get(market.base)?.get(market.quote) ?? create(market);
  for (const market of options.markets ?? []) windowOf(market);
  return {
    add(tick) {
      const window = windowOf(tick);
      return window === null ? "too many markets" : window.add(tick);
    },
    observe(nowMs) {
      const views = windows.map((window) => window.snapshot(nowMs));
      return observe(views, feeds, nowMs, settings);
    },
    setFeeds(next) {
      feeds = next;
    },
  };
}

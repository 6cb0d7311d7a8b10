import { staleLimitMs } from "../price/settings.ts";
import type { PriceSettings } from "../price/settings.ts";
import { BAR_SECONDS } from "./bars.ts";
import type { BarSeries } from "./bars.ts";

/** A time without a trade in one market, longer than the market may be silent. */
export interface Silence {
  readonly venue: string;
  readonly pair: string;
  /** End of the last bar with a trade, or the start of the replay; unix seconds. */
  readonly from: number;
  /** End of the next bar with a trade, or the end of the replay; unix seconds. */
  readonly to: number;
  readonly seconds: number;
}

/** What is recorded of one market within a time. */
export interface MarketReport {
  readonly venue: string;
  readonly pair: string;
  /** Bars with a trade. */
  readonly trades: number;
  /** Minutes that have no bar, or one without volume. */
  readonly silentMinutes: number;
  readonly silences: readonly Silence[];
}

/**
 * Names the times when a market was dead by the pipeline's own limits.
 *
 * @param series One market.
 * @param from Start, unix seconds.
 * @param to End, unix seconds.
 */
export function reportMarket(
  { venue, base, quote, openTs, volume }: BarSeries,
  from: number,
  to: number,
  settings: PriceSettings,
): MarketReport {
  const pair = `${base}/${quote}`;
  const limit = staleLimitMs(settings, base, quote) / 1000;
  const silences: Silence[] = [];
  let trades = 0;
  let last = from;
  const look = (now: number): void => {
    if (now - last > limit)
      silences.push({ venue, pair, from: last, to: now, seconds: now - last });
    last = now;
  };
  for (let index = 0; index < openTs.length; index += 1) {
    const end = openTs[index]! + BAR_SECONDS;
    if (volume[index] === 0 || end < from || end > to) continue;
    trades += 1;
    look(end);
  }
  look(to);
  const minutes = Math.floor((to - from) / BAR_SECONDS) + 1;
  return { venue, pair, trades, silentMinutes: Math.max(0, minutes - trades), silences };
}

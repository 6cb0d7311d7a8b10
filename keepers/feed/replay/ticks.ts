import type { Tick } from "../price/tick.ts";
import { BAR_SECONDS } from "./bars.ts";
import type { BarSeries } from "./bars.ts";

/**
 * Turns bars into ticks: a bar is one trade of its whole volume, at its close, at its end; a bar without volume repeats
 * an old price and is no trade.
 *
 * @param series Any number of markets.
 * @returns All trades in order of time, those of one moment in the order of the series.
 */
export function ticksOf(series: readonly BarSeries[]): Tick[] {
  const ticks: Tick[] = [];
  for (const { venue, base, quote, openTs, close, volume } of series) {
    for (let index = 0; index < openTs.length; index += 1) {
      const size = volume[index]!;
      if (size === 0) continue;
      const atMs = (openTs[index]! + BAR_SECONDS) * 1000;
      ticks.push({ venue, base, quote, price: close[index]!, size, atMs, kind: "trade" });
    }
  }
  return ticks.sort((a, b) => a.atMs - b.atMs);
}

import { defaultPriceSettings } from "../../../../keepers/feed/price/settings.ts";
import type { PriceSettings } from "../../../../keepers/feed/price/settings.ts";
import type { Tick } from "../../../../keepers/feed/price/tick.ts";

/** A moment that is not special. */
export const NOW_MS = 1_700_000_000_000;

/** A trade of one BTC at 100 USD at alpha, now, with changes. */
export function tick(changes: Partial<Tick> = {}): Tick {
  return {
    venue: "alpha",
    base: "BTC",
    quote: "USD",
    price: 100,
    size: 1,
    atMs: NOW_MS,
    kind: "trade",
    ...changes,
  };
}

/** Default settings with changes. */
export function settings(changes: Partial<PriceSettings> = {}): PriceSettings {
  return { ...defaultPriceSettings, ...changes };
}

/** All values in another order, the same for the same seed. */
export function shuffled<T>(values: readonly T[], seed: number): T[] {
  const result = [...values];
  let state = seed >>> 0;
  for (let index = result.length - 1; index > 0; index -= 1) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    const other = state % (index + 1);
    [result[index], result[other]] = [result[other]!, result[index]!];
  }
  return result;
}

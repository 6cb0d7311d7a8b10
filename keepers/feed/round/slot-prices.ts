import type { FeedPrice } from "../price/observe.ts";
import type { SlotPrices } from "./observer.ts";

/** The prices of the last slots, each taken once. */
export interface PriceBook extends SlotPrices {
  /** Keeps the prices of a slot; the first that are put count. */
  put(slot: number, prices: readonly FeedPrice[]): void;
  /** The newest prices with reasons and venues; empty before the first. */
  latest(): readonly FeedPrice[];
}

/** A peer asks for a slot up to 5 s old. */
const KEPT_SLOTS = 12;

/** Creates an empty book. */
export function createPriceBook(): PriceBook {
  const bySlot = new Map<number, ReadonlyMap<string, bigint>>();
  let newest: readonly FeedPrice[] = [];
  return {
    put(slot, prices) {
      if (bySlot.has(slot)) return;
      newest = prices;
      bySlot.set(
        slot,
        new Map(
          prices.flatMap(({ feedId, priceE8 }) => (priceE8 === null ? [] : [[feedId, priceE8]])),
        ),
      );
      for (const old of bySlot.keys()) if (old <= slot - KEPT_SLOTS) bySlot.delete(old);
    },
    at: (slot) => bySlot.get(slot) ?? null,
    latest: () => newest,
  };
}

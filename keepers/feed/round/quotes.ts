import { parseFeedId } from "../price/feed-id.ts";
import type { Tick } from "../price/tick.ts";
import type { VenueHealth, VenueSource } from "../venues/source.ts";

/** The venue source of an operator, which follows the feeds of the active set. */
export interface Quotes {
  readonly mode: VenueSource["mode"];
  /** Now in the time base of the ticks. */
  nowMs(): number;
  health(): VenueHealth[];
  /** Sees to it that ticks come for these feeds; opens the venues anew when they need other currencies. */
  follow(feedIds: readonly string[]): void;
  /** Delivers ticks until the signal aborts and everything is closed. */
  run(onTick: (tick: Tick) => void, signal: AbortSignal): Promise<void>;
}

/**
 * @param open Makes a source for these base currencies; called at once, so that what is wrong with it shows at start-up.
 * @param options.always Currencies that are needed whatever the feeds are, to convert quotes.
 */
export function createQuotes(
  open: (bases: readonly string[]) => VenueSource,
  options: { readonly always: readonly string[]; readonly feedIds: readonly string[] },
): Quotes {
  const basesOf = (feedIds: readonly string[]): string[] => {
    const bases = feedIds.flatMap((feedId) => parseFeedId(feedId)?.base ?? []);
    return [...new Set([...bases, ...options.always])].sort();
  };
  let bases = basesOf(options.feedIds);
  let source = open(bases);
  let changed = new AbortController();
  return {
    get mode() {
      return source.mode;
    },
    nowMs: () => source.nowMs(),
    health: () => source.health(),
    follow(feedIds) {
      const wanted = basesOf(feedIds);
      if (wanted.join() === bases.join()) return;
      bases = wanted;
      source = open(bases);
      changed.abort();
    },
    async run(onTick, signal) {
      while (!signal.aborted) {
        changed = new AbortController();
        await source.start(onTick, AbortSignal.any([signal, changed.signal]));
        // A source that ends by itself, as a replay may, is not started again.
        if (changed.signal.aborted || signal.aborted) continue;
        const waiting = AbortSignal.any([signal, changed.signal]);
        await new Promise<void>((resolve) => {
          if (waiting.aborted) resolve();
          waiting.addEventListener("abort", () => resolve(), { once: true });
        });
      }
    },
  };
}

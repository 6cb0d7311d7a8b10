import type { Clock } from "../../shared/clock.ts";
import {
  simulatedPairs,
  SIMULATED_VENUES,
  simulatedTrade,
  periodOf,
  type SimulatedPair,
} from "./simulation.ts";
import type { VenueHealth, VenueSource } from "./source.ts";

/** Recent past emitted at start, and the most that is caught up after a pause of the process. */
const WARM_UP_MS = 15 * 60_000;
const STEP_MS = 200;

export interface SimulatorOptions {
  /** Operators with the same seed see the same trades. */
  seed: string | number;
  bases: readonly string[];
  clock: Clock;
}

interface Stream {
  venueIndex: number;
  pair: SimulatedPair;
  /** Number of the next trade to emit. */
  next: number;
  lastTickAtMs: number | null;
}

/**
 * Invented prices for development without a network. Whether a chain may use them is decided where configuration is
 * checked; the mode is in every status that an operator writes.
 */
export function createSimulatorSource({ seed, bases, clock }: SimulatorOptions): VenueSource {
  const key = String(seed);
  const streams: Stream[] = SIMULATED_VENUES.flatMap((_, venueIndex) =>
    simulatedPairs(bases).map((pair) => ({ venueIndex, pair, next: 0, lastTickAtMs: null })),
  );

  return {
    mode: "simulator",
    nowMs: () => clock.nowMs(),

    async start(onTick, signal) {
      while (!signal.aborted) {
        const now = clock.nowMs();
        const oldest = periodOf(now - WARM_UP_MS);
        const end = periodOf(now);
        for (const stream of streams) stream.next = Math.max(stream.next, oldest);
        // trade numbers outside, streams inside: ticks leave in order of time to within one period
        const first = Math.min(...streams.map((stream) => stream.next));
        for (let index = first; index < end + 1; index++) {
          for (const stream of streams) {
            if (stream.next !== index) continue;
            const tick = simulatedTrade(key, stream.venueIndex, stream.pair, index);
            if (tick.atMs > now) continue;
            stream.next = index + 1;
            stream.lastTickAtMs = tick.atMs;
            onTick(tick);
          }
        }
        await clock.sleep(STEP_MS, signal);
      }
    },

    health(): VenueHealth[] {
      return streams.map(({ venueIndex, pair, lastTickAtMs }) => ({
        venue: SIMULATED_VENUES[venueIndex]!,
        pair: `${pair.base}/${pair.quote}`,
        state: lastTickAtMs === null ? "connecting" : "live",
        lastTickAtMs,
        detail: "simulated",
      }));
    },
  };
}

import type { Clock } from "../../shared/clock.ts";
import type { Logger } from "../../shared/log.ts";
import { readRecording } from "../replay/bars.ts";
import { createLiveSource } from "./live.ts";
import { createReplaySource } from "./replay.ts";
import { createSimulatorSource } from "./simulator.ts";
import type { PricesConfig, VenueSource } from "./source.ts";

export interface VenueSourceDeps {
  log: Logger;
  clock: Clock;
  /** Base currencies that prices are needed for, quote stablecoins included: ["BTC", "ETH", "USDT", "USDC"]. */
  bases: readonly string[];
}

/**
 * Makes the source that the configuration names. A replay reads its files here, so that a bad folder ends a start-up
 * with one clear error; a live source opens nothing before `start`.
 *
 * @throws Error for a folder without usable bars or a malformed row (file and line are named), for an unknown venue.
 */
export function createVenueSource(prices: PricesConfig, deps: VenueSourceDeps): VenueSource {
  const { log, clock, bases } = deps;
  switch (prices.mode) {
    case "live":
      return createLiveSource({ venues: prices.venues, bases, log, clock });
    case "replay": {
      const { dir, speed, startedAtMs } = prices;
      return createReplaySource({
        series: readRecording(dir).series,
        bases,
        speed,
        startedAtMs,
        log,
        clock,
      });
    }
    case "simulator":
      return createSimulatorSource({ seed: prices.seed, bases, clock });
  }
}

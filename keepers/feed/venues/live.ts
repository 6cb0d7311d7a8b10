import type { Clock } from "../../shared/clock.ts";
import type { Logger } from "../../shared/log.ts";
import { VENUE_NAMES, venueEntry } from "./catalogue.ts";
import { createVenueConnection, type ConnectionSettings } from "./connection.ts";
import type { Endpoint } from "./exchange.ts";
import type { VenueSource } from "./source.ts";

export interface LiveOptions {
  /** Names of the catalogue; all of it unless given. */
  venues?: readonly string[] | undefined;
  bases: readonly string[];
  log: Logger;
  clock: Clock;
  settings?: Partial<ConnectionSettings>;
  /** Other servers for some venues, by name. */
  endpoints?: Readonly<Record<string, Endpoint>>;
  /** Uniform in [0, 1); jitters waits. */
  random?: () => number;
}

const DEFAULTS: ConnectionSettings = {
  backoff: { baseMs: 1_000, capMs: 60_000 },
  stableMs: 60_000,
  marketsMaxAgeMs: 6 * 3_600_000,
};

/** Lists of markets that are fetched and parsed at one time. */
const LISTINGS_AT_ONCE = 2;

/**
 * Prices from exchanges over WebSocket. Every venue stands alone: one that fails waits and tries again, the others
 * never notice. Requests and subscriptions keep to each venue's own rate limit (ccxt's throttle).
 *
 * @throws Error for a venue that is not in the catalogue, or none.
 */
export function createLiveSource(options: LiveOptions): VenueSource {
  const { bases, log, clock, endpoints, random = Math.random } = options;
  const settings = { ...DEFAULTS, ...options.settings };
  const names = [...new Set(options.venues ?? VENUE_NAMES)];
  if (names.length === 0) throw new Error(`no venues given; known are ${VENUE_NAMES.join(", ")}`);
  const inTurn = createTurns(LISTINGS_AT_ONCE);
  const connections = names.map((name) => {
    const entry = venueEntry(name);
    return createVenueConnection({
      entry,
      bases,
      settings,
      endpoint: endpoints?.[name],
      log,
      clock,
      random,
      inTurn,
    });
  });

  return {
    mode: "live",
    nowMs: () => clock.nowMs(),
    async start(onTick, signal) {
      await Promise.all(connections.map((connection) => connection.run(onTick, signal)));
    },
    health: () => connections.flatMap((connection) => connection.health()),
  };
}

/** Lets `limit` tasks run at one time, the others in the order they came. */
function createTurns(limit: number): <T>(task: () => Promise<T>) => Promise<T> {
  let running = 0;
  const waiting: (() => void)[] = [];
  return async (task) => {
    if (running >= limit) await new Promise<void>((resolve) => waiting.push(resolve));
    else running++;
    try {
      return await task();
    } finally {
      const next = waiting.shift();
      if (next === undefined) running--;
      else next();
    }
  };
}

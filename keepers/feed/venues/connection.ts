import type { Clock } from "../../shared/clock.ts";
import type { Logger } from "../../shared/log.ts";
import { backoffMs, type BackoffSettings } from "./backoff.ts";
import type { VenueEntry } from "./catalogue.ts";
import {
  closeExchange,
  openExchange,
  socketFailure,
  type Endpoint,
  type Exchange,
} from "./exchange.ts";
import { createHarvest } from "./harvest.ts";
import { chooseMarkets, wantedPairs, type ListedMarket, type Pair } from "./pairs.ts";
import type { Tick, VenueHealth } from "./source.ts";

/** Times that hold for every venue. */
export interface ConnectionSettings {
  backoff: BackoffSettings;
  /** A connection that lived this long was good: the next failure counts as the first. */
  stableMs: number;
  /** Overrides every venue's own limit of silence. */
  silenceMs?: number | undefined;
  /** Markets are asked for again after this long, when a connection is made anyway. */
  marketsMaxAgeMs: number;
}

export interface ConnectionDeps {
  entry: VenueEntry;
  bases: readonly string[];
  settings: ConnectionSettings;
  endpoint: Endpoint | undefined;
  log: Logger;
  clock: Clock;
  /** Uniform in [0, 1). */
  random: () => number;
  /** Runs one listing of markets at a time or a few: their answers are the largest thing an operator ever parses. */
  inTurn: <T>(task: () => Promise<T>) => Promise<T>;
}

export interface VenueConnection {
  /** Connects and reconnects until aborted. */
  run(onTick: (tick: Tick) => void, signal: AbortSignal): Promise<void>;
  health(): VenueHealth[];
}

/** A pair without an event for this long is reported stale. */
const STALE_AFTER_MS = 60_000;

type Phase = "connecting" | "live" | "backoff";

interface PairHealth {
  pair: Pair;
  listed: boolean;
  lastTickAtMs: number | null;
}

/** Keeps one venue connected; a failure of any kind ends in a wait and a new attempt, never in an error. */
export function createVenueConnection(deps: ConnectionDeps): VenueConnection {
  const { entry, bases, settings, endpoint, log, clock, random, inTurn } = deps;
  const { venue } = entry;
  const silenceMs = settings.silenceMs ?? entry.silenceMs;
  const pairs = new Map<string, PairHealth>(
    wantedPairs(bases).map((pair) => [pair.symbol, { pair, listed: true, lastTickAtMs: null }]),
  );
  /** Time of each pair's last trade, kept over reconnects. */
  const knownUntilMs = new Map<string, number>();
  let markets: { list: ListedMarket[]; atMs: number } | undefined;
  const status: { phase: Phase; detail: string } = { phase: "connecting", detail: "" };
  /** What the log said last, so that it speaks on a change only. */
  let logged: "nothing" | "live" | "down" = "nothing";

  async function listedMarkets(exchange: Exchange): Promise<ListedMarket[]> {
    if (endpoint?.markets !== undefined) return chooseMarkets(endpoint.markets, bases);
    if (markets === undefined || clock.nowMs() - markets.atMs > settings.marketsMaxAgeMs) {
      const list = chooseMarkets(
        await inTurn(() => exchange.fetchMarkets(entry.marketParams)),
        bases,
      );
      markets = { list, atMs: clock.nowMs() };
    }
    return markets.list;
  }

  /** One connection from opening to its end; rejects with the reason of the end. */
  async function connect(
    exchange: Exchange,
    onTick: (tick: Tick) => void,
    ending: AbortSignal,
  ): Promise<never> {
    const list = await listedMarkets(exchange);
    const symbols = new Set(list.map(({ symbol }) => symbol));
    for (const state of pairs.values()) state.listed = symbols.has(state.pair.symbol);
    if (list.length === 0) throw new Error("lists none of the wanted pairs");
    // without the other thousands of markets
    exchange.setMarkets(list);
    const chosen = [...pairs.values()].filter(({ listed }) => listed).map(({ pair }) => pair);

    const harvest = createHarvest(venue, chosen, exchange, new Map(knownUntilMs), (tick, pair) => {
      const state = pairs.get(pair.symbol)!;
      state.lastTickAtMs = Math.max(state.lastTickAtMs ?? 0, tick.atMs);
      if (tick.kind === "trade") {
        knownUntilMs.set(pair.symbol, Math.max(knownUntilMs.get(pair.symbol) ?? 0, tick.atMs));
      }
      onTick(tick);
    });
    let lastEventAtMs = clock.nowMs();
    let trouble = "";
    const handle = exchange.handleMessage.bind(exchange);
    exchange.handleMessage = (client, message) => {
      if (ending.aborted) return;
      try {
        handle(client, message);
      } catch (error) {
        // one frame that ccxt cannot read is no reason to lose the others; a refused subscription
        // shows as silence
        trouble = describe(error);
      }
      const now = clock.nowMs();
      if (!harvest.collect(now)) return;
      lastEventAtMs = now;
      trouble = "";
      if (status.phase !== "live") wentLive(chosen.length);
    };

    const watchdog = async (): Promise<never> => {
      for (;;) {
        const idleMs = clock.nowMs() - lastEventAtMs;
        if (idleMs >= silenceMs) {
          const cause = trouble === "" ? "" : `; last error: ${trouble}`;
          throw new Error(`silent for ${Math.round(idleMs / 100) / 10} s${cause}`);
        }
        await clock.sleep(silenceMs - idleMs, ending);
        if (ending.aborted) throw new Error("closed");
      }
    };
    return Promise.race([
      watchdog(),
      socketFailure(exchange),
      ...subscribe(entry, exchange, [...symbols]),
    ]);
  }

  function enter(phase: Phase, detail: string): void {
    status.phase = phase;
    status.detail = detail;
  }

  function wentLive(count: number): void {
    enter("live", "");
    if (logged === "live") return;
    logged = "live";
    log.info({ venue, pairs: count }, "venue is live");
  }

  function wentDown(reason: string, failures: number): number {
    const waitMs = backoffMs(failures, random(), settings.backoff);
    enter("backoff", reason);
    if (logged !== "down") {
      logged = "down";
      log.warn({ venue, reason, retryInMs: waitMs }, "venue is down; retrying quietly");
    }
    return waitMs;
  }

  return {
    async run(onTick, signal) {
      for (let failures = 0; !signal.aborted;) {
        enter("connecting", "");
        const startedAtMs = clock.nowMs();
        const ending = new AbortController();
        const stop = () => ending.abort();
        signal.addEventListener("abort", stop, { once: true });
        let exchange: Exchange | undefined;
        let reason = "";
        try {
          exchange = await openExchange(entry, ending.signal, endpoint);
          await Promise.race([connect(exchange, onTick, ending.signal), aborted(ending.signal)]);
        } catch (error) {
          reason = describe(error);
        } finally {
          signal.removeEventListener("abort", stop);
          ending.abort();
          if (exchange !== undefined) await closeExchange(exchange);
        }
        if (signal.aborted) return;
        failures =
          clock.nowMs() - startedAtMs >= settings.stableMs && status.phase === "live"
            ? 1
            : failures + 1;
        await clock.sleep(wentDown(reason, failures), signal);
      }
    },

    health() {
      const now = clock.nowMs();
      return [...pairs.values()].map((state) => healthOf(venue, state, status, now));
    },
  };
}

/**
 * Subscribes to all streams. ccxt's promises are awaited for their first message alone, and never renewed: what arrives
 * is taken from the caches. (On Coinbase's exchange feed ccxt 4.5.84 waits under the symbol and answers under the id, so
 * that its promise for several pairs never resolves at all.)
 *
 * @returns Each rejects when its subscription fails, and else stays pending.
 */
function subscribe(entry: VenueEntry, exchange: Exchange, symbols: string[]): Promise<never>[] {
  const streams =
    entry.trades === "together"
      ? [exchange.watchTradesForSymbols(symbols)]
      : symbols.map((symbol) => exchange.watchTrades(symbol));
  if (entry.life === "tickers") streams.push(exchange.watchTickers(symbols));
  if (entry.life === "bidsAsks") streams.push(exchange.watchBidsAsks(symbols));
  // A subscription that resolves has said nothing yet: only its failure counts.
  return streams.map((stream) => stream.then(() => new Promise<never>(() => undefined)));
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(new Error("closed"));
    signal.addEventListener("abort", () => reject(new Error("closed")), { once: true });
  });
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const text = error.name === "Error" ? error.message : `${error.name}: ${error.message}`;
  // venues answer with whole pages when they refuse
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}

function healthOf(
  venue: string,
  { pair, listed, lastTickAtMs }: PairHealth,
  { phase, detail }: { phase: Phase; detail: string },
  now: number,
): VenueHealth {
  const common = { venue, pair: pair.symbol, lastTickAtMs };
  if (!listed) return { ...common, state: "unsupported", detail: "the venue does not list it" };
  if (phase !== "live") return { ...common, state: phase, detail };
  if (lastTickAtMs === null) return { ...common, state: "connecting", detail: "no tick yet" };
  if (now - lastTickAtMs > STALE_AFTER_MS)
    return { ...common, state: "stale", detail: "no new trade or book event" };
  return { ...common, state: "live", detail: "" };
}

import type { Exchange } from "./exchange.ts";
import type { Pair } from "./pairs.ts";
import type { Tick } from "./source.ts";
import { bookTick, tradeTick, type UnifiedTicker } from "./ticks.ts";

/** Book ticks of one pair are at least this far apart: they show life, trades carry the price. */
const BOOK_INTERVAL_MS = 1_000;

interface PairState {
  pair: Pair;
  lastTicker: UnifiedTicker | undefined;
  lastBidAsk: UnifiedTicker | undefined;
  lastBookAtMs: number;
  /** Trades up to here came over an earlier connection. */
  knownUntilMs: number;
}

/**
 * Takes new trades and book events out of a ccxt exchange's caches after every message. ccxt's own promises resolve
 * once for several messages and forget pairs that nobody awaits at that moment; the caches miss nothing.
 *
 * @param knownUntilMs Per symbol, time of the last trade already emitted: venues repeat recent trades on connecting.
 * @returns `collect`, to be called after every message: emits ticks and says whether any market event arrived.
 */
export function createHarvest(
  venue: string,
  pairs: readonly Pair[],
  exchange: Pick<Exchange, "trades" | "tickers" | "bidsasks">,
  knownUntilMs: ReadonlyMap<string, number>,
  onTick: (tick: Tick, pair: Pair) => void,
): { collect(nowMs: number): boolean } {
  const states = pairs.map((pair): PairState => ({
    pair,
    lastTicker: undefined,
    lastBidAsk: undefined,
    lastBookAtMs: -Infinity,
    knownUntilMs: knownUntilMs.get(pair.symbol) ?? -Infinity,
  }));

  function collectTrades(state: PairState, nowMs: number): boolean {
    const cache = exchange.trades[state.pair.symbol];
    if (cache === undefined || cache.length === 0) return false;
    for (const trade of cache) {
      const tick = tradeTick(venue, state.pair, trade, nowMs);
      if (tick !== null && tick.atMs > state.knownUntilMs) onTick(tick, state.pair);
    }
    // kept, they would outlive the young generation, and a busy hour would double the process
    cache.length = 0;
    return true;
  }

  function collectBook(state: PairState, nowMs: number): boolean {
    const ticker = exchange.tickers[state.pair.symbol];
    const bidAsk = exchange.bidsasks[state.pair.symbol];
    const changed =
      bidAsk !== state.lastBidAsk ? bidAsk : ticker !== state.lastTicker ? ticker : undefined;
    state.lastTicker = ticker;
    state.lastBidAsk = bidAsk;
    if (changed === undefined) return false;
    if (nowMs - state.lastBookAtMs >= BOOK_INTERVAL_MS) {
      const tick = bookTick(venue, state.pair, changed, nowMs);
      if (tick !== null) {
        state.lastBookAtMs = nowMs;
        onTick(tick, state.pair);
      }
    }
    return true;
  }

  return {
    collect(nowMs) {
      let any = false;
      for (const state of states) {
        if (collectTrades(state, nowMs)) any = true;
        if (collectBook(state, nowMs)) any = true;
      }
      return any;
    },
  };
}

import { performance } from "node:perf_hooks";

import { createPricer } from "../../keepers/feed/price/create.ts";
import type { Pricer } from "../../keepers/feed/price/create.ts";
import type { Tick } from "../../keepers/feed/price/tick.ts";
import type { Row } from "./row.ts";

const QUOTES = 1_000;
const VENUES = 20;
const TARGET_MS = 0.5;
const WARM_UP_ROUNDS = 300;
const ROUNDS = 1_000;
const MEMORY_MARKETS = 200;
const MEMORY_TICKS = 400_000;
const START_MS = 1_700_000_000_000;

/**
 * Measures the way from quotes to one price: 1,000 quotes of 20 venues, three in four in dollars, the others in USDT
 * and USDC with their own prices, through windows, averages, conversion, outliers and the median.
 *
 * @returns Median time of a round that takes all quotes and gives one price; the same a second; memory of windows.
 */
export function aggregateBench(): Promise<Row[]> {
  const durations: number[] = [];
  for (let round = 0; round < WARM_UP_ROUNDS + ROUNDS; round += 1) {
    const ticks = quotes(START_MS, round);
    const pricer = createPricer({ feeds: [{ feedId: "BTC/USD", minVenues: 3 }] });
    const started = performance.now();
    const price = priceOf(pricer, ticks);
    const took = performance.now() - started;
    if (price === null) throw new Error("1,000 quotes gave no price");
    if (round >= WARM_UP_ROUNDS) durations.push(took);
  }
  durations.sort((a, b) => a - b);
  const medianMs = durations[Math.floor(durations.length / 2)]!;
  const p99Ms = durations[Math.floor(durations.length * 0.99)]!;
  const memoryMb = memoryOfWindows();
  return Promise.resolve([
    { ...row("aggregate.1000.ms", medianMs, "ms"), target: TARGET_MS, ok: medianMs <= TARGET_MS },
    row("aggregate.1000.p99.ms", p99Ms, "ms"),
    row("aggregate.perSecond", Math.round(1_000 / medianMs), "prices/s"),
    row("aggregate.quotesPerSecond", Math.round((QUOTES * 1_000) / medianMs), "quotes/s"),
    row(`aggregate.memory.${MEMORY_MARKETS}markets.mb`, memoryMb, "MB"),
  ]);
}

function row(name: string, value: number, unit: string): Row {
  return { name, value, unit, peer: null, peerValue: null, target: null, ok: true };
}

function priceOf(pricer: Pricer, ticks: readonly Tick[]): bigint | null {
  for (const tick of ticks) pricer.add(tick);
  return pricer.observe(START_MS)[0]!.priceE8;
}

/** A thousand quotes over the last 20 s, in order of time, and the rates they need. */
function quotes(nowMs: number, seed: number): Tick[] {
  let state = seed + 1;
  const random = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  return Array.from({ length: QUOTES }, (_, index): Tick => {
    const venue = index % VENUES;
    const atMs = nowMs - 20_000 + index * 20;
    const isRate = venue >= 15 && index < 2 * VENUES;
    const currency = venue >= 18 ? "USDC" : "USDT";
    return {
      venue: `venue${venue}`,
      base: isRate ? currency : "BTC",
      quote: isRate || venue < 15 ? "USD" : currency,
      price: (isRate ? 1 : 20_000) * (1 + (random() - 0.5) / 1_000),
      size: 0.01 + random(),
      atMs,
      kind: "trade",
    };
  });
}

/** Heap that the windows of many busy markets hold after they were full for long. */
function memoryOfWindows(): number {
  globalThis.gc?.();
  const before = process.memoryUsage().heapUsed;
  const pricer = createPricer({ feeds: [{ feedId: "BTC/USD", minVenues: 3 }] });
  let nowMs = START_MS;
  for (let index = 0; index < MEMORY_TICKS; index += 1) {
    nowMs = START_MS + index;
    pricer.add({
      venue: `venue${index % MEMORY_MARKETS}`,
      base: "BTC",
      quote: "USD",
      price: 20_000 + (index % 7),
      size: 1,
      atMs: nowMs,
      kind: "trade",
    });
    if (index % 1_000 === 0) pricer.observe(nowMs);
  }
  globalThis.gc?.();
  const held = (process.memoryUsage().heapUsed - before) / 2 ** 20;
  // The pricer is used after the measurement, so that it cannot have been collected before it.
  if (pricer.observe(nowMs)[0]!.priceE8 === null) throw new Error("full windows gave no price");
  return Math.max(0, held);
}

import type { Tick } from "./source.ts";

/** One pair that every simulated venue trades. */
export interface SimulatedPair {
  base: string;
  quote: string;
}

export const SIMULATED_VENUES = [
  "simulated-1",
  "simulated-2",
  "simulated-3",
  "simulated-4",
  "simulated-5",
] as const;

/** Mean time between two trades of one pair at one venue. */
const TRADE_PERIOD_MS = 1_500;
const BPS = 1e-4;

/** Levels about which the prices of well-known bases move; others get a level from their name. */
const LEVELS: Readonly<Record<string, number>> = { BTC: 60_000, ETH: 3_000, USDT: 1, USDC: 1 };
const STABLE = new Set(["USD", "USDT", "USDC"]);

/** Smooth movement as a sum of octaves: period and amplitude each. */
const VOLATILE_OCTAVES = [
  { periodMs: 86_400_000, amplitude: 250 * BPS },
  { periodMs: 21_600_000, amplitude: 120 * BPS },
  { periodMs: 3_600_000, amplitude: 40 * BPS },
  { periodMs: 600_000, amplitude: 12 * BPS },
  { periodMs: 60_000, amplitude: 4 * BPS },
  { periodMs: 15_000, amplitude: 2 * BPS },
];
const STABLE_OCTAVES = [
  { periodMs: 86_400_000, amplitude: 4 * BPS },
  { periodMs: 3_600_000, amplitude: 2 * BPS },
  { periodMs: 60_000, amplitude: 0.5 * BPS },
];

/** Jumps: in every window the price sits on its own step, and moves over to the next within seconds. */
const JUMP_WINDOW_MS = 45_000;
const JUMP_MS = 3_000;
/** Steps lie in ± this. Two in a row differ by more than 20 bps in 44 % of cases: about every 100 s. */
const JUMP_AMPLITUDE = 30 * BPS;
const STABLE_JUMP_AMPLITUDE = 3 * BPS;

/** A venue's own lasting offset, its slow wander, and the bounce between bid and ask: all in ±. */
const VENUE_BASIS = 1 * BPS;
const VENUE_WANDER = { periodMs: 120_000, amplitude: 0.5 * BPS };
const BOUNCE = 0.5 * BPS;

/**
 * Pairs that the simulated venues trade: every base in dollars, and all but the stablecoins in USDT as well.
 *
 * @param bases Such as ["BTC", "USDT"].
 */
export function simulatedPairs(bases: readonly string[]): SimulatedPair[] {
  return bases.flatMap((base) => [
    ...(base === "USD" ? [] : [{ base, quote: "USD" }]),
    ...(STABLE.has(base) || !bases.includes("USDT") ? [] : [{ base, quote: "USDT" }]),
  ]);
}

/** Number of the trade period that contains `atMs`; a trade with a lower number is over. */
export function periodOf(atMs: number): number {
  return Math.floor(atMs / TRADE_PERIOD_MS);
}

/**
 * Trade number `index` of a pair at a venue: a function of its arguments alone, so that processes with one seed agree.
 *
 * @param seed Any text.
 * @param venueIndex Index into SIMULATED_VENUES.
 * @param index Periods of 1.5 s since 1970; one trade falls somewhere into each.
 */
export function simulatedTrade(
  seed: string,
  venueIndex: number,
  pair: SimulatedPair,
  index: number,
): Tick {
  const venue = SIMULATED_VENUES[venueIndex]!;
  const stream = hashText(`${seed}|trade|${venue}|${pair.base}|${pair.quote}`);
  const atMs = Math.floor((index + uniform(stream, 3 * index)) * TRADE_PERIOD_MS);
  const mid = usdPrice(seed, pair.base, atMs) / usdPrice(seed, pair.quote, atMs);
  const basis = signed(stream, -1) * VENUE_BASIS;
  const wander = noise(stream ^ 0x5bd1e995, atMs / VENUE_WANDER.periodMs) * VENUE_WANDER.amplitude;
  const bounce = signed(stream, 3 * index + 1) * BOUNCE;
  const scale = STABLE.has(pair.base) ? 0.3 : 1;
  const price = mid * (1 + scale * (basis + wander + bounce));
  // about 3,000 dollars a trade
  const size =
    (3_000 * (0.1 + 1.8 * uniform(stream, 3 * index + 2))) / usdPrice(seed, pair.base, atMs);
  return { venue, base: pair.base, quote: pair.quote, price, size, atMs, kind: "trade" };
}

/** The price of a base in dollars before anything that a venue adds. */
export function usdPrice(seed: string, base: string, atMs: number): number {
  if (base === "USD") return 1;
  const stable = STABLE.has(base);
  const stream = hashText(`${seed}|price|${base}`);
  let move = jump(stream, atMs) * (stable ? STABLE_JUMP_AMPLITUDE : JUMP_AMPLITUDE);
  (stable ? STABLE_OCTAVES : VOLATILE_OCTAVES).forEach(({ periodMs, amplitude }, octave) => {
    move += noise(stream + 7_919 * (octave + 1), atMs / periodMs) * amplitude;
  });
  const level = LEVELS[base] ?? 1 + (hashText(base) % 500);
  return level * (1 + move);
}

/** In [-1, 1]: a step a window, with a smooth passage of JUMP_MS at its start. */
function jump(stream: number, atMs: number): number {
  const window = Math.floor(atMs / JUMP_WINDOW_MS);
  const into = (atMs - window * JUMP_WINDOW_MS) / JUMP_MS;
  const step = signed(stream ^ 0x27d4eb2f, window);
  if (into >= 1) return step;
  return blend(signed(stream ^ 0x27d4eb2f, window - 1), step, into);
}

/** Smooth value noise in [-1, 1]: random at whole `x`, cubic between. */
function noise(stream: number, x: number): number {
  const whole = Math.floor(x);
  return blend(signed(stream, whole), signed(stream, whole + 1), x - whole);
}

function blend(from: number, to: number, part: number): number {
  return from + (to - from) * part * part * (3 - 2 * part);
}

function signed(stream: number, index: number): number {
  return 2 * uniform(stream, index) - 1;
}

/** Uniform in [0, 1) by a 32-bit finalizer (murmur3) over stream and index; index may exceed 32 bits. */
function uniform(stream: number, index: number): number {
  const high = Math.floor(index / 0x1_0000_0000);
  let h = mix((stream | 0) ^ Math.imul(index | 0, 0x9e3779b1));
  h = mix(h ^ Math.imul(high | 0, 0x85ebca6b) ^ (index | 0));
  return (h >>> 0) / 0x1_0000_0000;
}

function mix(value: number): number {
  let h = value | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}

/** FNV-1a. */
function hashText(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  return h >>> 0;
}

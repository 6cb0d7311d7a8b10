import type { PriceSettings } from "./settings.ts";
import { compareTicks, refuseTick } from "./tick.ts";
import type { Tick } from "./tick.ts";

const MINUTE_MS = 60_000;

/** What one market (a pair at a venue) looks like at a moment; everything that a price is made of. */
export interface MarketView {
  readonly venue: string;
  readonly base: string;
  readonly quote: string;
  /** Events within the window, (now − windowMs, now], oldest first. */
  readonly ticks: readonly Tick[];
  /** Newest event before the window, if any was kept. */
  readonly carry: Tick | null;
  /** Time of the newest event, or null when there was none. */
  readonly lastAtMs: number | null;
  /** Value traded within the liquidity time, in quote. */
  readonly notional: number;
}

/**
 * The recent events of one market, in bounded memory. Late events are put where they belong, events from the future
 * wait for their time, and what is read depends on the set of events alone, not on their order of arrival.
 */
export class QuoteWindow {
  readonly #venue: string;
  readonly #base: string;
  readonly #quote: string;
  readonly #settings: PriceSettings;
  /** Ascending; those before #first are older than the window and of them only the last one counts. */
  #ticks: Tick[] = [];
  #first = 0;
  #nowMs: number | null = null;
  readonly #minutes: Float64Array;
  readonly #notionals: Float64Array;

  constructor(
    market: { readonly venue: string; readonly base: string; readonly quote: string },
    settings: PriceSettings,
  ) {
    this.#venue = market.venue;
    this.#base = market.base;
    this.#quote = market.quote;
    this.#settings = settings;
    const buckets = Math.max(1, Math.ceil(settings.liquidityMs / MINUTE_MS));
    this.#minutes = new Float64Array(buckets).fill(-1);
    this.#notionals = new Float64Array(buckets);
  }

  /**
   * Takes an event of this market.
   *
   * @returns Why it was refused, or null when it was taken.
   */
  add(tick: Tick): string | null {
    const refusal = refuseTick(tick);
    if (refusal !== null) return refusal;
    if (this.#nowMs !== null && tick.atMs > this.#nowMs + this.#settings.maxAheadMs) {
      return "time lies in the future";
    }
    this.#insert(tick);
    if (tick.kind === "trade") this.#addNotional(tick);
    return null;
  }

  /**
   * The market at a moment. Moments must not go backwards by more than the window: what lies behind is forgotten.
   *
   * @param nowMs Moment in the time base of the ticks.
   */
  snapshot(nowMs: number): MarketView {
    this.#nowMs = nowMs;
    const ticks = this.#ticks;
    this.#dropFuture(nowMs);
    let end = ticks.length;
    while (end > 0 && ticks[end - 1]!.atMs > nowMs) end -= 1;
    const start = nowMs - this.#settings.windowMs;
    while (this.#first < end && ticks[this.#first]!.atMs <= start) this.#first += 1;
    const first = Math.min(this.#first, end);
    const view: MarketView = {
      venue: this.#venue,
      base: this.#base,
      quote: this.#quote,
      ticks: ticks.slice(first, end),
      carry: first > 0 ? ticks[first - 1]! : null,
      lastAtMs: end > 0 ? ticks[end - 1]!.atMs : null,
      notional: this.#notional(nowMs),
    };
    this.#compact();
    return view;
  }

  /** Events taken before the first snapshot may lie in the future for good: a venue that counts in microseconds. */
  #dropFuture(nowMs: number): void {
    const ticks = this.#ticks;
    const limit = nowMs + this.#settings.maxAheadMs;
    if (ticks.length === 0 || ticks[ticks.length - 1]!.atMs <= limit) return;
    while (ticks.length > 0 && ticks[ticks.length - 1]!.atMs > limit) ticks.pop();
    this.#first = Math.min(this.#first, ticks.length);
    const lastMinute = Math.floor(limit / MINUTE_MS);
    for (let index = 0; index < this.#minutes.length; index += 1) {
      if (this.#minutes[index]! > lastMinute) this.#minutes[index] = -1;
    }
  }

  /** Events held in memory: at most `maxTicksPerMarket` and a few hundred that wait to be forgotten. */
  get size(): number {
    return this.#ticks.length;
  }

  #insert(tick: Tick): void {
    const ticks = this.#ticks;
    let at = ticks.length;
    if (at > 0 && compareTicks(ticks[at - 1]!, tick) > 0) {
      let low = 0;
      while (low < at) {
        const middle = (low + at) >>> 1;
        if (compareTicks(ticks[middle]!, tick) <= 0) low = middle + 1;
        else at = middle;
      }
      ticks.splice(at, 0, tick);
      if (at < this.#first) this.#first += 1;
    } else {
      ticks.push(tick);
    }
    if (ticks.length - this.#first > this.#settings.maxTicksPerMarket) {
      this.#first += 1;
      this.#compact();
    }
  }

  /** Forgets everything before the carry, in steps large enough to cost nothing on average. */
  #compact(): void {
    if (this.#first > 256) {
      this.#ticks.splice(0, this.#first - 1);
      this.#first = 1;
    }
  }

  #addNotional(tick: Tick): void {
    const minute = Math.floor(tick.atMs / MINUTE_MS);
    const index = minute % this.#minutes.length;
    const known = this.#minutes[index]!;
    if (minute < known) return;
    if (minute > known) this.#notionals[index] = 0;
    this.#minutes[index] = minute;
    this.#notionals[index]! += tick.price * tick.size;
  }

  #notional(nowMs: number): number {
    const last = Math.floor(nowMs / MINUTE_MS);
    const oldest = last - this.#minutes.length;
    let sum = 0;
    for (let index = 0; index < this.#minutes.length; index += 1) {
      const minute = this.#minutes[index]!;
      if (minute > oldest && minute <= last) sum += this.#notionals[index]!;
    }
    return sum;
  }
}

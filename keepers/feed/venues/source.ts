import type { Tick } from "../price/tick.ts";

export type { Tick };

/** Where the prices of an operator come from. */
export type SourceMode = "live" | "replay" | "simulator";

/** State of one pair at one venue. `unsupported`: the venue does not list it. */
export type VenueState = "connecting" | "live" | "stale" | "backoff" | "unsupported";

/** What an operator knows about one pair at one venue; times in the source's time base. */
export interface VenueHealth {
  venue: string;
  /** "BTC/USD"; "*" while the venue's list of pairs is not known yet. */
  pair: string;
  state: VenueState;
  lastTickAtMs: number | null;
  detail: string;
}

/** A stream of ticks from one or many venues. */
export interface VenueSource {
  readonly mode: SourceMode;
  /** Now in the source's own time base: wall clock, or recorded time for a replay. */
  nowMs(): number;
  /**
   * Feeds ticks to `onTick` until `signal` is aborted; resolves once everything it opened is closed. Never rejects for
   * a venue's sake. Ticks of the recent past, where a source has them, are handed over before the first await.
   */
  start(onTick: (tick: Tick) => void, signal: AbortSignal): Promise<void>;
  health(): VenueHealth[];
}

/** The `prices` section of an operator's configuration. */
export type PricesConfig =
  | { mode: "live"; venues?: readonly string[] | undefined }
  | { mode: "replay"; dir: string; speed: number; startedAtMs: number }
  | { mode: "simulator"; seed: string | number };

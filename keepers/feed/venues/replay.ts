import type { Clock } from "../../shared/clock.ts";
import type { Logger } from "../../shared/log.ts";
import { BAR_SECONDS, type BarSeries } from "../replay/bars.ts";
import type { Tick, VenueHealth, VenueSource } from "./source.ts";

/** Recorded past handed over at start, so that an operator's windows are as full after a restart as before it. */
const WARM_UP_MS = 2 * 3_600_000;
/** A replayed pair without a tick for this long (recorded time) is reported stale. */
const STALE_AFTER_MS = 300_000;
/** Longest real wait between looks at the clock: a clock that is set must not freeze the replay. */
const MAX_WAIT_MS = 1_000;
const MIN_WAIT_MS = 5;

export interface ReplayOptions {
  /** Every series of the recording, also those whose base no feed needs: the first bar of all is the origin of time. */
  series: readonly BarSeries[];
  /** Bases to emit ticks for. */
  bases: readonly string[];
  /** Recorded milliseconds that pass in one real millisecond; > 0. */
  speed: number;
  /** Wall clock at which the first recorded second begins; shared by all operators of a stack. */
  startedAtMs: number;
  log: Logger;
  clock: Clock;
}

interface Cursor {
  series: BarSeries;
  next: number;
  lastTickAtMs: number | null;
}

/**
 * Replays recorded bars. A bar is one trade at its close, at its end, of its whole volume; a bar without volume repeats
 * an old price and is no trade. Recorded time is a function of the wall clock alone, so operators agree and a restart
 * resumes where the others are. After the last bar nothing more comes and prices age.
 *
 * @throws RangeError when there is no bar, `speed` is not positive or `startedAtMs` is not finite.
 */
export function createReplaySource(options: ReplayOptions): VenueSource {
  const { series, bases, speed, startedAtMs, log, clock } = options;
  if (!(speed > 0) || !Number.isFinite(speed)) {
    throw new RangeError(`speed of a replay must be positive, got ${speed}`);
  }
  if (!Number.isFinite(startedAtMs)) {
    throw new RangeError(`startedAtMs of a replay must be finite, got ${startedAtMs}`);
  }
  const full = series.filter(({ openTs }) => openTs.length > 0);
  if (full.length === 0) throw new RangeError("the recording holds no bars");
  const originMs = Math.min(...full.map((s) => s.openTs[0]! * 1_000));
  const endMs = Math.max(...full.map((s) => tickAtMs(s, s.openTs.length - 1)));
  const nowMs = () => originMs + (clock.nowMs() - startedAtMs) * speed;
  const cursors: Cursor[] = full
    .filter((s) => bases.includes(s.base))
    .map((s) => ({ series: s, next: 0, lastTickAtMs: null }));

  return {
    mode: "replay",
    nowMs,

    async start(onTick, signal) {
      const fromMs = nowMs() - WARM_UP_MS;
      for (const cursor of cursors) {
        cursor.next = firstAfter(cursor.series, fromMs);
        cursor.lastTickAtMs = null;
      }
      let ended = false;
      while (!signal.aborted) {
        const now = nowMs();
        emitDue(cursors, now, onTick);
        if (!ended && now >= endMs) {
          ended = true;
          log.warn(
            { recordedEnd: new Date(endMs).toISOString() },
            "the recording has ended; prices age from now on",
          );
        }
        const waitMs = (nextTickAtMs(cursors) - now) / speed;
        await clock.sleep(Math.min(MAX_WAIT_MS, Math.max(MIN_WAIT_MS, waitMs)), signal);
      }
    },

    health() {
      const now = nowMs();
      return cursors.map((cursor) => healthOf(cursor, now, endMs));
    },
  };
}

function tickAtMs(series: BarSeries, index: number): number {
  return (series.openTs[index]! + BAR_SECONDS) * 1_000;
}

/** Index of the first bar that ends after `fromMs`. */
function firstAfter(series: BarSeries, fromMs: number): number {
  let low = 0;
  let high = series.openTs.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (tickAtMs(series, middle) > fromMs) high = middle;
    else low = middle + 1;
  }
  return low;
}

function nextTickAtMs(cursors: readonly Cursor[]): number {
  let earliest = Infinity;
  for (const { series, next } of cursors) {
    if (next < series.openTs.length) earliest = Math.min(earliest, tickAtMs(series, next));
  }
  return earliest;
}

/** Emits all bars that have ended, in order of time, pairs of one minute in order of file name. */
function emitDue(cursors: readonly Cursor[], now: number, onTick: (tick: Tick) => void): void {
  for (let atMs = nextTickAtMs(cursors); atMs <= now; atMs = nextTickAtMs(cursors)) {
    for (const cursor of cursors) {
      const { series, next } = cursor;
      if (next >= series.openTs.length || tickAtMs(series, next) !== atMs) continue;
      cursor.next = next + 1;
      const size = series.volume[next]!;
      if (size === 0) continue;
      cursor.lastTickAtMs = atMs;
      const { venue, base, quote } = series;
      onTick({ venue, base, quote, price: series.close[next]!, size, atMs, kind: "trade" });
    }
  }
}

function healthOf(cursor: Cursor, now: number, endMs: number): VenueHealth {
  const { series, lastTickAtMs } = cursor;
  const live = lastTickAtMs !== null && now - lastTickAtMs <= STALE_AFTER_MS;
  const detail =
    now >= endMs + STALE_AFTER_MS ? "the recording has ended" : live ? "" : "no trade is recorded";
  return {
    venue: series.venue,
    pair: `${series.base}/${series.quote}`,
    state: live ? "live" : "stale",
    lastTickAtMs,
    detail,
  };
}

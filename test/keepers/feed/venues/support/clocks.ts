import { setImmediate } from "node:timers/promises";
import type { Clock } from "../../../../../keepers/shared/clock.ts";

/** A clock that only `advance` moves. */
export interface ManualClock extends Clock {
  /** Milliseconds of every sleep that was ever asked for. */
  readonly sleeps: number[];
  /** Number of sleeps that have not ended. */
  sleeping(): number;
  /** Moves on, waking sleepers in the order of their times and letting each run before the next. */
  advance(ms: number): Promise<void>;
  /** Sets the time without waking anybody, as for a process that was stopped; `advance(0)` wakes who is due. */
  jump(nowMs: number): void;
}

export function createManualClock(startMs: number): ManualClock {
  let now = startMs;
  const sleeps: number[] = [];
  const sleepers = new Set<{ wakeAtMs: number; wake: () => void }>();
  return {
    sleeps,
    sleeping: () => sleepers.size,
    nowMs: () => now,
    sleep(ms, signal) {
      sleeps.push(ms);
      return new Promise((resolve) => {
        if (signal?.aborted) return resolve();
        const sleeper = {
          wakeAtMs: now + Math.max(0, ms),
          wake: () => {
            sleepers.delete(sleeper);
            resolve();
          },
        };
        sleepers.add(sleeper);
        signal?.addEventListener("abort", sleeper.wake, { once: true });
      });
    },
    jump(nowMs) {
      now = nowMs;
    },
    async advance(ms) {
      const untilMs = now + ms;
      for (;;) {
        const due = [...sleepers].filter(({ wakeAtMs }) => wakeAtMs <= untilMs);
        if (due.length === 0) break;
        const next = due.reduce((a, b) => (b.wakeAtMs < a.wakeAtMs ? b : a));
        now = Math.max(now, next.wakeAtMs);
        next.wake();
        await setImmediate();
      }
      now = untilMs;
      await setImmediate();
    },
  };
}

/** Stands still, but really sleeps: what is stamped on receipt gets a known time. */
export function createStandingClock(nowMs: number, sleeper: Clock): Clock {
  return { nowMs: () => nowMs, sleep: (ms, signal) => sleeper.sleep(ms, signal) };
}

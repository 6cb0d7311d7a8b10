import type { Program } from "./program.ts";

const DAY_SECONDS = 86_400;
const HOUR_SECONDS = 3_600;

/** The 24 hours that an epoch pays for; unix seconds. The snapshot is the last block at or before `end`. */
export interface Window {
  readonly start: number;
  readonly end: number;
}

/** @returns the 24 hours of an epoch; null when the program does not pay in it */
export function windowOf(program: Program, epoch: number): Window | null {
  const day = epoch - program.firstEpoch;
  if (day < 0 || (program.days !== undefined && day >= program.days)) return null;
  const start =
    Date.parse(`${program.startDay}T00:00:00Z`) / 1_000 +
    program.epochHour * HOUR_SECONDS +
    day * DAY_SECONDS;
  return { start, end: start + DAY_SECONDS };
}

/** @returns how many epochs from `epoch` on have ended at `nowSeconds` */
export function epochsDue(program: Program, epoch: number, nowSeconds: number): number {
  const window = windowOf(program, epoch);
  if (window === null || window.end > nowSeconds) return 0;
  const ended = Math.floor((nowSeconds - window.end) / DAY_SECONDS) + 1;
  const day = epoch - program.firstEpoch;
  return program.days === undefined ? ended : Math.min(ended, program.days - day);
}

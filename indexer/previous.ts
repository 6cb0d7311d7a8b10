import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";

import { systemClock } from "../keepers/shared/clock.ts";
import { isAlive } from "../keepers/shared/lifecycle.ts";
import { PONDER_STOP_SIGNAL } from "./ponderProcess.ts";

const FILE = "indexer.json";
const STOP_GRACE_MS = 6_000;
const STEP_MS = 100;
const STARTED_AT_FIELD = 19;

interface Running {
  readonly pid: number;
  /** Start time as the system counts it, so that a reused pid is not mistaken. */
  readonly startedAt: string;
}

/**
 * Writes down which Ponder process runs, so that the next start can end it.
 *
 * @param stateDir Folder of the stack's state.
 * @param pid The process.
 */
export function rememberProcess(stateDir: string, pid: number): void {
  mkdirSync(stateDir, { recursive: true });
  const file = path.join(stateDir, FILE);
  const running: Running = { pid, startedAt: startTimeOf(pid) ?? "" };
  writeFileSync(`${file}.new`, JSON.stringify(running));
  renameSync(`${file}.new`, file);
}

/** Forgets the process that {@link rememberProcess} wrote down. */
export function forgetProcess(stateDir: string): void {
  rmSync(path.join(stateDir, FILE), { force: true });
}

/**
 * Ends a Ponder process that outlived its launcher.
 *
 * @param stateDir Folder of the stack's state.
 * @returns Its pid when one was still running.
 */
export async function endPrevious(stateDir: string): Promise<number | null> {
  const running = readRunning(stateDir);
  if (running === null || !isSame(running)) return null;
  kill(running.pid, PONDER_STOP_SIGNAL);
  for (let waitedMs = 0; waitedMs < STOP_GRACE_MS; waitedMs += STEP_MS) {
    await systemClock.sleep(STEP_MS);
    if (!isSame(running)) return running.pid;
  }
  kill(running.pid, "SIGKILL");
  await systemClock.sleep(STEP_MS);
  return running.pid;
}

function readRunning(stateDir: string): Running | null {
  try {
    const value = JSON.parse(readFileSync(path.join(stateDir, FILE), "utf8")) as Partial<Running>;
    const { pid, startedAt } = value;
    return Number.isSafeInteger(pid) && typeof startedAt === "string" && startedAt !== ""
      ? { pid: Number(pid), startedAt }
      : null;
  } catch {
    return null;
  }
}

function isSame({ pid, startedAt }: Running): boolean {
  return isAlive(pid) && startTimeOf(pid) === startedAt;
}

/** Clock ticks from boot to the start of the process; null without /proc, where no process is ever taken for ours. */
function startTimeOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The name, in parentheses, may contain anything; the state follows it.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    if (fields[0] === "Z") return null;
    return fields[STARTED_AT_FIELD] ?? null;
  } catch {
    return null;
  }
}

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It ended by itself in between.
  }
}

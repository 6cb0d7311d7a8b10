import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import type { Clock } from "./shared/clock.ts";
import type { Logger } from "./shared/log.ts";

/** A process to be kept alive. */
export interface Program {
  name: string;
  /** Script that Node runs. */
  script: string;
  args: readonly string[];
}

const firstBackoffMs = 1_000;
const maxBackoffMs = 30_000;
/** After so long a life the next start comes without delay again. */
const provenMs = 60_000;
/** Longer than the children give themselves. */
const graceMs = 12_000;

/**
 * Runs programs until the signal aborts, then stops them all and returns when they have ended. One that dies, for
 * whatever reason, is started again with backoff: a wrong setting is in the log each time, and may be put right.
 */
export async function superviseAll(
  deps: { clock: Clock; log: Logger; backoffMs?: number },
  programs: readonly Program[],
  signal: AbortSignal,
): Promise<void> {
  await Promise.all(programs.map((program) => supervise(deps, program, signal)));
}

async function supervise(
  { clock, log, backoffMs: firstMs = firstBackoffMs }: Parameters<typeof superviseAll>[0],
  program: Program,
  signal: AbortSignal,
): Promise<void> {
  let backoffMs = firstMs;
  while (!signal.aborted) {
    const startedMs = clock.nowMs();
    // The channel carries nothing: it closes when this process ends in any way, and that ends the child.
    const child = spawn(process.execPath, [program.script, ...program.args], {
      stdio: ["ignore", "inherit", "inherit", "ipc"],
      // A group of its own: the terminal's Ctrl-C reaches this process alone, which then stops the others.
      detached: true,
    });
    log.info({ keeper: program.name, pid: child.pid }, "started");
    const how = await endOf(child, signal);
    if (signal.aborted) break;
    if (clock.nowMs() - startedMs > provenMs) backoffMs = firstMs;
    log.error({ keeper: program.name, how, backoffMs }, "ended, starts again");
    await clock.sleep(backoffMs, signal);
    backoffMs = Math.min(2 * backoffMs, maxBackoffMs);
  }
  log.info({ keeper: program.name }, "stopped");
}

/** Waits for the end of a child, which the signal brings about: politely, then by force. */
async function endOf(child: ChildProcess, signal: AbortSignal): Promise<string> {
  let force: NodeJS.Timeout | undefined;
  const stop = (): void => {
    child.kill("SIGTERM");
    force = setTimeout(() => child.kill("SIGKILL"), graceMs);
  };
  signal.addEventListener("abort", stop, { once: true });
  if (signal.aborted) stop();
  try {
    const [code, name] = (await once(child, "exit")) as [number | null, NodeJS.Signals | null];
    return name === null ? `exit code ${code}` : `signal ${name}`;
  } catch (error) {
    return `could not start: ${error instanceof Error ? error.message : String(error)}`;
  } finally {
    clearTimeout(force);
    signal.removeEventListener("abort", stop);
  }
}

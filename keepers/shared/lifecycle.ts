import { ConfigError } from "./config.ts";
import { redactCredentials } from "./log.ts";

/** What a process's main function is given. */
export interface Scope {
  /** Aborts when the process shall end. */
  readonly signal: AbortSignal;
  /** Registers a release; they run last-in first-out after main has returned or thrown. */
  defer(release: () => Promise<void> | void): void;
  /** Ends this process when that one is gone; undefined watches nothing. */
  watchParent(pid: number | undefined): void;
  /** Ends this process from inside, with exit code 0. */
  stop(reason: string): void;
}

/** A failure that a supervisor should answer by starting the process again (exit code 75, EX_TEMPFAIL). */
export class RetryableError extends Error {
  override readonly name = "RetryableError";
}

const exitCodes = { ok: 0, fatal: 1, retryable: 75 } as const;
const graceMs = 10_000;
const parentCheckMs = 500;
const transientCodes = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "ETIMEDOUT",
  "EPIPE",
  "57P01",
  "57P02",
  "57P03",
]);

/**
 * Runs a process to its end and exits: 0 after a signal or a normal return, 1 for a fatal error, 75 for one worth a new
 * start (RetryableError, or a connection that was refused or lost). SIGTERM, SIGINT and SIGHUP abort `scope.signal`; a
 * second signal, or 10 s without main returning, ends the process at once with code 1.
 * Errors are printed as one line on standard error. A process that was started with an IPC channel also ends when that
 * channel closes.
 * @param options `name` prefixes the error line; `main` returns when `scope.signal` aborts
 */
export async function runProcess(options: {
  name: string;
  main: (scope: Scope) => Promise<void>;
}): Promise<never> {
  const controller = new AbortController();
  const releases: Array<() => Promise<void> | void> = [];
  let parentTimer: NodeJS.Timeout | undefined;
  const report = (text: string): void =>
    void process.stderr.write(`${options.name}: ${redactCredentials(text)}\n`);

  const stop = (reason: string): void => {
    if (controller.signal.aborted) return;
    controller.abort(new Error(reason));
    setTimeout(() => {
      report(`did not stop within ${graceMs / 1000} s after ${reason}; ends now`);
      process.exit(exitCodes.fatal);
    }, graceMs).unref();
  };
  const onSignal = (name: NodeJS.Signals): void => {
    if (controller.signal.aborted) process.exit(exitCodes.fatal);
    stop(name);
  };
  for (const name of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.on(name, onSignal);
  // A supervisor that starts this process with a channel holds it: when that closes, the supervisor is gone.
  if (process.channel !== undefined)
    process.on("disconnect", () => stop("the supervisor has ended"));
  // A closed terminal or pipe must not turn a clean stop into a crash.
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => undefined);

  const scope: Scope = {
    signal: controller.signal,
    defer: (release) => void releases.push(release),
    stop,
    watchParent(pid) {
      if (pid === undefined) return;
      const isChild = process.ppid === pid;
      parentTimer = setInterval(() => {
        // A child is re-parented when its parent dies, even while that one is still a zombie that answers kill(pid, 0).
        if (isChild ? process.ppid !== pid : !isAlive(pid)) stop(`parent process ${pid} has ended`);
      }, parentCheckMs);
      parentTimer.unref();
    },
  };

  let code: number = exitCodes.ok;
  const fail = (error: unknown): void => {
    // What main throws because it was told to stop is not a failure.
    if (controller.signal.aborted && isAbort(error, controller.signal)) return;
    code = isRetryable(error) ? exitCodes.retryable : exitCodes.fatal;
    report(describe(error));
  };
  const onCrash = (error: unknown): void => {
    report(
      `unexpected: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
    );
    process.exit(exitCodes.fatal);
  };
  process.on("uncaughtException", onCrash);
  process.on("unhandledRejection", onCrash);

  try {
    await options.main(scope);
  } catch (error) {
    fail(error);
  }
  if (!controller.signal.aborted) stop("end of main");
  for (const release of releases.reverse()) {
    try {
      await release();
    } catch (error) {
      fail(error);
    }
  }
  clearInterval(parentTimer);
  process.exit(code);
}

function isRetryable(error: unknown): boolean {
  if (error instanceof RetryableError) return true;
  const inner: unknown = error instanceof AggregateError ? error.errors[0] : error;
  return inner instanceof Error && "code" in inner && transientCodes.has(String(inner.code));
}

function isAbort(error: unknown, signal: AbortSignal): boolean {
  return error === signal.reason || (error instanceof Error && error.name === "AbortError");
}

function describe(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(describe).join("; ");
  if (error instanceof ConfigError) return error.message;
  return error instanceof Error ? error.message : String(error);
}

/** @returns whether a process with this id exists. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

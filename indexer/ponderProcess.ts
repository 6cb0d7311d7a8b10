import { spawn, type ChildProcess } from "node:child_process";
import { createRequire } from "node:module";
import path from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";

import type { Logger } from "../keepers/shared/log.ts";
import { settingsEnvironment, type Settings } from "./settings.ts";

const FOLDER = import.meta.dirname;
const VIEWS_SCHEMA = "chain";
/** Vite inside Ponder exits at SIGTERM before Ponder has opened its lock; this one only Ponder hears. */
export const PONDER_STOP_SIGNAL = "SIGINT";
const STOP_GRACE_MS = 7_000;
const LEVELS: Readonly<Record<number, "debug" | "info" | "warn" | "error">> = {
  10: "debug",
  20: "debug",
  30: "info",
  40: "warn",
  50: "error",
};
/** One of these comes with every block. */
const ROUTINE = new Set(["Indexed block"]);
const UNRECOVERABLE = "Encountered unrecoverable reorg";
const PONDER_LEVELS: Readonly<Record<string, string>> = { fatal: "error", silent: "error" };

/** End of the message about a port that another process holds. */
export const PORT_IN_USE = "is in use by another process";

/** How a Ponder process ended. */
export interface PonderExit {
  /** Exit code, or the signal that ended it. */
  readonly code: number | NodeJS.Signals;
  /** Message of the last error that it logged. */
  readonly lastError: string | null;
}

/** A running Ponder. */
export interface PonderProcess {
  readonly pid: number;
  /** Settles once, when the process is gone. */
  readonly exit: Promise<PonderExit>;
  /** Ends it in order, or with SIGKILL when it does not follow within 7 s. */
  stop(): Promise<PonderExit>;
}

/** What a Ponder process is started with. */
export interface PonderOptions {
  readonly settings: Settings;
  /** Schema of the build's tables. */
  readonly schema: string;
  readonly host: string;
  readonly port: number;
  readonly logLevel: string;
  /** The launcher's own environment, which Ponder inherits. */
  readonly environment: NodeJS.ProcessEnv;
}

/** @returns The version of Ponder that is installed. */
export function ponderVersion(): string {
  const { version } = createRequire(import.meta.url)(path.join(ponderFolder(), "package.json")) as {
    version: string;
  };
  return version;
}

/**
 * Starts Ponder and passes its log lines on.
 *
 * @param options Chain, schema and port.
 * @param log Ponder's lines appear here, with their own level.
 */
export function startPonder(options: PonderOptions, log: Logger): PonderProcess {
  const { schema, port, host, settings } = options;
  const child = spawn(
    process.execPath,
    [
      ...["--no-deprecation", "--import", path.join(FOLDER, "guard.ts")],
      path.join(ponderFolder(), "dist/esm/bin/ponder.js"),
      ...["--root", FOLDER, "--log-format", "json"],
      ...["--log-level", PONDER_LEVELS[options.logLevel] ?? options.logLevel],
      "start",
      ...["--schema", schema, "--views-schema", VIEWS_SCHEMA],
      ...["--port", String(port), "--hostname", host],
    ],
    {
      cwd: FOLDER,
      // Its own group: a terminal's signals reach the launcher only, which then stops Ponder in order.
      detached: true,
      stdio: ["pipe", "pipe", "pipe"],
      env: {
        ...options.environment,
        ...settingsEnvironment(settings),
        PONDER_TELEMETRY_DISABLED: "true",
        NODE_ENV: "production",
        // Keeps Vite, which Ponder loads its files with, from exiting at the end of standard input.
        CI: "true",
        NODE_COMPILE_CACHE: path.join(FOLDER, ".ponder", "compile-cache"),
      },
    },
  );
  return superviseChild(child, port, log);
}

function superviseChild(child: ChildProcess, port: number, log: Logger): PonderProcess {
  let lastError: string | null = null;
  const terminate = () => void child.kill(PONDER_STOP_SIGNAL);
  readLines(child.stdout, (line) => {
    const entry = parseLine(line);
    if (entry.level === "error") lastError = entry.message;
    log[entry.level]({ ponder: entry.fields }, entry.message);
    // Ponder would go on with a history that no longer is, trying in vain to attach each new block.
    if (entry.message.startsWith(UNRECOVERABLE)) {
      lastError = entry.message;
      terminate();
    }
    // Ponder silently takes the next port when its own is in use.
    if (entry.message === "Created HTTP server" && entry.fields["port"] !== port) {
      lastError = `port ${port} ${PORT_IN_USE}`;
      terminate();
    }
  });
  readLines(child.stderr, (line) => log.warn({}, line));
  child.stdin?.on("error", () => undefined);

  const exit = new Promise<PonderExit>((resolve) => {
    child.once("error", (error) => {
      lastError = error.message;
      resolve({ code: 1, lastError });
    });
    child.once("close", (code, signal) => {
      resolve({ code: code ?? signal ?? 1, lastError });
    });
  });
  return {
    pid: child.pid ?? 0,
    exit,
    async stop() {
      terminate();
      const timer = setTimeout(() => child.kill("SIGKILL"), STOP_GRACE_MS);
      const result = await exit;
      clearTimeout(timer);
      return result;
    },
  };
}

interface LogEntry {
  readonly level: "debug" | "info" | "warn" | "error";
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

function parseLine(line: string): LogEntry {
  try {
    const { level, msg, ...fields } = JSON.parse(line) as Record<string, unknown>;
    // The line gets its own time again.
    delete fields["time"];
    const error = fields["error"];
    const detail =
      typeof error === "object" && error !== null && "message" in error
        ? `: ${String(error.message)}`
        : "";
    const isRoutine = ROUTINE.has(String(msg));
    return {
      level: isRoutine ? "debug" : (LEVELS[Number(level)] ?? "info"),
      message: `${String(msg)}${detail}`,
      fields,
    };
  } catch {
    return { level: "info", message: line, fields: {} };
  }
}

function readLines(stream: Readable | null, onLine: (line: string) => void): void {
  if (stream === null) return;
  createInterface({ input: stream }).on("line", (line) => {
    if (line.trim() !== "") onLine(line);
  });
}

function ponderFolder(): string {
  // Ponder exports no package.json, so that its folder is found from its entry.
  const entry = import.meta.resolve("ponder");
  return path.resolve(new URL(entry).pathname, "../../..");
}

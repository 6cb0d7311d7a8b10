import { type ChildProcess, spawn, type SpawnOptions } from "node:child_process";
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, renameSync } from "node:fs";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";

import { diskFull, isDiskFull, StackFailure } from "./failure.ts";
import { type Ledger, politeSignal } from "./ledger.ts";

export interface Program {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  readonly options?: Pick<SpawnOptions, "uid" | "gid" | "cwd">;
  /** True once the process does its work; polled until then. */
  readonly ready: () => Promise<boolean>;
  readonly readyTimeoutMs: number;
}

interface Running {
  readonly program: Program;
  readonly child: ChildProcess;
  readonly exited: Promise<string>;
  stopping: boolean;
}

/**
 * Starts the programs of a stack, keeps them in the ledger, notices when one dies, and stops them last-in first-out.
 */
export class Supervisor {
  readonly #ledger: Ledger;
  readonly #logs: string;
  readonly #running = new Map<string, Running>();
  readonly #onDeath: (name: string, how: string) => void;
  #closed = false;

  constructor(ledger: Ledger, logs: string, onDeath: (name: string, how: string) => void) {
    this.#ledger = ledger;
    this.#logs = logs;
    this.#onDeath = onDeath;
    mkdirSync(logs, { recursive: true });
  }

  get names(): string[] {
    return [...this.#running.keys()];
  }

  pidOf(name: string): number | undefined {
    return this.#running.get(name)?.child.pid;
  }

  /** Starts a program and resolves when it is ready; rejects with its last words when it dies before. */
  async start(program: Program): Promise<void> {
    if (this.#closed) throw new StackFailure("stopping");
    const child = this.#spawn(program);
    const exited = new Promise<string>((resolve) => {
      child.once("error", (error) => resolve(`could not start: ${error.message}`));
      child.once("exit", (code, signal) =>
        resolve(signal === null ? `exit code ${code}` : `signal ${signal}`),
      );
    });
    const running: Running = { program, child, exited, stopping: false };
    this.#running.set(program.name, running);
    if (child.pid !== undefined) this.#ledger.add(program.name, child.pid);
    let dead: string | undefined;
    let ready = false;
    void exited.then((how) => {
      dead = how;
      if (child.pid !== undefined) this.#ledger.remove(child.pid);
      if (this.#running.get(program.name) === running) this.#running.delete(program.name);
      if (ready && !running.stopping) this.#onDeath(program.name, how);
    });
    const deadline = Date.now() + program.readyTimeoutMs;
    while (!(await program.ready().catch(() => false))) {
      if (dead !== undefined) throw new StackFailure(this.#obituary(program.name, dead));
      if (Date.now() > deadline) {
        throw new StackFailure(
          `${program.name} is not ready after ${program.readyTimeoutMs / 1000} s; see ${this.logOf(program.name)}`,
        );
      }
      await delay(100);
    }
    if (dead !== undefined) throw new StackFailure(this.#obituary(program.name, dead));
    ready = true;
  }

  /** Stops one program: politely, then by force. */
  async stop(name: string, graceMs = 10_000): Promise<void> {
    const running = this.#running.get(name);
    if (running === undefined) return;
    running.stopping = true;
    running.child.kill(politeSignal(name));
    const timer = setTimeout(() => running.child.kill("SIGKILL"), graceMs);
    await running.exited;
    clearTimeout(timer);
  }

  /** Stops everything, in the reverse order of the start; programs of one layer together. */
  async stopAll(layers: (name: string) => number): Promise<void> {
    this.#closed = true;
    const byLayer = Map.groupBy(this.#running.keys(), layers);
    for (const layer of [...byLayer.keys()].sort((a, b) => b - a)) {
      await Promise.all((byLayer.get(layer) ?? []).map((name) => this.stop(name)));
    }
  }

  logOf(name: string): string {
    return path.join(this.#logs, `${name}.log`);
  }

  /** A one-line account of a death, with the last line that the program wrote. */
  #obituary(name: string, how: string): string {
    return `${name} ended (${how}): ${lastWords(this.logOf(name))}`;
  }

  #spawn(program: Program): ChildProcess {
    const log = this.logOf(program.name);
    if (existsSync(log)) renameSync(log, `${log}.1`);
    const file = openSync(log, "a");
    try {
      return spawn(program.command, program.args, {
        ...program.options,
        env: program.env ?? process.env,
        stdio: ["ignore", file, file],
        // A group of its own: the terminal's Ctrl-C reaches the stack alone, which then stops its parts in order.
        detached: true,
      });
    } finally {
      closeSync(file);
    }
  }
}

const tailLines = 30;

/** What a dead program's log says last: a full disk if that is what it met, else its last line, without JSON. */
export function lastWords(file: string): string {
  if (!existsSync(file)) return "it wrote nothing";
  const lines = readFileSync(file, "utf8")
    .split("\n")
    .filter((line) => line.trim() !== "")
    .slice(-tailLines);
  if (lines.some((line) => isDiskFull(line))) return diskFull;
  const last = lines.at(-1);
  if (last === undefined) return "it wrote nothing";
  try {
    const record: unknown = JSON.parse(last);
    const { msg, err } = record as { msg?: string; err?: { message?: string } };
    return [msg, err?.message].filter(Boolean).join(": ") || last;
  } catch {
    return last;
  }
}

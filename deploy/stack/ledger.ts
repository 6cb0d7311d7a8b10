import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";

/** A process that this stack started. Pid and start time together name it for good: a pid alone is used again. */
export interface Entry {
  readonly name: string;
  readonly pid: number;
  readonly startTime: string;
}

/** When a process started, in the words of its operating system; undefined when it is not running. */
export function startTimeOf(pid: number): string | undefined {
  if (process.platform === "linux") {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
      // The command's name, in parentheses, may hold spaces: fields are counted from behind it (proc(5)).
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      return fields[0] === "Z" ? undefined : fields[19];
    } catch {
      return undefined;
    }
  }
  try {
    const line = execFileSync("ps", ["-o", "lstart=", "-p", String(pid)], { encoding: "utf8" });
    return line.trim() || undefined;
  } catch {
    return undefined;
  }
}

export function isAlive(entry: Entry): boolean {
  return startTimeOf(entry.pid) === entry.startTime;
}

/** The processes of a stack, kept in a file so that the next start can end what a killed one left. */
export class Ledger {
  readonly #file: string;
  #entries: Entry[];

  constructor(file: string) {
    this.#file = file;
    this.#entries = readEntries(file);
  }

  get entries(): readonly Entry[] {
    return this.#entries;
  }

  add(name: string, pid: number): void {
    const startTime = startTimeOf(pid);
    if (startTime === undefined) return;
    this.#entries = [
      ...this.#entries.filter((entry) => entry.pid !== pid),
      { name, pid, startTime },
    ];
    this.#write();
  }

  remove(pid: number): void {
    this.#entries = this.#entries.filter((entry) => entry.pid !== pid);
    try {
      this.#write();
    } catch {
      // A folder that somebody deleted, or a full disk, must not keep the others from being stopped.
    }
  }

  #write(): void {
    writeFileSync(this.#file, `${JSON.stringify(this.#entries, null, 2)}\n`);
  }
}

function readEntries(file: string): Entry[] {
  if (!existsSync(file)) return [];
  try {
    const parsed: unknown = JSON.parse(readFileSync(file, "utf8"));
    return Array.isArray(parsed) ? parsed.filter(isEntry) : [];
  } catch {
    // A kill in the middle of a write leaves half a file; what it named is found by its port at the latest.
    return [];
  }
}

function isEntry(value: unknown): value is Entry {
  const entry = value as Partial<Entry> | null;
  return (
    typeof entry?.pid === "number" &&
    typeof entry.startTime === "string" &&
    typeof entry.name === "string"
  );
}

/**
 * Ends processes in the given order and waits until they are gone.
 * @param graceMs How long they may take after the polite signal before they are killed.
 */
export async function endProcesses(entries: readonly Entry[], graceMs: number): Promise<void> {
  for (const entry of entries) if (isAlive(entry)) signal(entry, politeSignal(entry.name));
  const deadline = Date.now() + graceMs;
  while (entries.some(isAlive) && Date.now() < deadline) await delay(50);
  for (const entry of entries) if (isAlive(entry)) signal(entry, "SIGKILL");
  while (entries.some(isAlive)) await delay(20);
}

/** SIGINT is Postgres's fast shutdown; its SIGTERM would wait for every client to leave. */
export function politeSignal(name: string): NodeJS.Signals {
  return name === "postgres" ? "SIGINT" : "SIGTERM";
}

function signal(entry: Entry, name: NodeJS.Signals): void {
  try {
    process.kill(entry.pid, name);
  } catch {
    // It ended in between.
  }
}

import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { waitFor } from "./wait-for.ts";

/** A keeper's process. */
export interface KeeperProcess {
  readonly pid: number;
  /** Everything it logged so far. */
  output(): string;
  /** Resolves with its exit code (null after a signal). */
  readonly exited: Promise<number | null>;
  metricsUrl(): Promise<string>;
  /** Sends it SIGKILL, or the given signal, and waits for its end. */
  kill(signal?: NodeJS.Signals): Promise<void>;
}

/**
 * Starts `keepers/<name>/main.ts`. It logs everything, shows its metrics on a free port, and ends with this process.
 * @param configOf gives the rest of its configuration, or other values; told the folder that its files go into, which is
 * deleted when it has ended
 * @param nodeArgs put before the script
 */
export function startKeeperProcess(
  name: string,
  databaseUrl: string,
  configOf: (folder: string) => Record<string, unknown>,
  nodeArgs: readonly string[] = [],
): KeeperProcess {
  const folder = mkdtempSync(join(tmpdir(), `dodona-${name}-`));
  const file = join(folder, "config.json");
  const config = {
    metrics: { host: "127.0.0.1", port: 0 },
    log: { level: "debug" },
    parentPid: process.pid,
    ...configOf(folder),
  };
  writeFileSync(file, JSON.stringify(config));
  const main = new URL(`../../keepers/${name}/main.ts`, import.meta.url).pathname;
  const child: ChildProcess = spawn(process.execPath, [...nodeArgs, main, "--config", file], {
    env: { ...process.env, DATABASE_URL: databaseUrl },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream?.on("data", (chunk: Buffer) => (output += chunk.toString()));
  const exited = once(child, "exit").then(([code]) => {
    rmSync(folder, { recursive: true, force: true });
    return code as number | null;
  });
  return {
    pid: child.pid ?? 0,
    output: () => output,
    exited,
    metricsUrl: async () => {
      const port = await waitFor("the metrics port", () => /"metricsPort":(\d+)/.exec(output)?.[1]);
      return `http://127.0.0.1:${port}`;
    },
    async kill(signal = "SIGKILL") {
      if (child.exitCode === null && child.signalCode === null) child.kill(signal);
      await exited;
    },
  };
}

import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

/** A chain node of its own for one test. */
export interface TestAnvil {
  url: string;
  port: number;
  pid: number;
  /** One JSON-RPC call; throws what the node answers as an error. */
  rpc<T = unknown>(method: string, params?: unknown[]): Promise<T>;
  /** Ends the node with SIGTERM, which writes the state file, or with the given signal. */
  halt(signal?: NodeJS.Signals): Promise<void>;
  /** Starts it again on the same port (and, where one was given, from its state file) after `halt`. */
  resume(): Promise<void>;
  /** `halt` and `resume`. */
  restart(signal?: NodeJS.Signals): Promise<void>;
  /** Ends the node. */
  stop(): Promise<void>;
}

/** Options of `startAnvil`. */
export interface AnvilOptions {
  /** "manual" mines only on evm_mine, "instant" (the default) with each transaction, a number every so many seconds. */
  mining?: "manual" | "instant" | number;
  chainId?: number;
  port?: number;
  /** State is read from here at start and written at a clean end and every second. */
  stateFile?: string;
  /** More arguments for the node. */
  args?: readonly string[];
}

/** Private keys of the first accounts of "test test test test test test test test test test test junk". */
export const anvilKeys = [
  "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80",
  "0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d",
  "0x5de4111afa1a4b94908f83103eb1f1706367c2e68ca870fc3fb9a804cdab365a",
] as const;

const require = createRequire(import.meta.url);
const startTimeoutMs = 15_000;

/**
 * Finds the native anvil. Its wrapper in .bin would survive as an orphan when only the wrapper is killed.
 * @throws when the package for this platform is not installed
 */
export function anvilPath(): string {
  const arch = process.arch === "x64" ? "amd64" : process.arch;
  const manifest = require.resolve(`@foundry-rs/anvil-${process.platform}-${arch}/package.json`);
  return join(dirname(manifest), "bin", process.platform === "win32" ? "anvil.exe" : "anvil");
}

/**
 * Starts anvil on a free port and waits until it listens. The process ends with this one.
 * @throws when it does not listen within 15 s; the error contains its output
 */
export async function startAnvil(options: AnvilOptions = {}): Promise<TestAnvil> {
  const mining = options.mining ?? "instant";
  let port = options.port ?? 0;
  let child: ChildProcess;
  let nextId = 1;

  async function start(): Promise<void> {
    const args = [
      "--host",
      "127.0.0.1",
      "--port",
      String(port),
      "--chain-id",
      String(options.chainId ?? 31337),
    ];
    if (mining === "manual") args.push("--no-mining");
    if (typeof mining === "number") args.push("--block-time", String(mining));
    if (options.stateFile !== undefined) {
      args.push(
        "--state",
        options.stateFile,
        "--state-interval",
        "1",
        "--preserve-historical-states",
      );
    }
    child = spawn(anvilPath(), [...args, ...(options.args ?? [])], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    const current = child;
    const endWithUs = (): void => void current.kill("SIGKILL");
    process.once("exit", endWithUs);
    current.once("exit", () => process.off("exit", endWithUs));
    port = await new Promise<number>((resolve, reject) => {
      let output = "";
      const timer = setTimeout(() => fail("does not listen"), startTimeoutMs);
      const fail = (reason: string): void => {
        clearTimeout(timer);
        current.kill("SIGKILL");
        reject(new Error(`anvil ${reason}: ${output.trim()}`));
      };
      const read = (chunk: Buffer): void => {
        output = (output + chunk.toString()).slice(-16_384);
        const listening = /Listening on [\d.]+:(\d+)/.exec(output);
        if (listening === null) return;
        clearTimeout(timer);
        resolve(Number(listening[1]));
      };
      current.stdout?.on("data", read);
      current.stderr?.on("data", read);
      current.once("error", (error) => fail(error.message));
      current.once("exit", (code) => fail(`ended with code ${code}`));
    });
  }

  async function halt(signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    child.kill(signal);
    await ended;
  }

  await start();
  return {
    get url() {
      return `http://127.0.0.1:${port}`;
    },
    get port() {
      return port;
    },
    get pid() {
      return child.pid ?? 0;
    },
    async rpc<T>(method: string, params: unknown[] = []): Promise<T> {
      const response = await fetch(`http://127.0.0.1:${port}`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ jsonrpc: "2.0", id: nextId++, method, params }),
      });
      const answer = (await response.json()) as { result?: T; error?: { message: string } };
      if (answer.error !== undefined) throw new Error(`${method}: ${answer.error.message}`);
      return answer.result as T;
    },
    halt,
    resume: start,
    restart: async (signal) => {
      await halt(signal);
      await start();
    },
    stop: () => halt("SIGKILL"),
  };
}

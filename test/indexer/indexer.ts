/** The indexer as users run it: the launcher in a process of its own. */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { freePort } from "../helpers/postgres.ts";
import type { Network } from "./network.ts";

const LAUNCHER = new URL("../../indexer/launch.ts", import.meta.url).pathname;
const READY_TIMEOUT_MS = 90_000;
const SETTLE_MS = 50_000;

type Governance = Record<
  | "accessManager"
  | "governor"
  | "guardian"
  | "operatorRewards"
  | "operatorStake"
  | "slashing"
  | "timelock"
  | "token",
  string
>;

/** Where the indexer finds its chain and its database. */
export interface IndexerTarget {
  readonly rpcUrl: string;
  readonly databaseUrl: string;
  readonly contracts: {
    operators: string;
    priceFeeds: string;
    vrfCoordinator?: string;
    governance?: Governance;
    payouts?: { distributor: string; tokens: readonly string[]; startBlock?: number };
    startBlock: number;
  };
  readonly chainId?: number;
  readonly payoutsFolder?: string;
}

/**
 * Prepares an indexer that can be started, killed and started again on one port and state folder.
 *
 * @param target Chain and database.
 */
export async function prepareIndexer(target: IndexerTarget) {
  const folder = mkdtempSync(join(tmpdir(), "dodona-indexer-"));
  const file = join(folder, "indexer.json");
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  writeFileSync(
    file,
    JSON.stringify({
      chainId: target.chainId ?? 31337,
      rpcUrl: target.rpcUrl,
      contracts: target.contracts,
      port,
      payoutsFolder: target.payoutsFolder,
      stateDir: join(folder, "state"),
      log: { level: "info" },
      parentPid: process.pid,
    }),
  );
  let current: { readonly pid: number; readonly exit: Promise<number | string> } | null = null;
  let output = "";

  const launch = () => {
    const child = spawn(process.execPath, [LAUNCHER, "--config", file], {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, DATABASE_URL: target.databaseUrl },
    });
    output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (chunk: Buffer) => (output = (output + chunk.toString()).slice(-200_000)));
    }
    const exit = new Promise<number | string>((resolve) => {
      child.once("close", (code, signal) => resolve(code ?? signal ?? ""));
    });
    current = { pid: child.pid ?? 0, exit };
    return current;
  };

  return {
    url,
    port,
    /** What the running or last launcher has printed. */
    output: () => output,
    /** Starts the launcher without waiting for anything. */
    launch,
    /** Starts the launcher and waits until the index is ready; milliseconds that it took. */
    async start(): Promise<number> {
      const startedMs = performance.now();
      const { exit } = launch();
      const state: { ended: number | string | null } = { ended: null };
      void exit.then((code) => (state.ended = code));
      for (;;) {
        const ok = await fetch(`${url}/ready`).then(
          (response) => response.ok,
          () => false,
        );
        const tookMs = performance.now() - startedMs;
        if (ok) return tookMs;
        if (state.ended !== null)
          throw new Error(`the indexer ended with ${state.ended}:\n${output}`);
        if (tookMs > READY_TIMEOUT_MS) throw new Error(`the indexer is not ready:\n${output}`);
        await sleep(20);
      }
    },
    /** Process id of Ponder, below the launcher. */
    ponderPid: (): number => {
      const record = readFileSync(join(folder, "state", "indexer.json"), "utf8");
      return (JSON.parse(record) as { pid: number }).pid;
    },
    /** Sends the launcher a signal and waits for its end. */
    async signal(name: NodeJS.Signals): Promise<number | string> {
      if (current === null) return 0;
      process.kill(current.pid, name);
      return current.exit;
    },
    /** Stops the launcher if it runs and removes its files. */
    async dispose(): Promise<void> {
      const running = current;
      if (running !== null) {
        try {
          process.kill(running.pid, "SIGTERM");
        } catch {
          // It has ended already.
        }
        await running.exit;
      }
      rmSync(folder, { recursive: true, force: true });
    },
    /** GET a path; status and JSON body. */
    async get(path: string): Promise<{ status: number; body: unknown }> {
      const response = await fetch(url + path);
      const text = await response.text();
      return { status: response.status, body: text === "" ? null : JSON.parse(text) };
    },
  };
}

/**
 * Waits until the index contains the chain's latest block.
 *
 * @throws after 50 s, with what the indexer printed.
 */
export async function settle(
  indexer: Indexer,
  network: { readonly provider: Pick<Network["provider"], "getBlockNumber"> },
): Promise<void> {
  const deadlineMs = performance.now() + SETTLE_MS;
  const latest = await network.provider.getBlockNumber();
  for (;;) {
    const head = await indexer.get("/head").catch((error: unknown) => ({ body: String(error) }));
    if ((head.body as { block?: number | null }).block === latest) return;
    if (performance.now() > deadlineMs) {
      throw new Error(`not at ${latest}: ${JSON.stringify(head.body)}\n${indexer.output()}`);
    }
    await sleep(20);
  }
}

/** What `prepareIndexer` resolves to. */
export type Indexer = Awaited<ReturnType<typeof prepareIndexer>>;

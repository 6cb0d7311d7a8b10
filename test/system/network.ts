import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";

import { Interface, JsonRpcProvider } from "ethers";
import pg from "pg";

import { type ApiFeed, readFeeds } from "../../deploy/stack/api.ts";
import { portsFrom, projectRoot } from "../../deploy/stack/layout.ts";
import { requireFreePorts } from "../../deploy/stack/ports.ts";
import { type ChainFeed, readChain } from "../../deploy/stack/rounds.ts";
import { Stack } from "../../deploy/stack/stack.ts";
import { IPriceFeeds__factory } from "../../types/ethers-contracts/factories/interfaces/IPriceFeeds__factory.ts";
import { writeBars } from "./bars.ts";
import { until } from "./until.ts";

/** Local heartbeat: every feed with prices has a round at least this often. */
export const heartbeatSeconds = 10;
const pollMs = 250;

/** First of 50 ports that are free now. */
export async function freePortBase(): Promise<number> {
  // Test files that run at the same time choose from ranges of their own, below those of the system.
  const range = 20_000 + (Number(process.env["DODONA_TEST_WORKER"] ?? 0) % 8) * 1_500;
  for (;;) {
    const base = range + Math.floor(Math.random() * 15) * 100;
    try {
      await requireFreePorts(portsFrom(base));
      return base;
    } catch {
      // Something listens there: try elsewhere.
    }
  }
}

export interface Market {
  readonly write: (folder: string) => void;
  readonly speed: number;
}

/** Parameters of a deployment, as far as tests change them. */
export interface LocalParameters {
  readonly governance: { readonly operators: Readonly<Record<string, unknown>> };
}

const barsOfTwelveHours = 12 * 60 * 60;
const defaultMarket: Market = {
  write: (folder) => writeBars(folder, barsOfTwelveHours),
  speed: 60,
};

/** A whole network of its own: folder, ports, database, chain. */
export class TestNetwork {
  readonly stack: Stack;
  readonly #folder: string;

  private constructor(stack: Stack, folder: string) {
    this.stack = stack;
    this.#folder = folder;
  }

  /**
   * Starts a network in a new folder.
   * @param say Told about each step.
   * @param market What to replay: a writer of bar files and the speed.
   * @param change Makes the deployment's parameters of the local ones.
   */
  static async start(
    say: (line: string) => void = () => undefined,
    market: Market = defaultMarket,
    change: (parameters: LocalParameters) => LocalParameters = (parameters) => parameters,
  ): Promise<TestNetwork> {
    const folder = mkdtempSync(path.join(os.tmpdir(), "dodona-system-"));
    const bars = path.join(folder, "bars");
    market.write(bars);
    const parameters = path.join(folder, "parameters.json");
    const local = readFileSync(path.join(projectRoot, "deploy/parameters/local.json"), "utf8");
    writeFileSync(parameters, JSON.stringify(change(JSON.parse(local) as LocalParameters)));
    const stack = await Stack.open(
      {
        prices: { mode: "replay", dir: bars, speed: market.speed },
        fresh: true,
        portBase: await freePortBase(),
        state: path.join(folder, "state"),
        untilHealthy: false,
        json: false,
        timeoutSeconds: 240,
        parameters,
      },
      say,
    );
    const network = new TestNetwork(stack, folder);
    try {
      await stack.start(async (title, work) => {
        say(title);
        return work();
      });
    } catch (error) {
      await network.stop();
      throw error;
    }
    return network;
  }

  /** Ends it. `DODONA_TEST_LOGS` names a folder in which its logs are kept, to find out what went wrong. */
  async stop(): Promise<void> {
    await this.stack.stop();
    const kept = process.env["DODONA_TEST_LOGS"];
    if (kept !== undefined) {
      const name = path.basename(this.#folder);
      cpSync(path.join(this.#folder, "state/logs"), path.join(kept, name), { recursive: true });
    }
    rmSync(path.join(projectRoot, "deploy/deployments", this.deploymentId ?? "none"), {
      recursive: true,
      force: true,
    });
    rmSync(this.#folder, { recursive: true, force: true });
  }

  get deploymentId(): string | undefined {
    try {
      return this.stack.file.deploymentId;
    } catch {
      return undefined;
    }
  }

  /** The index's view of every feed. */
  feeds(): Promise<ApiFeed[]> {
    return readFeeds(this.stack.file.apiUrl);
  }

  /** Every feed as the chain has it. */
  chainRounds(): Promise<Map<string, ChainFeed>> {
    return readChain(this.stack.file.rpcUrl, this.stack.file.addresses.priceFeeds);
  }

  /** Rounds of the feeds that publish. */
  async liveRounds(): Promise<Map<string, number>> {
    const rounds = await this.chainRounds();
    return new Map(
      [...rounds].filter(([, feed]) => feed.round > 0).map(([id, feed]) => [id, feed.round]),
    );
  }

  /** Waits until a condition holds; fails with what was last seen. */
  until(what: string, seconds: number, check: () => Promise<string | true>): Promise<void> {
    return until(this.stack, what, seconds, check, pollMs);
  }

  /** Waits for the first rounds of every feed that has prices. */
  async healthy(): Promise<void> {
    const expected = ["BTC/USD", "USDC/USD", "USDT/USD"];
    await this.until("first rounds", 60, async () => {
      const rounds = await this.liveRounds();
      const missing = expected.filter((id) => (rounds.get(id) ?? 0) < 2);
      return missing.length === 0 ? true : `missing ${missing.join(", ")}`;
    });
  }

  /** After a fault: every live feed has a new round in time, two heartbeats, and the index equals the chain. */
  async recovers(seconds = 2 * heartbeatSeconds): Promise<void> {
    const before = await this.eventually(() => this.liveRounds());
    await this.until("rounds go on", seconds, async () => {
      const now = await this.liveRounds();
      const stuck = [...before.keys()].filter((id) => (now.get(id) ?? 0) <= before.get(id)!);
      return stuck.length === 0 ? true : `no new round: ${stuck.join(", ")}`;
    });
    await this.until("index equals chain", 30, () => this.compare());
  }

  /** True when the index has every feed exactly as the chain does. */
  async compare(): Promise<string | true> {
    const [chain, index] = [await this.chainRounds(), await this.feeds()];
    for (const [id, feed] of chain) {
      const row = index.find((candidate) => candidate.id === id);
      if (row === undefined) return `${id} is not in the index`;
      if (feed.round === 0) continue;
      if (
        row.round !== feed.round ||
        row.answer !== feed.answer ||
        row.updatedAt !== feed.updatedAt
      ) {
        return `${id}: chain round ${feed.round} ${feed.answer}, index round ${row.round} ${row.answer}`;
      }
    }
    return true;
  }

  /**
   * Reports on the chain against reports in the index: lost ones are on the chain only, doubled ones in the index more
   * often than on the chain.
   */
  async books(): Promise<{ chain: number; index: number; lost: number; doubled: number }> {
    const provider = new JsonRpcProvider(this.stack.file.rpcUrl, undefined, {
      staticNetwork: true,
    });
    const client = new pg.Client({ connectionString: this.stack.file.databaseUrl });
    await client.connect();
    try {
      const topic = new Interface(IPriceFeeds__factory.abi).getEvent("ReportAccepted")!.topicHash;
      const logs = await provider.getLogs({
        address: this.stack.file.addresses.priceFeeds,
        topics: [topic],
        fromBlock: 0,
        toBlock: "latest",
      });
      const onChain = new Map(logs.map((log) => [log.transactionHash, log.blockNumber]));
      const head = Math.max(...onChain.values());
      const rows = await client.query<{ transaction: string }>(
        "select transaction from chain.report where block <= $1",
        [head],
      );
      const inIndex = rows.rows.map((row) => row.transaction);
      return {
        chain: onChain.size,
        index: inIndex.length,
        lost: [...onChain.keys()].filter((hash) => !inIndex.includes(hash)).length,
        doubled: inIndex.length - new Set(inIndex.filter((hash) => onChain.has(hash))).size,
      };
    } finally {
      await client.end();
      provider.destroy();
    }
  }

  /** The first answer of a read that may fail for a moment after a fault. */
  async eventually<T>(read: () => Promise<T>): Promise<T> {
    let value: T | undefined;
    await this.until("chain answers", 20, async () => {
      value = await read();
      return true;
    });
    return value!;
  }
}

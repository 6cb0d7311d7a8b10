import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { openSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";

import { localAccount } from "../../deploy/stack/configs.ts";
import { projectRoot } from "../../deploy/stack/layout.ts";
import { startProxy, type TestProxy } from "../helpers/proxy.ts";
import { Accounts } from "./accounts.ts";
import type { Dice } from "./dice.ts";
import { reorgChain } from "./faults.ts";
import type { TestNetwork } from "./network.ts";
import { Dapp } from "./randomness.ts";

/** The keepers that randomness passes through. */
export type KeeperName = "vrf" | "relayer";

/** Account of the local chain that fills the relayer's accounts; nothing else of the network uses it. */
const treasuryAccount = 14;
/** Accounts that have less are filled up. */
export const treasuryRules = { belowEther: 1, targetEther: 10, dailyCapEther: 9_000 };

const recoverySeconds = 45;
const slotMs = 1_000;
const loadPauseMs = 500;

type RelayerNetwork = Record<string, unknown> & { rpcUrls: string[] };
/** Configuration files of both keepers, as far as tests change them. */
export interface KeeperConfig {
  rpcUrls?: string[];
  networks?: RelayerNetwork[];
  metrics: { host: string; port: number };
  maxAttempts?: number;
}

/** A second process of a keeper, outside the network's own care. */
export interface ExtraKeeper {
  kill(): Promise<void>;
}

/**
 * A running network that can be harmed where randomness passes: a proxy stands between its chain and the two keepers,
 * a treasury keeps the relayer's accounts filled, and a dapp asks for words.
 */
export class Rig {
  readonly network: TestNetwork;
  readonly dapp: Dapp;
  readonly proxy: TestProxy;
  readonly accounts: Accounts;
  readonly dice: Dice;
  /** The chain must not be taken back to this block or below. */
  #floor = 0;
  /** Requests that the dapp's node took; null after the chain has forgotten some. */
  #sent: number | null = 0;
  readonly #extras = new Set<ExtraKeeper>();

  private constructor(network: TestNetwork, dapp: Dapp, proxy: TestProxy, dice: Dice) {
    this.network = network;
    this.dapp = dapp;
    this.proxy = proxy;
    this.dice = dice;
    this.accounts = new Accounts(network.stack);
  }

  /** Puts the proxy in its place, which starts both keepers anew. */
  static async start(network: TestNetwork, dice: Dice): Promise<Rig> {
    const { stack } = network;
    const proxy = await startProxy(() => stack.file.rpcUrl);
    const keyFile = path.join(stack.paths.keys, "treasury.txt");
    writeFileSync(keyFile, `${localAccount(treasuryAccount).privateKey}\n`, { mode: 0o600 });
    const treasury = { account: { keyFile }, ...treasuryRules };
    const dapp = await Dapp.start(stack);
    const rig = new Rig(network, dapp, proxy, dice);
    rig.#write("vrf", { ...rig.config("vrf"), rpcUrls: [proxy.url] });
    const relayer = rig.config("relayer");
    const networks = relayer.networks?.map((one) => ({ ...one, rpcUrls: [proxy.url], treasury }));
    rig.#write("relayer", { ...relayer, ...(networks === undefined ? {} : { networks }) });
    await rig.restart(["relayer", "vrf"]);
    rig.markFloor(await dapp.provider.getBlockNumber());
    return rig;
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#extras].map((extra) => extra.kill()));
    this.dapp.stop();
    await this.proxy.stop();
  }

  /** Address of the account that fills the others, lower case. */
  get treasury(): string {
    return localAccount(treasuryAccount).address.toLowerCase();
  }

  /** A keeper's configuration as it stands. */
  config(name: KeeperName): KeeperConfig {
    return JSON.parse(readFileSync(this.#configFile(name), "utf8")) as KeeperConfig;
  }

  /** Kills keepers and starts them again. */
  async restart(names: readonly KeeperName[]): Promise<void> {
    const { stack } = this.network;
    await Promise.all(
      names.map(async (name) => {
        if (stack.pidOf(name) !== undefined) await stack.kill(name);
        await stack.revive(name);
      }),
    );
  }

  /** Runs a keeper with other settings for a while. */
  async withConfig(
    name: KeeperName,
    change: (config: KeeperConfig) => KeeperConfig,
    work: () => Promise<void>,
  ): Promise<void> {
    const before = this.config(name);
    this.#write(name, change(before));
    await this.restart([name]);
    try {
      await work();
    } finally {
      this.#write(name, before);
      await this.restart([name]);
    }
  }

  /**
   * Starts a further process of a keeper with the same configuration.
   * @param clockOffsetMs how far the clock of its machine is off
   */
  async extra(name: KeeperName, clockOffsetMs = 0): Promise<ExtraKeeper> {
    const { stack } = this.network;
    const file = path.join(stack.paths.config, `${name}-extra.json`);
    const config = this.config(name);
    writeFileSync(file, JSON.stringify({ ...config, metrics: { ...config.metrics, port: 0 } }));
    const shift = `const now = Date.now; Date.now = () => now() + ${clockOffsetMs};`;
    const preload = clockOffsetMs === 0 ? [] : ["--import", `data:text/javascript,${shift}`];
    const main = path.join(projectRoot, "keepers", name, "main.ts");
    const logFile = path.join(stack.paths.logs, `${name}-extra.log`);
    writeFileSync(logFile, "");
    const log = openSync(logFile, "a");
    const child: ChildProcess = spawn(process.execPath, [...preload, main, "--config", file], {
      cwd: projectRoot,
      env: { ...process.env, DATABASE_URL: stack.file.databaseUrl },
      stdio: ["ignore", log, log],
    });
    const exited = once(child, "exit");
    const extra: ExtraKeeper = {
      kill: async () => {
        this.#extras.delete(extra);
        if (child.exitCode === null && child.signalCode === null) child.kill("SIGKILL");
        await exited;
      },
    };
    this.#extras.add(extra);
    const ready = name === "vrf" ? "serves requests" : "relayer started";
    await this.network.until(`a further ${name}`, recoverySeconds, () => {
      if (child.exitCode !== null) throw new Error(readFileSync(logFile, "utf8").slice(-500));
      return Promise.resolve(readFileSync(logFile, "utf8").includes(ready) || "not ready");
    });
    return extra;
  }

  /** Asks for words at random moments while something happens. */
  async underLoad(work: () => Promise<void>): Promise<void> {
    let isOver = false;
    const load = (async () => {
      while (!isOver) {
        await this.send(this.dice.from(1, 3));
        await delay(this.dice.real() * loadPauseMs);
      }
    })();
    try {
      await work();
    } finally {
      isOver = true;
      await load;
    }
  }

  /** Asks for words; a node that is away is no failure: then nobody has asked. */
  async send(count: number, confirmations = 1): Promise<void> {
    for (let i = 0; i < count; i++) {
      try {
        await this.dapp.send(1, confirmations);
        if (this.#sent !== null) this.#sent += 1;
      } catch {
        this.#sent = null;
      }
    }
  }

  /** Every request ever made: how many are without answer, and how many have more than one. */
  async tally(): Promise<{ requests: number; lost: number; doubled: number }> {
    const { dapp } = this;
    const [made, answered] = await Promise.all([dapp.made(), dapp.answered()]);
    const times = Map.groupBy(answered, ({ args }) => args.requestId);
    let [lost, doubled] = [0, 0];
    for (const { args } of made) {
      const deliveries = await dapp.consumer.deliveries(args.requestId);
      const count = times.get(args.requestId)?.length ?? 0;
      if (count === 0 || deliveries === 0n) lost += 1;
      if (count > 1 || deliveries > 1n) doubled += 1;
    }
    return { requests: made.length, lost, doubled };
  }

  /** Blocks from here up may be taken back, not this one. */
  markFloor(block: number): void {
    this.#floor = Math.max(this.#floor, block);
  }

  /** The chain may have lost what was in its last blocks: what it holds afterwards is what counts. */
  forgetSent(): void {
    this.#sent = null;
  }

  /**
   * Takes the chain back.
   * @param moved transactions that are in the new blocks instead of those that are gone, with the index of their block
   */
  async reorg(depth: number, moved: readonly [object, number][] = []): Promise<void> {
    this.forgetSent();
    await reorgChain(this.network, depth, moved);
  }

  /** Waits until so many blocks may be taken back. */
  async untilDeep(depth: number): Promise<void> {
    while ((await this.dapp.provider.getBlockNumber()) - depth <= this.#floor) await delay(slotMs);
  }

  /**
   * Waits until all is well again without anybody's help: every request answered exactly once, what the coordinator
   * holds and what the accounts spent right to the wei, no nonce missing, and the index as the chain.
   */
  async settles(seconds = recoverySeconds): Promise<void> {
    const { accounts, dapp, network } = this;
    const until = (what: string, check: () => Promise<string | true>): Promise<void> =>
      network.until(what, seconds, check);
    await until("requests in blocks", async () => !(await dapp.isSending()) || "some wait");
    await until("each request answered once", () => dapp.settled(this.#sent));
    this.#sent = await dapp.count();
    await until("the index equals the chain", () => dapp.indexed());
    const highest = await accounts.highest();
    await until("no nonce is missing", () => accounts.passed(highest));
    await until("balances add up", () => accounts.balanced());
  }

  /** Waits until all is well and the last requests and answers lie so deep that no restart of the chain takes them back. */
  async quiet(): Promise<void> {
    await this.settles();
    const blocks = 12;
    const head = await this.dapp.provider.getBlockNumber();
    while ((await this.dapp.provider.getBlockNumber()) < head + blocks) await delay(slotMs / 2);
  }

  /** After a failure: ends the fault and starts what is dead, so that the next one has a network to strike. */
  async mend(): Promise<void> {
    this.forgetSent();
    this.proxy.rule = () => "pass";
    await Promise.all([...this.#extras].map((extra) => extra.kill()));
    const { stack } = this.network;
    for (const name of ["chain", "postgres", "relayer", "vrf", ...stack.operatorNames])
      if (stack.pidOf(name) === undefined) await stack.revive(name).catch(() => undefined);
  }

  #configFile(name: KeeperName): string {
    return path.join(this.network.stack.paths.config, `${name}.json`);
  }

  #write(name: KeeperName, config: KeeperConfig): void {
    writeFileSync(this.#configFile(name), JSON.stringify(config, null, 2));
  }
}

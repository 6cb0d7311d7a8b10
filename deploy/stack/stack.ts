import { existsSync, mkdirSync, rmSync } from "node:fs";
import path from "node:path";

import { answers, responds } from "./api.ts";
import { keepChainTime } from "./chain-clock.ts";
import { anvilBinary, chainProgram, localChainId, rpc } from "./chain.ts";
import {
  attestConfig,
  indexerConfig,
  type LocalOperator,
  operatorConfig,
  payoutConfigs,
  type OperatorPrices,
  prepareOperators,
  relayerConfig,
  scoreConfig,
  vrfConfig,
  watchConfig,
} from "./configs.ts";
import { deploy } from "./contracts.ts";
import { StackFailure } from "./failure.ts";
import {
  compileCache,
  operatorCount,
  type Paths,
  pathsIn,
  type Ports,
  portsFrom,
  projectRoot,
  quorum,
} from "./layout.ts";
import { Ledger } from "./ledger.ts";
import { release, takeOver } from "./lock.ts";
import type { Options } from "./options.ts";
import { useProgram, writeSample } from "./program.ts";
import { requireFreePorts } from "./ports.ts";
import { planPostgres, removeDatabase } from "./postgres.ts";
import { withKeysInUse } from "./rotated-keys.ts";
import { readChain } from "./rounds.ts";
import { readStackFile, type StackFile, writeStackFile } from "./stack-file.ts";
import { lastWords, type Program, Supervisor } from "./supervisor.ts";

/** Told about every step, so that a person sees what takes time. */
export type Progress = <T>(title: string, work: () => Promise<T>) => Promise<T>;

const readyMs = {
  ...{ relayer: 30_000, operator: 60_000, indexer: 90_000 },
  ...{ vrf: 60_000, watch: 60_000, score: 60_000, payout: 60_000, attest: 60_000 },
};

/** Quotes make much short-lived garbage: a small young generation keeps an operator's memory below 250 MB. */
const keeperFlags = ["--max-semi-space-size=2"];

/** Dependants stop before what they depend on. */
function layerOf(name: string): number {
  if (name === "chain" || name === "postgres") return 0;
  return name === "relayer" || name === "indexer" ? 1 : 2;
}

/** A running local network. */
export class Stack {
  readonly options: Options;
  readonly paths: Paths;
  readonly ports: Ports;
  /** Rejects when the network cannot go on; says why in one line. */
  readonly broken: Promise<never>;
  readonly #supervisor: Supervisor;
  readonly #programs = new Map<string, Program>();
  /** Takes what a person should know while the network goes on. */
  notice: (line: string) => void;
  #break!: (error: Error) => void;
  #file: StackFile | undefined;
  #operators: LocalOperator[] = [];
  #roundsAtStart: ReadonlyMap<string, number> = new Map();
  #expectedDeaths = new Set<string>();
  #stopping: Promise<void> | undefined;
  #stopChainClock: () => void = () => undefined;

  private constructor(options: Options, ledger: Ledger, notice: (line: string) => void) {
    this.options = options;
    this.paths = pathsIn(options.state);
    this.ports = portsFrom(options.portBase);
    this.notice = notice;
    this.broken = new Promise((_, reject) => (this.#break = reject));
    this.broken.catch(() => undefined);
    this.#supervisor = new Supervisor(ledger, this.paths.logs, (name, how) =>
      this.#onDeath(name, how),
    );
  }

  /** Takes the state folder, ends what an earlier stack left in it, and returns a stack that is not started yet. */
  static async open(options: Options, notice: (line: string) => void): Promise<Stack> {
    mkdirSync(options.state, { recursive: true });
    const { ledger: file } = pathsIn(options.state);
    const ledger = new Ledger(file);
    const leftovers = await takeOver(ledger);
    if (leftovers.length > 0)
      notice(`ended what an earlier start left running: ${leftovers.join(", ")}`);
    return new Stack(options, ledger, notice);
  }

  /** What runs where; throws before the contracts are deployed. */
  get file(): StackFile {
    if (this.#file === undefined) throw new StackFailure("the stack is not started");
    return this.#file;
  }

  /** Round of each feed on the chain when this start began to publish. */
  get roundsAtStart(): ReadonlyMap<string, number> {
    return this.#roundsAtStart;
  }

  get operatorNames(): string[] {
    return this.#operators.map((operator) => operator.name);
  }

  get aliveOperators(): number {
    return this.#supervisor.names.filter((name) => name.startsWith("operator-")).length;
  }

  pidOf(name: string): number | undefined {
    return this.#supervisor.pidOf(name);
  }

  logOf(name: string): string {
    return this.#supervisor.logOf(name);
  }

  /** Starts everything. On failure the caller stops what did start. */
  async start(progress: Progress): Promise<void> {
    // Without its chain a database means nothing, wherever it lies.
    if (this.options.fresh || !existsSync(this.paths.chainState)) this.#forget();
    await requireFreePorts(this.ports);
    const [postgres] = await progress("Start Postgres and the chain", () =>
      Promise.all([this.#startPostgres(), this.#startChain()]),
    );
    await this.#refuseOldChain();
    this.#operators = prepareOperators(this.paths, this.ports);
    const previous = readStackFile(this.paths.stackFile);
    const { addresses, startBlock } = await progress(
      "Deploy contracts, register operators",
      async () => {
        const operators = await withKeysInUse(this.#operators, this.#rpcUrl, previous?.addresses);
        return deploy(
          this.paths,
          this.#rpcUrl,
          this.#deploymentId,
          operators,
          this.options.parameters,
        );
      },
    );
    this.#file = {
      chainId: localChainId,
      rpcUrl: this.#rpcUrl,
      apiUrl: `http://127.0.0.1:${this.ports.api}`,
      databaseUrl: postgres,
      deploymentId: this.#deploymentId,
      pid: process.pid,
      addresses,
      operators: this.#operators.map(({ account, endpoint, keyFile, nextKeyFile }) => ({
        ...{ account, endpoint, keyFile, nextKeyFile },
      })),
      ...this.#replay(previous),
      ...(await this.#program(addresses, startBlock, previous)),
    };
    writeStackFile(this.paths.stackFile, this.#file);
    if (this.options.only === "payouts") return this.#startPayouts(startBlock, progress);
    const feeds = await readChain(this.#rpcUrl, addresses.priceFeeds);
    this.#roundsAtStart = new Map([...feeds].map(([id, feed]) => [id, feed.round]));
    await progress("Start relayer, operators, other keepers and index", async () => {
      await this.#run(this.#relayer());
      await Promise.all([
        this.#run(this.#indexer(startBlock)),
        this.#run(this.#vrf()),
        this.#run(this.#watch()),
        this.#run(this.#score()),
        ...(addresses.priceAttestations === null ? [] : [this.#run(this.#attest())]),
        this.startOperators(this.#prices()),
      ]);
    });
  }

  async #startPayouts(startBlock: number, progress: Progress): Promise<void> {
    await progress("Start relayer, payout keepers and index", async () => {
      await this.#run(this.#relayer());
      const keepers = payoutConfigs(this.paths, this.ports, this.file, startBlock);
      await Promise.all([
        this.#run(this.#indexer(startBlock)),
        ...keepers.map(({ config, metricsPort, name }) =>
          this.#run(this.#keeper(name, "payout", config, metricsPort, readyMs.payout)),
        ),
      ]);
    });
  }

  /** Starts the five operators with one source of prices; those that run are stopped first. */
  async startOperators(prices: OperatorPrices): Promise<void> {
    await Promise.all(this.operatorNames.map((name) => this.#supervisor.stop(name)));
    await Promise.all(
      this.#operators.map((operator, index) => {
        const config = operatorConfig(
          this.paths,
          this.ports,
          this.file,
          this.#operators,
          index,
          prices,
        );
        return this.#run(
          this.#keeper(
            operator.name,
            "feed",
            config,
            this.ports.operatorMetrics[index]!,
            readyMs.operator,
          ),
        );
      }),
    );
  }

  /** Kills one part without warning, as the system tests do, and leaves it dead. */
  async kill(name: string, signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
    const pid = this.pidOf(name);
    if (pid === undefined) throw new StackFailure(`${name} does not run`);
    this.#expectedDeaths.add(name);
    process.kill(pid, signal);
    while (this.pidOf(name) !== undefined) await new Promise((resolve) => setTimeout(resolve, 20));
  }

  /** Starts a part that is dead, as it was started before. */
  async revive(name: string): Promise<void> {
    const program = this.#programs.get(name);
    if (program === undefined) throw new StackFailure(`there is no ${name}`);
    await this.#run(program);
  }

  /** Stops everything in order; safe to call twice. */
  stop(): Promise<void> {
    this.#stopChainClock();
    this.#stopping ??= this.#supervisor.stopAll(layerOf).then(() => release(this.paths.ledger));
    return this.#stopping;
  }

  get #rpcUrl(): string {
    return `http://127.0.0.1:${this.ports.chain}`;
  }

  /** A deployment id of its own for each port base, so that two stacks never share Ignition's journal. */
  get #deploymentId(): string {
    return `local-${this.options.portBase}-${hashOf(this.options.state)}`;
  }

  get #deploymentFolder(): string {
    return path.join(projectRoot, "deploy/deployments", this.#deploymentId);
  }

  #forget(): void {
    removeDatabase(this.options.state);
    const { chainState, stackFile, logs, config, keys, payouts, program } = this.paths;
    const folders = [
      chainState,
      stackFile,
      logs,
      config,
      keys,
      payouts,
      program,
      path.join(this.paths.state, "indexer"),
    ];
    for (const item of [...folders, this.#deploymentFolder])
      rmSync(item, { recursive: true, force: true });
    mkdirSync(logs, { recursive: true });
  }

  /** A chain that does not hold what the journal says was deployed starts over: the journal goes. */
  async #refuseOldChain(): Promise<void> {
    const previous = readStackFile(this.paths.stackFile);
    const address = previous?.addresses.priceFeeds;
    const code =
      address === undefined ? "0x" : await rpc(this.#rpcUrl, "eth_getCode", [address, "latest"]);
    if (code === "0x" && existsSync(this.#deploymentFolder)) {
      rmSync(this.#deploymentFolder, { recursive: true, force: true });
    }
  }

  async #startPostgres(): Promise<string> {
    mkdirSync(this.paths.keys, { recursive: true, mode: 0o700 });
    const passwordFile = path.join(this.paths.keys, "postgres.txt");
    const plan = await planPostgres(this.options.state, passwordFile, this.ports.postgres);
    await this.#run(plan.program);
    return plan.url;
  }

  async #startChain(): Promise<void> {
    if (!existsSync(anvilBinary())) throw new StackFailure("anvil has no binary for this platform");
    await this.#run(chainProgram(this.ports.chain, this.paths.chainState));
    this.#stopChainClock = keepChainTime(this.#rpcUrl);
  }

  #relayer(): Program {
    const config = relayerConfig(this.paths, this.ports, this.file);
    return this.#keeper("relayer", "relayer", config, this.ports.relayerMetrics, readyMs.relayer);
  }

  #vrf(): Program {
    const config = vrfConfig(this.paths, this.ports, this.file, this.#operators);
    return this.#keeper("vrf", "vrf", config, this.ports.vrfMetrics, readyMs.vrf);
  }

  #watch(): Program {
    const config = watchConfig(this.paths, this.ports, this.file);
    return this.#keeper("watch", "watch", config, this.ports.watchMetrics, readyMs.watch);
  }

  #score(): Program {
    const config = scoreConfig(this.paths, this.ports, this.file);
    return this.#keeper("score", "score", config, this.ports.scoreMetrics, readyMs.score);
  }

  /** Of the processes that use the database. */
  #environment(): NodeJS.ProcessEnv {
    return {
      NODE_COMPILE_CACHE: compileCache,
      ...process.env,
      DATABASE_URL: this.file.databaseUrl,
    };
  }

  #attest(): Program {
    const config = attestConfig(this.paths, this.ports, this.file);
    return this.#keeper("attest", "attest", config, this.ports.attestMetrics, readyMs.attest);
  }

  #indexer(startBlock: number): Program {
    const config = indexerConfig(this.paths, this.ports, this.file, startBlock);
    return {
      name: "indexer",
      command: process.execPath,
      args: [path.join(projectRoot, "indexer/launch.ts"), "--config", config],
      env: this.#environment(),
      options: { cwd: projectRoot },
      ready: () => answers(`${this.file.apiUrl}/ready`),
      readyTimeoutMs: readyMs.indexer,
    };
  }

  #keeper(
    name: string,
    folder: string,
    config: string,
    metricsPort: number,
    readyTimeoutMs: number,
  ): Program {
    const main = path.join(projectRoot, "keepers", folder, "main.ts");
    return {
      name,
      command: process.execPath,
      args: [...keeperFlags, main, "--config", config],
      env: this.#environment(),
      options: { cwd: projectRoot },
      // An operator without a single venue is up but not healthy: that is shown, not waited for.
      ready: () => responds(`http://127.0.0.1:${metricsPort}/health`),
      readyTimeoutMs,
    };
  }

  async #run(program: Program): Promise<void> {
    this.#programs.set(program.name, program);
    this.#expectedDeaths.delete(program.name);
    await this.#supervisor.start(program);
  }

  /** The start of recorded time is kept as long as the same bars are replayed at the same speed. */
  #replay(previous: StackFile | undefined): Pick<StackFile, "replay"> {
    const { prices } = this.options;
    if (prices.mode !== "replay") return {};
    const kept = previous?.replay;
    if (kept?.dir === prices.dir && kept.speed === prices.speed) return { replay: kept };
    return { replay: { dir: prices.dir, speed: prices.speed, startedAtMs: Date.now() } };
  }

  /** The program of payouts, where their keepers run. */
  async #program(
    addresses: StackFile["addresses"],
    startBlock: number,
    previous: StackFile | undefined,
  ): Promise<Pick<StackFile, "program">> {
    if (this.options.only !== "payouts") return {};
    if (addresses.payoutDistributor === null) {
      throw new StackFailure(
        'the deployment has no payouts: give its parameters the section "payouts"',
      );
    }
    const isSame = previous?.addresses.payoutDistributor === addresses.payoutDistributor;
    const { program: given } = this.options;
    if (given !== undefined) useProgram(given, this.paths.program);
    else if (!isSame || !existsSync(this.paths.program)) {
      await writeSample(this.paths.program, this.#rpcUrl, addresses, startBlock);
    }
    mkdirSync(this.paths.payouts, { recursive: true });
    return { program: this.paths.program };
  }

  #prices(): OperatorPrices {
    return this.file.replay === undefined
      ? { mode: "live" }
      : { mode: "replay", ...this.file.replay };
  }

  /** The network outlives operators as long as a quorum lives; without any other part it cannot go on. */
  #onDeath(name: string, how: string): void {
    if (this.#expectedDeaths.has(name)) return;
    if (name.startsWith("operator-") && this.aliveOperators >= quorum) {
      this.notice(
        `${name} ended (${how}); ${this.aliveOperators} of ${operatorCount} operators go on`,
      );
      return;
    }
    this.#break(
      new StackFailure(
        `${name} ended (${how}): ${lastWords(this.logOf(name))}; see ${this.logOf(name)}`,
      ),
    );
  }
}

function hashOf(text: string): string {
  let hash = 0;
  for (const char of text) hash = (hash * 31 + char.charCodeAt(0)) >>> 0;
  return hash.toString(36);
}

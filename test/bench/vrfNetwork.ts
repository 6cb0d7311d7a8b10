/** A chain with 1 s blocks, Postgres, Ponder, the VRF keeper and the relayer, each as it runs in production. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import accessManager from "@openzeppelin/contracts/build/contracts/AccessManager.json" with { type: "json" };
import {
  ContractFactory,
  JsonRpcProvider,
  parseEther,
  ZeroAddress,
  type JsonRpcSigner,
} from "ethers";

import { VrfMinimalConsumer__factory } from "../../types/ethers-contracts/factories/test/VrfMinimalConsumer__factory.ts";
import { VRFCoordinator__factory } from "../../types/ethers-contracts/factories/vrf/VRFCoordinator__factory.ts";
import { startAnvil, type TestAnvil } from "../helpers/anvil.ts";
import type { KeeperProcess } from "../helpers/keeper-process.ts";
import { freePort, startPostgres, type TestPostgres } from "../helpers/postgres.ts";
import { waitFor } from "../helpers/wait-for.ts";
import { startRelayer, writeKeys } from "../keepers/relayer/harness.ts";
import { chainId, provingKey, startKeeper } from "../keepers/vrf/harness.ts";

const blockSeconds = 1;
const relayerAccounts = 4;
/**
 * Subscriptions, each with a consumer and an account that sends its requests: enough for the requests of some seconds to
 * be in their subscriptions' rings.
 */
const dappCount = 16;
const firstDappAccount = 10;
/** The index wants feeds and operators too: nothing ever comes from these. */
const nobody = [
  "0x00000000000000000000000000000000000000f1",
  "0x00000000000000000000000000000000000000f2",
];
const readyTimeoutMs = 90_000;
/** What the relayer of the local stack runs with. */
const confirmations = 1;

/** A subscription that asks for words. */
export interface Dapp {
  readonly from: string;
  /** Its consumer, which stores each word that it is given. */
  readonly to: string;
}

/** A running network; every part but the contracts is a process of its own. */
export interface BenchNetwork {
  readonly anvil: TestAnvil;
  readonly postgres: TestPostgres;
  readonly keeper: KeeperProcess;
  readonly relayer: KeeperProcess;
  /** Lower case. */
  readonly coordinator: string;
  readonly dapps: readonly Dapp[];
  /** Calldata of a consumer's `request`. */
  readonly requestData: string;
  stop(): Promise<void>;
}

/** Starts everything and waits until the keeper serves requests. */
export async function startBenchNetwork(say: (line: string) => void): Promise<BenchNetwork> {
  const folder = mkdtempSync(join(tmpdir(), "dodona-vrf-bench-"));
  const stops: (() => Promise<unknown>)[] = [async () => rmSync(folder, { recursive: true })];
  const stop = async (): Promise<void> => {
    for (const one of stops.splice(0).reverse()) await one();
  };
  try {
    say("Start Postgres and the chain, deploy the coordinator");
    const postgres = await startPostgres({ durable: true });
    stops.push(() => postgres.stop());
    const anvil = await startAnvil({
      args: [
        ...["--accounts", String(firstDappAccount + dappCount), "--preserve-historical-states"],
        ...["--state", join(folder, "chain.json"), "--state-interval", "5"],
      ],
    });
    stops.push(() => anvil.stop());
    const { coordinator, dapps, requestData } = await deploy(anvil);
    await anvil.rpc("evm_setAutomine", [false]);
    await anvil.rpc("evm_setIntervalMining", [blockSeconds]);
    say("Start index, relayer and keeper");
    const index = await startIndex(postgres.url, anvil.url, coordinator, folder);
    stops.push(index.stop);
    const relayer = startRelayer(postgres.url, [anvil.url], {
      accounts: writeKeys(relayerAccounts),
      ...{ blockTimeMs: blockSeconds * 1_000, pollMs: undefined, rpcTimeoutMs: undefined },
      ...{ confirmations, replaceAfterBlocks: undefined },
    });
    stops.push(() => relayer.kill("SIGTERM"));
    await relayer.metricsUrl();
    const keeper = startKeeper(postgres.url, anvil.url, coordinator, index.url, {
      ...{ timing: {}, log: { level: "info" } },
    });
    stops.push(() => keeper.kill("SIGTERM"));
    await waitFor("the keeper", () => keeper.output().includes("serves requests"), readyTimeoutMs);
    return { anvil, postgres, keeper, relayer, coordinator, dapps, requestData, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function deploy(anvil: TestAnvil) {
  const provider = new JsonRpcProvider(anvil.url, chainId, {
    ...{ staticNetwork: true, cacheTimeout: -1, pollingInterval: 20, batchMaxCount: 1 },
  });
  try {
    const admin = await provider.getSigner(9);
    const manager = await new ContractFactory(
      ...([accessManager.abi, accessManager.bytecode, admin] as const),
    ).deploy(admin.address);
    const coordinator = await new VRFCoordinator__factory(admin).deploy(
      await manager.getAddress(),
      {
        ...{ minConfirmations: 1, maxConfirmations: 200, maxCallbackGas: 2_500_000 },
        ...{ deadlineBlocks: 250, overheadGas: 100_000, tipCap: 2_000_000_000n },
        l1DataFee: ZeroAddress,
      },
    );
    const address = (await coordinator.getAddress()).toLowerCase();
    const { x, y, keyHash } = provingKey;
    const terms = { maxGasPrice: 100_000_000_000n, premium: 1_000_000n, bondShare: 1_000_000n };
    await (await coordinator.registerProvingKey(x, y, admin.address, terms)).wait();
    await (await coordinator.depositBond(keyHash, { value: parseEther("1") })).wait();
    const made: Dapp[] = [];
    for (let i = 0; i < dappCount; i++) {
      const owner = await provider.getSigner(firstDappAccount + i);
      made.push(await createDapp(coordinator.connect(owner), owner));
    }
    const requestData = VrfMinimalConsumer__factory.createInterface().encodeFunctionData("request");
    return { coordinator: address, dapps: made, requestData };
  } finally {
    provider.destroy();
  }
}

async function createDapp(
  coordinator: ReturnType<typeof VRFCoordinator__factory.connect>,
  owner: JsonRpcSigner,
): Promise<Dapp> {
  await (await coordinator.createSubscription()).wait();
  const subId = (await coordinator.getActiveSubscriptionIds(0, 0)).at(-1)!;
  const consumer = await new VrfMinimalConsumer__factory(owner).deploy(
    ...([await coordinator.getAddress(), provingKey.keyHash, subId, true] as const),
  );
  const to = await consumer.getAddress();
  await (await coordinator.addConsumer(subId, to)).wait();
  await (await coordinator.fundSubscriptionWithNative(subId, { value: parseEther("5000") })).wait();
  return { from: owner.address, to };
}

async function startIndex(
  databaseUrl: string,
  rpcUrl: string,
  vrfCoordinator: string,
  folder: string,
): Promise<{ url: string; stop: () => Promise<void> }> {
  const port = await freePort();
  const file = join(folder, "indexer.json");
  const config = {
    ...{ chainId, rpcUrl, port, stateDir: join(folder, "indexer"), log: { level: "info" } },
    contracts: { operators: nobody[0], priceFeeds: nobody[1], vrfCoordinator, startBlock: 0 },
    parentPid: process.pid,
  };
  writeFileSync(file, JSON.stringify(config));
  const launcher = new URL("../../indexer/launch.ts", import.meta.url).pathname;
  const child: ChildProcess = spawn(process.execPath, [launcher, "--config", file], {
    env: { ...process.env, DATABASE_URL: databaseUrl },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream?.on("data", (chunk: Buffer) => (output = (output + chunk.toString()).slice(-16_384)));
  const exited = once(child, "exit");
  const url = `http://127.0.0.1:${port}`;
  const stop = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) child.kill("SIGTERM");
    await exited;
  };
  try {
    await waitFor(
      "the index",
      async () => {
        if (child.exitCode !== null) return true;
        return (await fetch(`${url}/ready`)).ok;
      },
      readyTimeoutMs,
    );
    if (child.exitCode !== null) throw new Error(`the index ended: ${output}`);
  } catch (error) {
    await stop();
    throw error;
  }
  return { url, stop };
}

/** A chain with the slashing contract, operators that answer what a test puts into their mouths, and keeper processes. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

import accessManager from "@openzeppelin/contracts/build/contracts/AccessManager.json" with { type: "json" };
import { ContractFactory, encodeBytes32String, JsonRpcProvider } from "ethers";

import { publicKeys, type OperatorKeys } from "../../../keepers/feed/signing/keys.ts";
import type { Domain } from "../../../keepers/shared/observation.ts";
import type { ReportBundle, SignedObservation } from "../../../keepers/watch/model.ts";
import type { PriceFeeds } from "../../../types/ethers-contracts/feeds/PriceFeeds.ts";
import { PriceFeeds__factory } from "../../../types/ethers-contracts/factories/feeds/PriceFeeds__factory.ts";
import { Slashing__factory } from "../../../types/ethers-contracts/factories/operators/Slashing__factory.ts";
import { SlashingRegistry__factory } from "../../../types/ethers-contracts/factories/test/SlashingHarness.sol/SlashingRegistry__factory.ts";
import { SlashingStake__factory } from "../../../types/ethers-contracts/factories/test/SlashingHarness.sol/SlashingStake__factory.ts";
import type { Slashing } from "../../../types/ethers-contracts/operators/Slashing.ts";
import type { SlashingRegistry } from "../../../types/ethers-contracts/test/SlashingHarness.sol/SlashingRegistry.ts";
import type { SlashingStake } from "../../../types/ethers-contracts/test/SlashingHarness.sol/SlashingStake.ts";
import { startAnvil, type TestAnvil } from "../../helpers/anvil.ts";
import { startKeeperProcess, type KeeperProcess } from "../../helpers/keeper-process.ts";
import { accountOf, freshKeys, wireSlots } from "./fixtures.ts";

export const REPORTER = "0x000000000000000000000000000000000000dead";
export const STAKE = 1_000_000n;
export const EVIDENCE_PERIOD = 3_600;
const OPERATORS = 5;
const PARAMS = {
  ...{ heartbeat: 10, deviationBps: 20, cosignToleranceBps: 50, bandBps: 1_000, tau: 3_600 },
  ...{ cooldown: 120, minReports: 3, dormancy: 604_800, minVenues: 3, history: 0 },
};

/** One operator's HTTP server. */
export interface TestOperator {
  readonly index: number;
  readonly account: string;
  /** What it shows from now on, besides what it shows already. */
  show(observations: readonly SignedObservation[], bundles?: readonly ReportBundle[]): void;
  /** Answers anything else instead, null for the protocol's. */
  answer: string | null;
  asked: number;
}

/** The chain and its operators. */
export interface WatchNetwork {
  readonly anvil: TestAnvil;
  readonly provider: JsonRpcProvider;
  readonly feeds: PriceFeeds;
  readonly registry: SlashingRegistry;
  readonly stake: SlashingStake;
  readonly slashing: Slashing;
  readonly domain: Domain;
  readonly setId: number;
  readonly keys: readonly OperatorKeys[];
  readonly operators: readonly TestOperator[];
  /** Of the newest block, unix seconds. */
  now(): Promise<number>;
  stop(): Promise<void>;
}

/** Starts a chain with a block a second. */
export async function startWatchNetwork(): Promise<WatchNetwork> {
  const anvil = await startAnvil();
  const provider = new JsonRpcProvider(anvil.url, 31337, {
    ...{ staticNetwork: true, cacheTimeout: -1, pollingInterval: 20, batchMaxCount: 1 },
  });
  // The relayer sends from account 0.
  const admin = await provider.getSigner(9);
  const manager = await new ContractFactory(
    accessManager.abi,
    accessManager.bytecode,
    admin,
  ).deploy(admin.address);
  const registry = await new SlashingRegistry__factory(admin).deploy();
  const feeds = await new PriceFeeds__factory(admin).deploy(
    await manager.getAddress(),
    await registry.getAddress(),
  );
  const stake = await new SlashingStake__factory(admin).deploy(2 * EVIDENCE_PERIOD);
  const slashing = await new Slashing__factory(admin).deploy(
    ...[await manager.getAddress(), await feeds.getAddress(), await stake.getAddress()],
    ...([EVIDENCE_PERIOD, 5_000, 1_000] as const),
  );
  const keys = Array.from({ length: OPERATORS }, freshKeys);
  const servers: Server[] = [];
  const operators: TestOperator[] = [];
  const endpoints: string[] = [];
  for (let index = 0; index < OPERATORS; index++) {
    const { operator, server } = await startOperator(index);
    servers.push(server);
    operators.push(operator);
    endpoints.push(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    await (await stake.set(operator.account, STAKE)).wait();
  }
  const points = keys.map((own) => {
    const { secp256k1, grumpkin } = publicKeys(own);
    const [{ x, y }, proof] = [secp256k1.toAffine(), grumpkin.toAffine()];
    return { x, y, proofX: proof.x, proofY: proof.y };
  });
  await (
    await registry.set(
      operators.map(({ account }) => account),
      points,
      endpoints,
    )
  ).wait();
  await (await feeds.sync()).wait();
  const names = ["BTC/USD", "ETH/USD", "USDC/USD"].map(encodeBytes32String);
  await (
    await feeds.createFeeds(
      names,
      names.map(() => PARAMS),
    )
  ).wait();
  const { setId } = await feeds.currentSet();
  await anvil.rpc("evm_setAutomine", [false]);
  await anvil.rpc("evm_setIntervalMining", [1]);
  return {
    ...{ anvil, provider, feeds, registry, stake, slashing, keys, operators },
    domain: { chainId: 31337, priceFeeds: (await feeds.getAddress()).toLowerCase() },
    setId: Number(setId),
    now: async () => (await provider.getBlock("latest"))!.timestamp,
    async stop() {
      provider.destroy();
      await Promise.all(
        servers.map((server) => {
          server.closeAllConnections();
          return new Promise((resolve) => server.close(resolve));
        }),
      );
      await anvil.stop();
    },
  };
}

async function startOperator(index: number): Promise<{ operator: TestOperator; server: Server }> {
  const observations: SignedObservation[] = [];
  const bundles: ReportBundle[] = [];
  const operator: TestOperator = {
    ...{ index, account: accountOf(index), answer: null, asked: 0 },
    show(more, reports = []) {
      observations.push(...more);
      bundles.push(...reports);
    },
  };
  const server = createServer((request, response) => {
    const from = Number(/^\/v1\/slots\/(\d+)$/.exec(request.url ?? "")?.[1]);
    operator.asked++;
    const { slots, nextSlot } = wireSlots(observations, bundles);
    const shown = (slots as { slot: number }[]).filter(({ slot }) => slot >= from);
    response.setHeader("content-type", "application/json");
    response.end(operator.answer ?? JSON.stringify({ slots: shown, nextSlot }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { operator, server };
}

/** Starts `keepers/watch/main.ts`. `fields` replace those of its configuration. */
export async function startWatch(
  databaseUrl: string,
  network: WatchNetwork,
  fields: Record<string, unknown> = {},
): Promise<KeeperProcess> {
  const config = {
    chainId: 31337,
    rpcUrls: [network.anvil.url],
    contracts: {
      slashing: await network.slashing.getAddress(),
      operators: await network.registry.getAddress(),
    },
    reporter: REPORTER,
    confirmations: 1,
    ...fields,
  };
  return startKeeperProcess("watch", databaseUrl, () => config);
}

/** A chain with operators and their rewards, an index that says what a test counted, and keeper processes. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

import accessManager from "@openzeppelin/contracts/build/contracts/AccessManager.json" with { type: "json" };
import type { BaseContract } from "ethers";
import { ContractFactory, JsonRpcProvider } from "ethers";

import { generateKeys, parseKeys, registrationOf } from "../../../keepers/feed/signing/keys.ts";
import type { Database } from "../../../keepers/shared/database.ts";
import { DodonaToken__factory } from "../../../types/ethers-contracts/factories/governance/DodonaToken__factory.ts";
import { OperatorRewards__factory } from "../../../types/ethers-contracts/factories/operators/OperatorRewards__factory.ts";
import { Operators__factory } from "../../../types/ethers-contracts/factories/operators/Operators__factory.ts";
import type { DodonaToken } from "../../../types/ethers-contracts/governance/DodonaToken.ts";
import type { OperatorRewards } from "../../../types/ethers-contracts/operators/OperatorRewards.ts";
import { startAnvil, type TestAnvil } from "../../helpers/anvil.ts";
import { startKeeperProcess, type KeeperProcess } from "../../helpers/keeper-process.ts";
import { waitFor } from "../../helpers/wait-for.ts";
import { accountAt } from "../relayer/harness.ts";

export const EPOCH_SECONDS = 600;
export const BUDGET = 1_000n;
const SCORER_ROLE = 3n;
/** Account of the chain that may post. */
export const SCORER = accountAt(8);
const ADMIN_INDEX = 9;
const OPERATOR_INDICES = [1, 2, 3, 4];

/** The chain, and time on it. */
export interface ScoreNetwork {
  readonly anvil: TestAnvil;
  readonly token: DodonaToken;
  readonly rewards: OperatorRewards;
  /** Active operators, lower case, ascending. */
  readonly operators: readonly string[];
  /** The epoch that runs. */
  epoch(): Promise<number>;
  /** Lets the chain's time pass to the beginning of the epoch after the one that runs, and a block come. */
  endEpoch(): Promise<number>;
  /** Gives the contract something to share. */
  fund(amount: bigint): Promise<void>;
  /** Whether the account may post. */
  allow(isScorer: boolean): Promise<void>;
  head(): Promise<number>;
  stop(): Promise<void>;
}

/** Starts a chain with a block a second, and four operators that are active. */
export async function startScoreNetwork(): Promise<ScoreNetwork> {
  const anvil = await startAnvil();
  const provider = new JsonRpcProvider(anvil.url, 31337, {
    ...{ staticNetwork: true, cacheTimeout: -1, pollingInterval: 20, batchMaxCount: 1 },
  });
  const admin = await provider.getSigner(ADMIN_INDEX);
  const manager = await new ContractFactory(
    accessManager.abi,
    accessManager.bytecode,
    admin,
  ).deploy(admin.address);
  const call = async (contract: BaseContract, method: string, ...args: unknown[]) => {
    const sent = (await contract.getFunction(method)(...args)) as { wait(): Promise<unknown> };
    await sent.wait();
  };
  const authority = await manager.getAddress();
  const registry = await new Operators__factory(admin).deploy(authority, EPOCH_SECONDS, 0);
  const registryAddress = await registry.getAddress();
  const token = await new DodonaToken__factory(admin).deploy([admin.address], [10n ** 24n]);
  const rewards = await new OperatorRewards__factory(admin).deploy(
    ...([authority, await token.getAddress(), registryAddress, BUDGET] as const),
  );
  const post = rewards.interface.getFunction("postWeights").selector;
  const rewardsAddress = await rewards.getAddress();
  await call(manager, "setTargetFunctionRole", rewardsAddress, [post], SCORER_ROLE);
  const allow = (isScorer: boolean): Promise<void> =>
    isScorer
      ? call(manager, "grantRole", SCORER_ROLE, SCORER.address, 0)
      : call(manager, "revokeRole", SCORER_ROLE, SCORER.address);
  await allow(true);
  for (const index of OPERATOR_INDICES) {
    const account = await provider.getSigner(index);
    const { keys, possession } = registrationOf(parseKeys(generateKeys()), {
      ...{ account: account.address, chainId: 31337n, operators: registryAddress },
    });
    const [x, y, proofX, proofY] = keys;
    const own = registry.connect(account);
    await call(own, "register", { x, y, proofX, proofY }, possession, "http://127.0.0.1:1");
  }
  const operators = OPERATOR_INDICES.map((index) => accountAt(index).address.toLowerCase()).sort();
  await call(registry, "setActive", operators);
  await anvil.rpc("evm_setAutomine", [false]);
  await anvil.rpc("evm_setIntervalMining", [1]);

  const latest = async () => (await provider.getBlock("latest"))!;
  const epoch = async () => Math.floor((await latest()).timestamp / EPOCH_SECONDS);
  return {
    ...{ anvil, token, rewards, operators, epoch, allow },
    async endEpoch() {
      const before = await epoch();
      const left = (before + 1) * EPOCH_SECONDS - (await latest()).timestamp;
      await anvil.rpc("evm_increaseTime", [left]);
      await waitFor("a block of the next epoch", async () => (await epoch()) > before);
      return before;
    },
    fund: (amount) => call(token, "transfer", rewardsAddress, amount),
    head: async () => (await latest()).number,
    async stop() {
      provider.destroy();
      await anvil.stop();
    },
  };
}

/** What the index says of itself, and what it counted. */
export interface TestIndex {
  readonly url: string;
  /** Block that it is at; null follows the chain. */
  block: number | null;
  ready: boolean;
  /** Replaces what it counted. */
  count(db: Database, rows: readonly [string, number, number, number][]): Promise<void>;
  stop(): Promise<void>;
}

/** Starts an index that answers for a chain. */
export async function startIndex(network: () => ScoreNetwork): Promise<TestIndex> {
  const server = createServer((_, response) => {
    void (async () => {
      const block =
        index.block ??
        (await network()
          .head()
          .catch(() => null));
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify({ chainId: 31337, ready: index.ready, block, more: "yes" }));
    })();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const index: TestIndex = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    ...{ block: null, ready: true },
    async count(db, rows) {
      // As the index makes it (indexer/schema/operators.ts).
      await db.pool.query(`CREATE SCHEMA IF NOT EXISTS chain`);
      await db.pool.query(
        `CREATE TABLE IF NOT EXISTS chain.participation (account text NOT NULL, epoch bigint NOT NULL,
           started_at bigint NOT NULL, reports integer NOT NULL, signed integer NOT NULL,
           latency_seconds integer NOT NULL, PRIMARY KEY (account, epoch))`,
      );
      await db.pool.query("TRUNCATE chain.participation");
      for (const row of rows) {
        await db.pool.query("INSERT INTO chain.participation VALUES ($1, $2, 0, $3, $4, 0)", [
          ...row,
        ]);
      }
    },
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return index;
}

/** Starts `keepers/score/main.ts`. `fields` replace those of its configuration. */
export async function startScore(
  databaseUrl: string,
  network: ScoreNetwork,
  index: TestIndex,
  fields: Record<string, unknown> = {},
): Promise<KeeperProcess> {
  const config = {
    chainId: 31337,
    rpcUrls: [network.anvil.url],
    contracts: { operatorRewards: await network.rewards.getAddress() },
    account: SCORER.address,
    indexUrl: index.url,
    ...{ pollMs: 200, settleSeconds: 0, confirmations: 1 },
    ...fields,
  };
  return startKeeperProcess("score", databaseUrl, () => config);
}

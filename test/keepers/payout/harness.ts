/** A chain with the real distributor and a token, a database, and a hand that sends what keepers ask for. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import accessManager from "@openzeppelin/contracts/build/contracts/AccessManager.json" with { type: "json" };
import { ContractFactory, JsonRpcProvider, Wallet } from "ethers";
import type { BaseContract, ContractTransactionResponse, JsonRpcSigner } from "ethers";

import { createDistributorReader, distributorAbi } from "../../../keepers/payout/distributor.ts";
import { openPublicationFiles } from "../../../keepers/payout/files.ts";
import { createLogSource } from "../../../keepers/payout/log-source.ts";
import { createPayoutMetrics } from "../../../keepers/payout/metrics.ts";
import { programSchema, type Program } from "../../../keepers/payout/program.ts";
import { createPayoutKeeper, type KeeperDeps } from "../../../keepers/payout/run.ts";
import { systemClock } from "../../../keepers/shared/clock.ts";
import { migrate, openDatabase, type Database } from "../../../keepers/shared/database.ts";
import { createLogger } from "../../../keepers/shared/log.ts";
import { createMetrics } from "../../../keepers/shared/metrics.ts";
import { openChain, type Chain } from "../../../keepers/shared/rpc.ts";
import { PayoutDistributor__factory } from "../../../types/ethers-contracts/factories/payouts/PayoutDistributor__factory.ts";
import { PayoutToken__factory } from "../../../types/ethers-contracts/factories/test/payout/PayoutTokens.sol/PayoutToken__factory.ts";
import type { PayoutDistributor } from "../../../types/ethers-contracts/payouts/PayoutDistributor.ts";
import type { PayoutToken } from "../../../types/ethers-contracts/test/payout/PayoutTokens.sol/PayoutToken.ts";
import { startAnvil, type TestAnvil } from "../../helpers/anvil.ts";
import { startPostgres } from "../../helpers/postgres.ts";

export const chainId = 31_337;
export const challengeSeconds = 3_600;
/** 2026-11-01 06:00 UTC. */
export const startTime = Date.parse("2026-11-01T06:00:00Z") / 1_000;
export const pool = 1_000_000n;

/** Keys of the approvers of these tests. */
export const approverWallets = [1, 2].map((i) => new Wallet(`0x${String(i).repeat(64)}`));
const silent = createLogger({ name: "test", level: "silent" });
const millions = 10n ** 24n;

/** What is used of OpenZeppelin's AccessManager. */
interface Manager {
  setTargetFunctionRole(
    target: string,
    selectors: readonly string[],
    role: bigint,
  ): Promise<ContractTransactionResponse>;
  grantRole(role: bigint, to: string, delay: number): Promise<ContractTransactionResponse>;
}

/** Brings the payout keeper's tables into a database. */
export async function migratePayouts(db: Database): Promise<void> {
  await migrate(db);
}

/** Everything that keepers need, and what a test does around them. */
export interface PayoutNetwork {
  readonly anvil: TestAnvil;
  readonly db: Database;
  readonly databaseUrl: string;
  readonly chain: Chain;
  readonly distributor: PayoutDistributor;
  /** Lower case. */
  readonly address: string;
  readonly token: PayoutToken;
  readonly tokenAddress: string;
  readonly program: Program;
  readonly proposer: JsonRpcSigner;
  readonly watcher: JsonRpcSigner;
  readonly folder: string;
  /** A keeper of a role, as a process of its own would have it. */
  keeper(role: "proposer" | "watcher" | Wallet, fields?: Partial<KeeperDeps>): PayoutKeeper;
  /** Goes to a time and mines a block there. */
  goTo(time: number): Promise<void>;
  mine(blocks: number): Promise<void>;
  /** Sends every queued intent, each alone; returns how many were mined. */
  relay(): Promise<number>;
  /** All intents' keys, oldest first. */
  intents(): Promise<string[]>;
  stop(): Promise<void>;
}

export type PayoutKeeper = ReturnType<typeof createPayoutKeeper>;

/** Starts everything; the chain's time is before the program's first day. */
export async function startPayoutNetwork(programFields: object = {}): Promise<PayoutNetwork> {
  const timestamp = String(startTime - 86_400);
  const [anvil, postgres] = await Promise.all([
    startAnvil({ args: ["--timestamp", timestamp] }),
    startPostgres(),
  ]);
  const db = openDatabase(postgres.url, silent);
  await migratePayouts(db);
  const provider = new JsonRpcProvider(anvil.url, chainId, { cacheTimeout: -1, batchMaxCount: 1 });
  const [admin, proposer, watcher] = (await Promise.all(
    [0, 1, 2].map((i) => provider.getSigner(i)),
  )) as [JsonRpcSigner, JsonRpcSigner, JsonRpcSigner];
  const manager = (await new ContractFactory(
    accessManager.abi,
    accessManager.bytecode,
    admin,
  ).deploy(admin.address)) as BaseContract & Manager;
  await manager.waitForDeployment();
  const config = { challengeSeconds, lifetimeSeconds: 3 * 86_400, epochSeconds: 0 };
  const approvers = approverWallets.map(({ address }) => address);
  const distributor = await new PayoutDistributor__factory(admin).deploy(
    await manager.getAddress(),
    config,
    approvers,
    2,
  );
  const token = await new PayoutToken__factory(admin).deploy();
  await Promise.all([distributor.waitForDeployment(), token.waitForDeployment()]);
  const address = (await distributor.getAddress()).toLowerCase();
  const tokenAddress = (await token.getAddress()).toLowerCase();
  const grant = async (name: "propose" | "dispute", role: bigint, to: string): Promise<void> => {
    const { selector } = distributorAbi.getFunction(name);
    await (await manager.setTargetFunctionRole(address, [selector], role)).wait();
    await (await manager.grantRole(role, to, 0)).wait();
  };
  await grant("propose", 4n, proposer.address);
  await grant("dispute", 5n, watcher.address);
  const limits = { perHour: millions, perDay: millions, perAccount: millions, perEpoch: millions };
  await (await distributor.setLimits(tokenAddress, limits)).wait();
  await (await token.mint(admin.address, millions)).wait();
  await (await token.approve(address, millions)).wait();
  await (await distributor.deposit(tokenAddress, 100n * pool)).wait();

  const folder = mkdtempSync(join(tmpdir(), "dodona-payout-keepers-"));
  const program = programSchema.parse({
    ...{ name: "Test", token: tokenAddress, startDay: "2026-11-01", epochHour: 6 },
    ...{ poolPerDay: String(pool), rule: { kind: "proRata" } },
    participants: { source: "transfers", token: tokenAddress },
    holdings: { token: tokenAddress },
    exclusions: [{ account: admin.address, reason: "the deployer" }],
    ...programFields,
  });
  const chain = openChain({ chainId, rpcUrls: [anvil.url], log: silent });

  const network: PayoutNetwork = {
    databaseUrl: postgres.url,
    ...{ anvil, db, chain, distributor, address, token, tokenAddress, program },
    ...{ proposer, watcher, folder },
    keeper(role, fields = {}) {
      const wallet = typeof role === "string" ? null : role;
      const sender = role === "proposer" ? proposer : role === "watcher" ? watcher : null;
      return createPayoutKeeper({
        role: typeof role === "string" ? role : "approver",
        ...{ db, chain, chainId, distributor: address, program, wallet, confirmations: 2 },
        reader: createDistributorReader(chain, address, 0),
        source: createLogSource(chain),
        files: openPublicationFiles(folder),
        ...{ clock: systemClock, log: silent, pollMs: 50, maxAttempts: 3 },
        metrics: createPayoutMetrics(createMetrics("test")),
        ...{ checkSize: { all: 1_000, sample: 10 }, unpublishedSeconds: 600 },
        sender: sender?.address.toLowerCase() ?? null,
        uri: role === "proposer" ? "http://127.0.0.1/{hash}.json" : "",
        ...fields,
      });
    },
    async goTo(time) {
      await anvil.rpc("evm_setNextBlockTimestamp", [time]);
      await anvil.rpc("evm_mine");
    },
    async mine(blocks) {
      for (let i = 0; i < blocks; i++) await anvil.rpc("evm_mine");
    },
    async relay() {
      const { rows } = await db.pool.query<{
        id: string;
        to_address: string;
        data: Buffer;
        gas_limit: string;
        account: string | null;
      }>(
        "SELECT id, to_address, data, gas_limit, account FROM dodona.intents WHERE status = 'queued' ORDER BY id",
      );
      for (const row of rows) {
        const from = await provider.getSigner(row.account ?? admin.address);
        const sent = await from.sendTransaction({
          to: row.to_address,
          data: `0x${row.data.toString("hex")}`,
          gasLimit: row.gas_limit,
        });
        const receipt = await sent.wait().catch(() => null);
        const status = receipt?.status === 1 ? "confirmed" : "failed";
        await db.pool.query("UPDATE dodona.intents SET status = $2 WHERE id = $1", [
          row.id,
          status,
        ]);
      }
      return rows.length;
    },
    async intents() {
      const { rows } = await db.pool.query<{ key: string }>(
        "SELECT key FROM dodona.intents ORDER BY id",
      );
      return rows.map(({ key }) => key);
    },
    async stop() {
      chain.close();
      provider.destroy();
      await db.close();
      await Promise.all([anvil.stop(), postgres.stop()]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
  return network;
}

/** A chain with the real coordinator, a consumer that counts its callbacks, and an index that is a table of rows. */
import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";

import accessManager from "@openzeppelin/contracts/build/contracts/AccessManager.json" with { type: "json" };
import {
  ContractFactory,
  getBytes,
  JsonRpcProvider,
  keccak256,
  parseEther,
  toUtf8Bytes,
  type JsonRpcSigner,
  type Log,
} from "ethers";

import { coordinatorAbi } from "../../../keepers/vrf/coordinator.ts";
import { openProvingKey, type ProvingKey } from "../../../keepers/vrf/prove.ts";
import type { Database } from "../../../keepers/shared/database.ts";
import { VRFCoordinator__factory } from "../../../types/ethers-contracts/factories/vrf/VRFCoordinator__factory.ts";
import type { VRFCoordinator } from "../../../types/ethers-contracts/vrf/VRFCoordinator.ts";
import { startAnvil, type TestAnvil } from "../../helpers/anvil.ts";
import { startKeeperProcess, type KeeperProcess } from "../../helpers/keeper-process.ts";

export const chainId = 31337;

/** Secret of the proving key of these tests. */
export const secret = keccak256(toUtf8Bytes("a proving key for tests"));

/** The proving key of these tests. */
export const provingKey: ProvingKey = openProvingKey(getBytes(secret));

const consumerAddress = "0x00000000000000000000000000000000c0ffee02";

/** A chain with the coordinator and a funded subscription. */
export interface TestNetwork {
  readonly anvil: TestAnvil;
  readonly provider: JsonRpcProvider;
  readonly admin: JsonRpcSigner;
  readonly coordinator: VRFCoordinator;
  /** Lower case. */
  readonly address: string;
  readonly subId: bigint;
  /** Sends requests; they are in the blocks that follow. */
  request(count: number, options?: Partial<RequestOptions>): Promise<void>;
  /** Ids of all requests that are on the chain, oldest first. */
  requestIds(): Promise<bigint[]>;
  /** How often the consumer was called back for a request. */
  callbacks(requestId: bigint): Promise<number>;
  mine(blocks?: number): Promise<void>;
  /** Mines a block every so many milliseconds until the returned function is called. */
  mineEvery(ms: number): () => void;
  stop(): Promise<void>;
}

/** What a request asks for. */
export interface RequestOptions {
  readonly confirmations: number;
  readonly callbackGasLimit: number;
  readonly numWords: number;
}

/** Options of `startVrfNetwork`. */
export interface NetworkOptions {
  readonly deadlineBlocks?: number;
  /** Registers the proving key; by default it does. */
  readonly registers?: boolean;
}

/** Forwards what anybody calls it with to the coordinator, and counts what the coordinator calls it with, by request. */
function consumerCode(coordinator: string): string {
  const target = `73${coordinator.slice(2)}`;
  const forward = `365f5f375f5f365f5f${target}5af1604057` + "5f5ffd" + "5b00";
  return `0x33${target}14604257${forward}5b600435805460010190` + "5500";
}

/** Starts the chain; it mines only when it is told to. */
export async function startVrfNetwork(options: NetworkOptions = {}): Promise<TestNetwork> {
  const anvil = await startAnvil();
  const provider = new JsonRpcProvider(anvil.url, chainId, {
    staticNetwork: true,
    cacheTimeout: -1,
    pollingInterval: 20,
    batchMaxCount: 1,
  });
  const admin = await provider.getSigner(9);
  const manager = await new ContractFactory(
    accessManager.abi,
    accessManager.bytecode,
    admin,
  ).deploy(admin.address);
  const coordinator = await new VRFCoordinator__factory(admin).deploy(await manager.getAddress(), {
    minConfirmations: 1,
    maxConfirmations: 40,
    maxCallbackGas: 2_500_000,
    deadlineBlocks: options.deadlineBlocks ?? 200,
    overheadGas: 100_000,
    tipCap: 2_000_000_000n,
    l1DataFee: "0x0000000000000000000000000000000000000000",
  });
  const address = (await coordinator.getAddress()).toLowerCase();
  const register = async (): Promise<void> => {
    const { x, y, keyHash } = provingKey;
    const terms = { maxGasPrice: 100_000_000_000n, premium: 1_000_000n, bondShare: 1_000_000n };
    await (await coordinator.registerProvingKey(x, y, admin.address, terms)).wait();
    await (await coordinator.depositBond(keyHash, { value: parseEther("1") })).wait();
  };
  if (options.registers !== false) await register();
  await (await coordinator.createSubscription()).wait();
  const [subId] = await coordinator.getActiveSubscriptionIds(0, 1);
  if (subId === undefined) throw new Error("no subscription");
  await (await coordinator.fundSubscriptionWithNative(subId, { value: parseEther("1000") })).wait();
  await anvil.rpc("anvil_setCode", [consumerAddress, consumerCode(address)]);
  await (await coordinator.addConsumer(subId, consumerAddress)).wait();
  await anvil.rpc("evm_setAutomine", [false]);

  return {
    ...{ anvil, provider, admin, coordinator, address, subId },
    async request(count, request = {}) {
      const data = coordinatorAbi.encodeFunctionData("requestRandomWords", [
        {
          keyHash: provingKey.keyHash,
          subId,
          requestConfirmations: request.confirmations ?? 1,
          callbackGasLimit: request.callbackGasLimit ?? 60_000,
          numWords: request.numWords ?? 2,
          extraArgs: "0x",
        },
      ]);
      for (let i = 0; i < count; i++) {
        await anvil.rpc("eth_sendTransaction", [
          { from: admin.address, to: consumerAddress, data, gas: "0x493e0" },
        ]);
      }
    },
    async requestIds() {
      const logs = await provider.getLogs({ address, fromBlock: 0, topics: [requestedTopic] });
      return logs.map((log) => coordinatorAbi.parseLog(log)!.args.getValue("requestId") as bigint);
    },
    async callbacks(requestId) {
      return Number(await provider.getStorage(consumerAddress, requestId));
    },
    async mine(blocks = 1) {
      for (let i = 0; i < blocks; i++) await anvil.rpc("evm_mine");
    },
    mineEvery(ms) {
      const timer = setInterval(() => void anvil.rpc("evm_mine").catch(() => undefined), ms);
      return () => clearInterval(timer);
    },
    async stop() {
      provider.destroy();
      await anvil.stop();
    },
  };
}

const eventOf = (name: "RandomWordsRequested" | "RandomWordsFulfilled" | "RequestRefunded") =>
  coordinatorAbi.getEvent(name).topicHash;
const requestedTopic = eventOf("RandomWordsRequested");

/** An index: the table that Ponder writes, and its /head. */
export interface TestIndex {
  readonly url: string;
  /** Block that /head names; follows the chain at each `sync` unless `freeze` holds it. */
  block(): number;
  /** Makes the table equal to what the chain says now, in one transaction. */
  sync(): Promise<void>;
  /** Syncs every so many milliseconds until the returned function is called. */
  follow(ms: number): () => Promise<void>;
  /** Lets /head stand still, as after a restart of Ponder. */
  freeze(block: number | null): void;
  stop(): Promise<void>;
}

const table = `
  CREATE SCHEMA IF NOT EXISTS chain;
  CREATE TABLE IF NOT EXISTS chain.vrf_request (
    id numeric(78) PRIMARY KEY, key_hash text NOT NULL, sub_id numeric(78) NOT NULL, sender text NOT NULL,
    callback_gas_limit bigint NOT NULL, num_words integer NOT NULL, confirmations integer NOT NULL,
    terms numeric(78) NOT NULL, status text NOT NULL, transaction text NOT NULL, block bigint NOT NULL,
    block_hash text NOT NULL, block_time bigint NOT NULL, log_index integer NOT NULL, end_block bigint,
    end_time bigint, end_transaction text, success boolean, payment numeric(78), output_seed numeric(78)
  );`;

/** Starts an index over the chain. */
export async function startIndex(db: Database, network: TestNetwork): Promise<TestIndex> {
  const { provider, address } = network;
  await db.pool.query(table);
  let block = 0;
  let frozen: number | null = null;
  const server = createServer((_request, response) => {
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ chainId, ready: true, block: frozen ?? block }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));

  async function rowsOf(logs: readonly Log[]): Promise<unknown[][]> {
    const times = new Map<number, number>();
    for (const { blockNumber } of logs) {
      if (!times.has(blockNumber)) {
        times.set(blockNumber, (await provider.getBlock(blockNumber))?.timestamp ?? 0);
      }
    }
    const rows = new Map<bigint, unknown[]>();
    for (const log of logs) {
      const event = coordinatorAbi.parseLog(log);
      const time = times.get(log.blockNumber) ?? 0;
      if (event?.name === "RandomWordsRequested") {
        const [keyHash, id, terms, subId, confirmations, gas, words, , sender] =
          event.args as unknown as [string, ...bigint[]];
        rows.set(id!, [
          ...[String(id), keyHash, String(subId), String(sender).toLowerCase()],
          ...[String(gas), String(words), String(confirmations), String(terms), "pending"],
          ...[log.transactionHash, log.blockNumber, log.blockHash, time, log.index],
          ...[null, null, null, null, null, null],
        ]);
      } else if (event?.name === "RandomWordsFulfilled" || event?.name === "RequestRefunded") {
        const row = rows.get(event.args[0] as bigint);
        if (row === undefined) continue;
        row[8] = event.name === "RequestRefunded" ? "refunded" : "fulfilled";
        row.splice(14, 3, log.blockNumber, time, log.transactionHash);
        if (event.name === "RandomWordsFulfilled") row[17] = event.args.getValue("success");
      }
    }
    return [...rows.values()];
  }

  let last = Promise.resolve();
  function sync(): Promise<void> {
    last = last.catch(() => undefined).then(copy);
    return last;
  }

  async function copy(): Promise<void> {
    const head = await provider.getBlockNumber();
    const topics = [[requestedTopic, eventOf("RandomWordsFulfilled"), eventOf("RequestRefunded")]];
    const logs = await provider.getLogs({ address, fromBlock: 0, toBlock: head, topics });
    const rows = await rowsOf(logs);
    await db.transaction(async (client) => {
      await client.query("DELETE FROM chain.vrf_request");
      for (const row of rows) {
        const places = row.map((_, i) => `$${i + 1}`).join(",");
        await client.query(`INSERT INTO chain.vrf_request VALUES (${places})`, row);
      }
    });
    block = head;
  }

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    block: () => frozen ?? block,
    sync,
    follow(ms) {
      let stopped = false;
      const run = (async () => {
        while (!stopped) {
          await sync().catch(() => undefined);
          await new Promise((resolve) => setTimeout(resolve, ms));
        }
      })();
      return async () => {
        stopped = true;
        await run;
      };
    },
    freeze: (at) => void (frozen = at),
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Starts `keepers/vrf/main.ts`. `fields` replace those of its configuration. */
export function startKeeper(
  databaseUrl: string,
  rpcUrl: string,
  coordinator: string,
  indexUrl: string,
  fields: Record<string, unknown> = {},
): KeeperProcess {
  return startKeeperProcess("vrf", databaseUrl, (folder) => {
    const keyFile = join(folder, "vrf.json");
    writeFileSync(keyFile, JSON.stringify({ vrf: secret }), { mode: 0o600 });
    return {
      chainId,
      rpcUrls: [rpcUrl],
      contracts: { vrfCoordinator: coordinator },
      keyFile,
      indexUrl,
      timing: { pollMs: 100 },
      ...fields,
    };
  });
}

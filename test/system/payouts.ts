import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";

import {
  Contract,
  getCreateAddress,
  JsonRpcProvider,
  keccak256,
  toBeHex,
  toQuantity,
} from "ethers";
import pg from "pg";

import { rpc } from "../../deploy/stack/chain.ts";
import type { Deployment } from "../../deploy/stack/contracts.ts";
import { localAccount } from "../../deploy/stack/configs.ts";
import { projectRoot } from "../../deploy/stack/layout.ts";
import { Stack } from "../../deploy/stack/stack.ts";
import { PayoutDistributor__factory } from "../../types/ethers-contracts/factories/payouts/PayoutDistributor__factory.ts";
import { PayoutHolders__factory } from "../../types/ethers-contracts/factories/test/payout/PayoutHolders.sol/PayoutHolders__factory.ts";
import { PayoutMulticall__factory } from "../../types/ethers-contracts/factories/test/payout/PayoutHolders.sol/PayoutMulticall__factory.ts";
import type { PayoutDistributor } from "../../types/ethers-contracts/payouts/PayoutDistributor.ts";
import { freePortBase } from "./network.ts";
import { until } from "./until.ts";

export const daySeconds = 86_400;
const hourSeconds = 3_600;
export const pool = 1_000n * 10n ** 18n;

/** Account that holds and moves what is paid for; nothing else of the network sends with it. */
const handIndex = 19;
/** Where Multicall3 is on nearly every chain. */
const multicall3 = "0xcA11bde05977b3631167028862bE2a173976CA11";
const holdersAbi = PayoutHolders__factory.createInterface();
const pollMs = 50;
const maxTransfers = 350;
const batchGas = 29_000_000;
const states = [
  ...["unknown", "proposed", "approved", "ready", "activated"],
  ...["disputed", "superseded", "void", "expired"],
];

/** Address of holder number i; nobody has its key. */
export function holderAt(i: number): string {
  return `0x${keccak256(toBeHex(i, 32)).slice(26)}`;
}

/** One change of balances. */
export interface Move {
  /** null for what is minted. */
  readonly from: string | null;
  readonly to: string;
  readonly amount: bigint;
}

/** A proposal as the chain has it. */
export interface ChainProposal {
  readonly id: string;
  readonly epoch: number;
  readonly root: string;
  readonly dataHash: string;
  readonly snapshotBlock: number;
  readonly total: bigint;
  readonly state: string;
  readonly challengeEndsAt: number;
}

/** A network of payouts of its own, whose clock and holders a test moves. */
export class PayoutNetwork {
  readonly stack: Stack;
  readonly provider: JsonRpcProvider;
  readonly distributor: PayoutDistributor;
  /** Token that is held, lower case. */
  readonly held: string;
  /** Token that is paid out, lower case. */
  readonly paid: string;
  /** When the first day begins, unix seconds. */
  readonly firstDay: number;
  readonly #folder: string;
  readonly #pool: pg.Pool;

  private constructor(stack: Stack, folder: string, held: string, firstDay: number) {
    const { addresses, databaseUrl, rpcUrl } = stack.file;
    this.stack = stack;
    this.#folder = folder;
    [this.held, this.firstDay] = [held, firstDay];
    this.paid = addresses.governance.token.toLowerCase();
    this.provider = new JsonRpcProvider(rpcUrl, undefined, {
      ...{ staticNetwork: true, cacheTimeout: -1, batchMaxCount: 1 },
    });
    this.distributor = PayoutDistributor__factory.connect(
      addresses.payoutDistributor ?? "",
      this.provider,
    );
    this.#pool = new pg.Pool({ connectionString: databaseUrl, max: 2 });
    this.#pool.on("error", () => undefined);
  }

  /**
   * Starts a network in a new folder, with a token to hold and Multicall3.
   * @param fields Of the program, beside token, day and hour.
   */
  static async start(
    fields: object,
    say: (line: string) => void = () => undefined,
  ): Promise<PayoutNetwork> {
    const folder = mkdtempSync(path.join(os.tmpdir(), "dodona-payouts-"));
    const hand = localAccount(handIndex).address;
    const held = getCreateAddress({ from: hand, nonce: 0 }).toLowerCase();
    const firstDay = (Math.floor(Date.now() / 1_000 / hourSeconds) + 2) * hourSeconds;
    const start = new Date(firstDay * 1_000);
    const program = path.join(folder, "program.json");
    // The program is read once the contracts are there: only then it can name the token that it pays.
    const afterDeployment = (result: unknown): void => {
      const token = (result as Partial<Deployment> | undefined)?.addresses?.governance.token;
      if (token === undefined) return;
      const content = {
        ...{ name: "Test", token, poolPerDay: String(pool) },
        ...{ startDay: start.toISOString().slice(0, 10), epochHour: start.getUTCHours() },
        participants: { source: "transfers", token: held },
        holdings: { token: held },
        ...fields,
      };
      writeFileSync(program, JSON.stringify(content));
    };
    const stack = await Stack.open(
      {
        ...{ prices: { mode: "live" }, only: "payouts", program, fresh: true },
        ...{ portBase: await freePortBase(), state: path.join(folder, "state") },
        ...{ untilHealthy: false, json: false, timeoutSeconds: 240 },
      },
      say,
    );
    try {
      await stack.start(async (title, work) => {
        say(title);
        const result = await work();
        afterDeployment(result);
        return result;
      });
    } catch (error) {
      await stack.stop();
      rmSync(folder, { recursive: true, force: true });
      throw error;
    }
    const network = new PayoutNetwork(stack, folder, held, firstDay);
    try {
      await network.#prepare();
    } catch (error) {
      await network.stop();
      throw error;
    }
    return network;
  }

  async stop(): Promise<void> {
    this.provider.destroy();
    await this.#pool.end();
    await this.stack.stop();
    const { deploymentId } = this.stack.file;
    for (const item of [path.join(projectRoot, "deploy/deployments", deploymentId), this.#folder])
      rmSync(item, { recursive: true, force: true });
  }

  /** One call of the node. */
  rpc<T = unknown>(method: string, params: readonly unknown[] = []): Promise<T> {
    return rpc(this.stack.file.rpcUrl, method, params) as Promise<T>;
  }

  /** When epoch `e` ends, unix seconds. */
  endOf(epoch: number): number {
    return this.firstDay + epoch * daySeconds;
  }

  /** Time of the block that is being made, unix seconds. */
  async now(): Promise<number> {
    const block = await this.rpc<{ timestamp: string }>("eth_getBlockByNumber", ["pending", false]);
    return Number(block.timestamp);
  }

  /** Moves the chain's clock on to a time, and makes a block there. */
  async goTo(time: number): Promise<void> {
    const seconds = time - (await this.now());
    if (seconds > 0) await this.rpc("evm_increaseTime", [seconds]);
    await this.mine();
  }

  async mine(blocks = 1): Promise<void> {
    for (let i = 0; i < blocks; i++) await this.rpc("evm_mine");
  }

  /**
   * Changes balances.
   * @returns the same in the order of the chain, each with the time of its block
   */
  async move(moves: readonly Move[]): Promise<{ move: Move; time: number }[]> {
    const batches: Move[][] = [];
    for (const kind of [true, false]) {
      const those = moves.filter(({ from }) => (from === null) === kind);
      for (let i = 0; i < those.length; i += maxTransfers)
        batches.push(those.slice(i, i + maxTransfers));
    }
    const from = localAccount(handIndex).address;
    const hashes: string[] = [];
    for (const batch of batches) {
      const to = batch.map((move) => move.to);
      const amounts = batch.map(({ amount }) => amount);
      const data =
        batch[0]?.from === null
          ? holdersAbi.encodeFunctionData("mintAll", [to, amounts])
          : holdersAbi.encodeFunctionData("moveAll", [
              batch.map((move) => move.from ?? ""),
              to,
              amounts,
            ]);
      hashes.push(
        await this.rpc("eth_sendTransaction", [
          { from, to: this.held, data, gas: toQuantity(batchGas) },
        ]),
      );
      await this.mine();
    }
    const done: { move: Move; time: number }[] = [];
    for (const [i, hash] of hashes.entries()) {
      const receipt = await this.receipt(hash);
      if (receipt.status !== "0x1") throw new Error(`the batch ${hash} failed`);
      const { timestamp } = await this.rpc<{ timestamp: string }>("eth_getBlockByNumber", [
        ...[receipt.blockNumber, false],
      ]);
      for (const move of batches[i] ?? []) done.push({ move, time: Number(timestamp) });
    }
    return done;
  }

  /** Sends a transaction of an account of the node and waits for its block. */
  async send(index: number, to: string, data: string): Promise<{ gasUsed: number }> {
    const from = localAccount(index).address;
    const hash = await this.rpc<string>("eth_sendTransaction", [{ from, to, data }]);
    await this.mine();
    const { gasUsed, status } = await this.receipt(hash);
    if (status !== "0x1") throw new Error(`${hash} failed`);
    return { gasUsed: Number(gasUsed) };
  }

  async receipt(hash: string): Promise<{ status: string; blockNumber: string; gasUsed: string }> {
    type Receipt = { status: string; blockNumber: string; gasUsed: string } | null;
    for (let i = 0; i < 200; i++) {
      const receipt = await this.rpc<Receipt>("eth_getTransactionReceipt", [hash]);
      if (receipt !== null) return receipt;
      await delay(pollMs);
    }
    throw new Error(`${hash} is in no block`);
  }

  /** Every proposal that the chain has for an epoch, oldest first. */
  async proposals(epoch: number): Promise<ChainProposal[]> {
    const { distributor } = this;
    const logs = await distributor.queryFilter(distributor.filters.EpochProposed(undefined, epoch));
    return Promise.all(
      logs.map(async ({ args }) => {
        const { challengeEndsAt, state } = await distributor.proposal(args.proposalId);
        return {
          ...{ id: args.proposalId, epoch, root: args.root, dataHash: args.dataHash },
          snapshotBlock: Number(args.snapshotBlock),
          total: args.totals[0]?.amount ?? 0n,
          state: states[Number(state)] ?? "unknown",
          challengeEndsAt: Number(challengeEndsAt),
        };
      }),
    );
  }

  async activeEpoch(): Promise<number> {
    return Number((await this.distributor.activeEpoch()).number);
  }

  /** Drives the chain until an epoch is active: blocks follow at once, and challenge windows pass. */
  async activate(epoch: number, seconds = 60): Promise<void> {
    await this.until(`epoch ${epoch} is active`, seconds, async () => {
      if ((await this.activeEpoch()) >= epoch) return true;
      return await this.push(epoch);
    });
  }

  /** Makes what is pending into a block and lets a challenge window pass; says where the epoch stands. */
  async push(epoch: number): Promise<string> {
    const pending = await this.rpc<{ pending: string }>("txpool_status");
    if (Number(pending.pending) > 0) await this.mine();
    const found = await this.proposals(epoch);
    const approved = found.find(({ state }) => state === "approved");
    if (approved !== undefined) await this.goTo(approved.challengeEndsAt);
    return found.map(({ state }) => state).join(", ") || "nothing proposed";
  }

  /** Waits until a condition holds; fails with what was last seen. */
  until(what: string, seconds: number, check: () => Promise<string | true>): Promise<void> {
    return until(this.stack, what, seconds, check, pollMs);
  }

  /** Rows of a publication as its file has them: account, token, cumulative, earned. */
  published(dataHash: string): [string, string, string, string][] {
    const file = path.join(this.stack.paths.payouts, `${dataHash}.json`);
    const { rows } = JSON.parse(readFileSync(file, "utf8")) as {
      rows: [string, string, string, string][];
    };
    return rows;
  }

  async query<Row extends pg.QueryResultRow>(text: string, values: unknown[] = []): Promise<Row[]> {
    return (await this.#pool.query<Row>(text, values)).rows;
  }

  /** A connection of its own, to hold a lock with. */
  async connect(): Promise<pg.PoolClient> {
    return await this.#pool.connect();
  }

  /** How much of the token that is paid an account has. */
  async balanceOf(account: string): Promise<bigint> {
    const token = new Contract(
      this.paid,
      ["function balanceOf(address) view returns (uint256)"],
      this.provider,
    );
    return (await token.getFunction("balanceOf")(account)) as bigint;
  }

  async #prepare(): Promise<void> {
    const from = localAccount(handIndex).address;
    const data = PayoutHolders__factory.bytecode;
    const hash = await this.rpc<string>("eth_sendTransaction", [{ from, data }]);
    await this.mine();
    await this.receipt(hash);
    await this.rpc("anvil_setCode", [multicall3, await this.#runtimeOf()]);
  }

  /** Code that a multicall has once it is deployed. */
  async #runtimeOf(): Promise<string> {
    const data = PayoutMulticall__factory.bytecode;
    return await this.rpc<string>("eth_call", [{ data }, "latest"]);
  }
}

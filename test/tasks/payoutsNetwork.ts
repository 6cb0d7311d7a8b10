/** A network with payouts for the tasks' tests: a token that people hold, a program on it, and a keeper's database. */
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";

import { JsonRpcProvider } from "ethers";

import { migrate, openDatabase, type Database } from "../../keepers/shared/database.ts";
import { createLogger } from "../../keepers/shared/log.ts";
import { PayoutDistributor__factory } from "../../types/ethers-contracts/factories/payouts/PayoutDistributor__factory.ts";
import { PayoutDefectiveToken__factory } from "../../types/ethers-contracts/factories/test/payout/PayoutTokens.sol/PayoutDefectiveToken__factory.ts";
import type { PayoutDistributor } from "../../types/ethers-contracts/payouts/PayoutDistributor.ts";
import type { PayoutDefectiveToken } from "../../types/ethers-contracts/test/payout/PayoutTokens.sol/PayoutDefectiveToken.ts";
import { startPostgres } from "../helpers/postgres.ts";
import { accountAt, startTaskNetwork } from "./network.ts";
import type { Outcome, TaskNetwork } from "./network.ts";
import { json } from "./outcome.ts";

export const DAY = 86_400;
/** Seconds of the challenge window. */
export const CHALLENGE = 600;
export const UNIT = 10n ** 18n;
/** What a day pays. */
export const POOL = 1_000n * UNIT;
/** Who does what, by the mnemonic's index. */
export const ROLE = { proposer: 6, watcher: 7, approvers: [8, 9, 11] } as const;

/** Whole tokens that are minted to accounts of the mnemonic, before the first day; 15 holds too little to be paid. */
const HELD: readonly (readonly [index: number, amount: bigint])[] = [
  [12, 600n],
  [13, 300n],
  [14, 90n],
  [16, 9n],
  [15, 1n],
];

/** An account of the mnemonic, as publications have it. */
export const lower = (index: number): string => accountAt(index).address.toLowerCase();

/** Everything that the tests touch. */
export interface PayoutTasks {
  network: TaskNetwork;
  db: Database;
  databaseUrl: string;
  provider: JsonRpcProvider;
  distributor: PayoutDistributor;
  /** Of the distributor, lower case. */
  address: string;
  token: PayoutDefectiveToken;
  tokenAddress: string;
  programFile: string;
  /** The day that is paid first, unix seconds. */
  start: number;
  end: number;
  /** Runs `payouts NAME`. */
  task(name: string, args?: Record<string, unknown>): Promise<Outcome>;
  goTo(time: number): Promise<void>;
  now(): Promise<number>;
  /** Writes the program with some fields changed. */
  writeProgram(name: string, fields: object): Promise<string>;
  /** Writes the stack file with some fields more. */
  nameStack(fields?: object): Promise<void>;
  stop(): Promise<void>;
}

/** Starts everything. The chain's time is one hour into the program's first day, and everybody holds something. */
export async function startPayoutTasks(name: string): Promise<PayoutTasks> {
  const [network, postgres] = await Promise.all([
    startTaskNetwork(name, "instant"),
    startPostgres(),
  ]);
  const provider = new JsonRpcProvider(network.anvil.url, undefined, {
    ...{ cacheTimeout: -1, pollingInterval: 50 },
  });
  const db = openDatabase(postgres.url, createLogger({ name: "test", level: "silent" }));
  await migrate(db);
  const goTo = async (time: number): Promise<void> => {
    await network.anvil.rpc("evm_setNextBlockTimestamp", [time]);
    await network.anvil.rpc("evm_mine");
  };
  const now = async (): Promise<number> => (await provider.getBlock("latest"))!.timestamp;
  const admin = accountAt(0).connect(provider);
  const at = await deployed(network);
  const distributor = PayoutDistributor__factory.connect(at, admin);
  const start = (Math.floor((await now()) / DAY) + 1) * DAY;
  await goTo(start + 3_600);
  const token = await new PayoutDefectiveToken__factory(admin).deploy();
  await token.waitForDeployment();
  const tokenAddress = (await token.getAddress()).toLowerCase();
  const limits = {
    ...{ perHour: 2_000n * UNIT, perDay: 4_000n * UNIT },
    ...{ perAccount: 500n * UNIT, perEpoch: 1_500n * UNIT },
  };
  await (await distributor.setLimits(tokenAddress, limits)).wait();
  for (const [index, amount] of HELD) {
    await (await token.mint(accountAt(index).address, amount * UNIT)).wait();
  }
  await (await token.mint(admin.address, 10_000n * UNIT)).wait();
  await (await token.approve(at, 10_000n * UNIT)).wait();
  await (await distributor.deposit(tokenAddress, 3_000n * UNIT)).wait();
  const program = {
    ...{ name: "Holders", token: tokenAddress, epochHour: 0, poolPerDay: POOL.toString() },
    startDay: new Date(start * 1_000).toISOString().slice(0, 10),
    ...{ rule: { kind: "proRata" }, holdings: { token: tokenAddress } },
    participants: { source: "transfers", token: tokenAddress },
    exclusions: [{ account: admin.address, reason: "the deployer" }],
    eligibility: { minBalance: (2n * UNIT).toString() },
  };
  const tasks: PayoutTasks = {
    ...{ network, db, databaseUrl: postgres.url, provider, distributor, token, tokenAddress },
    ...{ address: at.toLowerCase(), start, end: start + DAY, goTo, now },
    programFile: path.join(network.folder, "program.json"),
    task: async (task, args = {}) => await network.task(`payouts ${task}`, args),
    async writeProgram(file, fields) {
      const target = path.join(network.folder, file);
      await writeFile(target, JSON.stringify({ ...program, ...fields }));
      return target;
    },
    async nameStack(fields = {}) {
      const stack = {
        ...{ chainId: 31_337, rpcUrl: network.anvil.url, apiUrl: null, databaseUrl: null },
        ...{ deploymentId: network.deploymentId, ...fields },
      };
      await writeFile(path.join(network.folder, "stack.json"), JSON.stringify(stack));
    },
    async stop() {
      provider.destroy();
      await db.close();
      await Promise.all([network.stop(), postgres.stop()]);
    },
  };
  await tasks.writeProgram("program.json", {});
  await tasks.nameStack();
  return tasks;
}

async function deployed(network: TaskNetwork): Promise<string> {
  const parameters = path.join(network.folder, "payouts.json");
  const plain = JSON.parse(await readFile(network.plainParameters, "utf8")) as object;
  const native = { perHour: "10", perDay: "50", perAccount: "1", perEpoch: "10" };
  const payouts = {
    ...{ challengeSeconds: CHALLENGE, lifetimeSeconds: 3 * DAY, epochSeconds: 0 },
    approvers: ROLE.approvers.map((index) => accountAt(index).address),
    ...{ threshold: 2, proposer: accountAt(ROLE.proposer).address },
    ...{ watcher: accountAt(ROLE.watcher).address, tokens: { native } },
  };
  await writeFile(parameters, JSON.stringify({ ...plain, payouts }));
  const { addresses } = json<{ addresses: { payoutDistributor: string } }>(
    await network.deploy({ parameters }),
  );
  return addresses.payoutDistributor;
}

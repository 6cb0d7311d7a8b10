/** Contracts deployed, operators registered, feeds created, and reports signed for them. */
import type { HardhatEthers } from "@nomicfoundation/hardhat-ethers/types";
import accessManagerArtifact from "@openzeppelin/contracts/build/contracts/AccessManager.json" with { type: "json" };
import { concat, encodeBytes32String, keccak256, toBeHex, toUtf8Bytes, zeroPadBytes } from "ethers";
import type { BaseContract, BytesLike, ContractTransactionResponse } from "ethers";
import hre from "hardhat";

import type { IPriceFeeds } from "../../types/ethers-contracts/interfaces/IPriceFeeds.ts";
import { grumpkinKey, publicKey, sign, signTogether, word, zInverse } from "./schnorr.ts";

/** Parameters that tests start from. */
export const PARAMS = {
  heartbeat: 10,
  deviationBps: 20,
  cosignToleranceBps: 50,
  bandBps: 1_000,
  tau: 3_600,
  cooldown: 120,
  minReports: 3,
  dormancy: 604_800,
  minVenues: 3,
  history: 0,
} satisfies IPriceFeeds.ParamsStruct;

/** Changes of operators are due at once: what an announced change is, tests of Operators look at. */
const SCHEDULE = { epochSeconds: 1, changeDelay: 0 };

/** One entry of a report. */
export interface Entry {
  index: number;
  values: number;
  answer: bigint;
}

/** Head and entries of a report. */
export interface ReportFields {
  setId: number | bigint;
  slot: number | bigint;
  signers: number | bigint;
  root?: string;
  entries: Entry[];
}

/** What tests use of OpenZeppelin's AccessManager. */
export interface AccessManager {
  setTargetFunctionRole(
    target: unknown,
    selectors: readonly string[],
    role: bigint,
  ): Promise<ContractTransactionResponse>;
  grantRole(role: bigint, account: string, delay: number): Promise<ContractTransactionResponse>;
}

/** Role numbers in the AccessManager. */
export const GOVERNANCE = 1n;
export const GUARDIAN = 2n;

/** Short string of a feed id. */
export const feedId = (name: string): string => encodeBytes32String(name);

/** Packs a report as `submit` takes it. */
export function packReport({ setId, slot, signers, root, entries }: ReportFields): string {
  return concat([
    toBeHex(setId, 4),
    toBeHex(slot, 4),
    toBeHex(signers, 4),
    root ?? keccak256(toUtf8Bytes("observations")),
    ...entries.map((e) =>
      concat([toBeHex(e.index, 1), toBeHex(e.values, 1), toBeHex(e.answer, 12)]),
    ),
  ]);
}

/** Digest that the signers of a report sign, computed here and not by the contract. */
export function digestOf(report: BytesLike, chainId: bigint, contract: string): string {
  const tag = zeroPadBytes(toUtf8Bytes("Dodona report v1"), 32);
  return keccak256(concat([tag, word(chainId), word(BigInt(contract)), report]));
}

/** Digest of a proof of possession, computed here and not by the contract. */
export function possessionDigest(account: string, chainId: bigint, contract: string): string {
  const tag = zeroPadBytes(toUtf8Bytes("Dodona proof of possession v1"), 32);
  return keccak256(concat([tag, word(chainId), word(BigInt(contract)), word(BigInt(account))]));
}

/** Secret scalar of test operator i. */
export const secretOf = (i: number): bigint =>
  BigInt(keccak256(toUtf8Bytes(`test operator ${i}`))) >> 1n;

/** Both public keys of a secret, as `register` takes them. */
export function keysOf(secret: bigint): { x: bigint; y: bigint; proofX: bigint; proofY: bigint } {
  const { x, y } = publicKey(secret);
  const proof = grumpkinKey(secret >> 4n);
  return { x, y, proofX: proof.x, proofY: proof.y };
}

/** Bitmap of operator indices. */
export const bitmap = (indices: readonly number[]): number =>
  indices.reduce((bits, i) => bits | (1 << i), 0);

/** Indices 0 … count − 1. */
export const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

/** Deploys the AccessManager, Operators and PriceFeeds with roles, but neither operators nor feeds. */
export async function deployBare() {
  const connection = await hre.network.create();
  const { ethers, networkHelpers } = connection;
  const [admin, governance, guardian, stranger] = await signers(ethers);
  const manager = (await new ethers.ContractFactory(
    accessManagerArtifact.abi,
    accessManagerArtifact.bytecode,
    admin,
  ).deploy(admin.address)) as BaseContract & AccessManager;
  const operators = await ethers.deployContract("Operators", [
    manager,
    SCHEDULE.epochSeconds,
    SCHEDULE.changeDelay,
  ]);
  const feeds = await ethers.deployContract("PriceFeeds", [manager, operators]);
  const selector = (name: string) => feeds.interface.getFunction(name as "trip").selector;
  await manager.setTargetFunctionRole(
    operators,
    ["setActive", "setStake", "unpause"].map(
      (name) => operators.interface.getFunction(name as "setActive").selector,
    ),
    GOVERNANCE,
  );
  await manager.setTargetFunctionRole(
    feeds,
    ["createFeeds", "setParams", "reset"].map(selector),
    GOVERNANCE,
  );
  await manager.setTargetFunctionRole(feeds, [selector("trip")], GUARDIAN);
  await manager.setTargetFunctionRole(
    operators,
    [operators.interface.getFunction("pause").selector],
    GUARDIAN,
  );
  await manager.grantRole(GOVERNANCE, governance.address, 0);
  await manager.grantRole(GUARDIAN, guardian.address, 0);
  const { chainId } = await ethers.provider.getNetwork();

  /** Makes these operators active, who follow others. */
  const activate = async (accounts: readonly string[]) => {
    await operators.connect(governance).setActive([...accounts]);
    return await operators.advance();
  };
  return {
    activate,
    connection,
    ethers,
    networkHelpers,
    admin,
    governance,
    guardian,
    stranger,
    manager,
    operators: operators.connect(governance),
    feeds: feeds.connect(governance),
    feedsAddress: await feeds.getAddress(),
    operatorsAddress: await operators.getAddress(),
    chainId,
  };
}

/** Everything of `deployBare`, with `operatorCount` active operators and the named feeds, synced. */
export async function deployNetwork(
  options: {
    operatorCount?: number;
    names?: readonly string[];
    params?: Partial<Record<keyof typeof PARAMS, number>>;
  } = {},
) {
  const bare = await deployBare();
  const { ethers, connection, operators, feeds, chainId, feedsAddress, operatorsAddress } = bare;
  const count = options.operatorCount ?? 5;
  const names = options.names ?? ["BTC/USD", "ETH/USD"];
  const params = { ...PARAMS, ...options.params };
  const secrets = range(count).map(secretOf);
  const accounts: string[] = [];
  for (const [i, secret] of secrets.entries()) {
    const account = ethers.getAddress(toBeHex(0x1000 + i, 20));
    accounts.push(account);
    await connection.networkHelpers.impersonateAccount(account);
    await connection.networkHelpers.setBalance(account, 10n ** 20n);
    const proof = sign(secret, possessionDigest(account, chainId, operatorsAddress));
    await operators
      .connect(await ethers.getSigner(account))
      .register(keysOf(secret), proof, `http://127.0.0.1:${8571 + i}`);
  }
  await operators.setActive(accounts);
  await feeds.sync();
  // Creating feeds copies each row into a new blob; batches keep that below a block's gas.
  for (let i = 0; i < names.length; i += 25) {
    const batch = names.slice(i, i + 25);
    await feeds.createFeeds(
      batch.map(feedId),
      batch.map(() => params),
    );
  }

  /** Signs packed bytes by these operators. */
  const signReport = (report: string, indices: readonly number[]) => {
    const chosen = indices.map((i) => at(secrets, i));
    return {
      ...signTogether(chosen, digestOf(report, chainId, feedsAddress)),
      zInverse: zInverse(chosen.map(publicKey)),
    };
  };
  const quorum = Math.floor(count / 2) + 1;

  /** Packs and signs by the first quorum of operators unless told otherwise; missing fields are made valid. */
  const compose = async (fields: {
    answers: readonly bigint[] | readonly Entry[];
    slot?: number;
    setId?: number;
    by?: readonly number[];
  }) => {
    const by = fields.by ?? range(quorum);
    const slot = fields.slot ?? (await bare.networkHelpers.time.latest());
    const setId = fields.setId ?? (await feeds.currentSet()).setId;
    const entries = fields.answers.map((a, index) =>
      typeof a === "bigint" ? { index, values: quorum, answer: a } : a,
    );
    const report = packReport({ setId, slot, signers: bitmap(by), entries });
    return { report, signature: signReport(report, by), slot };
  };

  /** Composes a report and submits it, in a block at its slot unless `blockTime` says another time. */
  const submit = async (
    answers: readonly bigint[] | readonly Entry[],
    slot: number,
    extra: { blockTime?: number; by?: readonly number[]; setId?: number } = {},
  ) => {
    const { report, signature } = await compose({
      answers,
      slot,
      ...(extra.by && { by: extra.by }),
      ...(extra.setId !== undefined && { setId: extra.setId }),
    });
    await bare.networkHelpers.time.setNextBlockTimestamp(extra.blockTime ?? slot);
    return await feeds.submit(report, signature);
  };

  return {
    ...bare,
    names,
    params,
    secrets,
    accounts,
    quorum,
    signReport,
    compose,
    submit,
    now: () => bare.networkHelpers.time.latest(),
  };
}

/** What `deployNetwork` resolves to. */
export type Network = Awaited<ReturnType<typeof deployNetwork>>;

/** Element i, which the caller knows to exist. */
export function at<T>(list: readonly T[], i: number): T {
  const element = list[i];
  if (element === undefined) throw new RangeError(`no element ${i}`);
  return element;
}

async function signers(ethers: HardhatEthers) {
  const list = await ethers.getSigners();
  return [at(list, 0), at(list, 1), at(list, 2), at(list, 3)] as const;
}

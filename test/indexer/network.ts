/** The contracts on a real chain node, with operators registered, and reports signed by them. */
import { readFileSync } from "node:fs";

import {
  concat,
  ContractFactory,
  encodeBytes32String,
  JsonRpcProvider,
  keccak256,
  toBeHex,
  toUtf8Bytes,
  zeroPadBytes,
  BaseContract,
  type InterfaceAbi,
  type JsonRpcSigner,
  type TransactionReceipt,
} from "ethers";

import { IOperators__factory } from "../../types/ethers-contracts/factories/interfaces/IOperators__factory.ts";
import { IPriceFeeds__factory } from "../../types/ethers-contracts/factories/interfaces/IPriceFeeds__factory.ts";
import type { IOperators } from "../../types/ethers-contracts/interfaces/IOperators.ts";
import type { IPriceFeeds } from "../../types/ethers-contracts/interfaces/IPriceFeeds.ts";
import { startAnvil, type AnvilOptions } from "../helpers/anvil.ts";
import { grumpkinKey, publicKey, sign, signTogether, word, zInverse } from "../helpers/schnorr.ts";

const ARTIFACTS = new URL("../../artifacts/", import.meta.url);
const OPENZEPPELIN = new URL(
  "../../node_modules/@openzeppelin/contracts/build/contracts/",
  import.meta.url,
);

/** Length of an epoch; changes wait for no longer than its end. */
export const EPOCH_SECONDS = 60;

/** Parameters that every feed starts with. */
export const PARAMS = {
  heartbeat: 10,
  deviationBps: 20,
  cosignToleranceBps: 50,
  bandBps: 1_000,
  tau: 600,
  cooldown: 20,
  minReports: 3,
  dormancy: 604_800,
  minVenues: 3,
  history: 64,
} satisfies IPriceFeeds.ParamsStruct;

/** One price of a report to send: feed index and price with 8 decimals. */
export type Price = readonly [index: number, answerE8: bigint];

/** What `submit` can be told beside the prices. */
export interface SubmitOptions {
  /** Seconds after the previous block; 1 unless given. */
  readonly after?: number;
  /** Signers, by index; the first three unless given. */
  readonly by?: readonly number[];
  /** Set that signs; the current one unless given. */
  readonly setId?: number;
  /** Slot; the time of the block unless given. */
  readonly slot?: number;
}

/**
 * Starts anvil, deploys AccessManager, Operators and PriceFeeds, registers five operators and creates the feeds. Every
 * transaction is a block of its own. The first account has every role.
 *
 * @param names Feed ids.
 * @param options For anvil.
 */
export async function startNetwork(names: readonly string[], options: AnvilOptions = {}) {
  const anvil = await startAnvil(options);
  const provider = new JsonRpcProvider(anvil.url, 31337, {
    staticNetwork: true,
    cacheTimeout: -1,
    pollingInterval: 20,
  });
  const admin = await provider.getSigner(0);
  const manager = await deploy(admin, readArtifact(OPENZEPPELIN, "AccessManager.json"), [
    admin.address,
  ]);
  const operatorsAddress = await addressOf(
    deploy(admin, readArtifact(ARTIFACTS, "contracts/operators/Operators.sol/Operators.json"), [
      await manager.getAddress(),
      EPOCH_SECONDS,
      0,
    ]),
  );
  const startBlock = await provider.getBlockNumber();
  const feedsAddress = await addressOf(
    deploy(admin, readArtifact(ARTIFACTS, "contracts/feeds/PriceFeeds.sol/PriceFeeds.json"), [
      await manager.getAddress(),
      operatorsAddress,
    ]),
  );
  const operators = IOperators__factory.connect(operatorsAddress, admin);
  const feeds = IPriceFeeds__factory.connect(feedsAddress, admin);

  const accounts: string[] = [];
  const secrets: bigint[] = [];
  for (let i = 0; i < 5; i++) {
    const signer = await provider.getSigner(i + 1);
    const { keys, possession, secret } = await keysFor(operators, i, signer.address);
    await mined(operators.connect(signer).register(keys, possession, `http://operator-${i}`));
    accounts.push(signer.address);
    secrets.push(secret);
  }
  await mined(operators.setActive(accounts));
  await mined(feeds.sync());
  await mined(
    feeds.createFeeds(
      names.map(encodeBytes32String),
      names.map(() => PARAMS),
    ),
  );

  /** Submits a report of these prices and returns its receipt. */
  const submit = async (prices: readonly Price[], given: SubmitOptions = {}) => {
    const by = given.by ?? [0, 1, 2];
    const latest = await provider.getBlock("latest");
    const time = (latest?.timestamp ?? 0) + (given.after ?? 1);
    const setId = given.setId ?? (await feeds.currentSet()).setId;
    const report = concat([
      toBeHex(setId, 4),
      toBeHex(given.slot ?? time, 4),
      toBeHex(
        by.reduce((bits, i) => bits | (1 << i), 0),
        4,
      ),
      keccak256(toUtf8Bytes(`observations ${time}`)),
      ...prices.map(([index, answer]) =>
        concat([toBeHex(index, 1), toBeHex(by.length, 1), toBeHex(answer, 12)]),
      ),
    ]);
    const chosen = by.map((i) => secrets[i] ?? 0n);
    const tag = zeroPadBytes(toUtf8Bytes("Dodona report v1"), 32);
    const digest = keccak256(concat([tag, word(31337n), word(BigInt(feedsAddress)), report]));
    const signature = {
      ...signTogether(chosen, digest),
      zInverse: zInverse(chosen.map(publicKey)),
    };
    await anvil.rpc("evm_setNextBlockTimestamp", [time]);
    return mined(feeds.submit(report, signature, { gasLimit: 2_000_000 }));
  };

  return {
    anvil,
    provider,
    admin,
    operators,
    feeds,
    accounts,
    submit,
    manager: await manager.getAddress(),
    contracts: { operators: operatorsAddress, priceFeeds: feedsAddress, startBlock },
    /** Chooses the active operators, and applies it at the next epoch. */
    async seat(wanted: readonly string[]) {
      await mined(operators.setActive([...wanted]));
      await anvil.rpc("evm_increaseTime", [EPOCH_SECONDS]);
      await mined(operators.advance());
    },
    /** Key pair i of the operators, as the registry takes it, with its proof of possession for an account. */
    keysFor: async (i: number, account: string) => keysFor(operators, i, account),
    /** Gives a function of a contract to a role, and the role to an account. */
    async grantFunction(target: string, selector: string, role: bigint, account: string) {
      const access = connectTheirs(admin, "AccessManager", await manager.getAddress());
      await mined(access.getFunction("setTargetFunctionRole").send(target, [selector], role));
      await mined(access.getFunction("grantRole").send(role, account, 0));
    },
    /** Mines empty blocks, one second apart. */
    mine: (blocks: number) => anvil.rpc("anvil_mine", [toQuantity(blocks), "0x1"]),
    async stop() {
      provider.destroy();
      await anvil.stop();
    },
  };
}

/** What `startNetwork` resolves to. */
export type Network = Awaited<ReturnType<typeof startNetwork>>;

async function keysFor(operators: IOperators, i: number, account: string) {
  const secret = BigInt(keccak256(toUtf8Bytes(`index test operator ${i}`))) >> 1n;
  const { x, y } = publicKey(secret);
  const proof = grumpkinKey(secret >> 4n);
  const possession = sign(secret, await operators.possessionDigest(account));
  return { secret, keys: { x, y, proofX: proof.x, proofY: proof.y }, possession };
}

/** Waits for a transaction's receipt. */
export async function mined(
  sending: Promise<{ wait(): Promise<TransactionReceipt | null> }>,
): Promise<TransactionReceipt> {
  const receipt = await (await sending).wait();
  if (receipt === null) throw new Error("the transaction has no receipt");
  return receipt;
}

const toQuantity = (value: number) => `0x${value.toString(16)}`;

interface Artifact {
  readonly abi: InterfaceAbi;
  readonly bytecode: string;
}

/** Deploys a contract of the project and returns its address. */
export async function deployOwn(
  signer: JsonRpcSigner,
  source: string,
  args: readonly unknown[],
): Promise<string> {
  const name = source.slice(source.lastIndexOf("/") + 1).replace(".sol", "");
  return addressOf(
    deploy(signer, readArtifact(ARTIFACTS, `contracts/${source}/${name}.json`), args),
  );
}

/** Deploys a contract of OpenZeppelin's. */
export async function deployTheirs(
  signer: JsonRpcSigner,
  name: string,
  args: readonly unknown[],
): Promise<BaseContract> {
  return deploy(signer, readArtifact(OPENZEPPELIN, `${name}.json`), args);
}

/** A contract of OpenZeppelin's that is deployed already. */
export function connectTheirs(signer: JsonRpcSigner, name: string, address: string): BaseContract {
  return new BaseContract(address, readArtifact(OPENZEPPELIN, `${name}.json`).abi, signer);
}

function readArtifact(folder: URL, path: string): Artifact {
  return JSON.parse(readFileSync(new URL(path, folder), "utf8")) as Artifact;
}

async function deploy(signer: JsonRpcSigner, artifact: Artifact, args: readonly unknown[]) {
  const contract = await new ContractFactory(artifact.abi, artifact.bytecode, signer).deploy(
    ...args,
  );
  return contract.waitForDeployment();
}

async function addressOf(deployment: Promise<BaseContract>): Promise<string> {
  return (await deployment).getAddress();
}

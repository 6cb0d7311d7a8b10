import { createReadStream } from "node:fs";
import { access, readFile, rename, writeFile } from "node:fs/promises";
import path from "node:path";
import { createInterface } from "node:readline";

import type { ArgumentType, EIP1193Provider } from "@nomicfoundation/ignition-core";
import { trackTransaction } from "@nomicfoundation/ignition-core";
import type { Provider, Signer } from "ethers";

import { recordedAddresses } from "./deployments.ts";
import { DeploymentError } from "./files.ts";
import { feedOfFuture } from "./modules/Dodona.ts";
import type { RecordedArguments } from "./modules/recorded.ts";
import { pollUntil, receiptOf } from "./transactions.ts";

interface JournalMessage {
  type: string;
  constructorArgs?: unknown[];
  futureId?: string;
  networkInteractionId?: number;
  nonce?: number;
  sender?: string;
  receipt?: { blockNumber?: number };
}

const JOURNAL = "journal.jsonl";
/** End of the types of a future's first message. */
const INITIALIZED = "_EXECUTION_STATE_INITIALIZE";
const SETTLE_TIMEOUT_MS = 30_000;

/**
 * Refuses a deployment whose recorded contracts are not on this chain: the chain was wiped, or it is another one.
 *
 * @param folder Ignition's folder of the deployment; need not exist.
 * @throws {DeploymentError} naming the contract and what to do.
 */
export async function requireCode(folder: string, provider: Provider): Promise<void> {
  const recorded = Object.entries((await recordedAddresses(folder)) ?? {});
  const codes = await Promise.all(recorded.map(([, address]) => provider.getCode(address)));
  const missing = recorded.find((_, index) => codes[index] === "0x");
  if (missing === undefined) return;
  throw new DeploymentError(
    `Deployment ${path.basename(folder)} records ${missing[0]} at ${missing[1]}, but this chain has no contract there: ` +
      "it was started over, or it is another chain. Deploy anew with --fresh, or choose another --deployment-id.",
  );
}

/** Feeds whose proxies a deployment began to deploy, finished or not. */
export async function begunProxies(folder: string): Promise<string[]> {
  const feeds = new Set<string>();
  for await (const { futureId } of readJournal(folder)) {
    const feedId = futureId === undefined ? null : feedOfFuture(futureId.replace("Dodona#", ""));
    if (feedId !== null) feeds.add(feedId);
  }
  return [...feeds];
}

/**
 * Arguments with which a deployment began to deploy its contracts. They are for good: Ignition refuses a module that
 * names others.
 */
export async function recordedArguments(folder: string): Promise<RecordedArguments> {
  const recorded = new Map<string, ArgumentType[]>();
  for await (const { constructorArgs, futureId } of readJournal(folder)) {
    if (futureId !== undefined && constructorArgs !== undefined) {
      recorded.set(futureId, constructorArgs.map(argumentOf));
    }
  }
  return recorded;
}

/** A value as Ignition writes it into its journal: a bigint is `{ _kind: "bigint", value }`. */
function argumentOf(value: unknown): ArgumentType {
  if (Array.isArray(value)) return value.map(argumentOf);
  if (typeof value === "object" && value !== null) {
    const fields = value as Record<string, unknown>;
    if (fields["_kind"] === "bigint") return BigInt(String(fields["value"]));
    return Object.fromEntries(
      Object.entries(fields).map(([name, field]) => [name, argumentOf(field)]),
    );
  }
  return value as string | number | boolean;
}

/**
 * First block of a deployment: that of its earliest confirmed transaction.
 *
 * @throws {DeploymentError} when the journal has none.
 */
export async function firstBlock(folder: string): Promise<number> {
  let first = Number.POSITIVE_INFINITY;
  for await (const message of readJournal(folder)) {
    if (message.type === "TRANSACTION_CONFIRM" && message.receipt?.blockNumber !== undefined) {
      first = Math.min(first, message.receipt.blockNumber);
    }
  }
  if (!Number.isFinite(first)) {
    throw new DeploymentError(`${path.join(folder, JOURNAL)} has no confirmed transaction.`);
  }
  return first;
}

/**
 * Waits until the chain has mined everything that an interrupted run left in the pool: Ignition refuses to start
 * beside pending transactions that it does not know.
 *
 * @throws {DeploymentError} after 30 s.
 */
export async function waitForPool(provider: Provider, account: string): Promise<void> {
  const settled = await pollUntil(SETTLE_TIMEOUT_MS, async () => {
    const [pending, latest] = await Promise.all([
      provider.getTransactionCount(account, "pending"),
      provider.getTransactionCount(account, "latest"),
    ]);
    return pending === latest ? true : null;
  });
  if (settled === null) {
    throw new DeploymentError(
      `Transactions of ${account} have been pending for ${SETTLE_TIMEOUT_MS / 1_000} s; try again when they are mined.`,
    );
  }
}

/**
 * Heals a journal that ends after a future was begun and before anything was asked of the chain for it, which Ignition
 * takes for a defect of its own: the future is forgotten, and begins again.
 */
export async function forgetUnstarted(folder: string): Promise<void> {
  const began = new Map<string, number>();
  for await (const { futureId, type } of readJournal(folder)) {
    if (futureId === undefined) continue;
    const isFirst = !began.has(futureId) && type.endsWith(INITIALIZED);
    began.set(futureId, isFirst ? 1 : 2);
  }
  const unstarted = [...began].filter(([, messages]) => messages === 1).map(([id]) => id);
  if (unstarted.length === 0) return;
  const file = path.join(folder, JOURNAL);
  const lines = (await readFile(file, "utf8")).split("\n");
  const kept = lines.filter((line) => {
    if (line.trim() === "") return true;
    const { futureId } = JSON.parse(line) as JournalMessage;
    return futureId === undefined || !unstarted.includes(futureId);
  });
  await writeFile(`${file}.new`, kept.join("\n"));
  await rename(`${file}.new`, file);
}

/**
 * Heals a journal that ends between reserving a nonce and recording the transaction, which is where a process killed
 * while it sends leaves it. If the transaction did leave, it is found and recorded. If it did not, an empty
 * transaction takes its nonce and Ignition sends its own with the next. For local chains only: every block since the
 * first is searched.
 */
export async function recoverLostTransactions(
  folder: string,
  deployer: Signer,
  provider: Provider,
  ignitionProvider: EIP1193Provider,
): Promise<void> {
  const account = await deployer.getAddress();
  for (const nonce of await lostNonces(folder)) {
    const hash = await useNonce(deployer, provider, account, nonce);
    await receiptOf(provider, hash);
    await trackTransaction(folder, hash, ignitionProvider, 1);
  }
}

/**
 * Makes sure that a nonce is used.
 *
 * @returns The transaction that uses it: an empty one, if none did yet.
 */
export async function useNonce(
  deployer: Pick<Signer, "sendTransaction">,
  provider: Provider,
  account: string,
  nonce: number,
): Promise<string> {
  const isUsed = async (): Promise<boolean> =>
    (await provider.getTransactionCount(account)) > nonce;
  if (!(await isUsed())) {
    try {
      return (await deployer.sendTransaction({ to: account, nonce })).hash;
    } catch (error) {
      // What the killed run sent may have reached the node only now.
      await waitForPool(provider, account);
      if (!(await isUsed())) throw error;
    }
  }
  return await findTransaction(provider, account, nonce);
}

async function lostNonces(folder: string): Promise<number[]> {
  const open = new Map<string, number>();
  for await (const message of readJournal(folder)) {
    const key = `${message.futureId}:${message.networkInteractionId}`;
    if (message.type === "TRANSACTION_PREPARE_SEND" && message.nonce !== undefined) {
      open.set(key, message.nonce);
    } else if (message.type.startsWith("TRANSACTION_") || message.type.startsWith("ONCHAIN_")) {
      open.delete(key);
    }
  }
  return [...open.values()].sort((a, b) => a - b);
}

async function findTransaction(
  provider: Provider,
  account: string,
  nonce: number,
): Promise<string> {
  for (let number = await provider.getBlockNumber(); number >= 0; number--) {
    const block = await provider.getBlock(number, true);
    const found = block?.prefetchedTransactions.find(
      (sent) => sent.nonce === nonce && sent.from.toLowerCase() === account.toLowerCase(),
    );
    if (found !== undefined) return found.hash;
  }
  throw new DeploymentError(`No block holds the transaction of ${account} with nonce ${nonce}.`);
}

async function* readJournal(folder: string): AsyncGenerator<JournalMessage> {
  const file = path.join(folder, JOURNAL);
  try {
    await access(file);
  } catch {
    return;
  }
  for await (const line of createInterface({ input: createReadStream(file) })) {
    if (line.trim() !== "") yield JSON.parse(line) as JournalMessage;
  }
}

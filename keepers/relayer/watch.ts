import type { Chain } from "../shared/rpc.ts";
import type { ChainView } from "./model.ts";
import { revertReason } from "./reasons.ts";
import type { Verdict } from "./verdict.ts";
import type { Receipt, Settlement, WatchedSlot } from "./settle.ts";

/** Reading side of the chain. */

/** How the tip is found: a fixed one, or the node's suggestion bounded by it. */
export interface TipSettings {
  mode: "fixed" | "suggested";
  tipWei: bigint;
}

interface RawBlock {
  number: string;
  timestamp: string;
  baseFeePerGas?: string;
}

interface RawReceipt {
  transactionHash: string;
  blockNumber: string;
  blockHash: string;
  status: string;
  gasUsed: string;
  effectiveGasPrice?: string;
}

/**
 * Reads head, base fee, nonce and balance.
 * @throws when no endpoint answers
 */
export async function readChain(
  chain: Chain,
  address: string,
  tip: TipSettings,
  nowMs: number,
): Promise<ChainView> {
  const [nonce, block, balance, suggested] = await Promise.all([
    chain.send("eth_getTransactionCount", [address, "latest"]) as Promise<string>,
    chain.send("eth_getBlockByNumber", ["latest", false]) as Promise<RawBlock>,
    chain.send("eth_getBalance", [address, "latest"]) as Promise<string>,
    tip.mode === "suggested"
      ? (chain.send("eth_maxPriorityFeePerGas", []) as Promise<string>)
      : null,
  ]);
  const suggestedWei = suggested === null ? tip.tipWei : BigInt(suggested);
  return {
    head: Number(block.number),
    baseFeeWei: BigInt(block.baseFeePerGas ?? 0),
    tipWei: suggestedWei < tip.tipWei ? suggestedWei : tip.tipWei,
    nonce: Number(nonce),
    balanceWei: BigInt(balance),
    readAtMs: nowMs,
  };
}

/** @returns the account's next nonce, transactions in the node's pool included. */
export async function readPendingNonce(chain: Chain, address: string): Promise<number> {
  return Number(await chain.send("eth_getTransactionCount", [address, "pending"]));
}

/**
 * Reads the receipts, by hash, of all transactions of the slots whose nonce is used up.
 * @returns also the hashes for which no endpoint answered: nothing is known of them
 */
export async function readReceipts(
  chain: Chain,
  slots: readonly WatchedSlot[],
  nonce: number,
): Promise<{ receipts: Map<string, Receipt>; unknown: Set<string> }> {
  const unknown = new Set<string>();
  const hashes = slots
    .filter((slot) => slot.nonce < nonce && slot.status !== "final" && slot.status !== "foreign")
    .flatMap((slot) => slot.attempts.map((attempt) => attempt.hash));
  const receipts = await Promise.all(
    hashes.map(async (hash) => {
      try {
        return (await chain.send("eth_getTransactionReceipt", [hash])) as RawReceipt | null;
      } catch {
        unknown.add(hash);
        return null;
      }
    }),
  );
  const found = new Map<string, Receipt>();
  for (const raw of receipts) {
    if (raw === null) continue;
    found.set(raw.transactionHash, {
      hash: raw.transactionHash,
      blockNumber: Number(raw.blockNumber),
      blockHash: raw.blockHash,
      succeeded: Number(raw.status) === 1,
      gasUsed: BigInt(raw.gasUsed),
      effectiveGasPriceWei: BigInt(raw.effectiveGasPrice ?? 0),
    });
  }
  return { receipts: found, unknown };
}

/**
 * @returns whether any endpoint knows a transaction with one of these hashes, in a block or in its pool, or none can be
 * asked. A node may count a nonce as used a moment before it has the receipt.
 */
export async function isKnown(
  chain: Chain,
  attempts: ReadonlyArray<{ hash: string }>,
): Promise<boolean> {
  const answers = await Promise.all(
    attempts.map(({ hash }) => chain.askAll("eth_getTransactionByHash", [hash])),
  );
  return answers.some((all) => all.length === 0 || all.some((transaction) => transaction !== null));
}

/** Adds block times and, for reverts, the decoded reason. Blocks are asked for once each. */
export async function toVerdicts(
  chain: Chain,
  settlements: readonly Settlement[],
  nowMs: number,
): Promise<Verdict[]> {
  const times = new Map<number, Promise<number>>();
  const timeOf = (blockNumber: number): Promise<number> => {
    const known = times.get(blockNumber) ?? readBlockMs(chain, blockNumber, nowMs);
    times.set(blockNumber, known);
    return known;
  };
  return Promise.all(
    settlements.map(async (settlement): Promise<Verdict> => {
      if (settlement.type !== "mined") return settlement;
      const { receipt } = settlement;
      const reason = receipt.succeeded
        ? `mined in block ${receipt.blockNumber}`
        : await revertReason(chain, receipt);
      return { ...settlement, blockMs: await timeOf(receipt.blockNumber), reason };
    }),
  );
}

async function readBlockMs(chain: Chain, blockNumber: number, nowMs: number): Promise<number> {
  const number = `0x${blockNumber.toString(16)}`;
  const block = (await chain.send("eth_getBlockByNumber", [number, false])) as RawBlock | null;
  return block === null ? nowMs : Number(block.timestamp) * 1_000;
}

/**
 * Reads the account's nonce from every endpoint, for when what one of them says is strange.
 * @returns the median, the lower one of an even number: a nonce that is too low only delays; null when none answers
 */
export async function readNonceOfAll(chain: Chain, address: string): Promise<number | null> {
  const answers = await chain.askAll("eth_getTransactionCount", [address, "latest"]);
  const nonces = answers.map(Number).sort((a, b) => a - b);
  return nonces[Math.floor((nonces.length - 1) / 2)] ?? null;
}

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

/** @returns the receipts, by hash, of all transactions of the slots whose nonce is used up. */
export async function readReceipts(
  chain: Chain,
  slots: readonly WatchedSlot[],
  nonce: number,
): Promise<Map<string, Receipt>> {
  const hashes = slots
    .filter((slot) => slot.nonce < nonce && slot.status !== "final" && slot.status !== "foreign")
    .flatMap((slot) => slot.attempts.map((attempt) => attempt.hash));
  const receipts = await Promise.all(
    hashes.map(
      (hash) => chain.send("eth_getTransactionReceipt", [hash]) as Promise<RawReceipt | null>,
    ),
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
  return found;
}

/** Adds block time and, for reverts, the decoded reason. */
export async function toVerdict(
  chain: Chain,
  settlement: Settlement,
  nowMs: number,
): Promise<Verdict> {
  if (settlement.type !== "mined") return settlement;
  const { receipt } = settlement;
  const block = (await chain.send("eth_getBlockByNumber", [
    `0x${receipt.blockNumber.toString(16)}`,
    false,
  ])) as RawBlock | null;
  const blockMs = block === null ? nowMs : Number(block.timestamp) * 1_000;
  const reason = receipt.succeeded
    ? `mined in block ${receipt.blockNumber}`
    : await revertReason(chain, receipt);
  return { ...settlement, blockMs, reason };
}

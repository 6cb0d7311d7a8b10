import type { ContractTransactionResponse, Interface, TransactionReceipt } from "ethers";

import { receiptOf } from "../../deploy/transactions.ts";
import { note } from "./action.ts";
import { formatFields } from "./format.ts";
import type { Opened } from "./open.ts";

/** A contract's method as typechain shapes it, with its arguments bound. */
export interface BoundCall {
  /** The call in words, for example "PriceFeeds.trip(BTC/USD)". */
  what: string;
  to: string;
  simulate: () => Promise<unknown>;
  send: () => Promise<ContractTransactionResponse>;
}

/** A transaction that a task sent, as it appears in JSON. */
export interface Sent {
  call: string;
  transaction: string;
  block: number;
  gasUsed: bigint;
}

/**
 * Announces a call, tries it, sends it and waits for its receipt. What cannot succeed is refused before anything is
 * sent.
 *
 * @throws Whatever the contract refuses with.
 */
export async function sendCall(
  opened: Opened & { account: string },
  call: BoundCall,
): Promise<{ sent: Sent; receipt: TransactionReceipt }> {
  const { account, connection, deployment } = opened;
  note(
    `Send ${call.what} to ${call.to} on ${connection.networkName} (chain ${deployment.chainId}) from ${account}`,
  );
  await call.simulate();
  const { hash } = await call.send();
  const receipt = await receiptOf(connection.ethers.provider, hash);
  const sent = {
    call: call.what,
    transaction: hash,
    block: receipt.blockNumber,
    gasUsed: receipt.gasUsed,
  };
  return { sent, receipt };
}

/**
 * Votes that move write checkpoints: in the second of the latest one they overwrite it, a second later they add one. So
 * what a node estimates may lack a slot and a length for each delegate and for the supply.
 */
const CHECKPOINTS_GAS = 90_000n;

/** An estimate with room for checkpoints that it could not foresee. */
export async function withCheckpoints(estimate: Promise<bigint>): Promise<{ gasLimit: bigint }> {
  return { gasLimit: (await estimate) + CHECKPOINTS_GAS };
}

/** Lines that say what became of a transaction. */
export function sentLines({ transaction, block, gasUsed }: Sent): string[] {
  return formatFields([
    ["Transaction", transaction],
    ["Block", block.toString()],
    ["Gas used", gasUsed.toLocaleString("en-US")],
  ]);
}

/** Arguments of the first event with this name in a receipt, null when there is none. */
export function eventIn(
  contract: Interface,
  receipt: TransactionReceipt,
  name: string,
): Record<string, unknown> | null {
  for (const log of receipt.logs) {
    const parsed = contract.parseLog(log);
    if (parsed?.name === name) return parsed.args.toObject();
  }
  return null;
}

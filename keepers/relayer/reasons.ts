import type { Chain } from "../shared/rpc.ts";
import { revertWords } from "./revertWords.ts";
import type { Receipt } from "./settle.ts";

interface RawTransaction {
  from: string;
  to: string | null;
  input: string;
  value: string;
  gas: string;
}

/**
 * Finds out why a mined transaction reverted: receipts do not say, so the call is repeated at the end of its block.
 * @returns a sentence; never throws, since the fact that it reverted stands without the reason
 */
export async function revertReason(chain: Chain, receipt: Receipt): Promise<string> {
  const where = `reverted in block ${receipt.blockNumber}`;
  try {
    const transaction = (await chain.send("eth_getTransactionByHash", [
      receipt.hash,
    ])) as RawTransaction | null;
    if (transaction === null) return where;
    if (receipt.gasUsed >= BigInt(transaction.gas))
      return `${where}: out of gas (limit ${BigInt(transaction.gas)})`;
    const { from, to, input, value, gas } = transaction;
    await chain.send("eth_call", [
      { from, to, data: input, value, gas },
      `0x${receipt.blockNumber.toString(16)}`,
    ]);
    return `${where}: the same call succeeds at the end of the block`;
  } catch (error) {
    return `${where}: ${describeRevert(error)}`;
  }
}

/** @returns the decoded error, e.g. `StaleReport(10, 12)`, else the node's message. */
export function describeRevert(error: unknown): string {
  const data = revertData(error);
  const message = error instanceof Error ? error.message.split("\n")[0] : String(error);
  return data === null || data.length < 10 ? (message ?? "no reason") : revertWords(data);
}

/** Nodes put the revert data at different depths of the error; so does ethers. */
function revertData(error: unknown): string | null {
  for (
    let inner = error, depth = 0;
    typeof inner === "object" && inner !== null && depth < 5;
    depth++
  ) {
    const {
      data,
      info,
      error: next,
    } = inner as { data?: unknown; info?: { error?: unknown }; error?: unknown };
    if (typeof data === "string" && data.startsWith("0x")) return data;
    if (typeof data === "object" && data !== null) inner = data;
    else inner = info?.error ?? next;
  }
  return null;
}

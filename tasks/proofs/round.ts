import type { Provider } from "ethers";

import type { IPriceFeeds } from "../../types/ethers-contracts/interfaces/IPriceFeeds.ts";
import { decodeReport } from "../../keepers/shared/report.ts";
import { TaskError } from "../shared/error.ts";

/** PriceFeeds takes no report that is older. */
const VALID_SECONDS = 60;

/**
 * Finds the transaction that submitted a slot's report, from the chain alone.
 *
 * @throws {TaskError} when there is none.
 */
export async function findSubmission(
  provider: Provider,
  priceFeeds: IPriceFeeds,
  slot: number,
): Promise<string> {
  const fromBlock = await firstBlockAt(provider, slot);
  const toBlock = await firstBlockAt(provider, slot + VALID_SECONDS + 1);
  const event = priceFeeds.interface.getEvent("ReportAccepted");
  const logs = await provider.getLogs({
    ...{ address: await priceFeeds.getAddress(), topics: [event.topicHash] },
    ...{ fromBlock, toBlock },
  });
  const found = logs.find((log) => {
    const parsed = priceFeeds.interface.parseLog(log);
    return parsed !== null && decodeReport(String(parsed.args[0]))?.slot === slot;
  });
  if (found !== undefined) return found.transactionHash;
  throw new TaskError(`No report of slot ${slot} is on this chain.`);
}

/** The first block that is not before a time, or the latest one. */
async function firstBlockAt(provider: Provider, unixSeconds: number): Promise<number> {
  let [low, high] = [0, await provider.getBlockNumber()];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const block = await provider.getBlock(middle);
    if ((block?.timestamp ?? 0) < unixSeconds) low = middle + 1;
    else high = middle;
  }
  return low;
}

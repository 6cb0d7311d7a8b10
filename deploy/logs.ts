import type { Interface, LogDescription, Provider } from "ethers";

/** An event with its place in the chain. */
export interface Happened {
  event: LogDescription;
  blockNumber: number;
  transactionHash: string;
}

/**
 * Events of one contract since a block, oldest first. A node that refuses a range as too long is asked for halves.
 *
 * @param topics Topic filter as ethers takes it; all events when absent.
 */
export async function readEvents(
  provider: Provider,
  contract: Interface,
  where: { address: string; fromBlock: number; topics?: (string | null)[] },
): Promise<Happened[]> {
  const last = await provider.getBlockNumber();
  const read = async (fromBlock: number, toBlock: number): Promise<Happened[]> => {
    try {
      const logs = await provider.getLogs({ ...where, fromBlock, toBlock });
      return logs.flatMap((log) => {
        const event = contract.parseLog(log);
        const { blockNumber, transactionHash } = log;
        return event === null ? [] : [{ event, blockNumber, transactionHash }];
      });
    } catch (error) {
      if (fromBlock >= toBlock) throw error;
      const middle = Math.floor((fromBlock + toBlock) / 2);
      return [...(await read(fromBlock, middle)), ...(await read(middle + 1, toBlock))];
    }
  };
  return where.fromBlock > last ? [] : await read(where.fromBlock, last);
}

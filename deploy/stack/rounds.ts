import { Contract, decodeBytes32String, JsonRpcProvider } from "ethers";

import { IPriceFeeds__factory } from "../../types/ethers-contracts/factories/interfaces/IPriceFeeds__factory.ts";
import type { IPriceFeeds } from "../../types/ethers-contracts/interfaces/IPriceFeeds.ts";

export interface ChainFeed {
  readonly round: number;
  /** Integer with 8 decimals. */
  readonly answer: string;
  /** Unix seconds. */
  readonly updatedAt: number;
}

/** Every feed as the chain has it, by name, in the order of the set. */
export async function readChain(
  rpcUrl: string,
  priceFeeds: string,
): Promise<Map<string, ChainFeed>> {
  const provider = new JsonRpcProvider(rpcUrl, undefined, { staticNetwork: true });
  try {
    const contract = new Contract(
      priceFeeds,
      IPriceFeeds__factory.abi,
      provider,
    ) as unknown as IPriceFeeds;
    const [ids, { feeds }] = await Promise.all([contract.feedIds(), contract.snapshot()]);
    return new Map(
      ids.map((id, index) => {
        const { round, answer, updatedAt } = feeds[index]!;
        return [
          decodeBytes32String(id),
          { round: Number(round), answer: answer.toString(), updatedAt: Number(updatedAt) },
        ];
      }),
    );
  } finally {
    provider.destroy();
  }
}

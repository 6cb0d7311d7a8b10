import type { Chain } from "../shared/rpc.ts";
import type { SnapshotBlock } from "./model.ts";

interface RpcBlock {
  readonly number: string;
  readonly hash: string;
  readonly timestamp: string;
}

/** @returns a block by number, or the newest; null where the node has none */
export async function readBlock(
  chain: Pick<Chain, "send">,
  number: number | "latest",
): Promise<SnapshotBlock | null> {
  const tag = number === "latest" ? number : `0x${number.toString(16)}`;
  const block = (await chain.send("eth_getBlockByNumber", [tag, false])) as RpcBlock | null;
  return block === null
    ? null
    : {
        number: Number(block.number),
        hash: block.hash.toLowerCase(),
        time: Number(block.timestamp),
      };
}

/**
 * Finds the last block at or before a time, by halving.
 * @param time unix seconds
 * @param confirmations blocks that have to follow it, at least 1: the next one proves that it is the last
 * @returns null while the chain is not that far, or when its first block is later
 */
export async function findSnapshotBlock(
  chain: Pick<Chain, "send">,
  time: number,
  confirmations: number,
): Promise<SnapshotBlock | null> {
  const head = await readBlock(chain, "latest");
  const first = await readBlock(chain, 0);
  if (head === null || first === null || head.time <= time || first.time > time) return null;
  let [low, high] = [first, head.number];
  while (high - low.number > 1) {
    const middle = await readBlock(chain, Math.floor((low.number + high) / 2));
    if (middle === null) return null;
    if (middle.time <= time) low = middle;
    else high = middle.number;
  }
  return head.number - low.number >= Math.max(1, confirmations) ? low : null;
}

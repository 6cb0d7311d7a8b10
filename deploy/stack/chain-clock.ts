import { rpc } from "./chain.ts";

const everyMs = 500;

/**
 * Whole seconds by which the chain's clock is behind the present. Asked of the block that is being made: the latest one is
 * up to a second old without anything being wrong.
 */
export async function lagSeconds(rpcUrl: string): Promise<number> {
  // Before the question: what the node answers later may only be later.
  const nowSeconds = Math.floor(Date.now() / 1000);
  const block = (await rpc(rpcUrl, "eth_getBlockByNumber", ["pending", false])) as {
    timestamp: string;
  };
  return nowSeconds - Number(block.timestamp);
}

/**
 * Keeps the local chain's clock at the present. anvil goes on from the time of the block it went back to when it is
 * told to reorganise, so that its clock stays behind for good and every report would come from its future.
 * @returns Ends the watch.
 */
export function keepChainTime(rpcUrl: string): () => void {
  let busy = false;
  const correct = async (): Promise<void> => {
    const lag = await lagSeconds(rpcUrl);
    // Unlike `evm_setTime`, this leaves the time of the last block alone: the next one cannot be pushed ahead.
    if (lag >= 1) await rpc(rpcUrl, "evm_increaseTime", [lag]);
  };
  const timer = setInterval(() => {
    if (busy) return;
    busy = true;
    // The node may be away for a moment; the next turn sees to it.
    void correct()
      .catch(() => undefined)
      .finally(() => (busy = false));
  }, everyMs);
  return () => clearInterval(timer);
}

import { rpc } from "./chain.ts";

const everyMs = 1_000;
/** A chain of one-second blocks is never further behind the present than this, unless its clock is wrong. */
const toleratedLagSeconds = 2;

/**
 * Keeps the local chain's clock at the present. anvil goes on from the time of the block it went back to when it is
 * told to reorganise, so that its clock stays behind for good and every report would come from its future.
 * @returns Ends the watch.
 */
export function keepChainTime(rpcUrl: string): () => void {
  let busy = false;
  const correct = async (): Promise<void> => {
    const block = (await rpc(rpcUrl, "eth_getBlockByNumber", ["latest", false])) as {
      timestamp: string;
    };
    const nowSeconds = Math.floor(Date.now() / 1000);
    if (nowSeconds - Number(block.timestamp) <= toleratedLagSeconds) return;
    await rpc(rpcUrl, "evm_setTime", [`0x${nowSeconds.toString(16)}`]);
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

const TIMEOUT_MS = 5_000;

/** The few questions that the launcher has for the chain. */
export interface ChainReader {
  chainId(): Promise<number>;
  head(): Promise<number>;
  /** @returns null when the chain has no such block. */
  blockHash(number: number): Promise<string | null>;
}

/**
 * Opens a JSON-RPC endpoint for {@link ChainReader}. Every question has a timeout of 5 s.
 *
 * @param url http or https.
 */
export function openChainReader(url: string): ChainReader {
  const ask = async (method: string, params: readonly unknown[]): Promise<unknown> => {
    const response = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const answer = (await response.json()) as { result?: unknown; error?: { message?: string } };
    if (answer.error !== undefined)
      throw new Error(`${method}: ${answer.error.message ?? "error"}`);
    return answer.result ?? null;
  };
  return {
    chainId: async () => Number(await ask("eth_chainId", [])),
    head: async () => Number(await ask("eth_blockNumber", [])),
    blockHash: async (number) => {
      const block = await ask("eth_getBlockByNumber", [`0x${number.toString(16)}`, false]);
      return typeof block === "object" && block !== null && "hash" in block
        ? String(block.hash)
        : null;
    },
  };
}

import { createRequire } from "node:module";

import type { Program } from "./supervisor.ts";

const require = createRequire(import.meta.url);

/** Chain id of every local stack. */
export const localChainId = 31337;

/** Path of anvil's native binary. Its npm wrapper is not used: a kill of the wrapper would leave the node running. */
export function anvilBinary(): string {
  const architecture = process.arch === "x64" ? "amd64" : process.arch;
  const suffix = process.platform === "win32" ? ".exe" : "";
  const name = `@foundry-rs/anvil-${process.platform}-${architecture}`;
  const wrapper = require.resolve("@foundry-rs/anvil/package.json");
  return createRequire(wrapper).resolve(`${name}/bin/anvil${suffix}`);
}

/** One JSON-RPC call; throws on transport failures and on JSON-RPC errors. */
export async function rpc(
  url: string,
  method: string,
  params: readonly unknown[] = [],
): Promise<unknown> {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }),
    signal: AbortSignal.timeout(5_000),
  });
  const body = (await response.json()) as { result?: unknown; error?: { message: string } };
  if (body.error !== undefined) throw new Error(`${method}: ${body.error.message}`);
  return body.result;
}

/** The local chain: one block a second, its state on disk every five seconds. */
export function chainProgram(port: number, stateFile: string): Program {
  const url = `http://127.0.0.1:${port}`;
  return {
    name: "chain",
    command: anvilBinary(),
    args: [
      ...["--host", "127.0.0.1", "--port", String(port), "--chain-id", String(localChainId)],
      ...["--block-time", "1", "--state", stateFile, "--state-interval", "5"],
      ...["--preserve-historical-states", "--accounts", "20", "--quiet"],
    ],
    ready: async () => Number(await rpc(url, "eth_chainId")) === localChainId,
    readyTimeoutMs: 30_000,
  };
}

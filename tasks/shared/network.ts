import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";
import type { NetworkConnection } from "hardhat/types/network";

import { TaskError } from "./error.ts";

/**
 * Opens the network chosen with --network.
 *
 * @param options `rpcUrl` replaces the network's node; `readOnly` asks for no account, so that reading needs no key.
 * @throws {TaskError} for an unknown network, the in-process one, or a node that does not answer.
 */
export async function connect(
  hre: HardhatRuntimeEnvironment,
  options: { rpcUrl?: string | undefined; readOnly?: boolean } = {},
): Promise<NetworkConnection> {
  const network = hre.globalOptions.network ?? "default";
  const config = hre.config.networks[network];
  const known = Object.entries(hre.config.networks)
    .filter(([, { type }]) => type === "http")
    .map(([name]) => name)
    .join(", ");
  if (config === undefined) {
    throw new TaskError(`There is no network "${network}". Networks: ${known}.`);
  }
  if (config.type !== "http") {
    throw new TaskError(
      `Network "${network}" is empty and ends with this command. Choose one with --network: ${known}.`,
    );
  }
  const connection = await hre.network.create({
    network,
    override: {
      ...(options.rpcUrl === undefined ? {} : { url: options.rpcUrl }),
      ...(options.readOnly === true ? { accounts: "remote" } : {}),
    },
  });
  try {
    await connection.provider.request({ method: "eth_chainId" });
  } catch (error) {
    // Only a missing connection is the node's fault; a missing key or a wrong chain id speaks for itself.
    if (!(error as Error).message.includes("Cannot connect")) throw error;
    const url = options.rpcUrl ?? (await config.url.getUrl());
    throw new TaskError(
      `The node of network "${network}" at ${url} does not answer.` +
        (network === "local" ? " Start it with: npm start" : ""),
    );
  }
  return connection;
}

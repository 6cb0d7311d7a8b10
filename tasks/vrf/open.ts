import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

import { deploymentFolder } from "../../deploy/deployments.ts";
import { firstBlock } from "../../deploy/journal.ts";
import { ConfigError, databaseUrlFromEnv } from "../../keepers/shared/config.ts";
import type { Logger } from "../../keepers/shared/log.ts";
import { createLogger } from "../../keepers/shared/log.ts";
import type { Chain } from "../../keepers/shared/rpc.ts";
import { openChain } from "../../keepers/shared/rpc.ts";
import type { Coordinate } from "../../keepers/vrf/model.ts";
import type { IVRFCoordinator } from "../../types/ethers-contracts/interfaces/IVRFCoordinator.ts";
import { TaskError } from "../shared/error.ts";
import type { Opened } from "../shared/open.ts";

const MAX_UINT256 = 2n ** 256n - 1n;
const NEWEST = 5;

/** A network's randomness, ready to be used. */
export interface Randomness {
  coordinator: IVRFCoordinator;
  coordinate: Coordinate;
  /** First block that can hold an event of it. */
  fromBlock: number;
}

/**
 * The coordinator of an opened deployment.
 *
 * @throws {TaskError} when the deployment has none.
 */
export async function randomnessOf(
  hre: HardhatRuntimeEnvironment,
  { contracts, deployment }: Opened,
): Promise<Randomness> {
  const { chainId, deploymentId } = deployment;
  const address = deployment.addresses.vrfCoordinator;
  if (contracts.vrfCoordinator === null || address === null) {
    throw new TaskError(
      `Deployment ${deploymentId} has no randomness: give its parameters a section "vrf" and run npx hardhat deploy.`,
    );
  }
  return {
    coordinator: contracts.vrfCoordinator,
    coordinate: { chainId, coordinator: address.toLowerCase() },
    fromBlock: await firstBlock(deploymentFolder(hre.config.paths.ignition, deploymentId)),
  };
}

/**
 * Reads a request id from the command line.
 *
 * @throws {TaskError} for anything but an unsigned 256-bit integer; it names requests that exist.
 */
export async function requestIdOf(given: string, randomness: Randomness): Promise<bigint> {
  const value = /^(\d{1,78}|0x[0-9a-fA-F]{1,64})$/.test(given) ? BigInt(given) : null;
  if (value !== null && value <= MAX_UINT256) return value;
  throw new TaskError(
    `"${given}" is not a request id: it is an unsigned 256-bit integer, decimal or with 0x. ${await existing(randomness)}`,
  );
}

/** What to answer to the id of a request that does not exist. */
export async function unknownRequest(id: bigint, randomness: Randomness): Promise<TaskError> {
  return new TaskError(`There is no request ${id}. ${await existing(randomness)}`);
}

async function existing({ coordinator, fromBlock }: Randomness): Promise<string> {
  try {
    const logs = await coordinator.queryFilter(
      coordinator.filters.RandomWordsRequested(),
      fromBlock,
    );
    if (logs.length === 0) return "None was made so far. Make one with: npx hardhat vrf request";
    const newest = logs.slice(-NEWEST).reverse();
    return `The newest requests: ${newest.map(({ args }) => args.requestId).join(", ")}.`;
  } catch {
    // Public nodes limit how far back logs may be asked for.
    return "Request ids stand in the event RandomWordsRequested of the transaction that requested.";
  }
}

/** A logger that says nothing: a task has its own words. */
export function silentLog(): Logger {
  return createLogger({ name: "tasks", level: "silent" });
}

/** Opens the network's node as keepers do. The caller closes it. */
export async function chainOf({ connection, deployment }: Opened): Promise<Chain> {
  const { networkConfig } = connection;
  if (networkConfig.type !== "http") throw new TaskError("Choose a network with --network.");
  return openChain({
    chainId: deployment.chainId,
    rpcUrls: [await networkConfig.url.getUrl()],
    log: silentLog(),
  });
}

/** The operator's Postgres: that of the running stack, else the one named by DATABASE_URL; null where there is none. */
export function databaseUrlOf({ deployment }: Opened): string | null {
  if (deployment.databaseUrl !== null) return deployment.databaseUrl;
  try {
    return databaseUrlFromEnv();
  } catch (error) {
    if (error instanceof ConfigError) return null;
    throw error;
  }
}

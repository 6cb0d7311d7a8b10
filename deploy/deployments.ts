import { readdir } from "node:fs/promises";
import path from "node:path";

import { getAddress } from "ethers";

import { DeploymentError, objectAt, readJsonIfPresent, stringAt } from "./files.ts";
import { feedOfFuture } from "./modules/Dodona.ts";
import { GOVERNANCE_FUTURES } from "./modules/Governance.ts";
import { DISTRIBUTOR_FUTURE } from "./modules/Payouts.ts";
import { PROOFS_FUTURES } from "./modules/Proofs.ts";
import { defaultDeploymentId, readStack } from "./stackFile.ts";

/** Addresses of governance's contracts, checksummed. */
export type GovernanceAddresses = Record<keyof typeof GOVERNANCE_FUTURES, string>;

/** Addresses of one deployment, checksummed; proxies by feed id. */
export interface Addresses {
  accessManager: string;
  operators: string;
  priceFeeds: string;
  /** null where no randomness is deployed. */
  vrfCoordinator: string | null;
  /** null where named accounts govern. */
  governance: GovernanceAddresses | null;
  /** null where no payouts are deployed. */
  payoutDistributor: string | null;
  /** null where no proofs are verified. */
  priceAttestations: string | null;
  /** null where no proofs are verified. */
  traderRegistry: string | null;
  proxies: Record<string, string>;
}

/** Where a network's contracts are and how that is known. */
export interface Deployment {
  chainId: number;
  /** Name of Ignition's folder under deploy/deployments. */
  deploymentId: string;
  addresses: Addresses;
  /** Base URL of the indexer's API; null where no stack file names one. */
  apiUrl: string | null;
  /** Postgres of the keepers and the index; null where no stack file names one. */
  databaseUrl: string | null;
}

/** Name of the network whose node and contracts the stack file describes. */
export const LOCAL_NETWORK = "local";

/** Ignition's id of the coordinator of randomness. */
export const COORDINATOR_FUTURE = "Dodona#VRFCoordinator";

/** Chain id of a local development chain. */
export const LOCAL_CHAIN_ID = 31_337;

/**
 * Folder of one deployment.
 *
 * @param ignitionDir Hardhat's `paths.ignition`.
 */
export function deploymentFolder(ignitionDir: string, deploymentId: string): string {
  return path.join(ignitionDir, "deployments", deploymentId);
}

/**
 * Every address that Ignition recorded for a deployment, by future id ("Dodona#PriceFeeds").
 *
 * @returns null when the deployment has none yet.
 */
export async function recordedAddresses(folder: string): Promise<Record<string, string> | null> {
  const file = path.join(folder, "deployed_addresses.json");
  const given = await readJsonIfPresent(file, file);
  if (given === null) return null;
  return Object.fromEntries(
    Object.entries(objectAt(given, file)).map(([future, address]) => [
      future,
      getAddress(stringAt(address, `${file}: ${future}`)),
    ]),
  );
}

/**
 * Addresses by role, from what Ignition recorded.
 *
 * @returns null when a contract of the feeds other than a proxy is missing: the deployment is not complete.
 */
export function addressesOf(recorded: Record<string, string>): Addresses | null {
  const proxies: Record<string, string> = {};
  for (const [future, address] of Object.entries(recorded)) {
    const feedId = feedOfFuture(future.slice(future.indexOf("#") + 1));
    if (feedId !== null) proxies[feedId] = address;
  }
  const accessManager = recorded["Operators#AccessManager"];
  const operators = recorded["Operators#Operators"];
  const priceFeeds = recorded["Dodona#PriceFeeds"];
  if (accessManager === undefined || operators === undefined || priceFeeds === undefined) {
    return null;
  }
  const vrfCoordinator = recorded[COORDINATOR_FUTURE] ?? null;
  const governance = governanceOf(recorded);
  const payoutDistributor = recorded[DISTRIBUTOR_FUTURE] ?? null;
  return {
    ...{ accessManager, operators, priceFeeds, vrfCoordinator, governance },
    ...{ payoutDistributor, proxies },
    priceAttestations: recorded[PROOFS_FUTURES.priceAttestations] ?? null,
    traderRegistry: recorded[PROOFS_FUTURES.traderRegistry] ?? null,
  };
}

/** Addresses of governance, null when any of its contracts is missing. */
export function governanceOf(recorded: Record<string, string>): GovernanceAddresses | null {
  const found = Object.entries(GOVERNANCE_FUTURES).map(
    ([name, future]) => [name, recorded[future]] as const,
  );
  return found.every(([, address]) => address !== undefined)
    ? (Object.fromEntries(found) as GovernanceAddresses)
    : null;
}

/**
 * Finds the contracts of a network: those of the running stack for `local` (its file names the deployment), else those
 * of deployment `chain-<id>`.
 *
 * @param where Ignition's folder, the stack file, and the network as Hardhat names it with the chain id it answers.
 * @throws {DeploymentError} that says which deployments exist and what to run.
 */
export async function findDeployment(where: {
  ignitionDir: string;
  stackFile: string;
  network: string;
  chainId: number;
  deploymentId?: string | undefined;
}): Promise<Deployment> {
  const { chainId, network } = where;
  const stack = network === LOCAL_NETWORK ? await readStack(where.stackFile) : null;
  if (stack !== null && stack.chainId !== chainId) {
    throw new DeploymentError(
      `The stack file ${where.stackFile} is of chain ${stack.chainId}, but the node answers as chain ${chainId}.`,
    );
  }
  const deploymentId = where.deploymentId ?? stack?.deploymentId ?? defaultDeploymentId(chainId);
  const recorded = await recordedAddresses(deploymentFolder(where.ignitionDir, deploymentId));
  const addresses = recorded === null ? null : addressesOf(recorded);
  if (addresses === null) {
    const existing = await listDeployments(where.ignitionDir);
    const todo =
      network === LOCAL_NETWORK
        ? "Start a local network with: npm start"
        : `Deploy with: npx hardhat deploy --network ${network}`;
    throw new DeploymentError(
      `Nothing is deployed on network "${network}" (chain ${chainId}, deployment ${deploymentId}). ` +
        `Deployments that exist: ${existing.length === 0 ? "none" : existing.join(", ")}. ${todo}`,
    );
  }
  return {
    chainId,
    deploymentId,
    addresses,
    apiUrl: stack?.apiUrl ?? null,
    databaseUrl: stack?.databaseUrl ?? null,
  };
}

/** Ids of all deployments that have a folder, in alphabetical order. */
export async function listDeployments(ignitionDir: string): Promise<string[]> {
  try {
    const entries = await readdir(path.join(ignitionDir, "deployments"), { withFileTypes: true });
    return entries
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name)
      .sort();
  } catch {
    return [];
  }
}

import { DeploymentError, objectAt, readJsonIfPresent, stringAt } from "./files.ts";

/** What tasks need of the file that a running local stack writes. */
export interface Stack {
  chainId: number;
  rpcUrl: string;
  /** Base URL of the indexer's API; null while it has none. */
  apiUrl: string | null;
  /** Postgres of the keepers and the index; null while it has none. */
  databaseUrl: string | null;
  /** Name of Ignition's folder under deploy/deployments. */
  deploymentId: string;
}

const DEFAULT_RPC_URL = "http://127.0.0.1:8545";

/** Ignition's folder for a deployment id when none is given. */
export function defaultDeploymentId(chainId: number): string {
  return `chain-${chainId}`;
}

/**
 * Reads the stack file.
 *
 * @returns null when no stack wrote one.
 * @throws {DeploymentError} when it is damaged.
 */
export async function readStack(file: string): Promise<Stack | null> {
  const given = await readJsonIfPresent(file, file);
  if (given === null) return null;
  const stack = objectAt(given, file);
  const { apiUrl, chainId, databaseUrl, deploymentId } = stack;
  if (typeof chainId !== "number") throw new DeploymentError(`${file}: chainId must be a number.`);
  return {
    chainId,
    rpcUrl: stringAt(stack["rpcUrl"], `${file}: rpcUrl`),
    apiUrl: typeof apiUrl === "string" ? apiUrl : null,
    databaseUrl: typeof databaseUrl === "string" ? databaseUrl : null,
    deploymentId: typeof deploymentId === "string" ? deploymentId : defaultDeploymentId(chainId),
  };
}

/** URL of the local node: the running stack's, else anvil's default. Never fails: tasks name a damaged stack file. */
export async function localRpcUrl(stackFile: string): Promise<string> {
  try {
    return (await readStack(stackFile))?.rpcUrl ?? DEFAULT_RPC_URL;
  } catch {
    return DEFAULT_RPC_URL;
  }
}

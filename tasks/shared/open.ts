import type { Signer } from "ethers";
import { getAddress, isAddress } from "ethers";
import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";
import type { NetworkConnection } from "hardhat/types/network";

import { ensureBuilt } from "../../deploy/build.ts";
import type { Contracts } from "../../deploy/contracts.ts";
import type { Deployment } from "../../deploy/deployments.ts";
import { findDeployment } from "../../deploy/deployments.ts";
import type { TaskSettings } from "./action.ts";
import { TaskError } from "./error.ts";
import { connect } from "./network.ts";

/** A network's deployment, ready to be used. */
export interface Opened {
  connection: NetworkConnection;
  deployment: Deployment;
  /** Sends from the chosen account, or only reads. */
  contracts: Contracts;
}

/**
 * Opens the deployment of the chosen network for reading; needs no key.
 *
 * @throws {TaskError | DeploymentError} that says what exists.
 */
export async function openToRead(
  hre: HardhatRuntimeEnvironment,
  settings: TaskSettings,
): Promise<Opened> {
  const connection = await connect(hre, { readOnly: true });
  return await open(hre, settings, connection, null);
}

/**
 * Opens the deployment of the chosen network for sending.
 *
 * @param from Account: an address, an index in the network's accounts, or null for the first.
 * @throws {TaskError | DeploymentError} that says what exists.
 */
export async function openToSend(
  hre: HardhatRuntimeEnvironment,
  settings: TaskSettings,
  from: string | null,
): Promise<Opened & { signer: Signer; account: string }> {
  const connection = await connect(hre);
  const accounts = await accountsOf(connection);
  const account = from === null ? accounts[0] : resolveAccount(from, accounts);
  if (account === undefined || !accounts.includes(account)) {
    const own = accounts.length === 0 ? "none; set DODONA_DEPLOYER_KEY" : accounts.join(", ");
    throw new TaskError(
      `The network has no account ${account ?? "to send from"}. Accounts: ${own}.`,
    );
  }
  const signer = await connection.ethers.getSigner(account);
  return { ...(await open(hre, settings, connection, signer)), signer, account };
}

/** The same deployment, sending from another of the network's accounts. */
export async function sendAs(
  opened: Opened,
  account: string,
): Promise<Opened & { signer: Signer; account: string }> {
  const signer: Signer = await opened.connection.ethers.getSigner(account);
  const { connectContracts } = await import("../../deploy/contracts.ts");
  const contracts = connectContracts(signer, opened.deployment.addresses);
  return { ...opened, contracts, signer, account };
}

/** The network's own accounts, checksummed, in the order of their indices. */
export async function accountsOf(connection: NetworkConnection): Promise<string[]> {
  return (await connection.ethers.getSigners()).map(({ address }) => address);
}

/**
 * An account as people name it: its address, or its index in the network's accounts.
 *
 * @throws {TaskError} when it is neither.
 */
export function resolveAccount(given: string, accounts: readonly string[]): string {
  const named: boolean = isAddress(given);
  if (named) return getAddress(given);
  const account = /^\d{1,3}$/.test(given) ? accounts[Number(given)] : undefined;
  if (account === undefined) {
    throw new TaskError(
      `"${given}" is neither an address nor an index from 0 to ${accounts.length - 1} of the network's accounts.`,
    );
  }
  return account;
}

async function open(
  hre: HardhatRuntimeEnvironment,
  settings: TaskSettings,
  connection: NetworkConnection,
  signer: Signer | null,
): Promise<Opened> {
  const { ethers, networkName } = connection;
  const deployment = await findDeployment({
    ignitionDir: hre.config.paths.ignition,
    stackFile: settings.stackFile,
    network: networkName,
    chainId: Number((await ethers.provider.getNetwork()).chainId),
  });
  const code = await ethers.provider.getCode(deployment.addresses.priceFeeds);
  if (code === "0x") {
    throw new TaskError(
      `Deployment ${deployment.deploymentId} records PriceFeeds at ${deployment.addresses.priceFeeds}, but this chain has no ` +
        "contract there: it was started over, or it is another chain.",
    );
  }
  await ensureBuilt(hre);
  const { connectContracts } = await import("../../deploy/contracts.ts");
  return {
    connection,
    deployment,
    contracts: connectContracts(signer ?? ethers.provider, deployment.addresses),
  };
}

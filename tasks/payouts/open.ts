import path from "node:path";

import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

import { deploymentFolder, LOCAL_CHAIN_ID } from "../../deploy/deployments.ts";
import { firstBlock } from "../../deploy/journal.ts";
import { CrossCheckError } from "../../keepers/payout/cross-check.ts";
import { NotReadyError, type EpochDeps } from "../../keepers/payout/epoch.ts";
import { openPublicationFiles, type PublicationFiles } from "../../keepers/payout/files.ts";
import { ChainMovedError } from "../../keepers/payout/log-cursor.ts";
import { createLogSource } from "../../keepers/payout/log-source.ts";
import { readProgram, type Program } from "../../keepers/payout/program.ts";
import { PublicationError } from "../../keepers/payout/publication.ts";
import { SourceBehindError } from "../../keepers/payout/source.ts";
import { IncompleteTransfersError } from "../../keepers/payout/transfers.ts";
import { ConfigError } from "../../keepers/shared/config.ts";
import { RpcUnavailableError, type Chain } from "../../keepers/shared/rpc.ts";
import type { PayoutDistributor } from "../../types/ethers-contracts/payouts/PayoutDistributor.ts";
import type { TaskSettings } from "../shared/action.ts";
import { note } from "../shared/action.ts";
import { TaskError } from "../shared/error.ts";
import type { Opened } from "../shared/open.ts";
import { openToRead, openToSend } from "../shared/open.ts";
import { chainOf } from "../vrf/open.ts";

/** A network's payouts, ready to be read. */
export interface Payouts extends Opened {
  /** Sends from the chosen account, or only reads. */
  distributor: PayoutDistributor;
  /** Of the distributor, lower case, as publications have it. */
  address: string;
  /** First block that can hold an event of it. */
  fromBlock: number;
  /** The node as keepers use it; says on stderr how far long work is. */
  chain: Chain;
  files: PublicationFiles;
  folder: string;
  /** Time of the latest block, unix seconds. */
  nowSeconds: number;
}

/** A network's payouts with the account that sends. */
export type SendingPayouts = Payouts & Awaited<ReturnType<typeof openToSend>>;

/** Options of all tasks that read publications. */
export interface Where {
  /** Folder of publications. */
  folder?: string | undefined;
}

/** Blocks after which one counts as final, as the keeper has it. */
export const FINAL_BLOCKS = 64;
const CHECK_SIZE = { all: 2_000, sample: 1_000 } as const;
const PROGRESS_MS = 2_000;
/** What a person can put right, or wait for. */
const plain = [
  ...[ConfigError, CrossCheckError, NotReadyError, PublicationError, IncompleteTransfersError],
  ...[SourceBehindError, ChainMovedError, RpcUnavailableError],
];

/**
 * Opens the payouts of the chosen network for reading while `work` runs.
 *
 * @throws {TaskError | DeploymentError} that says what exists, or what is not ready.
 */
export async function readingPayouts(
  hre: HardhatRuntimeEnvironment,
  settings: TaskSettings,
  where: Where,
  work: (payouts: Payouts) => Promise<void>,
): Promise<void> {
  await inWords(async () => {
    const opened = await openToRead(hre, settings);
    const payouts = await payoutsOf(hre, settings, where, opened);
    await closing(payouts, async () => await work(payouts));
  });
}

/**
 * Opens the payouts of the chosen network for an account while `work` runs.
 *
 * @param from Account: an address, an index in the network's accounts, or undefined for the first.
 * @throws {TaskError | DeploymentError} that says what exists, or what is not ready.
 */
export async function sendingPayouts(
  hre: HardhatRuntimeEnvironment,
  settings: TaskSettings,
  where: Where & { from: string | undefined },
  work: (payouts: SendingPayouts) => Promise<void>,
): Promise<void> {
  await inWords(async () => {
    const opened = await openToSend(hre, settings, where.from ?? null);
    const payouts = await payoutsOf(hre, settings, where, opened);
    await closing(payouts, async () => await work({ ...opened, ...payouts }));
  });
}

/** Reads a program file. */
export function programAt(file: string): Program {
  return readProgram(path.resolve(file));
}

/** What computing an epoch needs, from chain data alone. */
export function epochDeps(
  { address, chain, deployment, files }: Payouts,
  program: Program,
): EpochDeps & { chain: Chain } {
  const { chainId } = deployment;
  return {
    ...{ chain, program, files, chainId, distributor: address },
    source: createLogSource(chain),
    confirmations: chainId === LOCAL_CHAIN_ID ? 1 : FINAL_BLOCKS,
    checkSize: CHECK_SIZE,
  };
}

async function payoutsOf(
  hre: HardhatRuntimeEnvironment,
  settings: TaskSettings,
  where: Where,
  opened: Opened,
): Promise<Payouts> {
  const { connection, contracts, deployment } = opened;
  const { provider } = connection.ethers;
  const { deploymentId } = deployment;
  const { payoutDistributor: distributor } = contracts;
  if (distributor === null) {
    throw new TaskError(
      `Deployment ${deploymentId} has no PayoutDistributor: give its parameters a section "payouts" and run npx hardhat deploy.`,
    );
  }
  const block = await provider.getBlock("latest");
  if (block === null) throw new TaskError("The node has no block.");
  const folder = path.resolve(
    where.folder ?? path.join(path.dirname(settings.stackFile), "payouts"),
  );
  const mirrors = deployment.apiUrl === null ? [] : [`${deployment.apiUrl}/payouts/data`];
  return {
    ...opened,
    distributor,
    address: (await distributor.getAddress()).toLowerCase(),
    fromBlock: await firstBlock(deploymentFolder(hre.config.paths.ignition, deploymentId)),
    chain: withProgress(await chainOf(opened)),
    files: openPublicationFiles(folder, mirrors),
    folder,
    nowSeconds: block.timestamp,
  };
}

async function closing({ chain }: Payouts, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } finally {
    chain.close();
  }
}

async function inWords(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (error instanceof Error && plain.some((type) => error instanceof type)) {
      throw new TaskError(error.message);
    }
    throw error;
  }
}

/** Says on stderr, now and then, which of the many calls of long work runs. */
function withProgress(chain: Chain): Chain {
  let saidMs = performance.now();
  let calls = 0;
  return {
    ...chain,
    async send(method, params) {
      calls++;
      if (performance.now() - saidMs > PROGRESS_MS) {
        saidMs = performance.now();
        note(`${whatOf(method, params)} (${calls} calls to the node so far)`);
      }
      return await chain.send(method, params);
    },
  };
}

function whatOf(method: string, params: unknown[]): string {
  if (method === "eth_getLogs") {
    const [{ toBlock }] = params as [{ toBlock: string }];
    return `Read events up to block ${Number(toBlock)}`;
  }
  return method === "eth_call" ? "Compare balances with the token's own answers" : "Read blocks";
}

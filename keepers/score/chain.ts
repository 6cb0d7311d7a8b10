import type { AbstractProvider } from "ethers";
import { isError } from "ethers";

import { IOperatorRewards__factory } from "../../types/ethers-contracts/factories/interfaces/IOperatorRewards__factory.ts";
import { IOperators__factory } from "../../types/ethers-contracts/factories/interfaces/IOperators__factory.ts";
import { IPausable__factory } from "../../types/ethers-contracts/factories/interfaces/IPausable__factory.ts";
import { estimate, type Estimate } from "../shared/estimate.ts";
import type { NewIntent } from "../shared/intents.ts";
import type { Weights } from "./decide.ts";

/** The contract's interface. */
export const rewardsAbi = IOperatorRewards__factory.createInterface();

/** Epochs after its end in which one may be posted: a constant of OperatorRewards. */
export const POST_WITHIN_EPOCHS = 4;

/** AccessManaged's own error, which the interface does not name. */
const UNAUTHORIZED = "0x068ca9d8";

/** What the chain is like now. */
export interface Head {
  readonly block: number;
  /** Unix seconds. */
  readonly blockTime: number;
  readonly currentEpoch: number;
  readonly shareable: bigint;
  readonly isPaused: boolean;
}

/** Reads from the contracts. Every method rejects when the chain cannot be read. */
export interface ScoreReader {
  /** Length of an epoch; epoch k begins at k times that, unix seconds. */
  epochSeconds(): Promise<number>;
  head(): Promise<Head>;
  /** Time of a block, unix seconds; null for a block that the node does not have. */
  blockTime(block: number): Promise<number | null>;
  isPosted(epoch: number): Promise<boolean>;
  /** Those of the accounts that were active in an epoch, lower case. */
  active(accounts: readonly string[], epoch: number): Promise<Set<string>>;
  estimate(data: string): Promise<Estimate>;
}

/**
 * Creates a reader; the rewards' contract says which registry it goes by.
 * @param scorer Account that will send.
 */
export function createScoreReader(
  provider: AbstractProvider,
  rewardsAddress: string,
  scorer: string,
): ScoreReader {
  const rewards = IOperatorRewards__factory.connect(rewardsAddress, provider);
  const pausable = IPausable__factory.connect(rewardsAddress, provider);
  let registry: string | null = null;

  async function operators() {
    registry ??= await rewards.operators().catch((error: unknown) => {
      // Empty data is what an address without code answers.
      if (!isError(error, "BAD_DATA")) throw error;
      throw new Error(`there is no OperatorRewards at ${rewardsAddress} on this chain`);
    });
    return IOperators__factory.connect(registry, provider);
  }

  return {
    epochSeconds: async () => Number(await (await operators()).epochSeconds()),

    async head() {
      const [block, epoch, available, budget, pausedUntil] = await Promise.all([
        provider.getBlock("latest"),
        operators().then((contract) => contract.currentEpoch()),
        ...([rewards.available(), rewards.epochBudget(), pausable.pausedUntil()] as const),
      ]);
      if (block === null) throw new Error("the node has no block");
      return {
        block: block.number,
        blockTime: block.timestamp,
        currentEpoch: Number(epoch),
        shareable: available < budget ? available : budget,
        isPaused: pausedUntil > BigInt(block.timestamp),
      };
    },

    blockTime: async (block) => (await provider.getBlock(block))?.timestamp ?? null,

    isPosted: async (epoch) => (await rewards.epochOf(epoch)).status !== 0n,

    async active(accounts, epoch) {
      const contract = await operators();
      const known = await Promise.all(
        accounts.map(async (account) =>
          (await contract.wasActive(account, epoch)) ? account : "",
        ),
      );
      return new Set(known.filter((account) => account !== ""));
    },

    estimate: (data) =>
      estimate(provider, { to: rewardsAddress, data, from: scorer }, [rewardsAbi], {
        [UNAUTHORIZED]: `${scorer} does not have the scorer's role`,
      }),
  };
}

/** Calldata that posts an epoch. */
export function encodePosting(epoch: number, { accounts, weights }: Weights): string {
  return rewardsAbi.encodeFunctionData("postWeights", [epoch, [...accounts], [...weights]]);
}

/** Where epochs are posted, and by whom. */
export interface Target {
  readonly chainId: number;
  /** Address of OperatorRewards, lower case. */
  readonly rewards: string;
  readonly account: string;
}

/** Key of an attempt's intent: the same for every process that scores. */
export function keyOf(epoch: number, attempt: number, { chainId, rewards }: Target): string {
  return `score:${chainId}:${rewards}:${epoch}:${attempt}`;
}

/**
 * The transaction of an attempt, which only the scorer may send.
 * @param gas What the node estimates for it now.
 */
export function intentOf(
  epoch: number,
  attempt: number,
  posting: { readonly data: string; readonly gas: bigint },
  target: Target,
): NewIntent {
  return {
    chainId: target.chainId,
    key: keyOf(epoch, attempt, target),
    lane: "admin",
    group: null,
    ordinal: BigInt(epoch),
    to: target.rewards,
    data: posting.data,
    value: 0n,
    // Half as much again: storage that another epoch has touched meanwhile may cost more.
    gasLimit: (posting.gas * 3n) / 2n + 50_000n,
    expiresAtMs: null,
    account: target.account,
  };
}

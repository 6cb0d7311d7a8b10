import type { AbstractProvider } from "ethers";
import { computeAddress, concat, decodeBytes32String, getAddress, isError, toBeHex } from "ethers";

import { IGuardian__factory } from "../../types/ethers-contracts/factories/interfaces/IGuardian__factory.ts";
import { IOperatorStake__factory } from "../../types/ethers-contracts/factories/interfaces/IOperatorStake__factory.ts";
import { IOperators__factory } from "../../types/ethers-contracts/factories/interfaces/IOperators__factory.ts";
import { IPausable__factory } from "../../types/ethers-contracts/factories/interfaces/IPausable__factory.ts";
import { IPriceFeeds__factory } from "../../types/ethers-contracts/factories/interfaces/IPriceFeeds__factory.ts";
import { ISlashing__factory } from "../../types/ethers-contracts/factories/interfaces/ISlashing__factory.ts";
import { estimate, type Estimate } from "../shared/estimate.ts";
import { operatorEndpoint } from "../shared/operator-endpoint.ts";
import { slashingAbi } from "./evidence.ts";
import type { Evidence, OperatorSet } from "./model.ts";
import type { Vigil } from "./warnings.ts";

/** Contracts that are named in the configuration, lower case. */
export interface Addresses {
  readonly slashing: string;
  readonly operators: string;
  readonly guardian?: string | undefined;
  readonly pausable: readonly string[];
}

/** What never changes about a slashing contract. */
export interface CourtRules {
  readonly priceFeeds: string;
  /** Seconds. */
  readonly evidencePeriod: number;
}

/** What the chain is like now. */
export interface Head {
  readonly setId: number;
  readonly block: number;
  /** Unix seconds. */
  readonly blockTime: number;
}

/** Reads from the contracts. Every method rejects when the chain cannot be read. */
export interface WatchReader {
  rules(): Promise<CourtRules>;
  /** Active set id (0: none yet), the newest block and its time. */
  head(): Promise<Head>;
  /** A set that is or was active, null for any other. */
  set(setId: number): Promise<OperatorSet | null>;
  /** Where an operator listens, null if it says nothing usable. */
  endpoint(account: string): Promise<string | null>;
  isPunished(evidence: Evidence, set: OperatorSet | null): Promise<boolean>;
  estimate(data: string, from: string): Promise<Estimate>;
  vigil(set: OperatorSet | null): Promise<Vigil>;
}

/** Creates a reader; the slashing contract says which feeds and which stake it is about. */
export function createWatchReader(provider: AbstractProvider, addresses: Addresses): WatchReader {
  const slashing = ISlashing__factory.connect(addresses.slashing, provider);
  const operators = IOperators__factory.connect(addresses.operators, provider);
  const sets = new Map<number, OperatorSet>();
  let parts: { readonly priceFeeds: string; readonly stake: string } | null = null;

  async function contracts() {
    parts ??= await readParts();
    return {
      priceFeeds: IPriceFeeds__factory.connect(parts.priceFeeds, provider),
      stake: IOperatorStake__factory.connect(parts.stake, provider),
    };
  }

  async function readParts() {
    const [priceFeeds, stake] = await Promise.all([slashing.priceFeeds(), slashing.stake()]);
    return { priceFeeds: priceFeeds.toLowerCase(), stake: stake.toLowerCase() };
  }

  return {
    async rules() {
      const period = await slashing.evidencePeriod().catch((error: unknown) => {
        // Empty data is what an address without code answers.
        if (!isError(error, "BAD_DATA")) throw error;
        throw new Error(`there is no Slashing at ${addresses.slashing} on this chain`);
      });
      const { priceFeeds } = await readParts();
      return { priceFeeds, evidencePeriod: Number(period) };
    },

    async head() {
      const { priceFeeds } = await contracts();
      const [{ setId }, block] = await Promise.all([
        priceFeeds.currentSet(),
        provider.getBlock("latest"),
      ]);
      if (block === null) throw new Error("the node has no block");
      return { setId: Number(setId), block: block.number, blockTime: block.timestamp };
    },

    async set(setId) {
      const cached = sets.get(setId);
      if (cached !== undefined) return cached;
      const { priceFeeds } = await contracts();
      try {
        // By position: `keys` of ethers' Result is the array's own method.
        const [[accounts, keys, feeds], { quorum }] = await Promise.all([
          priceFeeds.describeSet(setId),
          priceFeeds.setOf(setId),
        ]);
        const set: OperatorSet = {
          ...{ id: setId, quorum: Number(quorum), feeds: feeds.length },
          operators: accounts.map((account, index) => {
            const [x = 0n, y = 0n] = keys[index] ?? [];
            const signer = computeAddress(concat(["0x04", toBeHex(x, 32), toBeHex(y, 32)]));
            return { account: account.toLowerCase(), x, y, signer };
          }),
        };
        sets.set(setId, set);
        return set;
      } catch (error) {
        if (isError(error, "CALL_EXCEPTION") && error.revert?.name === "UnknownSet") return null;
        throw error;
      }
    },

    endpoint: (account) => operatorEndpoint(operators, account),

    async isPunished(evidence, set) {
      if (evidence.kind === "medians") return slashing.isReportPunished(evidence.digest);
      const account = set?.operators[evidence.operator]?.account;
      if (account === undefined) return false;
      return slashing.isEquivocationPunished(account, evidence.setId, evidence.slot);
    },

    estimate: (data, from) =>
      estimate(provider, { to: addresses.slashing, data, from }, [slashingAbi]),

    async vigil(set) {
      const { priceFeeds, stake } = await contracts();
      const seconds = (value: bigint): number => Number(value);
      const block = await provider.getBlock("latest");
      const [pauses, trips, termEnds, stakes, minimumStake, nextChangeAt] = await Promise.all([
        Promise.all(
          addresses.pausable.map(async (target) => ({
            target,
            until: seconds(await IPausable__factory.connect(target, provider).pausedUntil()),
          })),
        ),
        priceFeeds.feedIds().then((ids) =>
          Promise.all(
            ids.map(async (id) => ({
              feed: feedName(id),
              until: seconds(await priceFeeds.trippedUntil(id)),
            })),
          ),
        ),
        addresses.guardian === undefined
          ? null
          : IGuardian__factory.connect(addresses.guardian, provider).termEnds().then(seconds),
        Promise.all(
          (set?.operators ?? []).map(async ({ account }) => ({
            account,
            staked: await orNull(stake.stakeOf(account)),
          })),
        ),
        orNull(stake.minimumStake()),
        orNull(operators.nextChangeAt()).then((at) => seconds(at ?? 0n)),
      ]);
      return {
        blockTime: block?.timestamp ?? 0,
        ...{ pauses, trips, termEnds, minimumStake, nextChangeAt },
        stakes: stakes.flatMap(({ account, staked }) =>
          staked === null ? [] : [{ account: getAddress(account), staked }],
        ),
      };
    },
  };
}

/** What a contract answers that does not have the function: a registry without epochs, a custody without a minimum. */
async function orNull<T>(call: Promise<T>): Promise<T | null> {
  try {
    return await call;
  } catch (error) {
    if (isError(error, "CALL_EXCEPTION") || isError(error, "BAD_DATA")) return null;
    throw error;
  }
}

function feedName(feedId: string): string {
  try {
    return decodeBytes32String(feedId);
  } catch {
    return feedId;
  }
}

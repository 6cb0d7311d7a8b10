import type { ContractRunner } from "ethers";
import { decodeBytes32String, isError } from "ethers";

import { IOperators__factory } from "../../../types/ethers-contracts/factories/interfaces/IOperators__factory.ts";
import { IPriceFeeds__factory } from "../../../types/ethers-contracts/factories/interfaces/IPriceFeeds__factory.ts";
import { operatorEndpoint } from "../../shared/operator-endpoint.ts";
import type { FeedState } from "../price/breaker.ts";
import { FeedStatus, Side } from "../price/breaker.ts";
import { secpKey } from "../signing/curve.ts";
import { grumpkinKey } from "../signing/grumpkin.ts";
import type { ActiveSet, ChainReader } from "./set.ts";

const DORMANT = 4n;
const TABLE_BITS = 4;

/** Reads sets, states and endpoints from PriceFeeds and Operators. */
export function createChainReader(
  runner: ContractRunner,
  contracts: { readonly priceFeeds: string; readonly operators: string },
): ChainReader {
  const priceFeeds = IPriceFeeds__factory.connect(contracts.priceFeeds, runner);
  const operators = IOperators__factory.connect(contracts.operators, runner);
  return {
    async snapshot() {
      const { setId, feeds } = await priceFeeds.snapshot().catch((error: unknown) => {
        // Empty data is what an address without code answers.
        if (!isError(error, "BAD_DATA")) throw error;
        throw new Error(`there is no PriceFeeds at ${contracts.priceFeeds} on this chain`);
      });
      return { setId: Number(setId), states: feeds.map(toState) };
    },

    async describe(setId) {
      // By position: `keys` of ethers' Result is the array's own method.
      const [[accounts, keys, feedIds, params], head] = await Promise.all([
        priceFeeds.describeSet(setId),
        priceFeeds.setOf(setId),
      ]);
      const set: ActiveSet = {
        id: setId,
        since: Number(head.since),
        quorum: Number(head.quorum),
        operators: accounts.map((account, index) => {
          const [x = 0n, y = 0n, proofX = 0n, proofY = 0n] = keys[index] ?? [];
          return {
            index,
            account: account.toLowerCase(),
            // Tables of 150 kB a key make a multiplication five times as fast; every round needs several.
            secp256k1: secpKey({ x, y }).precompute(TABLE_BITS),
            grumpkin: grumpkinKey({ x: proofX, y: proofY }).precompute(TABLE_BITS),
          };
        }),
        feeds: feedIds.map((feedId, index) => ({
          feedId: feedName(feedId),
          minVenues: Number(params[index]?.minVenues ?? 255n),
        })),
        rules: params.map((feed) => ({
          heartbeat: Number(feed.heartbeat),
          deviationBps: Number(feed.deviationBps),
          cosignToleranceBps: Number(feed.cosignToleranceBps),
          bandBps: Number(feed.bandBps),
          tau: Number(feed.tau),
          cooldown: Number(feed.cooldown),
          minReports: Number(feed.minReports),
          dormancy: Number(feed.dormancy),
        })),
      };
      return set;
    },

    async registeredKeys(account) {
      try {
        const [keys] = await operators.operator(account);
        return [keys.x, keys.y, keys.proofX, keys.proofY];
      } catch (error) {
        if (isError(error, "CALL_EXCEPTION") && error.revert?.name === "NotRegistered") return null;
        throw error;
      }
    },

    async announcedKeys(account) {
      // By position: `keys` of ethers' Result is the array's own method.
      const [dueAt, announced] = await operators.announcedKeys(account);
      if (dueAt === 0n) return null;
      const { proofX, proofY, x, y } = announced;
      return { dueAt: Number(dueAt), keys: [x, y, proofX, proofY] };
    },

    endpoint: (account) => operatorEndpoint(operators, account),
  };
}

type OnChainFeed = Awaited<
  ReturnType<ReturnType<typeof IPriceFeeds__factory.connect>["snapshot"]>
>["feeds"][number];

function toState(feed: OnChainFeed): FeedState {
  const stored = Object.values(FeedStatus).find((status) => BigInt(status) === feed.status);
  if (stored === undefined && feed.status !== DORMANT) {
    throw new Error(`feed status ${feed.status} is unknown`);
  }
  return {
    answer: feed.answer,
    average: feed.average,
    updatedAt: Number(feed.updatedAt),
    lastReportAt: Number(feed.lastReportAt),
    round: Number(feed.round),
    // Dormant hides the stored status, and whatever it is, the silence behind it is in `lastReportAt`.
    status: stored ?? FeedStatus.live,
    candidateSide:
      Object.values(Side).find((side) => BigInt(side) === feed.candidateSide) ?? Side.any,
    candidateAge: Number(feed.candidateAge),
    candidateReports: Number(feed.candidateReports),
  };
}

/** A short string where the id is one, else its hex: then no operator can price it and says so. */
function feedName(feedId: string): string {
  try {
    return decodeBytes32String(feedId);
  } catch {
    return feedId;
  }
}

import type { Provider } from "ethers";
import { decodeBytes32String, encodeBytes32String, isError } from "ethers";

import { IOperators__factory } from "../../types/ethers-contracts/factories/interfaces/IOperators__factory.ts";
import { IPriceAttestations__factory } from "../../types/ethers-contracts/factories/interfaces/IPriceAttestations__factory.ts";
import { IPriceFeeds__factory } from "../../types/ethers-contracts/factories/interfaces/IPriceFeeds__factory.ts";
import { estimate, type Estimate } from "../shared/estimate.ts";
import type { NewIntent } from "../shared/intents.ts";
import { operatorEndpoint } from "../shared/operator-endpoint.ts";
import type { Report } from "../shared/report.ts";
import type { ProvingSet, SignedReport } from "./model.ts";

/** The contracts' interfaces. */
export const attestationsAbi = IPriceAttestations__factory.createInterface();
const feedsAbi = IPriceFeeds__factory.createInterface();

/** What the chain is like now. */
export interface Head {
  readonly block: number;
  /** Unix seconds. */
  readonly blockTime: number;
}

/** Reads from the contracts. Every method rejects when the chain cannot be read. */
export interface AttestReader {
  /** Address of the feeds that are attested, lower case. */
  priceFeeds(): Promise<string>;
  head(): Promise<Head>;
  /** Code of the verifier of attestations. */
  verifierCode(): Promise<string>;
  /** A set that is or was active. */
  set(setId: number): Promise<ProvingSet>;
  /** Slots of the latest attested answers of these feeds; a feed without one is missing. */
  attested(feeds: readonly string[]): Promise<Map<string, number>>;
  /** The report that a transaction submitted, null if the node does not have it or it is another call. */
  submitted(transaction: string): Promise<SignedReport | null>;
  /** Where an operator listens, null if it says nothing usable. */
  endpoint(account: string): Promise<string | null>;
  estimate(data: string): Promise<Estimate>;
}

/** Creates a reader; the attestations' contract says which feeds it is about. */
export function createAttestReader(
  provider: Provider,
  contracts: { readonly priceAttestations: string; readonly operators: string },
): AttestReader {
  const attestations = IPriceAttestations__factory.connect(contracts.priceAttestations, provider);
  const operators = IOperators__factory.connect(contracts.operators, provider);
  const sets = new Map<number, ProvingSet>();
  let feedsAddress: string | null = null;
  let code: string | null = null;

  async function priceFeeds(): Promise<string> {
    feedsAddress ??= await attestations.priceFeeds().catch((error: unknown) => {
      // Empty data is what an address without code answers.
      if (!isError(error, "BAD_DATA")) throw error;
      throw new Error(`there is no PriceAttestations at ${contracts.priceAttestations} here`);
    });
    return feedsAddress.toLowerCase();
  }

  return {
    priceFeeds,

    async head() {
      const block = await provider.getBlock("latest");
      if (block === null) throw new Error("the node has no block");
      return { block: block.number, blockTime: block.timestamp };
    },

    async verifierCode() {
      code ??= await provider.getCode(await attestations.verifier());
      return code;
    },

    async set(setId) {
      const cached = sets.get(setId);
      if (cached !== undefined) return cached;
      const feeds = IPriceFeeds__factory.connect(await priceFeeds(), provider);
      // By position: `keys` of ethers' Result is the array's own method.
      const [[accounts, keys, feedIds], { quorum }] = await Promise.all([
        feeds.describeSet(setId),
        feeds.setOf(setId),
      ]);
      const set: ProvingSet = {
        ...{ id: setId, quorum: Number(quorum), feeds: feedIds.map(decodeBytes32String) },
        operators: accounts.map((account, index) => {
          const [, , x = 0n, y = 0n] = keys[index] ?? [];
          return { account: account.toLowerCase(), key: { x, y } };
        }),
      };
      sets.set(setId, set);
      return set;
    },

    async attested(feeds) {
      const slots = await Promise.all(
        feeds.map(async (feed): Promise<[string, number][]> => {
          try {
            const { updatedAt } = await attestations.latestAttested(encodeBytes32String(feed));
            return [[feed, Number(updatedAt)]];
          } catch (error) {
            if (isError(error, "CALL_EXCEPTION") && error.revert?.name === "NotAttested") return [];
            throw error;
          }
        }),
      );
      return new Map(slots.flat());
    },

    async submitted(transaction) {
      const sent = await provider.getTransaction(transaction);
      if (sent === null || sent.to?.toLowerCase() !== (await priceFeeds())) return null;
      return decodeSubmission(sent.data);
    },

    endpoint: (account) => operatorEndpoint(operators, account),

    estimate: (data) =>
      estimate(provider, { to: contracts.priceAttestations, data }, [attestationsAbi, feedsAbi]),
  };
}

/** The signed report in calldata of `PriceFeeds.submit`, null for any other call. */
export function decodeSubmission(data: string): SignedReport | null {
  const call = feedsAbi.parseTransaction({ data });
  if (call?.name !== "submit") return null;
  const [bytes, { commitment, s, zInverse }] = call.args as unknown as [
    string,
    SignedReport["signature"],
  ];
  return { bytes, signature: { s, commitment, zInverse } };
}

/** A proof of one chunk of ten feeds. */
export interface ChunkProof {
  readonly chunk: number;
  /** Bytes in hex. */
  readonly proof: string;
}

/** Arguments of `PriceAttestations.attest`. */
export type AttestCall = [
  report: string,
  signature: SignedReport["signature"],
  included: number,
  proofs: ChunkProof[],
];

/**
 * What attests a report.
 * @param operators Indexes of those whose observations are under its root.
 */
export function attestCall(
  { bytes, signature }: SignedReport,
  operators: readonly number[],
  proofs: readonly ChunkProof[],
): AttestCall {
  const included = operators.reduce((bits, index) => bits | (1 << index), 0) >>> 0;
  return [bytes, signature, included, [...proofs]];
}

/** Its calldata. */
export function encodeAttestCall(call: AttestCall): string {
  return attestationsAbi.encodeFunctionData("attest", call);
}

/** Where reports are attested. */
export interface Target {
  readonly chainId: number;
  /** Address of PriceAttestations, lower case. */
  readonly priceAttestations: string;
}

/** Key of an attempt's intent: the same for every process that attests. */
export function keyOf(
  { setId, slot }: Pick<Report, "setId" | "slot">,
  attempt: number,
  { chainId, priceAttestations }: Target,
): string {
  const key = `attest:${chainId}:${priceAttestations}:${setId}:${slot}`;
  return attempt === 1 ? key : `${key}:${attempt}`;
}

/**
 * The transaction of an attempt; anyone may send it.
 * @param gas What the node estimates for it now.
 */
export function intentOf(
  report: Pick<Report, "setId" | "slot">,
  attempt: number,
  call: { readonly data: string; readonly gas: bigint },
  target: Target,
): NewIntent {
  return {
    chainId: target.chainId,
    key: keyOf(report, attempt, target),
    lane: "admin",
    group: null,
    ordinal: BigInt(report.slot),
    to: target.priceAttestations,
    data: call.data,
    value: 0n,
    // Half as much again: a verifier is called with a limit, of which a 64th stays behind.
    gasLimit: (call.gas * 3n) / 2n + 100_000n,
    expiresAtMs: null,
  };
}

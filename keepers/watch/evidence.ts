import { ISlashing__factory } from "../../types/ethers-contracts/factories/interfaces/ISlashing__factory.ts";
import type { NewIntent } from "../shared/intents.ts";
import type { Evidence } from "./model.ts";

/** The slashing contract's interface. */
export const slashingAbi = ISlashing__factory.createInterface();

/** Where and for whom evidence is brought. */
export interface Court {
  readonly chainId: number;
  /** Address of the slashing contract, lower case. */
  readonly slashing: string;
  /** Who gets the reporter's share. */
  readonly reporter: string;
}

/** Calldata that brings a piece of evidence. */
export function encodeEvidence(evidence: Evidence, reporter: string): string {
  if (evidence.kind === "medians") {
    const observations = evidence.observations.map(({ operator, pricesE8 }) => ({
      operator,
      prices: [...pricesE8],
    }));
    return slashingAbi.encodeFunctionData("slashWrongMedians", [
      ...([evidence.report, evidence.signature, observations, reporter] as const),
    ]);
  }
  const { setId, slot, operator, said } = evidence;
  const [first, second] = said.map(({ pricesE8, digest }) => ({
    ...{ setId, slot, operator, digest },
    prices: [...pricesE8],
  })) as [SlashingObservation, SlashingObservation];
  return slashingAbi.encodeFunctionData("slashEquivocation", [
    ...([first, said[0].signature, second, said[1].signature, reporter] as const),
  ]);
}

interface SlashingObservation {
  setId: number;
  slot: number;
  operator: number;
  prices: bigint[];
  digest: bigint;
}

/**
 * The transaction of an attempt. Its key is the same for every process that watches: the evidence is brought once, and
 * again only after an attempt has failed.
 * @param gas What the node estimates for it now.
 */
export function intentOf(
  evidence: Evidence,
  attempt: number,
  gas: bigint,
  { chainId, slashing, reporter }: Court,
): NewIntent {
  const key = `slash:${chainId}:${slashing}:${evidence.id}`;
  return {
    chainId,
    key: attempt === 1 ? key : `${key}:${attempt}`,
    lane: "admin",
    group: null,
    ordinal: BigInt(evidence.slot),
    to: slashing,
    data: encodeEvidence(evidence, reporter),
    value: 0n,
    // Half as much again: what a slash sets off in the stake may grow until the block.
    gasLimit: (gas * 3n) / 2n + 50_000n,
    expiresAtMs: null,
  };
}

import { poseidon2Hash } from "@zkpassport/poseidon2";
import { recoverAddress, TypedDataEncoder } from "ethers";

import { digestOf, type Domain } from "../shared/observation.ts";
import type { Observation, SetOperator, SignedObservation } from "./model.ts";

/*
 * What operators sign, computed without their code (the format of ISlashing).
 */

const TYPES = {
  Observation: [
    { name: "setId", type: "uint32" },
    { name: "slot", type: "uint32" },
    { name: "operator", type: "uint8" },
    { name: "prices", type: "uint96[]" },
    { name: "digest", type: "uint256" },
  ],
};

/** Poseidon2 root over observations in the given order. */
export function rootOf(observations: readonly Observation[], domain: Domain): bigint {
  return poseidon2Hash(
    observations.flatMap((one) => [BigInt(one.operator), digestOf(one, domain)]),
  );
}

/** The EIP-712 hash that an operator signs, as hex. */
export function typedHash(observation: Observation, digest: bigint, domain: Domain): string {
  const { setId, slot, operator, pricesE8 } = observation;
  return TypedDataEncoder.hash(
    { name: "Dodona", version: "1", chainId: domain.chainId, verifyingContract: domain.priceFeeds },
    TYPES,
    { setId, slot, operator, prices: pricesE8, digest },
  );
}

/**
 * Whether an observation is its operator's, with a price or none for each feed of the set.
 * @param feeds Number of feeds of the set.
 */
export function isSigned(
  observation: SignedObservation,
  operator: SetOperator,
  feeds: number,
  domain: Domain,
): boolean {
  if (observation.pricesE8.length !== feeds) return false;
  try {
    const hash = typedHash(observation, digestOf(observation, domain), domain);
    // ethers refuses the malleable twin of a signature, which would prove nothing on chain.
    return recoverAddress(hash, observation.signature) === operator.signer;
  } catch {
    return false;
  }
}

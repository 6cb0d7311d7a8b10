import { poseidon2Hash } from "@zkpassport/poseidon2";
import { recoverAddress, TypedDataEncoder } from "ethers";

import type { Domain, Observation, SetOperator, SignedObservation } from "./model.ts";

/*
 * What operators sign, computed without their code: whoever judges must not share the mistakes of whom it judges.
 * The formats are those of ISlashing and of the ObservationHash library.
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
const TAG = BigInt(`0x${Buffer.from("Dodona observation v1", "ascii").toString("hex")}`);
const FEEDS_PER_CHUNK = 10;
const PAIRS_PER_CHUNK = FEEDS_PER_CHUNK / 2;

/** Poseidon2 digest of an observation: what its report's root contains. */
export function digestOf({ setId, slot, pricesE8 }: Observation, domain: Domain): bigint {
  const at = (feed: number): bigint => pricesE8[feed] ?? 0n;
  const chunks = Array.from({ length: Math.ceil(pricesE8.length / FEEDS_PER_CHUNK) }, (_, chunk) =>
    poseidon2Hash(
      Array.from({ length: PAIRS_PER_CHUNK }, (_, pair) => {
        const even = chunk * FEEDS_PER_CHUNK + 2 * pair;
        return at(even) + (at(even + 1) << 96n);
      }),
    ),
  );
  return poseidon2Hash([
    TAG,
    BigInt(domain.chainId),
    BigInt(domain.priceFeeds),
    (BigInt(setId) << 32n) + BigInt(slot),
    ...chunks,
  ]);
}

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

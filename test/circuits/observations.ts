import { Grumpkin, signProof } from "../../keepers/feed/signing/grumpkin.ts";
import { observationDigest, type Observation } from "../../keepers/feed/signing/observation.ts";
import type { IncludedObservation, PriceBatch } from "../../circuits/model/price-batch.ts";

/** Domain of the observations that tests make. */
export const domain = {
  chainId: 31_337n,
  priceFeeds: "0x5FbDB2315678afecb367f032d93F642f64180aa3",
};
export const setId = 3;
export const slot = 1_700_000_123;

/** A secret that follows from a number. */
export function secretOf(seed: number): Uint8Array {
  const secret = new Uint8Array(32).fill(7);
  secret[0] = 0;
  secret[31] = seed;
  return secret;
}

/** The feeds' observation that an operator signs, as the keepers make it. */
export function observationOf(operator: number, pricesE8: readonly bigint[]): Observation {
  return { setId, slot, operator, pricesE8 };
}

/** An observation with its operator's key and signature. */
export function included(operator: number, pricesE8: readonly bigint[]): IncludedObservation {
  const secret = secretOf(operator + 1);
  const key = Grumpkin.BASE.multiply(Grumpkin.Fn.fromBytes(secret)).toAffine();
  const digest = observationDigest(observationOf(operator, pricesE8), domain);
  return { operator, pricesE8, key, proof: signProof(secret, digest) };
}

/** A batch of these observations that states all feeds of a chunk. */
export function batchOf(
  observations: readonly IncludedObservation[],
  changes: Partial<PriceBatch> = {},
): PriceBatch {
  const chunk = changes.chunk ?? 0;
  return {
    ...domain,
    setId,
    slot,
    quorum: Math.floor(observations.length / 2) + 1,
    chunk,
    observations,
    stated: Array.from({ length: 10 }, (_, place) => 10 * chunk + place),
    ...changes,
  };
}

/** Prices that differ by operator and feed, with repetitions. */
export function somePrices(operator: number, feeds: number): bigint[] {
  return Array.from({ length: feeds }, (_, feed) =>
    BigInt(1e8 * (feed + 1) + ((operator * 7 + feed * 3) % 5) * 1000),
  );
}

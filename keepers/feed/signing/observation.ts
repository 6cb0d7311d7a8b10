import { concatBytes } from "@noble/curves/utils.js";
import { keccak_256 } from "@noble/hashes/sha3.js";

import { addressNumber, uint, word } from "./bytes.ts";
import type { Point } from "./curve.ts";
import { isSignedBy, signDigest } from "./ecdsa.ts";
import type { ProofSignature } from "./grumpkin.ts";
import { fieldTag, poseidon2, signProof, verifyProof } from "./grumpkin.ts";
import type { OperatorKeys } from "./keys.ts";
import type { ReportDomain } from "./report.ts";
import { ANSWER_LIMIT, MAX_OPERATORS } from "./report.ts";

/** One operator's own prices at one slot. */
export interface Observation {
  readonly setId: number;
  /** Unix seconds. */
  readonly slot: number;
  /** Index in the set. */
  readonly operator: number;
  /** By feed index of the set, 8 decimals; 0 is "no price". */
  readonly pricesE8: readonly bigint[];
}

/** An observation with the two signatures that bind its operator. */
export interface SignedObservation extends Observation {
  /** ECDSA over the EIP-712 message, 65 bytes in hex: two different ones for a slot are evidence of lying. */
  readonly signature: string;
  /** Schnorr on grumpkin over the Poseidon2 digest: what circuits verify. */
  readonly proof: ProofSignature;
}

/** What is wrong with a signed observation, or null if nothing is. */
export type ObservationFault = "malformed" | "signature" | "proof";

const FEEDS_PER_CHUNK = 10;
const MAX_FEEDS = 256;
const DIGEST_TAG = fieldTag("Dodona observation v1");

const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);
const DOMAIN_TYPE = keccak_256(
  ascii("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
);
const OBSERVATION_TYPE = keccak_256(
  ascii("Observation(uint32 setId,uint32 slot,uint8 operator,uint96[] prices,uint256 digest)"),
);
const NAME = keccak_256(ascii("Dodona"));
const VERSION = keccak_256(ascii("1"));

/** Digests by observation and domain: checking, and then hashing the root, need the same ones. */
const digests = new WeakMap<Observation, { readonly domain: string; readonly digest: bigint }>();

/**
 * Poseidon2 digest of an observation, bound to chain, contract, set and slot. Prices are packed two to a field, ten
 * feeds to a chunk; the operator is bound by the key that signs.
 * @throws RangeError if a field of the observation is out of range.
 */
export function observationDigest(observation: Observation, domain: ReportDomain): bigint {
  const domainKey = `${domain.chainId} ${domain.priceFeeds}`;
  const known = digests.get(observation);
  if (known?.domain === domainKey) return known.digest;
  const digest = computeDigest(observation, domain);
  digests.set(observation, { domain: domainKey, digest });
  return digest;
}

function computeDigest(observation: Observation, domain: ReportDomain): bigint {
  assertInRange(observation);
  const { setId, slot, pricesE8 } = observation;
  const chunks = Array.from({ length: Math.ceil(pricesE8.length / FEEDS_PER_CHUNK) }, (_, chunk) =>
    poseidon2(
      Array.from({ length: FEEDS_PER_CHUNK / 2 }, (_, pair) => {
        const even = chunk * FEEDS_PER_CHUNK + 2 * pair;
        return (pricesE8[even] ?? 0n) + ((pricesE8[even + 1] ?? 0n) << 96n);
      }),
    ),
  );
  return poseidon2([
    DIGEST_TAG,
    domain.chainId,
    addressNumber(domain.priceFeeds),
    (BigInt(setId) << 32n) + BigInt(slot),
    ...chunks,
  ]);
}

/** The EIP-712 hash of an observation, 32 bytes. */
export function observationTypedHash(
  observation: Observation,
  digest: bigint,
  domain: ReportDomain,
): Uint8Array {
  const separator = keccak_256(
    concatBytes(
      DOMAIN_TYPE,
      NAME,
      VERSION,
      word(domain.chainId),
      word(addressNumber(domain.priceFeeds)),
    ),
  );
  const prices = keccak_256(concatBytes(...observation.pricesE8.map(word)));
  const struct = keccak_256(
    concatBytes(
      OBSERVATION_TYPE,
      word(BigInt(observation.setId)),
      word(BigInt(observation.slot)),
      word(BigInt(observation.operator)),
      prices,
      word(digest),
    ),
  );
  return keccak_256(concatBytes(uint(0x1901n, 2), separator, struct));
}

/**
 * Signs an observation for evidence (ECDSA, deterministic) and for proofs (Schnorr on grumpkin). Whoever calls this must
 * have stored the observation first: a second one for the same set and slot would be proof of lying.
 */
export function signObservation(
  observation: Observation,
  keys: OperatorKeys,
  domain: ReportDomain,
): SignedObservation {
  const digest = observationDigest(observation, domain);
  const hash = observationTypedHash(observation, digest, domain);
  return {
    ...observation,
    signature: signDigest(keys.secp256k1, hash),
    proof: signProof(keys.grumpkin, digest),
  };
}

/**
 * Checks both signatures of an observation against its operator's keys.
 * @param feeds Number of feeds in the set: the observation must have a place for each.
 */
export function observationFault(
  observation: SignedObservation,
  keys: { readonly secp256k1: Point; readonly grumpkin: Point },
  feeds: number,
  domain: ReportDomain,
): ObservationFault | null {
  if (observation.pricesE8.length !== feeds) return "malformed";
  try {
    const digest = observationDigest(observation, domain);
    const hash = observationTypedHash(observation, digest, domain);
    if (!isSignedBy(keys.secp256k1, hash, observation.signature)) return "signature";
    return verifyProof(keys.grumpkin, digest, observation.proof) ? null : "proof";
  } catch {
    return "malformed";
  }
}

/**
 * Root over the included observations: H([i_0, digest_0, i_1, digest_1, …]) by ascending operator index.
 * @throws RangeError if an operator stands twice or there is none.
 */
export function observationRoot(
  observations: readonly Observation[],
  domain: ReportDomain,
): bigint {
  if (observations.length === 0) throw new RangeError("no observations");
  const ordered = observations.toSorted((a, b) => a.operator - b.operator);
  ordered.forEach(({ operator }, position) => {
    if (ordered[position - 1]?.operator === operator) {
      throw new RangeError(`operator ${operator} stands twice`);
    }
  });
  return poseidon2(
    ordered.flatMap((observation) => [
      BigInt(observation.operator),
      observationDigest(observation, domain),
    ]),
  );
}

function assertInRange({ setId, slot, operator, pricesE8 }: Observation): void {
  const uint32 = (value: number): boolean => Number.isInteger(value) && value >>> 0 === value;
  if (!uint32(setId) || !uint32(slot)) throw new RangeError("set id or slot out of range");
  if (!uint32(operator) || operator >= MAX_OPERATORS) throw new RangeError("operator out of range");
  if (pricesE8.length === 0 || pricesE8.length > MAX_FEEDS) {
    throw new RangeError("an observation has 1 to 256 prices");
  }
  if (pricesE8.some((price) => price < 0n || price >= ANSWER_LIMIT)) {
    throw new RangeError("price out of range");
  }
}

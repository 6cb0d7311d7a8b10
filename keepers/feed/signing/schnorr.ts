import { bytesToNumberBE, concatBytes } from "@noble/curves/utils.js";
import { keccak_256 } from "@noble/hashes/sha3.js";

import { addressBytes, uint } from "./bytes.ts";
import type { Point } from "./curve.ts";
import { hedgedNonce, mod, pointAddress, SECP_ORDER, Secp } from "./curve.ts";

/**
 * Schnorr signature over secp256k1 in the form that one ecrecover checks: the nonce point R is given by its address.
 * The 160 bits bind R as strongly as the chain's own accounts are bound to their keys.
 */
export interface SchnorrSignature {
  /** Response, 0 < s < n. */
  readonly s: bigint;
  /** Address of R, 0x-prefixed. */
  readonly commitment: string;
}

/** Address of the nonce point, which stands for it in the challenge. */
export const commitmentAddress: (nonce: Point) => string = pointAddress;

/**
 * e = keccak256(x ‖ parity(y) ‖ message ‖ address of R) mod n. The key is part of it, so a signature for one key
 * cannot be turned into one for a related key.
 * @param message 32 bytes.
 */
export function challenge(key: Point, message: Uint8Array, commitment: string): bigint {
  if (message.length !== 32) throw new RangeError("message must be 32 bytes");
  const { x, y } = key.toAffine();
  const parity = Uint8Array.of(Number(y & 1n));
  const preimage = concatBytes(uint(x, 32), parity, message, addressBytes(commitment));
  return mod(bytesToNumberBE(keccak_256(preimage)), SECP_ORDER);
}

/**
 * Signs with one key: sG = R + eP. Used for the proof of possession.
 * @param secret 32 bytes, a scalar in [1, n).
 * @param message 32 bytes.
 */
export function signSchnorr(secret: Uint8Array, message: Uint8Array): SchnorrSignature {
  const x = Secp.Fn.fromBytes(secret);
  const key = Secp.BASE.multiply(x);
  // A zero response is as unlikely as guessing the key; the loop keeps the contract's bound without an exception.
  for (;;) {
    const nonce = hedgedNonce("Dodona schnorr nonce v1", secret, message, SECP_ORDER);
    const commitment = pointAddress(Secp.BASE.multiply(nonce));
    const s = mod(nonce + challenge(key, message, commitment) * x, SECP_ORDER);
    if (s !== 0n) return { s, commitment };
  }
}

/**
 * Whether the signature is the key's over the message, by sG − eP = R: the same answers as the contract's ecrecover.
 * The key must have been checked by `secpKey`. Never throws for a signature of the right types.
 */
export function verifySchnorr(
  key: Point,
  message: Uint8Array,
  signature: SchnorrSignature,
): boolean {
  const { s, commitment } = signature;
  if (s <= 0n || s >= SECP_ORDER || !/^0x[0-9a-fA-F]{40}$/.test(commitment)) return false;
  const e = challenge(key, message, commitment);
  const nonce = Secp.BASE.multiplyUnsafe(s).add(key.multiplyUnsafe(mod(-e, SECP_ORDER)));
  return !nonce.is0() && pointAddress(nonce) === commitment.toLowerCase();
}

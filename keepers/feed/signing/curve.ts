import { randomBytes } from "node:crypto";

import { mapHashToField } from "@noble/curves/abstract/modular.js";
import type { WeierstrassPoint } from "@noble/curves/abstract/weierstrass.js";
import { secp256k1 } from "@noble/curves/secp256k1.js";
import { bytesToNumberBE, concatBytes } from "@noble/curves/utils.js";
import { sha512 } from "@noble/hashes/sha2.js";
import { keccak_256 } from "@noble/hashes/sha3.js";

import { fromHex, tagWord, toHex, uint } from "./bytes.ts";

/** A point of secp256k1 or of grumpkin. */
export type Point = WeierstrassPoint<bigint>;

/** Affine coordinates of a point that is not the identity. */
export interface Affine {
  readonly x: bigint;
  readonly y: bigint;
}

/** secp256k1's points; `Secp.BASE` is the generator. */
export const Secp = secp256k1.Point;
/** Order n of secp256k1's group. */
export const SECP_ORDER: bigint = Secp.Fn.ORDER;
/** Modulus p of secp256k1's field. */
export const SECP_FIELD: bigint = Secp.Fp.ORDER;

/** `value` modulo `modulus`, never negative. */
export function mod(value: bigint, modulus: bigint): bigint {
  const rest = value % modulus;
  return rest < 0n ? rest + modulus : rest;
}

/**
 * A public key of an operator from its affine coordinates.
 * @throws RangeError if the point is not on secp256k1, or x is not in (0, n), which the contract's check by ecrecover needs.
 */
export function secpKey({ x, y }: Affine): Point {
  if (x <= 0n || x >= SECP_ORDER || y <= 0n || y >= SECP_FIELD) {
    throw new RangeError("key coordinate out of range");
  }
  try {
    const point = Secp.fromAffine({ x, y });
    point.assertValidity();
    return point;
  } catch {
    throw new RangeError("key is not on secp256k1");
  }
}

/** A point as 33 compressed bytes in hex. The identity has no such form: throws. */
export function pointToHex(point: Point): string {
  return toHex(point.toBytes(true));
}

/**
 * A secp256k1 point from its compressed hex.
 * @throws RangeError if it is not one, or is the identity.
 */
export function pointFromHex(text: string): Point {
  const bytes = fromHex(text, 33);
  try {
    return Secp.fromBytes(bytes);
  } catch {
    throw new RangeError("not a compressed point of secp256k1");
  }
}

/** Ethereum address of a secp256k1 point: the last 20 bytes of keccak256(x ‖ y), lower case. */
export function pointAddress(point: Point): string {
  const { x, y } = point.toAffine();
  return toHex(keccak_256(concatBytes(uint(x, 32), uint(y, 32))).slice(12));
}

/**
 * A uniform scalar in [1, order) from the system's generator, as 32 bytes so that it can be erased.
 * 48 random bytes are reduced, so the bias is below 2^-128 (RFC 9380, section 5).
 */
export function randomScalar(order: bigint): Uint8Array {
  return mapHashToField(new Uint8Array(randomBytes(48)), order);
}

/**
 * Nonce of a single-signer signature: a hash of secret, message and fresh randomness, so that neither a weak generator
 * nor a glitch that repeats a message gives the key away. 64 bytes are reduced: bias below 2^-250.
 */
export function hedgedNonce(
  tag: string,
  secret: Uint8Array,
  message: Uint8Array,
  order: bigint,
): bigint {
  const seed = sha512(concatBytes(tagWord(tag), secret, message, new Uint8Array(randomBytes(32))));
  return bytesToNumberBE(mapHashToField(seed, order));
}

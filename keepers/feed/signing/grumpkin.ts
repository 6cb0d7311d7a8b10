import { weierstrass } from "@noble/curves/abstract/weierstrass.js";
import { bytesToNumberBE } from "@noble/curves/utils.js";
import { poseidon2Hash } from "@zkpassport/poseidon2";

import { word } from "./bytes.ts";
import type { Affine, Point } from "./curve.ts";
import { hedgedNonce, mod } from "./curve.ts";

/** Scalar field of BN254: what circuits compute in, and grumpkin's coordinates. */
export const FR = 21888242871839275222246405745257275088548364400416034343698204186575808495617n;
/** Base field of BN254: the order of grumpkin's group. FR < FQ, so a field element is always a reduced scalar. */
export const FQ = 21888242871839275222246405745257275088696311157297823662689037894645226208583n;

/** Grumpkin, y² = x³ − 17 over FR, the curve whose arithmetic is native in a BN254 circuit. */
export const Grumpkin = weierstrass({
  p: FR,
  n: FQ,
  h: 1n,
  a: 0n,
  b: FR - 17n,
  Gx: 1n,
  Gy: 17631683881184975370165255887551781615748388533673675138860n,
});

/** Schnorr signature on grumpkin: R = sG + eP, e = H(R.x, P.x, P.y, digest). */
export interface ProofSignature {
  /** Response, 0 < s < FQ. */
  readonly s: bigint;
  /** Challenge, a field element. */
  readonly e: bigint;
}

/**
 * A grumpkin key from its affine coordinates.
 * @throws RangeError if the point is not on the curve.
 */
export function grumpkinKey({ x, y }: Affine): Point {
  if (x < 0n || x >= FR || y < 0n || y >= FR) throw new RangeError("grumpkin key out of range");
  try {
    const point = Grumpkin.fromAffine({ x, y });
    point.assertValidity();
    return point;
  } catch {
    throw new RangeError("key is not on grumpkin");
  }
}

/**
 * Signs a field element, so that a circuit can check it cheaply.
 * @param secret 32 bytes, a scalar in [1, FQ).
 */
export function signProof(secret: Uint8Array, digest: bigint): ProofSignature {
  const sk = Grumpkin.Fn.fromBytes(secret);
  const key = Grumpkin.BASE.multiply(sk).toAffine();
  for (;;) {
    const k = hedgedNonce("Dodona grumpkin nonce v1", secret, word(digest), FQ);
    const e = challengeOf(Grumpkin.BASE.multiply(k), key, digest);
    const s = mod(k - e * sk, FQ);
    if (s !== 0n && e !== 0n) return { s, e };
  }
}

/** Whether the signature is the key's over the digest. The key must have been checked by `grumpkinKey`. */
export function verifyProof(key: Point, digest: bigint, { s, e }: ProofSignature): boolean {
  if (digest < 0n || digest >= FR || s <= 0n || s >= FQ || e <= 0n || e >= FR) return false;
  const nonce = Grumpkin.BASE.multiplyUnsafe(s).add(key.multiplyUnsafe(e));
  return !nonce.is0() && challengeOf(nonce, key.toAffine(), digest) === e;
}

/** Poseidon2 over BN254's field with Noir's sponge; every input must be a field element. */
export function poseidon2(inputs: readonly bigint[]): bigint {
  for (const input of inputs) {
    if (input < 0n || input >= FR) throw new RangeError("not a field element");
  }
  return poseidon2Hash([...inputs]);
}

/** ASCII text of at most 31 characters as a field element, big-endian. */
export function fieldTag(text: string): bigint {
  return bytesToNumberBE(new TextEncoder().encode(text));
}

function challengeOf(nonce: Point, key: Affine, digest: bigint): bigint {
  return poseidon2([nonce.toAffine().x, key.x, key.y, digest]);
}

import { normalizeZ } from "@noble/curves/abstract/curve.js";
import { bytesToNumberBE, concatBytes, equalBytes, numberToBytesBE } from "@noble/curves/utils.js";

import type { Point, ProofParts, Transcript } from "./ecvrf.ts";
import { ecvrf, POINT_BYTES, SCALAR_BYTES } from "./ecvrf.ts";

/*
 * The proof bytes that contracts/libraries/ECVRF.sol takes:
 * Γ (33) ‖ s (32) ‖ U.x ‖ U.y ‖ m ‖ u ‖ v (32 each) ‖ a root (32) for each failed increment.
 * They hold what the proof string pi holds except c, which follows from the points.
 */
const WORD = 32;
const U_OFFSET = POINT_BYTES + SCALAR_BYTES;
const TERMS_OFFSET = U_OFFSET + 2 * WORD;
/** Bytes of a proof for the contract without roots. */
export const FIXED_BYTES: number = TERMS_OFFSET + 3 * WORD;

const { Point: Curve } = ecvrf.suite;
const { Fp, Fn } = Curve;
const HALF = Fp.inv(2n);
const B = 7n;

/**
 * The proof bytes for the contract, from a proof string and public data alone.
 * @param publicKey 33 bytes, compressed.
 * @throws RangeError if the proof is not right, or has no form on chain (see `encodeWitness`).
 */
export function witnessOf(publicKey: Uint8Array, alpha: Uint8Array, pi: Uint8Array): Uint8Array {
  const transcript = ecvrf.verifyTranscript(publicKey, alpha, pi);
  if (transcript === null) throw new RangeError("the proof is not right for this key and alpha");
  return encodeWitness(transcript);
}

/**
 * The proof bytes for the contract, of a proof that was made or verified here (suite SECP256K1_SHA256_TAI).
 * @throws RangeError if the proof has no form on chain, which happens with probability below 2^-126: a coordinate of H or
 * Γ at or above n, s or c zero, or sH and −cΓ on a line that is vertical or horizontal.
 */
export function encodeWitness(transcript: Transcript): Uint8Array {
  const { h, gamma, u, v, c, s, failed } = transcript;
  if (h.x >= Fn.ORDER || gamma.x >= Fn.ORDER || s === 0n || c === 0n) {
    throw new RangeError("ecrecover cannot express this proof");
  }
  // Without sH, cΓ from the short c: one multiplication instead of two.
  const sH = transcript.sH ?? v.add(gamma.multiplyUnsafe(c));
  const [a, b] = normalizeZ(Curve, [sH, v.subtract(sH)]) as [Point, Point];
  return concatBytes(
    gamma.toBytes(true),
    Fn.toBytes(s),
    ...[u.x, u.y, ...termsOf(a, b), ...failed.map(rootOf)].map(field),
  );
}

/** What `describeWitness` reads. */
export interface Witness extends Omit<ProofParts, "c"> {
  readonly u: { readonly x: bigint; readonly y: bigint };
  /** m, u and v of `ECVRF.terms`. */
  readonly terms: readonly [bigint, bigint, bigint];
  readonly roots: readonly bigint[];
}

/**
 * The fields of proof bytes for the contract. Nothing is verified but Γ and s being a point and a scalar.
 * @throws RangeError if they are malformed.
 */
export function decodeWitness(bytes: Uint8Array): Witness {
  const count = (bytes.length - FIXED_BYTES) / WORD;
  if (!Number.isInteger(count) || count < 0 || count > 255) {
    throw new RangeError(`${bytes.length} bytes are not a proof for the contract`);
  }
  const wordAt = (offset: number) => bytesToNumberBE(bytes.subarray(offset, offset + WORD));
  const pi = concatBytes(
    bytes.subarray(0, POINT_BYTES),
    new Uint8Array(16),
    bytes.subarray(POINT_BYTES, U_OFFSET),
  );
  const { gamma, s } = ecvrf.decodeProof(pi);
  return {
    gamma,
    s,
    u: { x: wordAt(U_OFFSET), y: wordAt(U_OFFSET + WORD) },
    terms: [wordAt(TERMS_OFFSET), wordAt(TERMS_OFFSET + WORD), wordAt(TERMS_OFFSET + 2 * WORD)],
    roots: Array.from({ length: count }, (_, i) => wordAt(FIXED_BYTES + i * WORD)),
  };
}

/**
 * The RFC's proof string of proof bytes that a contract was given, for anyone who checks a fulfilment from calldata.
 * Refuses what the contract refuses, witnesses included.
 * @return 81 bytes that `ecvrf.verify` accepts, or null if the bytes prove nothing for this key and alpha.
 */
export function piOf(
  publicKey: Uint8Array,
  alpha: Uint8Array,
  bytes: Uint8Array,
): Uint8Array | null {
  try {
    const { gamma, s, u, terms, roots } = decodeWitness(bytes);
    const { point: h } = ecvrf.encodeToCurve(publicKey, alpha);
    const c = ecvrf.challenge(
      [ecvrf.validateKey(publicKey), h, gamma, affine(u), affine(sumOf(...terms))].map((point) =>
        point.toBytes(true),
      ),
    );
    const pi = ecvrf.encodeProof({ gamma, c, s });
    const transcript = ecvrf.verifyTranscript(publicKey, alpha, pi);
    if (transcript === null || roots.length !== transcript.failed.length) return null;
    // The terms of two points are unique; a root is not, its negative serves as well.
    const fixed = encodeWitness({ ...transcript, failed: [] });
    const areRoots = roots.every((root, i) => isRoot(root, transcript.failed[i]!));
    return areRoots && equalBytes(fixed, bytes.subarray(0, FIXED_BYTES)) ? pi : null;
  } catch {
    return null;
  }
}

/** m, u, v of two points: half the slope λ of their line, (b.x − a.x)/2λ and (a.x + b.x)/2λ. */
function termsOf(a: Point, b: Point): [bigint, bigint, bigint] {
  const [dx, dy] = [Fp.sub(b.x, a.x), Fp.sub(b.y, a.y)];
  if (dx === 0n || dy === 0n) throw new RangeError("no witness for the sum of these points");
  const inverse = Fp.inv(Fp.mul(dx, dy));
  const halfSlope = Fp.mul(HALF, Fp.mul(Fp.sqr(dy), inverse));
  const perSlope = Fp.mul(HALF, Fp.mul(Fp.sqr(dx), inverse));
  return [halfSlope, Fp.mul(dx, perSlope), Fp.mul(Fp.add(a.x, b.x), perSlope)];
}

/** V of `ECVRF.terms`. */
function sumOf(m: bigint, u: bigint, v: bigint): { x: bigint; y: bigint } {
  const slope = Fp.add(m, m);
  const [half, middle] = [Fp.mul(slope, u), Fp.mul(slope, v)];
  const mean = Fp.mul(m, Fp.add(Fp.sqr(u), Fp.mul(3n, Fp.sqr(v))));
  const a = { x: Fp.sub(middle, half), y: Fp.sub(mean, Fp.mul(slope, half)) };
  const x = Fp.sub(Fp.sqr(slope), Fp.add(middle, middle));
  return { x, y: Fp.sub(Fp.mul(slope, Fp.sub(a.x, x)), a.y) };
}

/** −(x³ + 7): a square when x belongs to no point, as −1 is no square modulo p. */
const minusSquare = (x: bigint): bigint => Fp.neg(Fp.add(Fp.mul(Fp.sqr(x), x), B));

/** A square root of that. An x beyond p failed for being so, and its root is not read. */
const rootOf = (x: bigint): bigint => (x < Fp.ORDER ? Fp.sqrt(minusSquare(x)) : 0n);

const isRoot = (root: bigint, x: bigint): boolean =>
  x >= Fp.ORDER || Fp.sqr(Fp.create(root)) === minusSquare(x);

function affine({ x, y }: { x: bigint; y: bigint }): Point {
  const point = Curve.fromAffine({ x: Fp.create(x), y: Fp.create(y) });
  point.assertValidity();
  return point;
}

const field = (value: bigint): Uint8Array => numberToBytesBE(value, WORD);

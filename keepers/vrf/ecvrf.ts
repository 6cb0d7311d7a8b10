import { normalizeZ } from "@noble/curves/abstract/curve.js";
import type { WeierstrassPoint, WeierstrassPointCons } from "@noble/curves/abstract/weierstrass.js";
import { p256 } from "@noble/curves/nist.js";
import { secp256k1 } from "@noble/curves/secp256k1.js";
import { bytesToNumberBE, concatBytes, numberToBytesBE } from "@noble/curves/utils.js";
import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";

import { publicMultiple, secretMultiples, secretScalar } from "./secret.ts";

/** A point of a suite's curve. */
export type Point = WeierstrassPoint<bigint>;

/** Bytes of a public key, of Γ and of every other compressed point (SEC 1, 2.3.3). */
export const POINT_BYTES = 33;
/** Bytes of a secret key, of s and of a coordinate. */
export const SCALAR_BYTES = 32;
/** Bytes of the challenge c. */
export const CHALLENGE_BYTES = 16;
/** Bytes of a proof string pi: Γ ‖ c ‖ s. */
export const PI_BYTES = POINT_BYTES + CHALLENGE_BYTES + SCALAR_BYTES;

const ENCODE_FRONT = 0x01;
const CHALLENGE_FRONT = 0x02;
const OUTPUT_FRONT = 0x03;
const BACK = 0x00;
const MAX_INCREMENTS = 256;

/** A ciphersuite of RFC 9381 with SHA-256 and try-and-increment, on a curve of 256 bits and cofactor 1. */
export interface EcvrfSuite {
  readonly name: string;
  /** suite_string, one byte. */
  readonly suiteByte: number;
  readonly Point: WeierstrassPointCons<bigint>;
}

/** ECVRF-P256-SHA256-TAI, RFC 9381, 5.5. */
export const P256_SHA256_TAI: EcvrfSuite = {
  name: "ECVRF-P256-SHA256-TAI",
  suiteByte: 0x01,
  Point: p256.Point,
};

/** The same on secp256k1, whose suite byte the RFC leaves to implementations. */
export const SECP256K1_SHA256_TAI: EcvrfSuite = {
  name: "ECVRF-SECP256K1-SHA256-TAI",
  suiteByte: 0xfe,
  Point: secp256k1.Point,
};

/** The decoded parts of a proof string. */
export interface ProofParts {
  readonly gamma: Point;
  /** 0 ≤ c < 2^128. */
  readonly c: bigint;
  /** 0 ≤ s < n. */
  readonly s: bigint;
}

/** Where try-and-increment ended. */
export interface EncodedInput {
  readonly point: Point;
  /** SHA-256 of each increment that belongs to no point, in order. As many as the counter that succeeded. */
  readonly failed: readonly bigint[];
}

/** A proof with everything that the verification of it computes. All of it is public. */
export interface Transcript extends ProofParts {
  /** Compressed. */
  readonly publicKey: Uint8Array;
  readonly alpha: Uint8Array;
  readonly h: Point;
  readonly failed: readonly bigint[];
  /** kB = sB − cY. */
  readonly u: Point;
  /** kH = sH − cΓ. */
  readonly v: Point;
  /** The first term of V, where it was computed. */
  readonly sH?: Point;
  /** Γ ‖ c ‖ s, 81 bytes. */
  readonly pi: Uint8Array;
  /** The output, 32 bytes. */
  readonly beta: Uint8Array;
}

/** Proves for one secret key, whose public key it computes once. */
export interface Prover {
  /** Compressed. */
  readonly publicKey: Uint8Array;
  prove(alpha: Uint8Array): Transcript;
}

/** The functions of a suite. */
export interface Ecvrf {
  readonly suite: EcvrfSuite;
  /**
   * The prover of a secret key.
   * @param secret 32 bytes, a scalar in [1, n). Not kept in this form.
   * @throws RangeError if it is not one.
   */
  prover(secret: Uint8Array): Prover;
  /**
   * Proves that `beta` is the output for `alpha`. Multiplications by the secret and by the nonce take the same steps for
   * every scalar; arithmetic modulo n is that of bigint, whose time depends on the numbers' lengths.
   * @throws RangeError if the secret is not a scalar in [1, n).
   */
  prove(secret: Uint8Array, alpha: Uint8Array): Transcript;
  /** The output if the proof is right, else null. Never throws for bytes; variable time, for public data only. */
  verify(publicKey: Uint8Array, alpha: Uint8Array, pi: Uint8Array): Uint8Array | null;
  /** As `verify`, with what it computed. */
  verifyTranscript(publicKey: Uint8Array, alpha: Uint8Array, pi: Uint8Array): Transcript | null;
  /**
   * beta of a proof string that has been verified or was made by oneself (RFC 9381, 5.2).
   * @throws RangeError if it cannot be decoded.
   */
  proofToHash(pi: Uint8Array): Uint8Array;
  /**
   * Γ, c and s of a proof string (RFC 9381, 5.4.4).
   * @throws RangeError if the length is wrong, Γ is no compressed point of the curve, or s ≥ n.
   */
  decodeProof(pi: Uint8Array): ProofParts;
  /**
   * The point of a public key after full validation (RFC 9381, 5.4.5).
   * @param publicKey 33 bytes, compressed.
   * @throws RangeError if it is no compressed point of the curve.
   */
  validateKey(publicKey: Uint8Array): Point;
  /** ECVRF_encode_to_curve_try_and_increment (RFC 9381, 5.4.1.1). The key is taken as bytes, unchecked. */
  encodeToCurve(publicKey: Uint8Array, alpha: Uint8Array): EncodedInput;
  /** c (RFC 9381, 5.4.3) over the compressed points Y, H, Γ, U, V. */
  challenge(points: readonly Uint8Array[]): bigint;
  /** Γ ‖ c ‖ s. */
  encodeProof(parts: ProofParts): Uint8Array;
}

/** The functions of one suite. */
export function createEcvrf(suite: EcvrfSuite): Ecvrf {
  const { Point } = suite;
  const { Fp, Fn } = Point;
  const { a, b } = Point.CURVE();

  function pointOf(bytes: Uint8Array, what: string): Point {
    // noble takes uncompressed points too; the RFC's strings are compressed.
    if (bytes.length !== POINT_BYTES) throw new RangeError(`${what} must be ${POINT_BYTES} bytes`);
    try {
      return Point.fromBytes(bytes);
    } catch {
      throw new RangeError(`${what} is no compressed point of the curve`);
    }
  }

  const validateKey = (publicKey: Uint8Array): Point => pointOf(publicKey, "public key");

  function evenPointAt(x: bigint): Point | null {
    if (x >= Fp.ORDER) return null;
    const square = Fp.add(Fp.mul(Fp.add(Fp.sqr(x), a), x), b);
    try {
      const y = Fp.sqrt(square);
      return Point.fromAffine({ x, y: y & 1n ? Fp.neg(y) : y });
    } catch {
      return null;
    }
  }

  function encodeToCurve(publicKey: Uint8Array, alpha: Uint8Array): EncodedInput {
    const front = Uint8Array.of(suite.suiteByte, ENCODE_FRONT);
    const failed: bigint[] = [];
    // Half of all increments fail: 256 failures in a row are as likely as guessing a secret key.
    for (let counter = 0; counter < MAX_INCREMENTS; counter += 1) {
      const input = concatBytes(front, publicKey, alpha, Uint8Array.of(counter, BACK));
      const x = bytesToNumberBE(sha256(input));
      const point = evenPointAt(x);
      if (point !== null) return { point, failed };
      failed.push(x);
    }
    throw new RangeError("no increment belongs to a point");
  }

  function challenge(points: readonly Uint8Array[]): bigint {
    const front = Uint8Array.of(suite.suiteByte, CHALLENGE_FRONT);
    const digest = sha256(concatBytes(front, ...points, Uint8Array.of(BACK)));
    return bytesToNumberBE(digest.subarray(0, CHALLENGE_BYTES));
  }

  const outputOf = (gamma: Uint8Array): Uint8Array =>
    sha256(concatBytes(Uint8Array.of(suite.suiteByte, OUTPUT_FRONT), gamma, Uint8Array.of(BACK)));

  function encodeProof({ gamma, c, s }: ProofParts): Uint8Array {
    return concatBytes(gamma.toBytes(true), numberToBytesBE(c, CHALLENGE_BYTES), Fn.toBytes(s));
  }

  function decodeProof(pi: Uint8Array): ProofParts {
    if (pi.length !== PI_BYTES) throw new RangeError(`proof must be ${PI_BYTES} bytes`);
    const gamma = pointOf(pi.subarray(0, POINT_BYTES), "gamma");
    const c = bytesToNumberBE(pi.subarray(POINT_BYTES, POINT_BYTES + CHALLENGE_BYTES));
    const s = bytesToNumberBE(pi.subarray(POINT_BYTES + CHALLENGE_BYTES));
    if (s >= Fn.ORDER) throw new RangeError("s must be below the order of the curve");
    return { gamma, c, s };
  }

  function prover(secret: Uint8Array): Prover {
    const x = secretScalar(secret, Fn.ORDER);
    const secretBytes = Uint8Array.from(secret);
    const publicKey = Point.BASE.multiply(x).toBytes(true);
    return {
      publicKey,
      prove(alpha) {
        const { point: h, failed } = encodeToCurve(publicKey, alpha);
        const hBytes = h.toBytes(true);
        const nonce = deterministicNonce(secretBytes, hBytes, Fn.ORDER);
        const { points, powers } = secretMultiples(Point, h, [x, nonce]);
        const projective = [...points, Point.BASE.multiply(nonce)];
        const [gamma, v, u] = normalizeZ(Point, projective) as [Point, Point, Point];
        const gammaBytes = gamma.toBytes(true);
        const c = challenge([publicKey, hBytes, gammaBytes, u.toBytes(true), v.toBytes(true)]);
        const s = Fn.add(nonce, Fn.mul(c, x));
        const pi = encodeProof({ gamma, c, s });
        const beta = outputOf(gammaBytes);
        const sH = publicMultiple(Point, powers, s);
        return { publicKey, alpha, h, failed, gamma, u, v, c, s, pi, beta, sH };
      },
    };
  }

  function verifyTranscript(
    publicKey: Uint8Array,
    alpha: Uint8Array,
    pi: Uint8Array,
  ): Transcript | null {
    const decoded = orNull(() => ({ key: validateKey(publicKey), ...decodeProof(pi) }));
    if (decoded === null) return null;
    const { key, gamma, c, s } = decoded;
    const { point: h, failed } = encodeToCurve(publicKey, alpha);
    // sB − cY with the short c: half the doublings are spared where the curve has no endomorphism.
    const [u, v] = [
      Point.BASE.mulAddUnsafe(s, key.negate(), c),
      h.mulAddUnsafe(s, gamma.negate(), c),
    ];
    // The identity has no 33-byte string. A prover that follows the RFC meets it with probability 2^-256.
    if (u.is0() || v.is0()) return null;
    const points = [key, h, gamma, u, v].map((point) => point.toBytes(true));
    if (challenge(points) !== c) return null;
    const beta = outputOf(gamma.toBytes(true));
    return { publicKey, alpha, h, failed, gamma, u, v, c, s, pi, beta };
  }

  return {
    suite,
    prover,
    prove: (secret, alpha) => prover(secret).prove(alpha),
    verify: (publicKey, alpha, pi) => verifyTranscript(publicKey, alpha, pi)?.beta ?? null,
    verifyTranscript,
    proofToHash: (pi) => outputOf(decodeProof(pi).gamma.toBytes(true)),
    decodeProof,
    validateKey,
    encodeToCurve,
    challenge,
    encodeProof,
  };
}

/** ECVRF as VRFCoordinator verifies it. */
export const ecvrf: Ecvrf = createEcvrf(SECP256K1_SHA256_TAI);

/**
 * The nonce of RFC 9381, 5.4.2.1: RFC 6979, 3.2 with SHA-256 and the string of H as message.
 * @param secret 32 bytes, a scalar in [1, n).
 * @param order n, of 256 bits.
 * @return In [1, n). Whoever learns it and the proof has the secret.
 */
export function deterministicNonce(secret: Uint8Array, hString: Uint8Array, order: bigint): bigint {
  const message = bytesToNumberBE(sha256(hString)) % order;
  const seed = concatBytes(secret, numberToBytesBE(message, SCALAR_BYTES));
  let key: Uint8Array = new Uint8Array(32);
  let value: Uint8Array = new Uint8Array(32).fill(1);
  const update = (separator: number, data: Uint8Array) => {
    key = hmac(sha256, key, concatBytes(value, Uint8Array.of(separator), data));
    value = hmac(sha256, key, value);
  };
  update(0x00, seed);
  update(0x01, seed);
  for (;;) {
    value = hmac(sha256, key, value);
    const candidate = bytesToNumberBE(value);
    if (candidate > 0n && candidate < order) return candidate;
    update(0x00, new Uint8Array());
  }
}

function orNull<T>(decode: () => T): T | null {
  try {
    return decode();
  } catch {
    return null;
  }
}

/**
 * Schnorr signatures as the contracts check them, made in the plainest way: the signers' secret keys are added and one
 * ordinary signature is made with the sum. Knows nothing of the operators' own signing code, so that it can judge it.
 */
import { weierstrass } from "@noble/curves/abstract/weierstrass.js";
import { secp256k1 } from "@noble/curves/secp256k1.js";
import { keccak256, solidityPacked, toBeHex } from "ethers";

const Point = secp256k1.Point;
/** Order of secp256k1. */
export const SECP_N = Point.Fn.ORDER;
/** Field modulus of secp256k1. */
export const SECP_P = Point.Fp.ORDER;
/** Field modulus of grumpkin (the order of BN254's groups). */
export const GRUMPKIN_P = 0x30644e72e131a029b85045b68181585d2833e84879b9709143e1f593f0000001n;

const Grumpkin = weierstrass({
  p: GRUMPKIN_P,
  n: 0x30644e72e131a029b85045b68181585d97816a916871ca8d3c208c16d87cfd47n,
  h: 1n,
  a: 0n,
  b: GRUMPKIN_P - 17n,
  Gx: 1n,
  Gy: 17631683881184975370165255887551781615748388533673675138860n,
});

/** An affine point. */
export interface AffinePoint {
  x: bigint;
  y: bigint;
}

/** What `submit` and `register` take besides the bytes they sign. */
export interface SchnorrSignature {
  s: bigint;
  commitment: string;
}

/** secp256k1 public key of a secret scalar, 0 < secret < n. */
export function publicKey(secret: bigint): AffinePoint {
  return Point.BASE.multiply(secret).toAffine();
}

/** grumpkin public key of a secret scalar. */
export function grumpkinKey(secret: bigint): AffinePoint {
  return Grumpkin.BASE.multiply(secret).toAffine();
}

/** Last 20 bytes of keccak256(x ‖ y), checksummed by nobody. */
export function pointAddress({ x, y }: AffinePoint): string {
  return "0x" + keccak256(solidityPacked(["uint256", "uint256"], [x, y])).slice(-40);
}

/** e = keccak256(P.x ‖ parity(P.y) ‖ m ‖ commitment) mod n. */
export function challenge(key: AffinePoint, digest: string, commitment: string): bigint {
  const packed = solidityPacked(
    ["uint256", "uint8", "bytes32", "address"],
    [key.x, key.y & 1n, digest, commitment],
  );
  return BigInt(keccak256(packed)) % SECP_N;
}

/** Signs a 32-byte digest with one secret scalar; the nonce is derived from both unless given. */
export function sign(secret: bigint, digest: string, nonce?: bigint): SchnorrSignature {
  const k =
    nonce ??
    (BigInt(keccak256(solidityPacked(["uint256", "bytes32"], [secret, digest]))) % (SECP_N - 1n)) +
      1n;
  const commitment = pointAddress(Point.BASE.multiply(k).toAffine());
  const e = challenge(publicKey(secret), digest, commitment);
  return { s: (k + e * secret) % SECP_N, commitment };
}

/** Signs for several keys at once by the sum of their secrets. */
export function signTogether(secrets: readonly bigint[], digest: string): SchnorrSignature {
  return sign(
    secrets.reduce((total, secret) => (total + secret) % SECP_N, 0n),
    digest,
  );
}

/** Verifies by noble's points alone: address(sG − eP) = commitment. */
export function verify(key: AffinePoint, digest: string, signature: SchnorrSignature): boolean {
  if (signature.s <= 0n || signature.s >= SECP_N) return false;
  const e = challenge(key, digest, signature.commitment);
  const point = Point.BASE.multiply(signature.s).subtract(
    e === 0n ? Point.ZERO : Point.fromAffine(key).multiply(e),
  );
  if (point.is0()) return false;
  return pointAddress(point.toAffine()).toLowerCase() === signature.commitment.toLowerCase();
}

/** Sum of affine points by noble. */
export function sumOf(points: readonly AffinePoint[]): AffinePoint {
  return points
    .map((point) => Point.fromAffine(point))
    .reduce((total, point) => total.add(point), Point.ZERO)
    .toAffine();
}

/**
 * Inverse modulo p of the Jacobian z that the contract arrives at when it adds these keys in order. With affine partial
 * sums S_1 = P_1, S_i = S_{i−1} + P_i, each mixed addition multiplies z by h = z²·(x(P_i) − x(S_{i−1})).
 */
export function zInverse(keys: readonly AffinePoint[]): bigint {
  const { Fp } = Point;
  let z = 1n;
  let partial = Point.ZERO;
  keys.forEach((key, i) => {
    if (i > 0) {
      const difference = Fp.sub(key.x, partial.toAffine().x);
      z = Fp.mul(z, Fp.mul(Fp.mul(z, z), difference));
    }
    partial = partial.add(Point.fromAffine(key));
  });
  return Fp.inv(z);
}

/** A 32-byte word in hex. */
export function word(value: bigint): string {
  return toBeHex(value, 32);
}

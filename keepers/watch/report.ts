import { secp256k1 } from "@noble/curves/secp256k1.js";
import { concat, dataSlice, getBytes, keccak256, toBeHex, toUtf8Bytes, zeroPadBytes } from "ethers";

import type { Domain } from "../shared/observation.ts";
import type { Report } from "../shared/report.ts";
import type { Multisignature, Observation, OperatorSet } from "./model.ts";

const Point = secp256k1.Point;
const TAG = zeroPadBytes(toUtf8Bytes("Dodona report v1"), 32);

/** The 32 bytes that a report's signers sign, as hex. */
export function reportDigest(bytes: string, domain: Domain): string {
  const word = (value: bigint): string => toBeHex(value, 32);
  return keccak256(
    concat([TAG, word(BigInt(domain.chainId)), word(BigInt(domain.priceFeeds)), bytes]),
  );
}

/**
 * Whether a quorum or more of the set signed the digest: address(sG − eP) is the commitment for the sum P of the signers'
 * keys and e = keccak256(P.x ‖ parity ‖ digest ‖ commitment).
 */
export function isMultisigned(
  report: Report,
  digest: string,
  { s, commitment }: Multisignature,
  set: OperatorSet,
): boolean {
  const keys = report.signers.flatMap((index) => set.operators[index] ?? []);
  if (keys.length !== report.signers.length || keys.length < set.quorum) return false;
  if (s <= 0n || s >= Point.Fn.ORDER) return false;
  const sum = keys
    .map(({ x, y }) => Point.fromAffine({ x, y }))
    .reduce((total, point) => total.add(point), Point.ZERO);
  if (sum.is0()) return false;
  const { x, y } = sum.toAffine();
  const parity = toBeHex(y & 1n, 1);
  const challenge = keccak256(concat([toBeHex(x, 32), parity, digest, commitment]));
  const e = BigInt(challenge) % Point.Fn.ORDER;
  // The sum of what anybody can compute: no secret's timing shows.
  const nonce = Point.BASE.multiplyUnsafe(s).add(sum.negate().multiplyUnsafe(e));
  if (nonce.is0()) return false;
  const affine = nonce.toAffine();
  const hash = keccak256(concat([toBeHex(affine.x, 32), toBeHex(affine.y, 32)]));
  return dataSlice(hash, 12) === commitment.toLowerCase();
}

/** Whether every entry is the lower median (element ⌊(n−1)/2⌋) of the observations' prices, and says their number. */
export function followsFrom(report: Report, observations: readonly Observation[]): boolean {
  return report.entries.every(({ feed, count, answerE8 }) => {
    const prices = observations
      .map(({ pricesE8 }) => pricesE8[feed] ?? 0n)
      .filter((price) => price > 0n)
      .toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0));
    return count === prices.length && answerE8 === prices[Math.floor((prices.length - 1) / 2)];
  });
}

/** Bytes of hex, for the database. */
export function toBuffer(hex: string): Buffer {
  return Buffer.from(getBytes(hex));
}

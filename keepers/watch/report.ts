import { secp256k1 } from "@noble/curves/secp256k1.js";
import {
  concat,
  dataLength,
  dataSlice,
  getBytes,
  keccak256,
  toBeHex,
  toUtf8Bytes,
  zeroPadBytes,
} from "ethers";

import type { Domain, Multisignature, Observation, OperatorSet } from "./model.ts";

const Point = secp256k1.Point;
const HEAD_BYTES = 44;
const ENTRY_BYTES = 14;
const TAG = zeroPadBytes(toUtf8Bytes("Dodona report v1"), 32);

/** One feed's answer in a report. */
export interface Entry {
  readonly feed: number;
  readonly count: number;
  readonly answerE8: bigint;
}

/** What a report's bytes say (layout in IPriceFeeds). */
export interface Report {
  readonly setId: number;
  readonly slot: number;
  /** Indexes of its signers, ascending. */
  readonly signers: readonly number[];
  readonly root: bigint;
  readonly entries: readonly Entry[];
}

/** Reads a report's bytes in hex, null if their length is not a head and whole entries. */
export function decodeReport(bytes: string): Report | null {
  const body = dataLength(bytes) - HEAD_BYTES;
  if (body <= 0 || body % ENTRY_BYTES !== 0) return null;
  const number = (from: number, to: number): number => Number(dataSlice(bytes, from, to));
  const bitmap = number(8, 12);
  return {
    setId: number(0, 4),
    slot: number(4, 8),
    signers: Array.from({ length: 32 }, (_, bit) => bit).filter((bit) => (bitmap >>> bit) & 1),
    root: BigInt(dataSlice(bytes, 12, HEAD_BYTES)),
    entries: Array.from({ length: body / ENTRY_BYTES }, (_, index) => {
      const at = HEAD_BYTES + index * ENTRY_BYTES;
      return {
        feed: number(at, at + 1),
        count: number(at + 1, at + 2),
        answerE8: BigInt(dataSlice(bytes, at + 2, at + ENTRY_BYTES)),
      };
    }),
  };
}

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

import { bytesToNumberBE, concatBytes } from "@noble/curves/utils.js";
import { keccak_256 } from "@noble/hashes/sha3.js";

import { addressBytes, addressNumber, tagWord, uint, word } from "./bytes.ts";

/** Most operators that a set can hold: the bit of one more would not be a signer's. */
export const MAX_OPERATORS = 31;
/** Answers lie below this, so that one fits in its part of a feed's storage slot. */
export const ANSWER_LIMIT: bigint = 1n << 95n;

const HEAD_BYTES = 44;
const ENTRY_BYTES = 14;
const MAX_ENTRIES = 256;
const UINT32_LIMIT = 2 ** 32;

/** Where a report is valid. */
export interface ReportDomain {
  readonly chainId: bigint;
  /** Address of PriceFeeds. */
  readonly priceFeeds: string;
}

/** One feed's answer in a report. */
export interface ReportEntry {
  /** Index of the feed in the set, 0 to 255. */
  readonly feedIndex: number;
  /** Observations under the median. */
  readonly count: number;
  /** The median, 8 decimals, 0 < answer < 2^95. */
  readonly answerE8: bigint;
}

/** What the signers of a slot publish. */
export interface Report {
  readonly setId: number;
  /** Unix seconds. */
  readonly slot: number;
  /** Bit i is operator i of the set; bits 0 to 30. */
  readonly signers: number;
  /** Poseidon2 root over the included observations. */
  readonly observationRoot: bigint;
  /** Strictly ascending by feed index. */
  readonly entries: readonly ReportEntry[];
}

/** Bytes or fields that no valid report has; the message says which. */
export class InvalidReport extends Error {
  override name = "InvalidReport";
}

/**
 * Packs a report into the bytes that `PriceFeeds.submit` takes (layout in IPriceFeeds).
 * @throws InvalidReport if a field is out of its range or the entries are not strictly ascending.
 */
export function encodeReport(report: Report): Uint8Array {
  check(report);
  return concatBytes(
    uint(BigInt(report.setId), 4),
    uint(BigInt(report.slot), 4),
    uint(BigInt(report.signers), 4),
    word(report.observationRoot),
    ...report.entries.map((entry) =>
      concatBytes(
        Uint8Array.of(entry.feedIndex, entry.count),
        uint(entry.answerE8, ENTRY_BYTES - 2),
      ),
    ),
  );
}

/**
 * Reads a report's bytes; the inverse of `encodeReport`, so no two byte strings give the same report.
 * @throws InvalidReport for any other length, range or order than `encodeReport` writes.
 */
export function decodeReport(bytes: Uint8Array): Report {
  const body = bytes.length - HEAD_BYTES;
  if (body <= 0 || body % ENTRY_BYTES !== 0 || body / ENTRY_BYTES > MAX_ENTRIES) {
    throw new InvalidReport(`${bytes.length} bytes are not a head and whole entries`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const report: Report = {
    setId: view.getUint32(0),
    slot: view.getUint32(4),
    signers: view.getUint32(8),
    observationRoot: bytesToNumberBE(bytes.subarray(12, HEAD_BYTES)),
    entries: Array.from({ length: body / ENTRY_BYTES }, (_, index) => {
      const at = HEAD_BYTES + index * ENTRY_BYTES;
      return {
        feedIndex: view.getUint8(at),
        count: view.getUint8(at + 1),
        answerE8: bytesToNumberBE(bytes.subarray(at + 2, at + ENTRY_BYTES)),
      };
    }),
  };
  check(report);
  return report;
}

/** The 32 bytes that a report's signers sign, bound to chain and contract. */
export function reportDigest(report: Uint8Array, domain: ReportDomain): Uint8Array {
  return keccak_256(
    concatBytes(
      tagWord("Dodona report v1"),
      word(domain.chainId),
      word(addressNumber(domain.priceFeeds)),
      report,
    ),
  );
}

/**
 * The 32 bytes that an operator signs to show that it has the secret of its key (`Operators.possessionDigest`).
 * @param operators Address of Operators.
 */
export function possessionDigest(account: string, chainId: bigint, operators: string): Uint8Array {
  return keccak_256(
    concatBytes(
      tagWord("Dodona proof of possession v1"),
      word(chainId),
      new Uint8Array(12),
      addressBytes(operators),
      new Uint8Array(12),
      addressBytes(account),
    ),
  );
}

/** Indexes of the set bits, ascending. */
export function signerIndexes(bitmap: number): number[] {
  return Array.from({ length: MAX_OPERATORS }, (_, index) => index).filter(
    (index) => ((bitmap >>> index) & 1) === 1,
  );
}

/**
 * Bitmap of these operators.
 * @throws InvalidReport for an index outside 0 to 30 or one that stands twice.
 */
export function signerBitmap(indexes: readonly number[]): number {
  let bitmap = 0;
  for (const index of indexes) {
    if (!isBelow(index, MAX_OPERATORS) || ((bitmap >>> index) & 1) === 1) {
      throw new InvalidReport(`signer ${index} is beyond the set or stands twice`);
    }
    bitmap |= 1 << index;
  }
  return bitmap;
}

function check(report: Report): void {
  if (!isBelow(report.setId, UINT32_LIMIT)) throw new InvalidReport("set id out of range");
  if (!isBelow(report.slot, UINT32_LIMIT)) throw new InvalidReport("slot out of range");
  if (report.signers === 0 || !isBelow(report.signers, 2 ** MAX_OPERATORS)) {
    throw new InvalidReport("signer bitmap is empty or names more than 31 operators");
  }
  if (report.observationRoot < 0n || report.observationRoot >> 256n !== 0n) {
    throw new InvalidReport("observation root out of range");
  }
  if (report.entries.length === 0 || report.entries.length > MAX_ENTRIES) {
    throw new InvalidReport("a report has 1 to 256 entries");
  }
  let previous = -1;
  for (const { feedIndex, count, answerE8 } of report.entries) {
    if (!isBelow(feedIndex, 256) || feedIndex <= previous) {
      throw new InvalidReport(`feed index ${feedIndex} is not above ${previous}`);
    }
    if (count === 0 || !isBelow(count, MAX_OPERATORS + 1)) {
      throw new InvalidReport(`feed ${feedIndex} stands on ${count} values`);
    }
    if (answerE8 <= 0n || answerE8 >= ANSWER_LIMIT) {
      throw new InvalidReport(`answer of feed ${feedIndex} is out of range`);
    }
    previous = feedIndex;
  }
}

function isBelow(value: number, limit: number): boolean {
  return Number.isInteger(value) && value >= 0 && value < limit;
}

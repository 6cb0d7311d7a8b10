import { dataLength, dataSlice } from "ethers";

/*
 * What reports say, read without the operators' code, as observation.ts.
 */

const HEAD_BYTES = 44;
const ENTRY_BYTES = 14;

/** One feed's answer in a report. */
export interface ReportEntry {
  readonly feed: number;
  readonly count: number;
  readonly answerE8: bigint;
}

/** What a report's bytes say (layout in IPriceFeeds). */
export interface Report {
  readonly setId: number;
  /** Unix seconds. */
  readonly slot: number;
  /** Indexes of its signers, ascending. */
  readonly signers: readonly number[];
  readonly root: bigint;
  readonly entries: readonly ReportEntry[];
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

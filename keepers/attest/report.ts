import { dataLength, dataSlice } from "ethers";

import type { Report } from "./model.ts";

const HEAD_BYTES = 44;
const ENTRY_BYTES = 14;

/**
 * Reads a report's bytes in hex.
 * @throws RangeError if their length is not a head and whole entries.
 */
export function decodeReport(bytes: string): Report {
  const body = dataLength(bytes) - HEAD_BYTES;
  if (body <= 0 || body % ENTRY_BYTES !== 0) {
    throw new RangeError(`${dataLength(bytes)} bytes are no report`);
  }
  const number = (from: number, to: number): number => Number(dataSlice(bytes, from, to));
  return {
    setId: number(0, 4),
    slot: number(4, 8),
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

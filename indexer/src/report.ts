const HEAD_BYTES = 44;
const ENTRY_BYTES = 14;
const ANSWER_BOUND = 1n << 95n;

/** One price of a report. */
export interface ReportEntry {
  /** Index of the feed in the report's set. */
  readonly feedIndex: number;
  /** Number of operators' values under the median. */
  readonly values: number;
  readonly answerE8: bigint;
}

/** A decoded report; the layout stands at `IPriceFeeds.submit`. */
export interface Report {
  readonly setId: number;
  /** Unix seconds. */
  readonly slot: number;
  /** Bit i is operator i of the set. */
  readonly signerBits: number;
  readonly observationRoot: `0x${string}`;
  readonly entries: readonly ReportEntry[];
}

/**
 * Decodes the bytes of a report.
 *
 * @param bytes Hex with 0x, 44 + 14·k bytes, k ≥ 1.
 * @returns The report, its entries in their order, which is ascending by feed index.
 * @throws RangeError that names the offending value, for bytes that the contract would never accept.
 */
export function decodeReport(bytes: `0x${string}`): Report {
  if (!/^0x([0-9a-fA-F]{2})*$/.test(bytes)) throw new RangeError("report is not hex");
  const length = bytes.length / 2 - 1;
  if (length <= HEAD_BYTES || (length - HEAD_BYTES) % ENTRY_BYTES !== 0) {
    throw new RangeError(
      `report has ${length} bytes, expected ${HEAD_BYTES} + ${ENTRY_BYTES}·k with k ≥ 1`,
    );
  }
  const slice = (from: number, size: number) => bytes.slice(2 + 2 * from, 2 + 2 * (from + size));
  const unsigned = (from: number, size: number) => Number.parseInt(slice(from, size), 16);

  const entries: ReportEntry[] = [];
  for (let at = HEAD_BYTES; at < length; at += ENTRY_BYTES) {
    const feedIndex = unsigned(at, 1);
    const previous = entries.at(-1)?.feedIndex ?? -1;
    if (feedIndex <= previous) {
      throw new RangeError(`feed index ${feedIndex} follows ${previous}, expected ascending`);
    }
    const answerE8 = BigInt(`0x${slice(at + 2, 12)}`);
    if (answerE8 === 0n || answerE8 >= ANSWER_BOUND) {
      throw new RangeError(`answer ${answerE8} of feed index ${feedIndex} is outside 1 to 2^95-1`);
    }
    entries.push({ feedIndex, values: unsigned(at + 1, 1), answerE8 });
  }
  return {
    setId: unsigned(0, 4),
    slot: unsigned(4, 4),
    signerBits: unsigned(8, 4),
    observationRoot: `0x${slice(12, 32).toLowerCase()}`,
    entries,
  };
}

/**
 * Accounts that a signer bitmap names.
 *
 * @param signerBits Bit i is operator i.
 * @param operators Accounts of the set, by bit.
 * @throws RangeError when a bit lies beyond the set.
 */
export function signersOf<Account>(signerBits: number, operators: readonly Account[]): Account[] {
  if (signerBits >= 2 ** operators.length) {
    throw new RangeError(
      `signers ${signerBits.toString(2)} lie beyond the ${operators.length} operators of the set`,
    );
  }
  return operators.filter((_, bit) => Math.floor(signerBits / 2 ** bit) % 2 === 1);
}

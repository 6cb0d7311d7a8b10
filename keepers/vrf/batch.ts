/** Bounds of one transaction. */
export interface BatchLimits {
  /** Gas limit of a transaction with several fulfilments. */
  readonly maxGas: number;
  readonly maxItems: number;
  /** A callback that may burn more than this is delivered alone. */
  readonly maxCallbackGas: number;
}

/** A fulfilment that is ready. */
export interface Fulfilment {
  readonly callbackGasLimit: number;
  readonly numWords: number;
  /** Length of the proof as the coordinator takes it. */
  readonly proofBytes: number;
  /** 1 for the first delivery. */
  readonly attempt: number;
}

/** Fulfilments of one transaction, and the gas limit that is enough for the worst of their callbacks. */
export interface Batch<T extends Fulfilment> {
  readonly items: readonly T[];
  readonly gasLimit: number;
}

// Gas, from contracts/vrf/VRFCoordinator.sol and the protocol.
const TRANSACTION = 21_000;
/** What a batch adds to each of its items, rounded up: a call to itself, and a slice of calldata. */
const ITEM = 4_000;
/** Kept back from an item of a batch, for the event that says why it was left out. */
const SKIP = 10_000;
/** The coordinator's bound is 150; the consumer is given the words as calldata. */
const WORD = 300;
const CALLDATA_BYTE = 16;
/** The request's four words, and what the ABI puts around both arguments. */
const REQUEST_BYTES = 4 * 32 + 4 * 32;
/** A call passes on at most 63/64 of the gas, and the coordinator checks that the callback gets its limit. */
const CALL_SHARE = 64 / 63;
/** For what happens around the measured part. */
const MARGIN = 15_000;

/**
 * Puts fulfilments into transactions, oldest first. Several share one where that costs less than alone; none can spoil
 * another, because each is given the whole gas that its callback may burn, while callbacks above `maxCallbackGas`, and
 * what was left out or failed before, stand alone.
 * @param overheadGas the coordinator's bound of what a fulfilment takes beside callback and words
 */
export function planBatches<T extends Fulfilment>(
  fulfilments: readonly T[],
  overheadGas: number,
  limits: BatchLimits,
): Batch<T>[] {
  const fits = (items: readonly T[]): boolean =>
    items.length <= limits.maxItems &&
    gasLimitOf(items, overheadGas) <= limits.maxGas &&
    savedGas(items.length) > 0;
  const alone: T[][] = [];
  const groups: T[][] = [];
  for (const fulfilment of fulfilments) {
    const { callbackGasLimit, attempt } = fulfilment;
    const open = groups.at(-1);
    if (callbackGasLimit > limits.maxCallbackGas || attempt > 1) alone.push([fulfilment]);
    else if (open !== undefined && fits([...open, fulfilment])) open.push(fulfilment);
    else groups.push([fulfilment]);
  }
  return [...groups, ...alone].map((items) => ({
    items,
    gasLimit: gasLimitOf(items, overheadGas),
  }));
}

/** What fulfilments in one transaction cost less than each in its own: negative when they cost more. */
export function savedGas(items: number): number {
  return items === 1 ? 0 : items * TRANSACTION - (TRANSACTION + items * ITEM);
}

/** Gas limit of a transaction with these fulfilments. */
export function gasLimitOf(items: readonly Fulfilment[], overheadGas: number): number {
  const isBatch = items.length > 1;
  const gas = items.reduce((sum, { callbackGasLimit, numWords, proofBytes }) => {
    const calldata = (proofBytes + REQUEST_BYTES) * CALLDATA_BYTE;
    const item = overheadGas + callbackGasLimit * CALL_SHARE + numWords * WORD;
    return sum + calldata + (isBatch ? item * CALL_SHARE + ITEM + SKIP : item);
  }, TRANSACTION + MARGIN);
  return Math.ceil(gas);
}

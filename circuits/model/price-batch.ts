import type { CircuitInputs } from "./field.ts";
import { fieldInput, FIELD_MODULUS, hashFields, tagField } from "./field.ts";

/** Included operators at most, as in circuits/price_batch. */
export const MAX_INCLUDED = 11;
/** Feeds of a chunk. */
export const CHUNK_FEEDS = 10;
/** Chunks that a set may have to be provable. */
export const MAX_CHUNKS = 11;
/** ASCII tag of observations' digests. */
export const OBSERVATION_TAG = "Dodona observation v1";

const PRICE_SHIFT = 96n;
const PRICE_LIMIT = 1n << 95n;

/** An observation under a report's root, with what proves who made it. */
export interface IncludedObservation {
  /** Index in the set. */
  readonly operator: number;
  /** By feed index of the set, 8 decimals, 0 for no price. */
  readonly pricesE8: readonly bigint[];
  /** The operator's grumpkin key. */
  readonly key: { readonly x: bigint; readonly y: bigint };
  /** Schnorr signature on grumpkin over the observation's digest. */
  readonly proof: { readonly s: bigint; readonly e: bigint };
}

/** What a proof of `price_batch` is about. */
export interface PriceBatch {
  readonly chainId: bigint;
  /** Address of the feeds' contract. */
  readonly priceFeeds: string;
  readonly setId: number;
  /** Unix seconds. */
  readonly slot: number;
  readonly quorum: number;
  /** Index of the chunk: its feeds are 10 × chunk to 10 × chunk + 9. */
  readonly chunk: number;
  readonly observations: readonly IncludedObservation[];
  /** Feed indexes of the set that the proof states an answer for; those of other chunks are left out. */
  readonly stated: readonly number[];
}

/** Inputs of a proof and what the circuit makes public, in its order. */
export interface PriceBatchStatement {
  readonly inputs: CircuitInputs;
  readonly publicInputs: readonly bigint[];
  /** By place in the chunk: answer and number of prices under it, null where nothing is stated. */
  readonly answers: readonly ({ readonly answerE8: bigint; readonly count: number } | null)[];
  readonly root: bigint;
}

/**
 * Prepares a proof that the stated feeds' lower medians follow from signed observations.
 * @throws RangeError if the circuit cannot express it; whether signatures are right is for the prover to find.
 */
export function priceBatch(batch: PriceBatch): PriceBatchStatement {
  const { chainId, setId, slot, quorum, chunk, stated } = batch;
  const observations = batch.observations.toSorted((a, b) => a.operator - b.operator);
  const feeds = observations[0]?.pricesE8.length ?? 0;
  const chunks = Math.ceil(feeds / CHUNK_FEEDS);
  assertExpressible(observations, feeds, chunks, chunk);
  const head = [
    tagField(OBSERVATION_TAG),
    chainId,
    BigInt(batch.priceFeeds),
    (BigInt(setId) << 32n) + BigInt(slot),
  ];
  const hashes = observations.map(({ pricesE8 }) => chunkHashes(pricesE8, chunks));
  const leaves = observations.flatMap(({ operator }, k) => [
    BigInt(operator),
    hashFields([...head, ...hashes[k]!]),
  ]);
  const root = hashFields(leaves);
  const answers = Array.from({ length: CHUNK_FEEDS }, (_, place) => {
    const feed = CHUNK_FEEDS * chunk + place;
    return stated.includes(feed) ? lowerMedianOf(observations, feed) : null;
  });
  const entries = answers.map((answer) =>
    answer === null ? 0n : (BigInt(answer.count) << PRICE_SHIFT) + answer.answerE8,
  );
  const included = observations.reduce((bits, { operator }) => bits | (1n << BigInt(operator)), 0n);
  const keys = Array.from({ length: MAX_INCLUDED }, (_, k) => {
    const key = observations[k]?.key;
    return [key?.x ?? 0n, key?.y ?? 0n] as const;
  });
  const scalars = {
    chain_id: chainId,
    price_feeds: BigInt(batch.priceFeeds),
    set_id: BigInt(setId),
    slot: BigInt(slot),
    chunk: BigInt(chunk),
    chunks: BigInt(chunks),
    quorum: BigInt(quorum),
    included,
    observation_root: root,
  };
  const witnesses = Array.from({ length: MAX_INCLUDED }, (_, k) =>
    witnessOf(observations[k], hashes[k] ?? [], chunk),
  );
  return {
    inputs: {
      ...Object.fromEntries(Object.entries(scalars).map(([name, v]) => [name, fieldInput(v)])),
      entries: entries.map(fieldInput),
      keys: keys.map((key) => key.map(fieldInput)),
      witnesses,
    },
    publicInputs: [...Object.values(scalars), ...entries, ...keys.flat()],
    answers,
    root,
  };
}

/** Hashes of an observation's chunks of ten prices, packed two to a field element. */
function chunkHashes(pricesE8: readonly bigint[], chunks: number): bigint[] {
  return Array.from({ length: chunks }, (_, chunk) => {
    const prices = pricesOfChunk(pricesE8, chunk);
    return hashFields(
      Array.from(
        { length: CHUNK_FEEDS / 2 },
        (_, pair) => prices[2 * pair]! + (prices[2 * pair + 1]! << PRICE_SHIFT),
      ),
    );
  });
}

function pricesOfChunk(pricesE8: readonly bigint[], chunk: number): bigint[] {
  return Array.from(
    { length: CHUNK_FEEDS },
    (_, place) => pricesE8[CHUNK_FEEDS * chunk + place] ?? 0n,
  );
}

function lowerMedianOf(
  observations: readonly IncludedObservation[],
  feed: number,
): { answerE8: bigint; count: number } | null {
  const sorted = observations
    .map(({ pricesE8 }) => pricesE8[feed] ?? 0n)
    .filter((price) => price > 0n)
    .toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  const answerE8 = sorted[Math.floor((sorted.length - 1) / 2)];
  return answerE8 === undefined ? null : { answerE8, count: sorted.length };
}

function witnessOf(
  observation: IncludedObservation | undefined,
  hashes: readonly bigint[],
  chunk: number,
): CircuitInputs {
  const { s, e } = observation?.proof ?? { s: 0n, e: 0n };
  return {
    present: observation !== undefined,
    operator: fieldInput(BigInt(observation?.operator ?? 0)),
    prices: pricesOfChunk(observation?.pricesE8 ?? [], chunk).map(fieldInput),
    chunk_hashes: Array.from({ length: MAX_CHUNKS }, (_, c) => fieldInput(hashes[c] ?? 0n)),
    response: { lo: fieldInput(s & ((1n << 128n) - 1n)), hi: fieldInput(s >> 128n) },
    challenge: fieldInput(e),
  };
}

function assertExpressible(
  observations: readonly IncludedObservation[],
  feeds: number,
  chunks: number,
  chunk: number,
): void {
  const refuse = (reason: string): never => {
    throw new RangeError(reason);
  };
  if (observations.length === 0 || observations.length > MAX_INCLUDED) {
    refuse(`a proof is over 1 to ${MAX_INCLUDED} observations, not ${observations.length}`);
  }
  if (feeds === 0 || chunks > MAX_CHUNKS) {
    refuse(`a proof is over sets of 1 to ${MAX_CHUNKS * CHUNK_FEEDS} feeds, not ${feeds}`);
  }
  if (!Number.isInteger(chunk) || chunk < 0 || chunk >= chunks) {
    refuse(`chunk ${chunk} of ${chunks}`);
  }
  observations.forEach(({ operator, pricesE8, key }, k) => {
    if (pricesE8.length !== feeds) refuse("observations of different numbers of feeds");
    if (!Number.isInteger(operator) || operator < 0 || operator >= 32) {
      refuse(`operator index ${operator} out of range`);
    }
    if (operator === observations[k - 1]?.operator) refuse(`operator ${operator} stands twice`);
    if (pricesE8.some((price) => price < 0n || price >= PRICE_LIMIT)) refuse("price out of range");
    if ([key.x, key.y].some((v) => v < 0n || v >= FIELD_MODULUS)) refuse("key out of range");
  });
}

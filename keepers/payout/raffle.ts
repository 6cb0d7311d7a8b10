import { keccak } from "../shared/merkle/keccak.ts";

const WORD_BYTES = 32;
const WORD_BITS = 256n;

/**
 * Draws entries one after the other without replacement, each time with a chance of weight / sum of the weights that are
 * left. Pure: the same words and weights give the same draw.
 *
 * Numbers come from a stream: word i is keccak256(seed ‖ uint256 i), where the seed is keccak256 of the given words, 32
 * bytes each. A number below T takes ⌈bits(T − 1) / 256⌉ words of the stream, the first the most significant, keeps the
 * lowest bits(T − 1) bits, and is drawn again unless it is below T: no remainder is taken, so none is favoured. The number
 * picks the entry in whose part of the running sum of weights it lies.
 * @param words of the VRF; at least one
 * @param count draws; fewer are made when fewer entries have a weight
 * @returns positions of the entries in the order in which they were drawn
 */
export function draw(
  words: readonly bigint[],
  weights: readonly bigint[],
  count: number,
): number[] {
  const next = streamOf(words);
  const sums = new RunningSums(weights);
  const drawn: number[] = [];
  while (drawn.length < count && sums.total > 0n) {
    drawn.push(sums.take(numberBelow(sums.total, next)));
  }
  return drawn;
}

function streamOf(words: readonly bigint[]): () => bigint {
  if (words.length === 0) throw new RangeError("a raffle needs at least one random word");
  const seed = keccak(Buffer.concat(words.map(wordBytes)));
  let i = 0n;
  return () => toNumber(keccak(Buffer.concat([seed, wordBytes(i++)])));
}

function numberBelow(limit: bigint, next: () => bigint): bigint {
  const bits = BigInt(limit === 1n ? 0 : (limit - 1n).toString(2).length);
  const wordCount = (bits + WORD_BITS - 1n) / WORD_BITS;
  for (;;) {
    let value = 0n;
    for (let i = 0n; i < wordCount; i++) value = (value << WORD_BITS) | next();
    value = BigInt.asUintN(Number(bits), value);
    if (value < limit) return value;
  }
}

/** Weights with their running sums in a binary indexed tree: finding and removing takes log2(n) steps. */
class RunningSums {
  readonly #weights: bigint[];
  readonly #tree: bigint[];
  total = 0n;

  constructor(weights: readonly bigint[]) {
    this.#weights = [...weights];
    this.#tree = [0n, ...weights];
    for (const weight of weights) {
      if (weight < 0n) throw new RangeError(`negative weight ${weight}`);
      this.total += weight;
    }
    for (let i = 1; i < this.#tree.length; i++) {
      const parent = i + (i & -i);
      if (parent < this.#tree.length) this.#tree[parent]! += this.#tree[i]!;
    }
  }

  /** Removes the entry in whose part of the running sum `at` lies; returns its position. */
  take(at: bigint): number {
    const size = this.#tree.length - 1;
    let position = 0;
    let left = at;
    for (let step = 2 ** Math.floor(Math.log2(size)); step >= 1; step /= 2) {
      const sum = this.#tree[position + step];
      if (sum === undefined || sum > left) continue;
      position += step;
      left -= sum;
    }
    const weight = this.#weights[position]!;
    this.#weights[position] = 0n;
    this.total -= weight;
    for (let i = position + 1; i <= size; i += i & -i) this.#tree[i]! -= weight;
    return position;
  }
}

function wordBytes(word: bigint): Buffer {
  const hex = word.toString(16);
  if (word < 0n || hex.length > 2 * WORD_BYTES) throw new RangeError(`not a word: ${word}`);
  return Buffer.from(hex.padStart(2 * WORD_BYTES, "0"), "hex");
}

function toNumber(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).toString("hex")}`);
}

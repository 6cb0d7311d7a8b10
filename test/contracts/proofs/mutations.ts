/** Proofs and inputs that differ from right ones, by a generator that repeats itself. */
import { FIELD_MODULUS } from "../../../circuits/model/field.ts";

/** What a verifier is given: a proof as bytes in hex, public inputs as 32 bytes each. */
export interface Given {
  readonly proof: string;
  readonly inputs: readonly string[];
}

/** A change of what is given, by name. */
export interface Mutation extends Given {
  readonly kind: string;
}

/** Field of the coordinates in a proof. */
const Q = 21888242871839275222246405745257275088696311157297823662689037894645226208583n;
const WORD = 2n ** 256n;

/** Numbers that look random: mulberry32. */
export function generator(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

const toWords = (proof: string): bigint[] =>
  (proof.slice(2).match(/.{64}/g) ?? []).map((word) => BigInt(`0x${word}`));
const hexWord = (value: bigint): string =>
  (((value % WORD) + WORD) % WORD).toString(16).padStart(64, "0");
const toProof = (words: readonly bigint[]): string => `0x${words.map(hexWord).join("")}`;

/**
 * Endless changes of right proofs, each of which differs from all of them.
 * @param right At least two, of one verifier.
 */
export function* mutations(right: readonly Given[], seed: number): Generator<Mutation, never> {
  const next = generator(seed);
  const word = (): bigint =>
    Array.from({ length: 8 }, () => BigInt(next(2 ** 32))).reduce(
      (all, part) => (all << 32n) | part,
    );
  const known = new Set(right.map((given) => JSON.stringify([given.proof, given.inputs])));
  for (;;) {
    const at = next(right.length);
    const one = right[at]!;
    const other = right[(at + 1 + next(right.length - 1)) % right.length]!;
    const words = toWords(one.proof);
    const others = toWords(other.proof);
    const inputs = one.inputs.map(BigInt);
    const [i, j] = [next(words.length), next(words.length)];
    const [a, b] = [next(inputs.length), next(inputs.length)];
    const inProof = (change: readonly bigint[]) => ({ ...one, proof: toProof(change) });
    const inInputs = (change: readonly bigint[]) => ({
      ...one,
      inputs: change.map((value) => `0x${hexWord(value)}`),
    });
    const kinds: Record<string, () => Given> = {
      "bit flipped": () => inProof(words.with(i, words[i]! ^ (1n << BigInt(next(256))))),
      "word replaced": () => inProof(words.with(i, word())),
      "word replaced within the field": () => inProof(words.with(i, word() % FIELD_MODULUS)),
      "word raised": () => inProof(words.with(i, words[i]! + 1n)),
      "word zeroed": () => inProof(words.with(i, 0n)),
      "word plus the modulus": () => inProof(words.with(i, words[i]! + FIELD_MODULUS)),
      "coordinate plus its modulus": () => inProof(words.with(i, words[i]! + Q)),
      "word negated": () => inProof(words.with(i, FIELD_MODULUS - (words[i]! % FIELD_MODULUS))),
      "coordinate negated": () => inProof(words.with(i, Q - (words[i]! % Q))),
      "words swapped": () => inProof(words.with(i, words[j]!).with(j, words[i]!)),
      "word of another proof": () => inProof(words.with(i, others[i]!)),
      "rest of another proof": () => inProof([...words.slice(0, i), ...others.slice(i)]),
      "all words zero": () => inProof(words.map(() => 0n)),
      "all words random": () => inProof(words.map(() => word() % FIELD_MODULUS)),
      "proof cut": () => ({
        ...one,
        proof: one.proof.slice(0, 2 + 2 * next(one.proof.length / 2)),
      }),
      "proof longer": () => ({
        ...one,
        proof: `${one.proof}${hexWord(word()).slice(0, 2 + 2 * next(31))}`,
      }),
      "proof of another statement": () => ({ ...one, proof: other.proof }),
      "input raised": () => inInputs(inputs.with(a, inputs[a]! + 1n)),
      "input replaced": () => inInputs(inputs.with(a, word() % FIELD_MODULUS)),
      "input out of field": () => inInputs(inputs.with(a, inputs[a]! + FIELD_MODULUS)),
      "input bit flipped": () => inInputs(inputs.with(a, inputs[a]! ^ (1n << BigInt(next(253))))),
      "inputs swapped": () => inInputs(inputs.with(a, inputs[b]!).with(b, inputs[a]!)),
      "input of another statement": () => inInputs(inputs.with(a, BigInt(other.inputs[a]!))),
      "input dropped": () => inInputs(inputs.toSpliced(a, 1)),
      "input added": () => inInputs(inputs.toSpliced(a, 0, 0n)),
    };
    const names = Object.keys(kinds);
    const kind = names[next(names.length)]!;
    const given = kinds[kind]!();
    if (!known.has(JSON.stringify([given.proof, given.inputs]))) yield { ...given, kind };
  }
}

import { compareAt, hashPair, hexAt } from "../shared/merkle/tree.ts";

const WORD = 32;

/** Layers of a tree, the leaves first, each one hash of 32 bytes after the other. */
export interface AirdropTree {
  readonly layers: readonly Uint8Array[];
  /** Position in the first layer of each leaf, in the order in which the leaves were given. */
  readonly positions: readonly number[];
}

/**
 * Builds a tree as Uniswap's merkle-distributor and the lists made with it do: leaves in ascending order and each once,
 * pairs hashed in ascending order, the last node of an odd layer moved up as it is. Proofs of both kinds of tree are
 * verified alike, by `processProof`.
 * @param leaves hashes of 32 bytes, one after the other; at least one
 */
export function buildAirdropTree(leaves: Uint8Array): AirdropTree {
  const count = leaves.length / WORD;
  if (!Number.isInteger(count) || count === 0) {
    throw new RangeError(`a tree needs hashes of 32 bytes, and at least one: ${leaves.length}`);
  }
  const order = Array.from({ length: count }, (_, i) => i).sort((a, b) =>
    compareAt(leaves, a * WORD, leaves, b * WORD),
  );
  const positions = new Array<number>(count).fill(0);
  const unique: number[] = [];
  for (const leaf of order) {
    const last = unique.at(-1);
    if (last === undefined || compareAt(leaves, leaf * WORD, leaves, last * WORD) !== 0) {
      unique.push(leaf);
    }
    positions[leaf] = unique.length - 1;
  }
  const first = new Uint8Array(unique.length * WORD);
  unique.forEach((leaf, i) => first.set(leaves.subarray(leaf * WORD, (leaf + 1) * WORD), i * WORD));
  const layers: Uint8Array[] = [first];
  for (let layer: Uint8Array = first; layer.length > WORD;) {
    layer = layerAbove(layer);
    layers.push(layer);
  }
  return { layers, positions };
}

/** @returns the root, 0x-prefixed hex */
export function airdropRootOf({ layers }: AirdropTree): string {
  return hexAt(layers.at(-1)!, 0);
}

/** @returns siblings from the leaf up, 0x-prefixed hex; @throws RangeError when there is no such leaf */
export function airdropProofOf({ layers, positions }: AirdropTree, leaf: number): string[] {
  let position = positions[leaf];
  if (position === undefined) throw new RangeError(`no leaf ${leaf} of ${positions.length}`);
  const proof: string[] = [];
  for (const layer of layers) {
    const sibling = position % 2 === 0 ? position + 1 : position - 1;
    if (sibling < layer.length / WORD) proof.push(hexAt(layer, sibling * WORD));
    position >>= 1;
  }
  return proof;
}

function layerAbove(layer: Uint8Array): Uint8Array {
  const count = layer.length / WORD;
  const above = new Uint8Array(Math.ceil(count / 2) * WORD);
  const pair = new Uint8Array(2 * WORD);
  for (let i = 0; i + 1 < count; i += 2) {
    hashPair(layer, i * WORD, layer, (i + 1) * WORD, pair, above, (i / 2) * WORD);
  }
  if (count % 2 === 1) above.set(layer.subarray(-WORD), above.length - WORD);
  return above;
}

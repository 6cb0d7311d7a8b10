import { keccakInto } from "./keccak.ts";

/**
 * Merkle trees in the layout of OpenZeppelin's merkle-tree 1.0.8: an array whose node i has the children 2i + 1 and
 * 2i + 2, leaves from the end in ascending order, pairs hashed in ascending order. One buffer holds all nodes.
 */

const WORD = 32;

/** A tree; `nodes` holds 2n − 1 hashes of 32 bytes, the root first. */
export interface Tree {
  readonly nodes: Uint8Array;
  /** Position among the nodes of each leaf, in the order in which the leaves were given. */
  readonly positions: Uint32Array;
}

/** Proof that several leaves are in a tree, as OpenZeppelin's `multiProofVerify` takes it. */
export interface MultiProof {
  /** Which of the given leaves stands where, in the order in which the contract wants them. */
  readonly order: readonly number[];
  readonly proof: readonly string[];
  readonly proofFlags: readonly boolean[];
}

/**
 * Builds a tree.
 * @param leaves hashes of 32 bytes, one after the other; at least one
 * @param options `sortLeaves: false` keeps their order, as OpenZeppelin's option does
 */
export function buildTree(leaves: Uint8Array, options: { sortLeaves?: boolean } = {}): Tree {
  const count = leaves.length / WORD;
  if (!Number.isInteger(count) || count === 0) {
    throw new RangeError(`a tree needs hashes of 32 bytes, and at least one: ${leaves.length}`);
  }
  const order = options.sortLeaves === false ? ascending(count) : sorted(leaves, count);
  const size = 2 * count - 1;
  const nodes = new Uint8Array(size * WORD);
  const positions = new Uint32Array(count);
  for (let rank = 0; rank < count; rank++) {
    const leaf = order[rank]!;
    const position = size - 1 - rank;
    nodes.set(leaves.subarray(leaf * WORD, (leaf + 1) * WORD), position * WORD);
    positions[leaf] = position;
  }
  const pair = new Uint8Array(2 * WORD);
  for (let i = count - 2; i >= 0; i--) {
    hashPair(nodes, (2 * i + 1) * WORD, nodes, (2 * i + 2) * WORD, pair, nodes, i * WORD);
  }
  return { nodes, positions };
}

/** @returns the root, 0x-prefixed hex */
export function rootOf({ nodes }: Tree): string {
  return hexAt(nodes, 0);
}

/** @returns siblings from the leaf up, 0x-prefixed hex; @throws RangeError when there is no such leaf */
export function proofOf(tree: Tree, leaf: number): string[] {
  const proof: string[] = [];
  for (let i = positionOf(tree, leaf); i > 0; i = (i - 1) >> 1) {
    proof.push(hexAt(tree.nodes, siblingOf(i) * WORD));
  }
  return proof;
}

/**
 * Proves several leaves at once.
 * @param leaves positions in the order in which the leaves were given, each once
 */
export function multiProofOf(tree: Tree, leaves: readonly number[]): MultiProof {
  const placed = leaves
    .map((leaf) => ({ leaf, position: positionOf(tree, leaf) }))
    .sort((a, b) => b.position - a.position);
  if (placed.some(({ position }, i) => position === placed[i - 1]?.position)) {
    throw new RangeError("a leaf stands twice");
  }
  const order = placed.map(({ leaf }) => leaf);
  if (placed.length === 0) return { order, proof: [hexAt(tree.nodes, 0)], proofFlags: [] };
  const queue = placed.map(({ position }) => position);
  const proof: string[] = [];
  const proofFlags: boolean[] = [];
  for (let head = 0; queue[head]! > 0;) {
    const position = queue[head++]!;
    const sibling = siblingOf(position);
    const isKnown = queue[head] === sibling;
    if (isKnown) head++;
    else proof.push(hexAt(tree.nodes, sibling * WORD));
    proofFlags.push(isKnown);
    queue.push((position - 1) >> 1);
  }
  return { order, proof, proofFlags };
}

/** @returns the root that a leaf and its proof lead to, 0x-prefixed hex */
export function processProof(leaf: string, proof: readonly string[]): string {
  const hash = bytes32(leaf);
  const pair = new Uint8Array(2 * WORD);
  for (const sibling of proof) hashPair(hash, 0, bytes32(sibling), 0, pair, hash, 0);
  return hexAt(hash, 0);
}

/** Hashes two nodes, the smaller first. `pair` is scratch of 64 bytes. */
export function hashPair(
  left: Uint8Array,
  leftAt: number,
  right: Uint8Array,
  rightAt: number,
  pair: Uint8Array,
  target: Uint8Array,
  at: number,
): void {
  const isAscending = compareAt(left, leftAt, right, rightAt) <= 0;
  const [first, second] = isAscending ? [0, WORD] : [WORD, 0];
  for (let i = 0; i < WORD; i++) {
    pair[first + i] = left[leftAt + i]!;
    pair[second + i] = right[rightAt + i]!;
  }
  keccakInto(pair, 0, 2 * WORD, target, at);
}

/** Order of two hashes in buffers. */
export function compareAt(a: Uint8Array, aAt: number, b: Uint8Array, bAt: number): number {
  for (let i = 0; i < WORD; i++) {
    const difference = a[aAt + i]! - b[bAt + i]!;
    if (difference !== 0) return difference;
  }
  return 0;
}

/** @returns 32 bytes of a buffer as 0x-prefixed hex */
export function hexAt(bytes: Uint8Array, at: number): string {
  return `0x${Buffer.from(bytes.buffer, bytes.byteOffset + at, WORD).toString("hex")}`;
}

function bytes32(hex: string): Uint8Array {
  if (!/^0x[0-9a-fA-F]{64}$/.test(hex)) throw new RangeError(`not a hash of 32 bytes: ${hex}`);
  return new Uint8Array(Buffer.from(hex.slice(2), "hex"));
}

function positionOf({ positions }: Tree, leaf: number): number {
  const position = positions[leaf];
  if (position === undefined) throw new RangeError(`no leaf ${leaf} of ${positions.length}`);
  return position;
}

function siblingOf(position: number): number {
  return position % 2 === 0 ? position - 1 : position + 1;
}

function ascending(count: number): Uint32Array {
  return Uint32Array.from({ length: count }, (_, i) => i);
}

/** Leaves in ascending order; the first 48 bits of a hash nearly always decide, and are exact in a double. */
function sorted(leaves: Uint8Array, count: number): Uint32Array {
  const view = new DataView(leaves.buffer, leaves.byteOffset, leaves.byteLength);
  const keys = Float64Array.from(
    { length: count },
    (_, i) => view.getUint32(i * WORD) * 65_536 + view.getUint16(i * WORD + 4),
  );
  return ascending(count).sort(
    (a, b) => keys[a]! - keys[b]! || compareAt(leaves, a * WORD, leaves, b * WORD),
  );
}

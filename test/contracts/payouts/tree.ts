/** Merkle trees in OpenZeppelin's layout, built here and not by what is tested. */
import { AbiCoder, concat, keccak256 } from "ethers";

/** Who ever earned how much of a token. */
export interface Leaf {
  readonly account: string;
  readonly token: string;
  readonly cumulative: bigint;
}

/** Proof of several leaves, as `push` takes it. */
export interface MultiProof<L> {
  readonly leaves: L[];
  readonly proof: string[];
  readonly proofFlags: boolean[];
}

/** Leaf hash of OpenZeppelin's standard format. */
export function hashLeaf(types: readonly string[], values: readonly unknown[]): string {
  return keccak256(keccak256(AbiCoder.defaultAbiCoder().encode([...types], [...values])));
}

const hashPair = (a: string, b: string): string =>
  keccak256(a < b ? concat([a, b]) : concat([b, a]));

/** A complete binary tree, root at 0, children of i at 2i + 1 and 2i + 2, leaves at the end in descending order. */
export class Tree<L> {
  readonly nodes: string[];
  readonly #places = new Map<L, number>();

  constructor(leaves: readonly L[], hash: (leaf: L) => string, sorted = true) {
    const hashed = leaves.map((leaf) => ({ leaf, hash: hash(leaf) }));
    if (sorted) hashed.sort((a, b) => (a.hash < b.hash ? -1 : a.hash > b.hash ? 1 : 0));
    this.nodes = new Array<string>(2 * leaves.length - 1);
    for (const [i, entry] of hashed.entries()) {
      this.nodes[this.nodes.length - 1 - i] = entry.hash;
      this.#places.set(entry.leaf, this.nodes.length - 1 - i);
    }
    for (let i = this.nodes.length - 1 - leaves.length; i >= 0; i--) {
      this.nodes[i] = hashPair(this.nodes[2 * i + 1]!, this.nodes[2 * i + 2]!);
    }
  }

  get root(): string {
    return this.nodes[0]!;
  }

  /** Leaves by their place in the tree, the last place first: neighbours share most of a multiproof. */
  get ordered(): L[] {
    return [...this.#places].sort(([, a], [, b]) => b - a).map(([leaf]) => leaf);
  }

  proof(leaf: L): string[] {
    const proof: string[] = [];
    for (let i = this.#place(leaf); i > 0; i = (i - 1) >> 1) proof.push(this.nodes[sibling(i)]!);
    return proof;
  }

  multiProof(leaves: readonly L[]): MultiProof<L> {
    const chosen = [...leaves].sort((a, b) => this.#place(b) - this.#place(a));
    const queue = chosen.map((leaf) => this.#place(leaf));
    const [proof, proofFlags]: [string[], boolean[]] = [[], []];
    while (queue.length > 0 && queue[0]! > 0) {
      const i = queue.shift()!;
      const isGiven = queue[0] === sibling(i);
      proofFlags.push(isGiven);
      if (isGiven) queue.shift();
      else proof.push(this.nodes[sibling(i)]!);
      queue.push((i - 1) >> 1);
    }
    return { leaves: chosen, proof, proofFlags };
  }

  #place(leaf: L): number {
    const place = this.#places.get(leaf);
    if (place === undefined) throw new RangeError("the tree has no such leaf");
    return place;
  }
}

const sibling = (i: number): number => (i % 2 === 0 ? i - 1 : i + 1);

/** Tree of payouts. */
export function payoutTree(leaves: readonly Leaf[]): Tree<Leaf> {
  return new Tree(leaves, ({ account, token, cumulative }) =>
    hashLeaf(["address", "address", "uint256"], [account, token, cumulative]),
  );
}

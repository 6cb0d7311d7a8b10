import { StandardMerkleTree } from "@openzeppelin/merkle-tree";
import { expect } from "chai";
import fc from "fast-check";

import { standardLeaves } from "../../../keepers/shared/merkle/leaves.ts";
import { buildTree, multiProofOf, proofOf, rootOf } from "../../../keepers/shared/merkle/tree.ts";
import { accountOf, numbersFrom, token } from "./fixtures.ts";

const types = ["address", "address", "uint256"];

describe("payout tree beside OpenZeppelin's", () => {
  const leavesFrom = (seed: number, count: number) => {
    const next = numbersFrom(seed);
    return Array.from({ length: count }, (_, i) => ({
      ...{ account: accountOf(seed + i), token },
      cumulative: BigInt(next()) * BigInt(next()),
    }));
  };

  it("has the same root, proofs and multiproofs", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 300 }), fc.nat(1_000_000), (count, seed) => {
        const leaves = leavesFrom(seed, count);
        const theirs = StandardMerkleTree.of(
          leaves.map(({ account, cumulative }) => [account, token, String(cumulative)]),
          types,
        );
        const ours = buildTree(standardLeaves(leaves));
        expect(rootOf(ours)).to.equal(theirs.root);
        const some = leaves.map((_, i) => i).filter((i) => (seed + i) % 7 === 0);
        for (const i of some) expect(proofOf(ours, i)).to.deep.equal(theirs.getProof(i));
        const multiproof = theirs.getMultiProof(some);
        const { order, proof, proofFlags } = multiProofOf(ours, some);
        expect(proof).to.deep.equal(multiproof.proof);
        expect(proofFlags).to.deep.equal(multiproof.proofFlags);
        expect(order.map((i) => leaves[i]!.account)).to.deep.equal(
          multiproof.leaves.map(([account]) => account as string),
        );
      }),
      { numRuns: 25 },
    );
  });

  it("has the same root for 10,000 leaves", () => {
    const leaves = leavesFrom(5, 10_000);
    const theirs = StandardMerkleTree.of(
      leaves.map(({ account, cumulative }) => [account, token, String(cumulative)]),
      types,
    );
    expect(rootOf(buildTree(standardLeaves(leaves)))).to.equal(theirs.root);
  });
});

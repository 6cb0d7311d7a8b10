import { existsSync, readFileSync } from "node:fs";
import path from "node:path";

import { expect } from "chai";
import fc from "fast-check";
import { hexlify, solidityPackedKeccak256, toBeHex, ZeroHash } from "ethers";
import hre from "hardhat";

import { hashLeaf, payoutTree, Tree } from "./tree.ts";

/** Published trees lie beside the project, not in it: where they are absent their tests are skipped. */
const MERKLE = path.resolve(import.meta.dirname, "../../../../shared/data/merkle");

interface Dump {
  tree: string[];
  values: { value: string | [string]; treeIndex: number }[];
}

const read = (file: string): string => readFileSync(path.join(MERKLE, file), "utf8");

describe("Payout leaves and proofs", () => {
  const deploy = async () => {
    const { ethers } = await hre.network.create();
    return ethers.deployContract("PayoutLeafHarness");
  };

  for (const [version, sorted] of [
    ["sorted", true],
    ["unsorted", false],
  ] as const) {
    it(`follow OpenZeppelin's dump of a standard tree, ${version}`, async function () {
      if (!existsSync(MERKLE)) this.skip();
      const harness = await deploy();
      const dump = JSON.parse(read(`openzeppelin_standard-v1.${version}.1_0_6.json`)) as Dump;
      const values = dump.values.map(({ value }) => value as [string]);
      const tree = new Tree(values, (value) => hashLeaf(["string"], value), sorted);
      expect(tree.nodes).to.deep.equal(dump.tree);
      for (const { value, treeIndex } of dump.values) {
        const proof: string[] = [];
        for (let i = treeIndex; i > 0; i = (i - 1) >> 1) {
          proof.push(dump.tree[i % 2 === 0 ? i - 1 : i + 1]!);
        }
        expect(tree.proof(value as [string])).to.deep.equal(proof);
        expect(await harness.rootOf(dump.tree[treeIndex]!, proof)).to.equal(dump.tree[0]);
      }
    });
  }

  it("lead to the root of OpenZeppelin's dump of a simple tree", async function () {
    if (!existsSync(MERKLE)) this.skip();
    const harness = await deploy();
    const { tree, values } = JSON.parse(read("openzeppelin_simple-v1.sorted.1_0_6.json")) as Dump;
    for (const { treeIndex } of values) {
      const proof: string[] = [];
      for (let i = treeIndex; i > 0; i = (i - 1) >> 1)
        proof.push(tree[i % 2 === 0 ? i - 1 : i + 1]!);
      expect(await harness.rootOf(tree[treeIndex]!, proof)).to.equal(tree[0]);
    }
  });

  it("lead to the root that was published with a real list, by its published proofs", async function () {
    if (!existsSync(MERKLE)) this.skip();
    const harness = await deploy();
    const published = JSON.parse(read("cryptex_ctx_2021_root_and_proofs.json")) as {
      merkleRoot: string;
      proofs: Record<string, string[]>;
    };
    const rows = read("cryptex_ctx_2021_list.csv").trim().split("\n").slice(1);
    let checked = 0;
    for (const row of rows) {
      const [index, account, amount] = row.trim().split(",") as [string, string, string];
      const leaf = solidityPackedKeccak256(
        ["uint256", "address", "uint256"],
        [index, account, amount],
      );
      expect(await harness.rootOf(leaf, published.proofs[account]!)).to.equal(published.merkleRoot);
      checked++;
    }
    expect(checked).to.equal(Object.keys(published.proofs).length);
  });

  it("agree with OpenZeppelin's library on any leaf and proof", async () => {
    const harness = await deploy();
    const word = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => hexlify(bytes));
    await fc.assert(
      fc.asyncProperty(word, fc.array(word, { maxLength: 20 }), async (leaf, proof) => {
        expect(await harness.rootOf(leaf, proof)).to.equal(await harness.expected(leaf, proof));
      }),
      { numRuns: 100 },
    );
    // Siblings at the edges of the order, and equal ones.
    for (const [leaf, sibling] of [
      [ZeroHash, toBeHex(2n ** 256n - 1n, 32)],
      [toBeHex(2n ** 255n, 32), toBeHex(2n ** 255n - 1n, 32)],
      [ZeroHash, ZeroHash],
    ] as const) {
      expect(await harness.rootOf(leaf, [sibling])).to.equal(
        await harness.expected(leaf, [sibling]),
      );
      expect(await harness.rootOf(sibling, [leaf])).to.equal(
        await harness.expected(leaf, [sibling]),
      );
    }
  });

  it("hash a leaf twice over its ABI encoding", async () => {
    const harness = await deploy();
    await fc.assert(
      fc.asyncProperty(
        fc.bigInt({ min: 0n, max: 2n ** 160n - 1n }),
        fc.bigInt({ min: 0n, max: 2n ** 160n - 1n }),
        fc.bigInt({ min: 0n, max: 2n ** 256n - 1n }),
        async (account, token, cumulative) => {
          const leaf = [toBeHex(account, 20), toBeHex(token, 20), cumulative] as const;
          expect(await harness.hash(...leaf)).to.equal(
            hashLeaf(["address", "address", "uint256"], leaf),
          );
        },
      ),
      { numRuns: 50 },
    );
  });

  it("of several leaves at once lead to the root as OpenZeppelin's library takes them", async () => {
    const harness = await deploy();
    const leaves = Array.from({ length: 37 }, (_, i) => ({
      account: toBeHex(i + 1, 20),
      token: toBeHex(1, 20),
      cumulative: BigInt(i),
    }));
    const tree = payoutTree(leaves);
    for (const count of [1, 2, 5, 37]) {
      const chosen = leaves.filter((_, i) => (i * 7) % 37 < count);
      const { leaves: ordered, proof, proofFlags } = tree.multiProof(chosen);
      const hashes = ordered.map(({ account, token, cumulative }) =>
        hashLeaf(["address", "address", "uint256"], [account, token, cumulative]),
      );
      expect(await harness.expectedMulti(proof, proofFlags, hashes)).to.equal(tree.root);
    }
  });
});

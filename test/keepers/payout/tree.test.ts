import { randomBytes } from "node:crypto";

import { AbiCoder, getBytes, keccak256 } from "ethers";
import { expect } from "chai";

import {
  airdropProofOf,
  airdropRootOf,
  buildAirdropTree,
} from "../../../keepers/payout/airdrop-tree.ts";
import { keccak } from "../../../keepers/shared/merkle/keccak.ts";
import { airdropLeaves, standardLeaf } from "../../../keepers/shared/merkle/leaves.ts";
import {
  buildTree,
  hexAt,
  processProof,
  proofOf,
  rootOf,
} from "../../../keepers/shared/merkle/tree.ts";
import { accountOf, readVector, token } from "./fixtures.ts";

interface Dump {
  readonly tree: string[];
  readonly values: Array<{ readonly value: string | [string]; readonly treeIndex: number }>;
}

const join = (hashes: readonly string[]): Uint8Array =>
  new Uint8Array(Buffer.concat(hashes.map((hash) => getBytes(hash))));

describe("payout tree", () => {
  it("hashes inputs of every length as ethers does", () => {
    for (const length of [0, 1, 31, 32, 64, 96, 135, 136, 137, 271, 272, 273, 1_000]) {
      const input = randomBytes(length);
      expect(Buffer.from(keccak(input)).toString("hex")).to.equal(keccak256(input).slice(2));
    }
  });

  it("hashes a leaf as OpenZeppelin's contract verifies it", () => {
    const encoded = AbiCoder.defaultAbiCoder().encode(
      ["address", "address", "uint256"],
      [accountOf(1), token, 12_345n],
    );
    const leaf = { account: accountOf(1), token, cumulative: 12_345n };
    expect(standardLeaf(leaf)).to.equal(keccak256(keccak256(encoded)));
  });

  for (const [file, sortLeaves] of [
    ["openzeppelin_standard-v1.sorted.1_0_6.json", true],
    ["openzeppelin_standard-v1.unsorted.1_0_6.json", false],
    ["openzeppelin_simple-v1.sorted.1_0_6.json", true],
  ] as const) {
    it(`builds every node of ${file}`, function () {
      const text = readVector(file);
      if (text === null) return this.skip();
      const dump = JSON.parse(text) as Dump;
      const coder = AbiCoder.defaultAbiCoder();
      const leaves = dump.values.map(({ value }) =>
        typeof value === "string" ? value : keccak256(keccak256(coder.encode(["string"], value))),
      );
      const tree = buildTree(join(leaves), { sortLeaves });
      expect(dump.tree.map((_, i) => hexAt(tree.nodes, 32 * i))).to.deep.equal(dump.tree);
      expect([...tree.positions]).to.deep.equal(dump.values.map(({ treeIndex }) => treeIndex));
      leaves.forEach((leaf, i) =>
        expect(processProof(leaf, proofOf(tree, i))).to.equal(dump.tree[0]),
      );
    });
  }

  it("finds the root and every proof of a published airdrop list", function () {
    const list = readVector("cryptex_ctx_2021_list.csv");
    const text = readVector("cryptex_ctx_2021_root_and_proofs.json");
    if (list === null || text === null) return this.skip();
    const published = JSON.parse(text) as { merkleRoot: string; proofs: Record<string, string[]> };
    const entries = list
      .trim()
      .split("\n")
      .slice(1)
      .map((line) => {
        const [index, account, amount] = line.split(",") as [string, string, string];
        return { index: BigInt(index), account, amount: BigInt(amount) };
      });
    const leaves = airdropLeaves(entries);
    const tree = buildAirdropTree(leaves);
    expect(airdropRootOf(tree)).to.equal(published.merkleRoot);
    expect(entries).to.have.length(150);
    entries.forEach(({ account }, i) => {
      expect(airdropProofOf(tree, i)).to.deep.equal(published.proofs[account]);
      const leaf = hexAt(leaves, 32 * i);
      expect(processProof(leaf, published.proofs[account]!)).to.equal(published.merkleRoot);
    });
    const forged = airdropLeaves([{ ...entries[0]!, amount: entries[0]!.amount + 1n }]);
    const proof = published.proofs[entries[0]!.account]!;
    expect(processProof(hexAt(forged, 0), proof)).not.to.equal(published.merkleRoot);
  });

  it("refuses what is no list of hashes", () => {
    expect(() => buildTree(new Uint8Array(0))).to.throw(RangeError, "at least one");
    expect(() => buildTree(new Uint8Array(33))).to.throw(RangeError, "32 bytes");
    const tree = buildTree(new Uint8Array(32));
    expect(() => proofOf(tree, 1)).to.throw(RangeError, "no leaf 1");
    expect(() => processProof("0x12", [])).to.throw(RangeError, "not a hash");
    expect(rootOf(tree)).to.equal(`0x${"00".repeat(32)}`);
  });

  it("refuses leaves that cannot be encoded", () => {
    const leaf = { account: accountOf(1), token, cumulative: 1n };
    expect(() => standardLeaf({ ...leaf, account: "0x12" })).to.throw(RangeError, "not an address");
    expect(() => standardLeaf({ ...leaf, account: `0x${"zz".repeat(20)}` })).to.throw(RangeError);
    expect(() => standardLeaf({ ...leaf, cumulative: 2n ** 256n })).to.throw(RangeError, "uint256");
    expect(() => standardLeaf({ ...leaf, cumulative: -1n })).to.throw(RangeError, "uint256");
  });
});

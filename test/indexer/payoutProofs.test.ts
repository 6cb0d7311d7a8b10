import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { StandardMerkleTree } from "@openzeppelin/merkle-tree";
import { expect } from "chai";

import { openProofReader } from "../../indexer/proofs/client.ts";
import { isPublicationName, readPublicationFile } from "../../indexer/proofs/files.ts";
import { createLru } from "../../indexer/proofs/lru.ts";
import { hashOf, openPublication, WrongPublication } from "../../indexer/proofs/publication.ts";
import { fundingDays, stateAt } from "../../indexer/src/api/payoutState.ts";
import { encodeEpochCursor, parseEpochsQuery } from "../../indexer/src/api/payoutsQuery.ts";
import { BadRequest } from "../../indexer/src/api/query.ts";

const token = `0x${"70".repeat(20)}`;
const other = `0x${"80".repeat(20)}`;
const [a, b, c] = ["1", "2", "3"].map((digit) => `0x${digit.repeat(40)}`) as [
  ...[string, string, string],
];
const rows = [
  [a, token, "100", "10"],
  [b, token, "250", "250"],
  [b, other, "7", "0"],
  [c, token, "1", "0"],
];
/** OpenZeppelin's own tree. */
const tree = StandardMerkleTree.of(
  rows.map(([account, paid, cumulative]) => [account!, paid!, cumulative!]),
  ["address", "address", "uint256"],
);
const encode = (content: unknown): Uint8Array<ArrayBuffer> =>
  new Uint8Array(Buffer.from(JSON.stringify(content)));
const file = encode({ format: "dodona-payout-1", rows });

describe("proofs from publications", () => {
  it("are those of OpenZeppelin's tree, one for each token of an account", () => {
    const source = openPublication(file, hashOf(file), tree.root);
    expect(source.rows).to.equal(4);
    expect(source.leavesOf(b)).to.deep.equal([
      { token, cumulative: "250", earned: "250", proof: tree.getProof(1) },
      { token: other, cumulative: "7", earned: "0", proof: tree.getProof(2) },
    ]);
    expect(source.leavesOf(a)).to.have.length(1);
    expect(source.leavesOf(c)[0]!.proof).to.deep.equal(tree.getProof(3));
    for (const stranger of [`0x${"0".repeat(40)}`, `0x${"2".repeat(39)}3`, `0x${"f".repeat(40)}`]) {
      expect(source.leavesOf(stranger)).to.deep.equal([]);
    }
  });

  it("are refused from files that are not what their name or the chain says", () => {
    const open = (content: unknown, root = tree.root) => {
      const bytes = encode(content);
      return () => openPublication(bytes, hashOf(bytes), root);
    };
    expect(() => openPublication(file, `0x${"00".repeat(32)}`, tree.root)).to.throw(
      WrongPublication,
      "its hash is",
    );
    expect(open({ rows }, `0x${"11".repeat(32)}`)).to.throw(`its root is ${tree.root}`);
    expect(open({ rows: [] })).to.throw("it has no rows");
    expect(open([])).to.throw("it has no rows");
    expect(open({ rows: [rows[1], rows[0]] })).to.throw("row 1 is not above");
    for (const row of [[a, token, "1"], [a, token, "-1", "0"], [a.slice(1), token, "1", "1"], 7]) {
      expect(open({ rows: [row] })).to.throw("row 0 is not");
    }
    const bytes = new Uint8Array(Buffer.from("{"));
    expect(() => openPublication(bytes, hashOf(bytes), tree.root)).to.throw("it is not JSON");
  });

  describe("in a folder", () => {
    let folder: string;
    const name = `${hashOf(file)}.json`;

    beforeEach(() => {
      folder = mkdtempSync(join(tmpdir(), "dodona-proofs-"));
      writeFileSync(join(folder, name), file);
      writeFileSync(join(folder, "other.json"), file);
    });
    afterEach(() => rmSync(folder, { recursive: true }));

    it("are made in a thread, which says what it lacks", async () => {
      const read = openProofReader(folder);
      const question = { dataHash: hashOf(file), root: tree.root, account: b };
      const missing = { ...question, dataHash: `0x${"00".repeat(32)}` };
      const wrong = { ...question, root: `0x${"00".repeat(32)}` };
      const answers = await Promise.all([question, missing, wrong, question].map(read));
      expect(answers.map(({ kind }) => kind)).to.deep.equal(["found", "missing", "wrong", "found"]);
      const [first] = answers;
      expect(first?.kind === "found" && first.leaves[0]!.proof).to.deep.equal(tree.getProof(1));
    });

    it("are read by the hash's name alone", async () => {
      expect(await readPublicationFile(folder, name)).to.deep.equal(file);
      expect(await readPublicationFile(folder, `0x${"00".repeat(32)}.json`)).to.equal(null);
      for (const bad of ["other.json", `../${name}`, name.toUpperCase(), `${name}\n`, ""]) {
        expect(isPublicationName(bad), bad).to.equal(false);
        const error = await readPublicationFile(folder, bad).catch((reason: unknown) => reason);
        expect(error).to.be.instanceOf(RangeError);
      }
    });
  });
});

describe("cache", () => {
  it("forgets what was used longest ago, and keeps nothing that is too large", () => {
    const cache = createLru<string>(10);
    cache.set("a", "A", 4);
    cache.set("b", "B", 4);
    expect(cache.get("a")).to.equal("A");
    cache.set("c", "C", 4);
    expect(["a", "b", "c"].map((key) => cache.get(key))).to.deep.equal(["A", undefined, "C"]);
    cache.set("d", "D", 11);
    expect(cache.get("d")).to.equal(undefined);
    cache.set("a", "A2", 10);
    expect(["a", "c"].map((key) => cache.get(key))).to.deep.equal(["A2", undefined]);
  });
});

describe("payouts in the API", () => {
  it("have the state that time makes of a proposal", () => {
    const proposed = { state: "proposed", blockTime: 1_000, challengeEndsAt: null } as const;
    const approved = { state: "approved", blockTime: 1_000, challengeEndsAt: 1_500 } as const;
    expect(stateAt(proposed, 900, 1_899)).to.equal("proposed");
    expect(stateAt(proposed, 900, 1_900)).to.equal("expired");
    expect(stateAt(proposed, null, 9_999)).to.equal("proposed");
    expect(stateAt(approved, 900, 1_499)).to.equal("approved");
    expect(stateAt(approved, 900, 1_500)).to.equal("ready");
    expect(stateAt(approved, 900, 1_900)).to.equal("expired");
    for (const state of ["activated", "disputed", "superseded", "void"] as const) {
      expect(stateAt({ ...approved, state }, 900, 9_999)).to.equal(state);
    }
  });

  it("tell how long deposits last, where an epoch added something", () => {
    expect(fundingDays(99n, 10n)).to.equal(9.9);
    expect(fundingDays(10n ** 30n, 3n * 10n ** 29n)).to.equal(3.333);
    expect(fundingDays(99n, 0n)).to.equal(null);
    expect(fundingDays(99n, -5n)).to.equal(null);
  });

  it("come in pages", () => {
    expect(parseEpochsQuery({})).to.deep.equal({ limit: 100, before: null });
    const query = { limit: "3", cursor: encodeEpochCursor(17) };
    expect(parseEpochsQuery(query)).to.deep.equal({ limit: 3, before: 17 });
    for (const bad of [{ cursor: "17" }, { limit: "1001" }, { page: "1" }]) {
      expect(() => parseEpochsQuery(bad)).to.throw(BadRequest);
    }
  });
});

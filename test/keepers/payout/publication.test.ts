import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";
import { keccak256 } from "ethers";

import { canonicalJson } from "../../../keepers/payout/canonical.ts";
import { computeEpoch } from "../../../keepers/payout/compute.ts";
import { openPublicationFiles } from "../../../keepers/payout/files.ts";
import { standardLeaf } from "../../../keepers/shared/merkle/leaves.ts";
import {
  decodePublication,
  encodePublication,
  openProofs,
  PublicationError,
  type Publication,
} from "../../../keepers/payout/publication.ts";
import { processProof } from "../../../keepers/shared/merkle/tree.ts";
import { block, distributor, holdersFrom, programOf } from "./fixtures.ts";

const hash = (byte: string): string => `0x${byte.repeat(32)}`;

function publicationOf(fields: Partial<Publication> = {}): Publication {
  const program = programOf({ poolPerDay: "123456789" });
  const snapshot = { block, holdings: holdersFrom(3, 50) };
  const input = { program, distributor, epoch: 1, previous: [], words: null, snapshot };
  const { root, totals, rows } = computeEpoch(input);
  return {
    ...{ chainId: 31_337, distributor, epoch: 1, program, snapshot: block, words: null },
    ...{ previous: { root: hash("01"), dataHash: hash("02") } },
    audit: { sequence: 4, head: hash("03") },
    ...{ root: root!, totals, rows },
    ...fields,
  };
}

describe("payout publication", () => {
  it("comes back as it was, under the hash of its bytes", () => {
    const publication = publicationOf();
    const { bytes, dataHash } = encodePublication(publication);
    expect(dataHash).to.equal(keccak256(bytes));
    expect(decodePublication(bytes, dataHash)).to.deep.equal(publication);
    const raffle = publicationOf({ previous: null, words: [0n, 2n ** 256n - 1n] });
    const encoded = encodePublication(raffle);
    expect(decodePublication(encoded.bytes, encoded.dataHash)).to.deep.equal(raffle);
  });

  it("proves every row, and none of somebody else", () => {
    const { rows, root } = publicationOf();
    const proofsOf = openProofs(rows);
    for (const { account } of rows) {
      const [row] = proofsOf(account.toUpperCase().replace("0X", "0x"));
      expect(processProof(standardLeaf(row!), row!.proof)).to.equal(root);
    }
    expect(proofsOf(distributor)).to.deep.equal([]);
  });

  /** Changes the text, and names the changed bytes by their own hash. */
  function errorOf(change: (text: string) => string): string {
    const { bytes } = encodePublication(publicationOf());
    const changed = new Uint8Array(Buffer.from(change(Buffer.from(bytes).toString("utf8"))));
    try {
      decodePublication(changed, keccak256(changed));
    } catch (error) {
      expect(error).to.be.instanceOf(PublicationError);
      return (error as Error).message;
    }
    throw new Error("it was accepted");
  }

  it("is refused when its bytes are not those that were named", () => {
    const { bytes } = encodePublication(publicationOf());
    expect(() => decodePublication(bytes, hash("00"))).to.throw(PublicationError, "its hash is");
  });

  it("is refused with any change of its content or form", () => {
    expect(errorOf(() => "{")).to.equal("it is not JSON");
    expect(errorOf((text) => text.replace('"epoch":1', '"epoch":1,"more":1'))).to.contain("more");
    expect(errorOf((text) => text.replace('"epoch":1', '"epoch":0'))).to.match(/^epoch: /);
    expect(
      errorOf((text) => text.replace('"poolPerDay":"123456789"', '"poolPerDay":"5"')),
    ).to.match(/^programHash: /);
    expect(errorOf((text) => text.replace('],\n["0x', '],\n[ "0x'))).to.contain("canonical form");
    expect(errorOf((text) => text.replace(/\["(0x\w+)","0x/, '["0x12","0x'))).to.match(
      /^rows\.0: /,
    );
    expect(errorOf((text) => text.replace(/\n(\[.*\]),\n(\[.*\]),/, "\n$2,\n$1,"))).to.match(
      /^rows\.1: is not above/,
    );
    const row = /\n\["(0x\w+)","(0x\w+)","(\d+)","(\d+)"\]/;
    const more = (text: string): string =>
      text.replace(row, (_, a, t, c: string) => `\n["${a}","${t}","${BigInt(c) + 1n}","${c}"]`);
    expect(errorOf(more)).to.match(/^totals: /);
    const earned = (text: string): string =>
      text.replace(row, (_, a, t, c: string) => `\n["${a}","${t}","${c}","${BigInt(c) + 1n}"]`);
    expect(errorOf(earned)).to.match(/^rows\.0: .* cannot be/);
    expect(
      errorOf((text) =>
        text.replace(/"root":"0x\w+","snapshot/, `"root":"${hash("09")}","snapshot`),
      ),
    ).to.match(/^root: /);
  });

  it("takes integers only, in one form", () => {
    expect(canonicalJson({ b: 1, a: [true, null, 5n], c: undefined })).to.equal(
      '{"a":[true,null,"5"],"b":1}',
    );
    expect(() => canonicalJson({ a: 0.5 })).to.throw(RangeError);
  });
});

describe("payout files", () => {
  let folder: string;
  let server: Server;
  let mirror: string;
  let served: Uint8Array = new Uint8Array();
  const { bytes, dataHash } = encodePublication(publicationOf());

  before(async () => {
    server = createServer((request, response) => {
      if (request.url === `/data/${dataHash}.json`) response.end(served);
      else response.writeHead(404).end();
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    mirror = `http://127.0.0.1:${(server.address() as AddressInfo).port}/data/`;
  });
  after(() => {
    server.close();
    server.closeAllConnections();
  });
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "dodona-payouts-"))));
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it("keeps a publication under its hash, and leaves nothing else", async () => {
    const files = openPublicationFiles(join(folder, "new"));
    expect(await files.read(dataHash)).to.equal(null);
    await files.write(bytes, dataHash);
    await files.write(bytes, dataHash);
    expect(readdirSync(join(folder, "new"))).to.deep.equal([`${dataHash}.json`]);
    expect(await files.read(dataHash)).to.deep.equal(bytes);
  });

  it("refuses bytes of another hash, and names that are no hash", async () => {
    const files = openPublicationFiles(folder);
    const wrote = await files.write(bytes, hash("00")).catch((error: unknown) => error);
    expect(wrote).to.be.instanceOf(RangeError);
    const read = await files.read("../../etc/passwd").catch((error: unknown) => error);
    expect(read).to.be.instanceOf(RangeError);
    expect(readdirSync(folder)).to.deep.equal([]);
  });

  it("fetches what is missing or torn from a mirror, and believes only its hash", async () => {
    const files = openPublicationFiles(folder, ["http://127.0.0.1:1/", mirror]);
    served = new Uint8Array([1, 2, 3]);
    expect(await files.read(dataHash)).to.equal(null);
    served = bytes;
    writeFileSync(join(folder, `${dataHash}.json`), bytes.subarray(0, 100));
    expect(await files.read(dataHash)).to.deep.equal(bytes);
    served = new Uint8Array();
    expect(await files.read(dataHash)).to.deep.equal(bytes);
  });
});

import { expect } from "chai";
import {
  keccak256,
  solidityPacked,
  solidityPackedKeccak256,
  toUtf8Bytes,
  zeroPadBytes,
} from "ethers";
import fc from "fast-check";

import { toHex } from "../../../../keepers/feed/signing/bytes.ts";
import type { Report } from "../../../../keepers/feed/signing/report.ts";
import {
  ANSWER_LIMIT,
  decodeReport,
  encodeReport,
  InvalidReport,
  possessionDigest,
  reportDigest,
  signerBitmap,
  signerIndexes,
} from "../../../../keepers/feed/signing/report.ts";
import { DOMAIN } from "./helpers.ts";

const uint32 = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const report: fc.Arbitrary<Report> = fc.record({
  setId: uint32,
  slot: uint32,
  signers: fc.integer({ min: 1, max: 2 ** 31 - 1 }),
  observationRoot: fc.bigInt({ min: 0n, max: 2n ** 256n - 1n }),
  entries: fc
    .uniqueArray(
      fc.record({
        feedIndex: fc.nat(255),
        count: fc.integer({ min: 1, max: 31 }),
        answerE8: fc.bigInt({ min: 1n, max: ANSWER_LIMIT - 1n }),
      }),
      { minLength: 1, maxLength: 20, selector: (entry) => entry.feedIndex },
    )
    .map((entries) => entries.toSorted((a, b) => a.feedIndex - b.feedIndex)),
});

const SAMPLE: Report = {
  setId: 1,
  slot: 1_700_000_000,
  signers: 0b10110,
  observationRoot: 5n,
  entries: [
    { feedIndex: 0, count: 5, answerE8: 6_543_210_000_000n },
    { feedIndex: 3, count: 3, answerE8: 100_000_000n },
  ],
};

describe("report bytes", () => {
  it("are what Solidity's abi.encodePacked gives", () => {
    fc.assert(
      fc.property(report, (value) => {
        const { setId, slot, signers, observationRoot, entries } = value;
        const packed = solidityPacked(
          [
            "uint32",
            "uint32",
            "uint32",
            "uint256",
            ...entries.flatMap(() => ["uint8", "uint8", "uint96"]),
          ],
          [
            setId,
            slot,
            signers,
            observationRoot,
            ...entries.flatMap(({ feedIndex, count, answerE8 }) => [feedIndex, count, answerE8]),
          ],
        );
        expect(toHex(encodeReport(value))).to.equal(packed);
      }),
    );
  });

  it("decode to the report they were made from", () => {
    fc.assert(
      fc.property(report, (value) => {
        expect(decodeReport(encodeReport(value))).to.deep.equal(value);
      }),
    );
  });

  it("decode to a report with the same bytes, or not at all", () => {
    fc.assert(
      fc.property(report, fc.nat(), fc.nat(255), (value, position, byte) => {
        const bytes = encodeReport(value);
        bytes[position % bytes.length] = byte;
        try {
          expect(encodeReport(decodeReport(bytes))).to.deep.equal(bytes);
        } catch (error) {
          expect(error).to.be.instanceOf(InvalidReport);
        }
      }),
    );
  });

  it("of any other length are refused", () => {
    const bytes = encodeReport(SAMPLE);
    for (const length of [0, 43, 44, 57, 59, bytes.length - 1]) {
      expect(() => decodeReport(bytes.slice(0, length))).to.throw(InvalidReport, "whole entries");
    }
    expect(() => decodeReport(Uint8Array.of(...bytes, 0))).to.throw(InvalidReport);
  });

  const [first, second] = SAMPLE.entries as [Report["entries"][number], Report["entries"][number]];
  const invalid: [string, Partial<Report>][] = [
    ["no signer", { signers: 0 }],
    ["a signer beyond the 31st", { signers: 2 ** 31 }],
    ["a slot beyond uint32", { slot: 2 ** 32 }],
    ["a negative set id", { setId: -1 }],
    ["no entry", { entries: [] }],
    ["entries in the wrong order", { entries: [second, first] }],
    ["a feed twice", { entries: [first, first] }],
    ["an answer of zero", { entries: [{ ...first, answerE8: 0n }] }],
    ["an answer at the type's limit", { entries: [{ ...first, answerE8: ANSWER_LIMIT }] }],
    ["no value under the median", { entries: [{ ...first, count: 0 }] }],
    ["more values than operators", { entries: [{ ...first, count: 32 }] }],
    ["a root beyond 32 bytes", { observationRoot: 1n << 256n }],
  ];
  for (const [name, change] of invalid) {
    it(`are not made with ${name}`, () => {
      expect(() => encodeReport({ ...SAMPLE, ...change })).to.throw(InvalidReport);
    });
  }
});

describe("digests", () => {
  it("of a report are keccak256 over tag, chain id, contract and report", () => {
    const bytes = encodeReport(SAMPLE);
    const tag = zeroPadBytes(toUtf8Bytes("Dodona report v1"), 32);
    expect(toHex(reportDigest(bytes, DOMAIN))).to.equal(
      solidityPackedKeccak256(
        ["bytes32", "uint256", "uint256", "bytes"],
        [tag, DOMAIN.chainId, DOMAIN.priceFeeds, bytes],
      ),
    );
  });

  it("of a possession are keccak256 over tag, chain id, contract and account", () => {
    const account = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266";
    const tag = zeroPadBytes(toUtf8Bytes("Dodona proof of possession v1"), 32);
    const packed = solidityPacked(
      ["bytes32", "uint256", "uint256", "uint256"],
      [tag, 31337n, DOMAIN.priceFeeds, account],
    );
    expect(toHex(possessionDigest(account, 31337n, DOMAIN.priceFeeds))).to.equal(keccak256(packed));
  });
});

describe("signer bitmap", () => {
  it("has one bit a signer and gives them back in order", () => {
    expect(signerBitmap([4, 1, 2])).to.equal(0b10110);
    expect(signerIndexes(0b10110)).to.deep.equal([1, 2, 4]);
    expect(signerIndexes(signerBitmap([30, 0]))).to.deep.equal([0, 30]);
  });

  it("refuses a signer twice and one beyond the 31st", () => {
    expect(() => signerBitmap([1, 1])).to.throw(InvalidReport);
    expect(() => signerBitmap([31])).to.throw(InvalidReport);
    expect(() => signerBitmap([-1])).to.throw(InvalidReport);
  });
});

import { expect } from "chai";
import fc from "fast-check";

import { decodeReport, signersOf } from "../../indexer/src/report.ts";

// Written out by hand: set 7, slot 1,700,000,000, signers 0b10110, root of 0x11, then two entries.
const HEAD = `00000007${"6553f100"}${"00000016"}${"11".repeat(32)}` as const;
const ENTRY_0 = "0003" + "000000000000057521f57e40";
const ENTRY_9 = "0905" + "000000000000000005f5e100";

describe("decodeReport", () => {
  it("reads head and entries of a known report", () => {
    expect(decodeReport(`0x${HEAD}${ENTRY_0}${ENTRY_9}`)).to.deep.equal({
      setId: 7,
      slot: 1_700_000_000,
      signerBits: 22,
      observationRoot: `0x${"11".repeat(32)}`,
      entries: [
        { feedIndex: 0, values: 3, answerE8: 6_000_639_049_280n },
        { feedIndex: 9, values: 5, answerE8: 100_000_000n },
      ],
    });
  });

  it("reads the largest values of every field", () => {
    const largest = `ff1f${"7" + "f".repeat(23)}`;
    const { setId, slot, signerBits, entries } = decodeReport(
      `0x${"ff".repeat(12)}${"22".repeat(32)}${largest}`,
    );
    expect([setId, slot, signerBits]).to.deep.equal([2 ** 32 - 1, 2 ** 32 - 1, 2 ** 32 - 1]);
    expect(entries[0]?.answerE8).to.equal(2n ** 95n - 1n);
  });

  it("refuses bytes that are no report, and says why", () => {
    const cases: [`0x${string}`, RegExp][] = [
      ["0x", /0 bytes, expected 44 \+ 14·k/],
      [`0x${HEAD}`, /44 bytes/],
      [`0x${HEAD}${ENTRY_0.slice(2)}`, /57 bytes/],
      [`0x${HEAD}${ENTRY_0}00`, /59 bytes/],
      [`0x${HEAD}${ENTRY_0}${ENTRY_0}`, /index 0 follows 0/],
      [`0x${HEAD}${ENTRY_9}${ENTRY_0}`, /index 0 follows 9/],
      [`0x${HEAD}0003${"00".repeat(12)}`, /answer 0 of feed index 0/],
      [`0x${HEAD}000380${"00".repeat(11)}`, /outside 1 to 2\^95-1/],
      [`0x${HEAD}${ENTRY_0.slice(1)}`, /not hex/],
      [`0x${HEAD}zz${ENTRY_0.slice(2)}`, /not hex/],
    ];
    for (const [bytes, message] of cases) {
      expect(() => decodeReport(bytes), bytes).to.throw(RangeError, message);
    }
  });

  it("never answers for random bytes with anything but a report of the same length or a RangeError", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 120 }), (bytes) => {
        try {
          const { entries } = decodeReport(`0x${Buffer.from(bytes).toString("hex")}`);
          expect(44 + 14 * entries.length).to.equal(bytes.length);
        } catch (error) {
          expect(error).to.be.instanceOf(RangeError);
        }
      }),
    );
  });
});

describe("signersOf", () => {
  it("names the accounts of the set bits, the highest bit included", () => {
    expect(signersOf(0b10110, ["a", "b", "c", "d", "e"])).to.deep.equal(["b", "c", "e"]);
    const many = Array.from({ length: 31 }, (_, i) => i);
    expect(signersOf(2 ** 30 + 1, many)).to.deep.equal([0, 30]);
    expect(signersOf(2 ** 31 - 1, many)).to.deep.equal(many);
  });

  it("refuses a bit beyond the set", () => {
    expect(() => signersOf(0b1000, ["a", "b", "c"])).to.throw(RangeError, /3 operators/);
  });
});

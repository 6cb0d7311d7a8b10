import { expect } from "chai";
import { concat, hexlify, toBeHex } from "ethers";
import fc from "fast-check";

import {
  observationDigest,
  observationRoot,
  observationTypedHash,
} from "../../../keepers/feed/signing/observation.ts";
import { recordToWire } from "../../../keepers/feed/round/wire.ts";
import { lowerMedian } from "../../../keepers/feed/round/median.ts";
import { decodeReport as decodeFeedReport } from "../../../keepers/feed/signing/report.ts";
import { createJudge } from "../../../keepers/watch/judge.ts";
import { isSigned, rootOf, typedHash } from "../../../keepers/watch/observation.ts";
import { followsFrom, isMultisigned, reportDigest } from "../../../keepers/watch/report.ts";
import { digestOf } from "../../../keepers/shared/observation.ts";
import { decodeReport } from "../../../keepers/shared/report.ts";
import { parseSlots } from "../../../keepers/shared/slots.ts";
import {
  bundle,
  DOMAIN,
  freshKeys,
  multisign,
  observe,
  PRICES,
  SET_ID,
  setOf,
  SLOT,
  wireSlots,
} from "./fixtures.ts";

const keys = Array.from({ length: 5 }, freshKeys);
const set = setOf(keys);
const FEED_DOMAIN = { chainId: 31337n, priceFeeds: DOMAIN.priceFeeds };
const OTHER = [1n, 2n, 3n];
const all = [0, 1, 2, 3, 4].map((index) => observe(keys, index));
const entry = (answerE8 = PRICES[0]!, count = 5, feedIndex = 0) => ({ feedIndex, count, answerE8 });

describe("watch: an observation", () => {
  it("has the digest, hash and root that operators compute with their own code", () => {
    const price = fc.oneof(fc.constant(0n), fc.bigInt({ min: 0n, max: 2n ** 95n - 1n }));
    fc.assert(
      fc.property(
        fc.array(price, { minLength: 1, maxLength: 23 }),
        fc.nat(2 ** 31),
        fc.nat(30),
        (pricesE8, slot, operator) => {
          const one = { setId: 7, slot, operator, pricesE8 };
          const digest = digestOf(one, DOMAIN);
          expect(digest).to.equal(observationDigest(one, FEED_DOMAIN));
          expect(typedHash(one, digest, DOMAIN)).to.equal(
            hexlify(observationTypedHash(one, digest, FEED_DOMAIN)),
          );
          expect(rootOf([one], DOMAIN)).to.equal(observationRoot([one], FEED_DOMAIN));
        },
      ),
      { numRuns: 40 },
    );
    expect(rootOf(all, DOMAIN)).to.equal(observationRoot(all, FEED_DOMAIN));
  });

  it("is its operator's only as it was signed, where it was signed, with a place for each feed", () => {
    const one = observe(keys, 2);
    const operator = set.operators[2]!;
    const check = (change: object, by = operator, feeds = 3, domain = DOMAIN): boolean =>
      isSigned({ ...one, ...change }, by, feeds, domain);
    expect(check({})).to.equal(true);
    for (const change of [{ slot: SLOT + 1 }, { setId: 4 }, { operator: 1 }, { pricesE8: OTHER }])
      expect(check(change)).to.equal(false);
    expect(check({}, set.operators[1])).to.equal(false);
    expect(check({}, operator, 4)).to.equal(false);
    expect(check({}, operator, 3, { ...DOMAIN, chainId: 1 })).to.equal(false);
    const elsewhere = { ...DOMAIN, priceFeeds: `0x${"11".repeat(20)}` };
    expect(check({}, operator, 3, elsewhere)).to.equal(false);
    expect(check({ pricesE8: [2n ** 96n, 1n, 1n] })).to.equal(false);
  });

  it("is not taken with the malleable twin of its signature, which the chain would refuse", () => {
    const one = observe(keys, 2);
    const n = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
    const s = n - BigInt(`0x${one.signature.slice(66, 130)}`);
    const v = one.signature.endsWith("1b") ? "0x1c" : "0x1b";
    const signature = concat([one.signature.slice(0, 66), toBeHex(s, 32), v]);
    expect(isSigned({ ...one, signature }, set.operators[2]!, 3, DOMAIN)).to.equal(false);
  });
});

describe("watch: a report", () => {
  it("is read as operators read it, or not at all", () => {
    const { report } = bundle(keys, all, [entry(), entry(PRICES[1], 5, 1)], { by: [0, 2, 4] });
    const read = decodeReport(report)!;
    const theirs = decodeFeedReport(Uint8Array.from(Buffer.from(report.slice(2), "hex")));
    expect(read.setId).to.equal(theirs.setId);
    expect(read.slot).to.equal(theirs.slot);
    expect(read.root).to.equal(theirs.observationRoot);
    expect(read.signers).to.deep.equal([0, 2, 4]);
    expect(
      read.entries.map(({ feed, count, answerE8 }) => ({ feedIndex: feed, count, answerE8 })),
    ).to.deep.equal(theirs.entries);
    for (const bad of ["0x", report.slice(0, 2 + 2 * 44), `${report}00`]) {
      expect(decodeReport(bad)).to.equal(null);
    }
  });

  it("is multisigned only by a quorum of its set, over these bytes, on this chain", () => {
    const { report, signature } = bundle(keys, all, [entry()]);
    const check = (bytes = report, by = signature, domain = DOMAIN, judges = set): boolean =>
      isMultisigned(decodeReport(bytes)!, reportDigest(bytes, domain), by, judges);
    expect(check()).to.equal(true);
    expect(check(report, { ...signature, s: signature.s + 1n })).to.equal(false);
    expect(check(report, { ...signature, s: 0n })).to.equal(false);
    expect(check(report, { ...signature, commitment: `0x${"22".repeat(20)}` })).to.equal(false);
    expect(check(report, signature, { ...DOMAIN, chainId: 5 })).to.equal(false);
    expect(check(report, signature, DOMAIN, setOf(keys.toReversed()))).to.equal(false);
    expect(check(report, signature, DOMAIN, setOf(keys.slice(0, 2)))).to.equal(false);
    const few = bundle(keys, all, [entry()], { by: [0, 1] });
    expect(check(few.report, few.signature)).to.equal(false);
    expect(check(few.report, multisign(keys, few.report, [0, 1, 2]))).to.equal(false);
  });

  it("follows from observations exactly if every entry is their lower median and says their number", () => {
    const price = fc.bigInt({ min: 0n, max: 9n });
    fc.assert(
      fc.property(
        fc.array(price, { minLength: 1, maxLength: 9 }),
        price,
        fc.nat(9),
        (list, answerE8, count) => {
          const observations = list.map((one, operator) => ({
            setId: 1,
            slot: 1,
            operator,
            pricesE8: [one],
          }));
          const priced = list.filter((one) => one > 0n);
          const expected = count === priced.length && lowerMedian(priced) === answerE8;
          const report = {
            setId: 1,
            slot: 1,
            signers: [],
            root: 0n,
            entries: [{ feed: 0, count, answerE8 }],
          };
          expect(followsFrom(report, observations)).to.equal(expected);
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe("watch: what operators show", () => {
  const judge = () => createJudge(DOMAIN, (id) => Promise.resolve(id === SET_ID ? set : null));
  const right = bundle(keys, all, [entry()]);
  const wrong = bundle(keys, all, [entry(PRICES[0]! + 1n)]);

  it("is read as operators write it", () => {
    const signed = {
      report: decodeFeedReport(Uint8Array.from(Buffer.from(right.report.slice(2), "hex"))),
      bytes: Uint8Array.from(Buffer.from(right.report.slice(2), "hex")),
      signature: right.signature,
    };
    const record = recordToWire({
      ...{ setId: SET_ID, slot: SLOT, observations: all },
      reports: [{ signed, observations: all }],
    });
    const shown = parseSlots(JSON.parse(JSON.stringify({ slots: [record], nextSlot: SLOT + 1 })));
    expect(shown.observations).to.have.length(5);
    expect(shown.observations[2]).to.deep.equal({
      ...{ setId: SET_ID, slot: SLOT, operator: 2, pricesE8: PRICES },
      ...{ signature: all[2]!.signature, proof: all[2]!.proof },
    });
    expect(shown.reports[0]!.observations.map(({ operator }) => operator)).to.deep.equal([
      0, 1, 2, 3, 4,
    ]);
    expect(shown).to.include({ lastSlot: SLOT, nextSlot: SLOT + 1 });
  });

  it("is refused when it is not the protocol's", () => {
    const good = wireSlots(all);
    for (const bad of [
      null,
      { slots: [] },
      { ...good, nextSlot: -1 },
      { ...good, slots: [{ ...(good.slots[0] as object), slot: 2 ** 32 }] },
      { ...good, slots: [{ ...(good.slots[0] as object), observations: [{}] }] },
    ]) {
      expect(() => parseSlots(bad)).to.throw();
    }
  });

  it("is judged once, whoever shows it, and again only if it could not be stored", async () => {
    const one = judge();
    const shown = { observations: all, reports: [right, wrong] };
    const first = await one.judge(shown);
    expect(first.observations.map(({ operator }) => operator)).to.deep.equal([0, 1, 2, 3, 4]);
    expect(first.reports.map(({ wrong: isWrong }) => isWrong)).to.deep.equal([false, true]);
    expect(first.unsigned).to.equal(0);
    expect(await one.judge(shown)).to.deep.equal({ observations: [], reports: [], unsigned: 0 });
    one.forget(first);
    expect((await one.judge(shown)).observations).to.have.length(5);
  });

  it("is judged again when the chain could not be read", async () => {
    let up = false;
    const one = createJudge(DOMAIN, () =>
      up ? Promise.resolve(set) : Promise.reject(new Error("down")),
    );
    const error = await one.judge({ observations: all, reports: [] }).catch(String);
    expect(error).to.equal("Error: down");
    up = true;
    expect((await one.judge({ observations: all, reports: [] })).observations).to.have.length(5);
  });

  it("is dropped where nobody signed it; the rest of an answer with much of it is not even looked at", async () => {
    const forged = [1, 2, 3, 4].map((operator) => ({ ...all[0]!, operator }));
    const answer = await judge().judge({
      observations: [...forged.slice(0, 2), ...all],
      reports: [],
    });
    expect(answer.observations).to.have.length(5);
    expect(answer.unsigned).to.equal(2);
    const flood = await judge().judge({ observations: [...forged, ...all], reports: [right] });
    expect(flood).to.deep.equal({ observations: [], reports: [], unsigned: 3 });
  });

  it("is no evidence unless root, set, slot, feeds and multisignature are right", async () => {
    const cases = [
      { ...wrong, observations: all.toReversed() },
      { ...wrong, observations: all.slice(1) },
      { ...wrong, observations: all.with(0, observe(keys, 0, OTHER)) },
      { ...wrong, signature: right.signature },
      bundle(
        keys,
        all.map((one, index) => observe(keys, index, [...one.pricesE8, 0n])),
        [entry(1n)],
      ),
      bundle(
        keys,
        [0, 1, 2].map((index) => observe(keys, index, PRICES, { setId: 9 })),
        [entry(1n)],
        { setId: 9 },
      ),
      bundle(
        keys,
        [0, 1, 2].map((index) => observe(keys, index, PRICES, { slot: 5 })),
        [entry(1n)],
      ),
    ];
    for (const one of cases) {
      expect(await judge().judge({ observations: [], reports: [one] })).to.deep.include({
        ...{ reports: [], unsigned: 1 },
      });
    }
  });

  it("is passed over where an operator did not see what a report stands on", async () => {
    const blind = { ...wrong, observations: [] };
    expect(await judge().judge({ observations: [], reports: [blind] })).to.deep.equal({
      ...{ observations: [], reports: [], unsigned: 0 },
    });
  });
});

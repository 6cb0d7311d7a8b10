import { expect } from "chai";

import type { CircuitValue } from "../../circuits/model/field.ts";
import { fieldInput, FIELD_MODULUS, hashFields } from "../../circuits/model/field.ts";
import type { IncludedObservation } from "../../circuits/model/price-batch.ts";
import { priceBatch } from "../../circuits/model/price-batch.ts";
import { FQ, Grumpkin, signProof } from "../../keepers/feed/signing/grumpkin.ts";
import { observationDigest } from "../../keepers/feed/signing/observation.ts";
import { batchOf, domain, included, observationOf, secretOf, somePrices } from "./observations.ts";
import { changed, OUT_OF_RANGE, valueAt, verdict } from "./solve.ts";

const LAST_PRICE = (1n << 95n) - 1n;

/** Observations of operators 0, 1, … with these prices of the first feed, and a second feed. */
const withPrices = (...pricesE8: bigint[]): IncludedObservation[] =>
  pricesE8.map((price, operator) => included(operator, [price, 5n]));

describe("price_batch", function () {
  this.timeout(60_000);

  const eleven = Array.from({ length: 11 }, (_, k) => included(k * 3, somePrices(k, 10)));
  const honest = priceBatch(batchOf(eleven));
  const three = priceBatch(batchOf(withPrices(10n, 20n, 30n)));
  const refuses = async (path: string, value: bigint | boolean, reason: string, of = three) => {
    const given = typeof value === "boolean" ? value : fieldInput(value);
    expect(await verdict("price_batch", changed(of.inputs, path, given))).to.equal(reason);
  };

  describe("accepts", () => {
    const accepts = async (batch: Parameters<typeof priceBatch>[0]) => {
      expect(await verdict("price_batch", priceBatch(batch).inputs)).to.equal("accepted");
    };

    it("eleven operators and ten feeds", async () => {
      expect(await verdict("price_batch", honest.inputs)).to.equal("accepted");
      expect(honest.answers.every((answer) => answer?.count === 11)).to.equal(true);
    });

    it("one operator and one feed", () => accepts(batchOf([included(30, [1n])])));

    it("the lowest and the highest price there can be", () =>
      accepts(batchOf(withPrices(1n, LAST_PRICE, LAST_PRICE))));

    it("equal prices", () => accepts(batchOf(withPrices(7n, 7n, 7n, 7n))));

    it("the lower of the two in the middle", async () => {
      const batch = batchOf(withPrices(40n, 10n, 30n, 20n));
      expect(priceBatch(batch).answers[0]).to.deep.equal({ answerE8: 20n, count: 4 });
      await accepts(batch);
    });

    it("operators without a price, who do not count", async () => {
      const batch = batchOf(withPrices(0n, 30n, 0n, 10n, 20n));
      expect(priceBatch(batch).answers[0]).to.deep.equal({ answerE8: 20n, count: 3 });
      await accepts(batch);
    });

    it("feeds of which nothing is stated", () => accepts(batchOf(eleven, { stated: [2, 5] })));

    it("every chunk of the largest set", async () => {
      const observations = [0, 4, 9].map((operator) =>
        included(operator, somePrices(operator, 110)),
      );
      for (let chunk = 0; chunk < 11; chunk++) await accepts(batchOf(observations, { chunk }));
    });

    it("a last chunk that is not full", async () => {
      const observations = [0, 1, 2].map((operator) =>
        included(operator, somePrices(operator, 23)),
      );
      await accepts(batchOf(observations, { chunk: 2 }));
    });
  });

  describe("refuses", () => {
    it("observations for another chain, contract, set or slot", async () => {
      for (const name of ["chain_id", "price_feeds", "set_id", "slot"]) {
        await refuses(name, valueAt(three.inputs, name) + 1n, "a signature is wrong");
      }
    });

    it("another root", () =>
      refuses("observation_root", three.root + 1n, "the root is not that of the observations"));

    it("another bitmap", () =>
      refuses("included", 0b1011n, "the bitmap is not that of the operators"));

    it("a signature with a changed response or challenge", async () => {
      for (const part of ["response.lo", "response.hi", "challenge"]) {
        const path = `witnesses.1.${part}`;
        await refuses(path, valueAt(three.inputs, path) + 1n, "a signature is wrong");
      }
    });

    it("a signature of another key", async () => {
      const { x, y } = withPrices(10n)[0]!.key;
      const inputs = changed(three.inputs, "keys.2", [fieldInput(x), fieldInput(y)]);
      expect(await verdict("price_batch", inputs)).to.equal("a signature is wrong");
    });

    it("a key that is not on the curve", () =>
      refuses("keys.0.1", valueAt(three.inputs, "keys.0.1") + 1n, "a key is not on the curve"));

    it("a nonce at infinity", async () => {
      const observation = included(0, [10n, 5n]);
      const sk = Grumpkin.Fn.fromBytes(secretOf(1));
      const proof = { s: FQ - ((5n * sk) % FQ), e: 5n };
      const { inputs } = priceBatch(batchOf([{ ...observation, proof }]));
      expect(await verdict("price_batch", inputs)).to.equal(
        "a signature's nonce is the point at infinity",
      );
    });

    it("other prices than were signed", () =>
      refuses("witnesses.1.prices.1", 6n, "prices are not those of the digest"));

    it("other hashes of chunks than were signed", async () => {
      const observations = [0, 1, 2].map((operator) =>
        included(operator, somePrices(operator, 20)),
      );
      const two = priceBatch(batchOf(observations, { chunk: 1 }));
      await refuses("witnesses.0.chunk_hashes.0", 1n, "a signature is wrong", two);
      await refuses("chunk", 0n, "prices are not those of the digest", two);
    });

    it("a chunk beyond the set's", async () => {
      await refuses("chunk", 1n, "prices are not those of the digest");
      await refuses("chunk", 11n, "the chunk's index is out of range");
      await refuses("chunk", FIELD_MODULUS - 1n, "the chunk's index is out of range");
    });

    it("another number of chunks than was signed, and one that it cannot hash", async () => {
      await refuses("chunks", 2n, "a signature is wrong");
      await refuses("chunks", 12n, "the length of a hashed prefix is out of range");
      await refuses("chunks", FIELD_MODULUS - 1n, "the length of a hashed prefix is out of range");
    });

    it("a price beyond the limit, though it was signed and the median is not", async () => {
      for (const place of [0, 1]) {
        const beyond = 1n << 95n;
        // The chunk's hash over packed pairs, which the model itself would refuse to make.
        const chunkHash = hashFields([beyond << (place === 0 ? 0n : 96n), 0n, 0n, 0n, 0n]);
        const digest = hashFields([
          BigInt(`0x${Buffer.from("Dodona observation v1").toString("hex")}`),
          valueAt(three.inputs, "chain_id"),
          valueAt(three.inputs, "price_feeds"),
          (valueAt(three.inputs, "set_id") << 32n) + valueAt(three.inputs, "slot"),
          chunkHash,
        ]);
        const prices = place === 0 ? [30n, 0n] : [0n, 30n];
        const honest = [0, 1].map((operator) => included(operator, prices));
        const last = { ...included(2, prices), proof: signProof(secretOf(3), digest) };
        const batch = priceBatch(batchOf([...honest, last], { stated: [place] }));
        const digests = honest.map(({ pricesE8, operator }) =>
          observationDigest(observationOf(operator, pricesE8), domain),
        );
        const root = hashFields([0n, digests[0]!, 1n, digests[1]!, 2n, digest]);
        const forged = [
          ["observation_root", root],
          ["witnesses.2.chunk_hashes.0", chunkHash],
          [`witnesses.2.prices.${place}`, beyond],
        ] as const;
        const given = forged.reduce(
          (all, [path, v]) => changed(all, path, fieldInput(v)),
          batch.inputs,
        );
        expect(await verdict("price_batch", given)).to.equal(OUT_OF_RANGE);
      }
    });

    it("an operator twice, and operators out of order", async () => {
      const twice = ["witnesses", "keys"].reduce((all, name) => {
        const list = all[name] as string[];
        return changed(all, `${name}.1`, list[0]!);
      }, three.inputs);
      expect(await verdict("price_batch", twice)).to.equal(OUT_OF_RANGE);
      await refuses("witnesses.1.operator", 2n, OUT_OF_RANGE);
      await refuses("witnesses.2.operator", 0n, OUT_OF_RANGE);
    });

    it("an operator index of 32", async () => {
      expect(
        await verdict("price_batch", changed(three.inputs, "witnesses.2.operator", "0x20")),
      ).to.match(/Field failed to decompose/);
    });

    it("a place left out before an operator", async () => {
      const lists = [three.inputs["witnesses"], three.inputs["keys"]] as CircuitValue[][];
      const [witness, key] = lists.map((list) => list[10]!);
      const inputs = changed(changed(three.inputs, "witnesses.0", witness!), "keys.0", key!);
      expect(await verdict("price_batch", inputs)).to.equal(
        "operators are not listed from the first place on",
      );
    });

    it("a key or prices at a place that nobody takes", async () => {
      await refuses("keys.3.0", 1n, "a key without an operator");
      await refuses("keys.10.1", 1n, "a key without an operator");
      await refuses("witnesses.3.prices.4", 1n, "prices without an operator");
    });

    it("nobody", async () => {
      const none = changed(
        priceBatch(batchOf([included(0, [1n])])).inputs,
        "witnesses.0.present",
        false,
      );
      expect(await verdict("price_batch", none)).to.not.equal("accepted");
    });

    it("every other price as the median", async () => {
      const prices = [40n, 10n, 30n, 20n, 0n];
      const batch = priceBatch(batchOf(withPrices(...prices)));
      for (const answer of [1n, 10n, 19n, 21n, 30n, 40n, 41n, LAST_PRICE]) {
        await refuses("entries.0", (4n << 96n) + answer, OUT_OF_RANGE, batch);
      }
    });

    it("a count that is not the number of prices", async () => {
      const reason = "a count is not that of the prices";
      await refuses("entries.0", (2n << 96n) + 20n, reason);
      await refuses("entries.0", (4n << 96n) + 20n, reason);
    });

    it("an answer to a feed without prices", () =>
      refuses("entries.2", (1n << 96n) + 5n, "a count is not that of the prices"));

    it("an answer without a count", () => refuses("entries.0", 20n, "an answer without a count"));

    it("fewer prices than the quorum", async () => {
      await refuses("quorum", 4n, OUT_OF_RANGE);
      expect(await verdict("price_batch", changed(three.inputs, "quorum", "0x3"))).to.equal(
        "accepted",
      );
    });

    it("an entry with more than an answer and a count in it", async () => {
      const entry = valueAt(three.inputs, "entries.0");
      await refuses("entries.0", entry + (1n << 95n), OUT_OF_RANGE);
      await refuses("entries.0", entry + (1n << 100n), OUT_OF_RANGE);
    });
  });

  it("binds every public input", async () => {
    const paths = [
      ...["chain_id", "price_feeds", "set_id", "slot", "chunk", "chunks", "included"],
      "observation_root",
      ...Array.from({ length: 10 }, (_, f) => `entries.${f}`),
      ...Array.from({ length: 11 }, (_, k) => [`keys.${k}.0`, `keys.${k}.1`]).flat(),
    ];
    expect(paths.length + 1).to.equal(honest.publicInputs.length);
    for (const path of paths) {
      const value = (valueAt(honest.inputs, path) + 1n) % FIELD_MODULUS;
      const inputs = changed(honest.inputs, path, fieldInput(value));
      expect(await verdict("price_batch", inputs), path).to.not.equal("accepted");
    }
  });
});

describe("the preparation of a price batch", () => {
  const one = included(0, [1n]);
  const refused = (observations: readonly IncludedObservation[], changes = {}) =>
    expect(() => priceBatch(batchOf(observations, changes)));

  it("refuses what the circuit cannot express, by name", () => {
    refused([]).to.throw(RangeError, "1 to 11 observations, not 0");
    const twelve = Array.from({ length: 12 }, (_, k) => included(k, [1n]));
    refused(twelve).to.throw(RangeError, "1 to 11 observations, not 12");
    refused([included(0, somePrices(0, 111))]).to.throw(RangeError, "1 to 110 feeds, not 111");
    refused([one], { chunk: 1 }).to.throw(RangeError, "chunk 1 of 1");
    refused([one, one]).to.throw(RangeError, "operator 0 stands twice");
    refused([one, included(1, [1n, 2n])]).to.throw(RangeError, "different numbers of feeds");
    refused([{ ...one, operator: 32 }]).to.throw(RangeError, "operator index 32 out of range");
    refused([{ ...one, pricesE8: [1n << 95n] }]).to.throw(RangeError, "price out of range");
    refused([{ ...one, key: { x: FIELD_MODULUS, y: 1n } }]).to.throw(RangeError, "key out of");
  });
});

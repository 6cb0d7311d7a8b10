import fs from "node:fs";
import path from "node:path";

import { expect } from "chai";
import fc from "fast-check";

import { readCommitted } from "../../circuits/build/check.ts";
import { CIRCUITS } from "../../circuits/build/circuits.ts";
import { circuitsFolder, projectRoot } from "../../circuits/build/config.ts";
import {
  CHUNK_FEEDS,
  MAX_CHUNKS,
  MAX_INCLUDED,
  OBSERVATION_TAG,
  priceBatch,
} from "../../circuits/model/price-batch.ts";
import { FILLS_TAG, performance, STATE_TAG } from "../../circuits/model/performance.ts";
import { MAX_FILLS } from "../../circuits/model/ledger.ts";
import { lowerMedian, pricesOf } from "../../keepers/feed/round/median.ts";
import { observationRoot } from "../../keepers/feed/signing/observation.ts";
import { periodOf } from "./ledgers.ts";
import { batchOf, domain, included, observationOf } from "./observations.ts";
import { verdict } from "./solve.ts";

const source = (file: string): string => fs.readFileSync(path.join(circuitsFolder, file), "utf8");
const constant = (file: string, name: string): bigint => {
  const found = new RegExp(`global ${name}: \\w+ = (\\w+);`).exec(source(file));
  if (found === null) throw new Error(`no ${name} in ${file}`);
  return BigInt(found[1]!);
};
const sourcesOf = (folder: string, ending: string): string[] =>
  fs
    .readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(ending))
    .map((file) => fs.readFileSync(path.join(folder, file), "utf8"));
const committed = readCommitted().verifiers;
const ascii = (value: bigint): string => Buffer.from(value.toString(16), "hex").toString("ascii");

describe("circuits and the rest of the project", function () {
  this.timeout(60_000);

  it("have the same limits", () => {
    expect(constant("price_batch/src/main.nr", "OPERATORS")).to.equal(BigInt(MAX_INCLUDED));
    expect(constant("price_batch/src/main.nr", "FEEDS")).to.equal(BigInt(CHUNK_FEEDS));
    expect(constant("price_batch/src/main.nr", "CHUNKS")).to.equal(BigInt(MAX_CHUNKS));
    expect(constant("performance/src/main.nr", "FILLS")).to.equal(BigInt(MAX_FILLS));
  });

  it("have the same tags", () => {
    expect(ascii(constant("price_batch/src/main.nr", "TAG"))).to.equal(OBSERVATION_TAG);
    expect(ascii(constant("performance/src/main.nr", "TAG"))).to.equal(FILLS_TAG);
    expect(ascii(constant("performance/src/state.nr", "TAG"))).to.equal(STATE_TAG);
  });

  it("have as many public inputs as the verifiers take, and as the contracts hand to them", () => {
    const given = {
      price_batch: priceBatch(batchOf([included(0, [1n])])).publicInputs.length,
      performance: performance(periodOf([])).publicInputs.length,
    };
    for (const { name, verifier } of CIRCUITS) {
      const taken = /REAL_NUMBER_PUBLIC_INPUTS = (\d+);/.exec(committed[verifier]!)![1];
      expect(given[name], name).to.equal(Number(taken));
    }
    const contract = (name: string) =>
      fs.readFileSync(path.join(projectRoot, "contracts/proofs", `${name}.sol`), "utf8");
    expect(contract("TraderRegistry")).to.contain(`INPUTS = ${given.performance};`);
    const batch = contract("PriceAttestations");
    expect(batch).to.contain("INPUTS = HEAD_INPUTS + CHUNK_FEEDS + 2 * MOST_INCLUDED;");
    expect(batch).to.contain(`MOST_INCLUDED = ${MAX_INCLUDED};`);
    const head = given.price_batch - CHUNK_FEEDS - 2 * MAX_INCLUDED;
    expect(batch).to.contain(`HEAD_INPUTS = ${head};`);
  });

  it("expect the message of every assertion in a test", () => {
    const messages = sourcesOf(circuitsFolder, ".nr").flatMap((text) => [
      ...text.matchAll(/\bassert\([^;]*?"([^"]+)"\s*,?\s*\);/g),
    ]);
    const asserts = sourcesOf(circuitsFolder, ".nr").flatMap((text) => [
      ...text.matchAll(/\bassert\(/g),
    ]);
    expect(messages.length).to.equal(asserts.length).and.to.be.greaterThan(25);
    const tests = sourcesOf(import.meta.dirname, ".test.ts").join("");
    const names = messages.map(([, message]) => message!);
    expect(names.filter((message) => !tests.includes(`"${message}"`))).to.deep.equal([]);
  });

  it("agree with the operators' digests, roots, medians and signatures, whatever the prices", async () => {
    const price = fc.oneof(
      fc.constant(0n),
      fc.bigInt({ min: 1n, max: 5n }),
      fc.bigInt({ min: 1n, max: (1n << 95n) - 1n }),
    );
    const round = fc.integer({ min: 1, max: 33 }).chain((feeds) =>
      fc.record({
        prices: fc.array(fc.array(price, { minLength: feeds, maxLength: feeds }), {
          minLength: 1,
          maxLength: 11,
        }),
        operators: fc.uniqueArray(fc.integer({ min: 0, max: 30 }), {
          minLength: 11,
          maxLength: 11,
        }),
        chunk: fc.integer({ min: 0, max: Math.ceil(feeds / 10) - 1 }),
      }),
    );
    await fc.assert(
      fc.asyncProperty(round, async ({ prices, operators, chunk }) => {
        const observations = prices.map((row, k) => included(operators[k]!, row));
        const plain = observations.map(({ operator, pricesE8 }) =>
          observationOf(operator, pricesE8),
        );
        const batch = priceBatch(batchOf(observations, { chunk, quorum: 1 }));
        expect(batch.root).to.equal(observationRoot(plain, domain));
        batch.answers.forEach((answer, place) => {
          const values = pricesOf(plain, 10 * chunk + place);
          expect(answer?.answerE8 ?? null).to.equal(lowerMedian(values));
          expect(answer?.count ?? 0).to.equal(values.length);
        });
        expect(await verdict("price_batch", batch.inputs)).to.equal("accepted");
      }),
      { numRuns: 20 },
    );
  });
});

import fs from "node:fs";
import os from "node:os";
import path from "node:path";

import { Noir } from "@noir-lang/noir_js";
import { expect } from "chai";

import { compileFolder } from "../../circuits/build/compile.ts";
import { circuitsFolder } from "../../circuits/build/config.ts";
import { fieldInput } from "../../circuits/model/field.ts";
import { priceBatch } from "../../circuits/model/price-batch.ts";
import { batchOf, included } from "./observations.ts";
import { changed, OUT_OF_RANGE, verdictOf } from "./solve.ts";

/** Hints that the circuit computes for itself, told by a prover who lies: the constraints stay as they are. */
const LIES = [
  {
    name: "which prices are below a median",
    file: "lib/src/bounded.nr",
    honest: "a.lt(b)",
    // Of 10, 20 and 30 one more price is said to lie below 10.
    lie: "a.lt(b) | ((a == 20) & (b == 10))",
    entry: (3n << 96n) + 10n,
  },
  {
    name: "where the answer of an entry ends",
    file: "price_batch/src/main.nr",
    honest: "    low\n}",
    // The entry says 4 prices: one of them is said to belong to the answer.
    lie: "    low + PRICE_SHIFT\n}",
    entry: (4n << 96n) + 20n,
  },
] as const;

describe("a hint that lies", function () {
  this.timeout(60_000);

  const observations = [10n, 20n, 30n].map((price, k) => included(k, [price]));
  const { inputs } = priceBatch(batchOf(observations, { stated: [0] }));

  for (const { name, file, honest, lie, entry } of LIES) {
    it(`about ${name} is refused`, async () => {
      const folder = fs.mkdtempSync(path.join(os.tmpdir(), "dodona-hints-"));
      try {
        for (const part of ["lib", "price_batch"]) {
          fs.cpSync(path.join(circuitsFolder, part), path.join(folder, part), { recursive: true });
        }
        const source = fs.readFileSync(path.join(folder, file), "utf8");
        expect(source.split(honest)).to.have.length(2);
        fs.writeFileSync(path.join(folder, file), source.replace(honest, lie));
        const solver = new Noir(await compileFolder(path.join(folder, "price_batch")));
        const forged = changed(inputs, "entries.0", fieldInput(entry));
        expect(await verdictOf(solver, forged)).to.equal(OUT_OF_RANGE);
      } finally {
        fs.rmSync(folder, { recursive: true });
      }
    });
  }
});

import { gunzipSync } from "node:zlib";

import { acvm, Noir } from "@noir-lang/noir_js";
import { expect } from "chai";

import { openBackend } from "../../../circuits/build/backend.ts";
import type { BuiltCircuit } from "../../../circuits/build/build.ts";
import { buildCircuits } from "../../../circuits/build/build.ts";
import type { CircuitName } from "../../../circuits/build/circuits.ts";
import { circuitOf } from "../../../circuits/build/circuits.ts";
import type { CircuitInputs } from "../../../circuits/model/field.ts";
import { FIELD_MODULUS } from "../../../circuits/model/field.ts";
import { performance } from "../../../circuits/model/performance.ts";
import { priceBatch } from "../../../circuits/model/price-batch.ts";
import { mixedFills, periodOf } from "../../circuits/ledgers.ts";
import { batchOf, included, somePrices } from "../../circuits/observations.ts";
import { pathsOf } from "../../circuits/solve.ts";
import { developmentPoints } from "../../circuits/points.ts";
import { deployVerifier } from "../../helpers/verifiers.ts";

/** Values changed for each circuit; a long run sets more. */
const SAMPLES = Number(process.env["DODONA_TAMPERED"] ?? 4);

const statements: readonly (readonly [CircuitName, { readonly inputs: CircuitInputs }])[] = [
  [
    "price_batch",
    priceBatch(batchOf([1, 4, 6].map((operator) => included(operator, somePrices(operator, 10))))),
  ],
  ["performance", performance(periodOf(mixedFills))],
];

/** A circuit's solution, value by value. */
async function solutionOf({ program }: BuiltCircuit, inputs: CircuitInputs) {
  const { witness } = await new Noir(program.compiled).execute(inputs);
  return acvm.decompressWitness(witness);
}

/** Spread over all values: multiples of the golden section. */
function sampleOf(indices: readonly number[]): number[] {
  return Array.from({ length: SAMPLES }, (_, k) => {
    return indices[Math.floor((((k + 1) * 0.6180339887498949) % 1) * indices.length)]!;
  });
}

describe("a changed value inside a circuit", function () {
  this.timeout(60_000 + 10_000 * SAMPLES);

  for (const [name, { inputs }] of statements) {
    it(`of ${name} makes no proof, or one of the very same statement`, async () => {
      const srs = developmentPoints();
      const [built] = await buildCircuits([circuitOf(name)], srs);
      const { circuit, program, key } = built!;
      const verifier = await deployVerifier(built!);
      const backend = await openBackend(srs);
      const proofOf = (values: ReadonlyMap<number, string>) => {
        const witness = Uint8Array.from(gunzipSync(acvm.compressWitness(new Map(values))));
        return backend.prove(circuit, program.bytecode, key, witness);
      };
      try {
        const values = await solutionOf(built!, inputs);
        const honest = await proofOf(values);
        expect(await verifier.accepts(honest.proof, honest.publicInputs)).to.equal(true);
        const refused: number[] = [];
        const internal = [...values.keys()].filter((index) => index >= pathsOf(inputs).length);
        for (const index of sampleOf(internal)) {
          const value = (BigInt(values.get(index)!) + 1n) % FIELD_MODULUS;
          const changed = new Map(values).set(index, `0x${value.toString(16).padStart(64, "0")}`);
          const forged = await proofOf(changed);
          expect(forged.publicInputs, String(index)).to.deep.equal(honest.publicInputs);
          if (!(await verifier.accepts(forged.proof, forged.publicInputs))) refused.push(index);
        }
        // Values that no constraint needs are few.
        expect(refused.length).to.be.greaterThan(SAMPLES / 2);
        // And a public input that is changed with the proof's own witness is another statement, which is not proved.
        const value = (BigInt(values.get(4)!) + 1n) % FIELD_MODULUS;
        const other = new Map(values).set(4, `0x${value.toString(16).padStart(64, "0")}`);
        const forged = await proofOf(other);
        expect(forged.publicInputs[4]).to.not.equal(honest.publicInputs[4]);
        expect(await verifier.accepts(forged.proof, forged.publicInputs)).to.equal(false);
      } finally {
        await backend.close();
      }
    });
  }
});

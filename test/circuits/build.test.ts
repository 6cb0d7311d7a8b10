import fs from "node:fs";
import os from "node:os";
import path from "node:path";

import { bn254 } from "@noble/curves/bn254.js";
import { expect } from "chai";

import { buildCircuits } from "../../circuits/build/build.ts";
import type { Committed } from "../../circuits/build/check.ts";
import { checkCommitted, readCommitted } from "../../circuits/build/check.ts";
import { circuitOf, CIRCUITS, GATE_LIMIT } from "../../circuits/build/circuits.ts";
import { compileFolder, programOf } from "../../circuits/build/compile.ts";
import { circuitsFolder } from "../../circuits/build/config.ts";
import type { Manifest } from "../../circuits/build/manifest.ts";
import { g2Words, verifierContract } from "../../circuits/build/solidity.ts";
import { developmentSrs, POINTS, srsFor } from "../../circuits/build/srs.ts";
import { ceremonyPoints, developmentPoints } from "./points.ts";

const committed = readCommitted();
const manifest = JSON.parse(committed.manifest!) as Manifest;

describe("the build of the circuits", function () {
  this.timeout(120_000);

  describe("compiler", () => {
    let folder = "";
    before(() => {
      folder = path.join(fs.mkdtempSync(path.join(os.tmpdir(), "dodona-circuits-")), "else where");
      for (const name of ["lib", ...CIRCUITS.map((circuit) => circuit.name)]) {
        fs.cpSync(path.join(circuitsFolder, name), path.join(folder, name), { recursive: true });
      }
    });
    after(() => fs.rmSync(path.dirname(folder), { recursive: true }));

    it("makes the committed bytecode in any folder, and says nothing", async () => {
      const said: unknown[] = [];
      const write = process.stdout.write;
      process.stdout.write = (text) => said.push(text) > 0;
      try {
        const programs = CIRCUITS.map(async ({ name }) => {
          const { bytecodeHash } = programOf(await compileFolder(path.join(folder, name)));
          expect(bytecodeHash, name).to.equal(manifest.circuits[name]!.bytecode);
        });
        await Promise.all(programs);
      } finally {
        process.stdout.write = write;
      }
      expect(said).to.deep.equal([]);
    });

    it("says what is wrong with a source", async () => {
      const broken = path.join(folder, "broken");
      fs.cpSync(path.join(folder, "price_batch"), broken, { recursive: true });
      fs.appendFileSync(path.join(broken, "src/main.nr"), "fn wrong() -> Field { unheard_of }\n");
      const failure = await compileFolder(broken).catch((error: unknown) => String(error));
      expect(failure)
        .to.match(/circuit broken does not compile/)
        .and.to.match(/unheard_of/);
    });
  });

  describe("check", () => {
    const faultsOf = async (changes: Partial<Committed>, srs = ceremonyPoints()) =>
      (await checkCommitted({ ...committed, ...changes }, srs)).faults;
    const changedManifest = (change: (manifest: Manifest) => unknown): string =>
      `${JSON.stringify(change(structuredClone(manifest)), null, 2)}\n`;

    it("finds nothing wrong with what is committed, with and without the ceremony's points", async () => {
      expect(await checkCommitted(committed, ceremonyPoints())).to.have.deep.property("faults", []);
      const { faults, notes } = await checkCommitted(committed, null);
      expect(faults).to.deep.equal([]);
      expect(notes.join()).to.contain("not computed again");
    });

    it("finds a changed verifier, also where the manifest names the change", async () => {
      const verifiers = {
        ...committed.verifiers,
        PriceBatchVerifier: committed.verifiers["PriceBatchVerifier"]!.replace("0x", "0x0"),
      };
      const fault = "contracts/verifiers/PriceBatchVerifier.sol is not what the manifest names";
      expect(await faultsOf({ verifiers })).to.include(fault);
      expect(await faultsOf({ verifiers }, null)).to.include(fault);
      expect(await faultsOf({ verifiers: {} }, null)).to.have.length(2);
    });

    it("finds other versions, bytecode, gates and circuits in the manifest, and that there is none", async () => {
      const { price_batch, performance } = manifest.circuits as Record<
        "price_batch" | "performance",
        Manifest["circuits"][string]
      >;
      const text = changedManifest(() => ({
        ...manifest,
        versions: { ...manifest.versions, noir: "0.1.0" },
        circuits: {
          price_batch: { ...price_batch, bytecode: "00" },
          performance: { ...performance, gates: performance.gates - 1 },
          other: performance,
        },
      }));
      expect(await faultsOf({ manifest: text }, null)).to.deep.equal([
        `circuits/manifest.json: noir 0.1.0, not ${manifest.versions.noir}`,
        "circuits/manifest.json: no circuit other",
        "price_batch: other bytecode",
        `performance: ${performance.gates} gates, not as committed`,
      ]);
      expect(await faultsOf({ manifest: null })).to.deep.equal([
        "circuits/manifest.json is missing",
      ]);
    });
  });

  it("keeps every circuit below 2^15 gates", () => {
    expect(GATE_LIMIT).to.equal(2 ** 15);
    for (const { name } of CIRCUITS) {
      expect(manifest.circuits[name]!.gates, name).to.be.lessThan(GATE_LIMIT);
    }
  });

  describe("verifiers", () => {
    // As in the first verifier that the library ever generated, and in those of other projects.
    const CEREMONY_X1 = "260e01b251f6f1c7e7ff4e580791dee8ea51d87a358e038b4efe30fac09383c1";

    it("that are committed carry the ceremony's points, and those of development points others", async () => {
      const words = g2Words(developmentPoints().g2);
      const built = await buildCircuits(CIRCUITS, developmentPoints());
      for (const { circuit, verifierSource } of built) {
        const source = committed.verifiers[circuit.verifier]!;
        expect(source).to.contain(CEREMONY_X1);
        expect(words.filter((word) => source.includes(word))).to.deep.equal([]);
        expect(verifierSource).to.not.contain(CEREMONY_X1);
        expect(words.every((word) => verifierSource.includes(word))).to.equal(true);
      }
    });

    it("are refused if the library writes them in another way", () => {
      const make = () => verifierContract(circuitOf("performance"), "contract Other {}", []);
      expect(make).to.throw("the generated verifier has no ^pragma solidity");
    });
  });

  describe("points", () => {
    it("for development are refused on every chain but a local one", () => {
      for (const chainId of [1n, 10n, 137n, 11_155_111n, 31_338n]) {
        expect(() => developmentSrs(chainId)).to.throw("chain ids 31337, 1337 only");
      }
    });

    it("on a local chain need no network", async () => {
      for (const chainId of [31_337n, 1_337n]) {
        const { kind } = await srsFor(chainId);
        expect(kind).to.equal(ceremonyPoints() === null ? "development" : "ceremony");
      }
    });

    for (const [name, points] of [
      ["for development", developmentPoints],
      ["of the ceremony, if they are here,", ceremonyPoints],
    ] as const) {
      it(`${name} are consecutive powers of one τ`, () => {
        const srs = points();
        if (srs === null) return;
        const bytes = fs.readFileSync(path.join(srs.folder, "bn254_g1.dat"));
        expect(bytes.length).to.equal(64 * POINTS);
        const g1 = (index: number) => {
          const [x, y] = [0, 32].map((at) =>
            BigInt(`0x${bytes.subarray(64 * index + at, 64 * index + at + 32).toString("hex")}`),
          );
          return bn254.G1.Point.fromAffine({ x: x!, y: y! });
        };
        const [x1, x0, y1, y0] = g2Words(srs.g2).map((word) => BigInt(`0x${word}`));
        const tauG2 = bn254.G2.Point.fromAffine({
          x: { c0: x0!, c1: x1! },
          y: { c0: y0!, c1: y1! },
        });
        expect(g1(0).equals(bn254.G1.Point.BASE)).to.equal(true);
        for (const index of [0, 1, 2, POINTS - 2]) {
          // e(τ^(i+1)·G1, G2) = e(τ^i·G1, τ·G2)
          const left = bn254.pairing(g1(index + 1), bn254.G2.Point.BASE);
          const right = bn254.pairing(g1(index), tauG2);
          expect(bn254.fields.Fp12.eql(left, right), String(index)).to.equal(true);
        }
      });
    }
  });
});

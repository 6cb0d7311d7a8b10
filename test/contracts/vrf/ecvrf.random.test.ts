import { createHash } from "node:crypto";
import { once } from "node:events";
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";

import { expect } from "chai";
import { hexlify } from "ethers";
import hre from "hardhat";

import { ecvrf } from "../../../keepers/vrf/ecvrf.ts";
import { piOf } from "../../../keepers/vrf/witness.ts";
import type { Made, Order } from "../../helpers/ecvrf-worker.ts";

const KEYS = 100;
const ALPHAS = 100;
const ALTERED = 2_000;
const MAX_ALPHA_BYTES = 100;
const NONE = `0x${"00".repeat(32)}`;

/** Bytes that only `label` decides. */
const draw = (label: string): Buffer => createHash("sha256").update(label).digest();
const orders: Order[] = [...Array(KEYS).keys()].map((key) => ({
  secret: draw(`key ${key}`),
  alphas: [...Array(ALPHAS).keys()].map((i) => {
    const length = draw(`length ${key} ${i}`).readUInt16BE() % (MAX_ALPHA_BYTES + 1);
    const blocks = [0, 1, 2, 3].map((block) => draw(`alpha ${key} ${i} ${block}`));
    return Uint8Array.from(Buffer.concat(blocks).subarray(0, length));
  }),
}));

async function makeAll(): Promise<Made[]> {
  const queue = [...orders.entries()];
  const made: Made[] = [];
  const work = async () => {
    const worker = new Worker(new URL("../../helpers/ecvrf-worker.ts", import.meta.url));
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      worker.postMessage(next[1]);
      [made[next[0]]] = (await once(worker, "message")) as [Made];
    }
    await worker.terminate();
  };
  await Promise.all(Array.from({ length: Math.min(4, availableParallelism()) }, work));
  return made;
}

describe("ECVRF in TypeScript and in Solidity", function () {
  this.timeout(240_000);
  let made: Made[];
  before(async () => {
    made = await makeAll();
  });

  it(`agree on the outputs of ${KEYS * ALPHAS} random inputs`, async () => {
    const { ethers } = await hre.network.create();
    const harness = await ethers.deployContract("ECVRFHarness");
    const outputs = new Set<string>();
    const counts = new Set<number>();
    for (const { x, parity, cases } of made) {
      const given = cases.map(({ alpha, proof }) => ({ keyX: x, keyParity: parity, alpha, proof }));
      const betas = await harness.verifyMany(given);
      expect([...betas]).to.deep.equal(cases.map(({ beta }) => hexlify(beta)));
      betas.forEach((beta) => outputs.add(beta));
      cases.forEach(({ proof }) => counts.add(proof.length));
    }
    const inputs = orders.flatMap(({ alphas }, key) =>
      alphas.map((alpha) => `${key} ${hexlify(alpha)}`),
    );
    expect(outputs.size).to.equal(new Set(inputs).size);
    expect(outputs.size).to.be.greaterThan(0.99 * inputs.length);
    expect(new Set(made.map(({ parity }) => parity)).size).to.equal(2);
    expect(counts.size).to.be.greaterThan(8);
  });

  it(`refuse ${ALTERED} random alterations alike`, async () => {
    const { ethers } = await hre.network.create();
    const harness = await ethers.deployContract("ECVRFHarness");
    const altered = [...Array(ALTERED).keys()].map((i) => {
      const { x, parity, cases } = made[i % KEYS]!;
      const { alpha, proof } = cases[Math.floor(i / KEYS)]!;
      const [kind, where] = [draw(`kind ${i}`)[0]! % 8, draw(`where ${i}`).readUInt32BE()];
      const other = made[(i + 1) % KEYS]!;
      const case_ = { keyX: x, keyParity: parity, alpha, proof: Uint8Array.from(proof) };
      if (kind === 0) return { ...case_, alpha: Uint8Array.of(...alpha, 0) };
      if (kind === 1) return { ...case_, keyX: other.x, keyParity: other.parity };
      if (kind === 2) return { ...case_, proof: proof.subarray(0, where % proof.length) };
      if (kind === 3) return { ...case_, proof: Uint8Array.of(...proof, ...draw(`root ${i}`)) };
      if (kind === 4) return { ...case_, keyParity: 1n - parity };
      case_.proof[where % 225]! ^= 1 << (where >>> 29);
      return case_;
    });
    for (let i = 0; i < ALTERED; i += ALPHAS) {
      const betas = await harness.verifyMany(altered.slice(i, i + ALPHAS));
      expect([...betas].filter((beta) => beta !== NONE)).to.deep.equal([]);
    }
    const { Point } = ecvrf.suite;
    for (const { keyX, keyParity, alpha, proof } of altered.slice(0, 400)) {
      const [head, tail] = [keyParity === 0n ? 2 : 3, Point.Fp.toBytes(keyX)];
      expect(piOf(Uint8Array.of(head, ...tail), alpha, proof)).to.equal(null);
    }
  });
});

import { expect } from "chai";
import fc from "fast-check";
import { hexlify } from "ethers";
import hre from "hardhat";

import {
  bytes,
  challenge,
  compress,
  decompress,
  encode,
  encodeWitness,
  G,
  hex,
  N,
  negate,
  P,
  plus,
  pointAt,
  prove,
  termsOf,
  times,
  word,
  type PlainPoint,
} from "../../keepers/vrf/ecvrf.plain.ts";
import { secpVectors } from "../../keepers/vrf/ecvrf.vectors.ts";
import { ecvrf } from "../../../keepers/vrf/ecvrf.ts";
import {
  decodeWitness,
  encodeWitness as encodeOurs,
  witnessOf,
} from "../../../keepers/vrf/witness.ts";
import {
  anotherGamma,
  anotherHashTerm,
  honest,
  overwrite,
  withoutKey,
  type Case,
} from "./ecvrf.forge.ts";

const SECRET = 0x1d0d0an;
const TERMS = 129;
const ROOTS = 225;
const MEAN_GAS = 39_500;

async function deploy() {
  const { ethers } = await hre.network.create();
  const harness = await ethers.deployContract("ECVRFHarness");
  return { ethers, harness };
}

const args = ({ x, parity, alpha, proof }: Case): [bigint, bigint, string, string] => [
  x,
  parity,
  `0x${alpha}`,
  `0x${proof}`,
];

/** An alpha whose hash needs exactly that many failed increments, under the key of SECRET. */
function alphaFailing(failures: number): string {
  const key = compress(times(SECRET, G)!);
  for (let i = 0; ; i += 1) {
    const alpha = i.toString(16).padStart(4, "0");
    if (encode(key, alpha).roots.length === failures) return alpha;
  }
}

const noPoint = [...Array(100).keys()].map(BigInt).find((x) => x > 0n && !pointAt(x, 0n))!;
const beyondOrder = [...Array(100).keys()].map((i) => N + BigInt(i)).find((x) => pointAt(x, 0n))!;

describe("ECVRF", () => {
  let harness: Awaited<ReturnType<typeof deploy>>["harness"];
  let ethers: Awaited<ReturnType<typeof deploy>>["ethers"];
  before(async () => {
    ({ harness, ethers } = await deploy());
  });

  const refused = async (given: Case, error: string, ...values: unknown[]) => {
    const call = harness.verify(...args(given));
    const matcher = expect(call).to.be.revertedWithCustomError(harness, error);
    await (values.length === 0 ? matcher : matcher.withArgs(...values));
  };

  describe("vectors", () => {
    for (const vector of secpVectors?.vectors ?? []) {
      it(`computes every value of "${vector.label}"`, async () => {
        const { x, y } = decompress(vector.pk)!;
        const [h, v] = [decompress(vector.h)!, decompress(vector.v)!];
        const proof = witnessOf(bytes(vector.pk), bytes(vector.alpha), bytes(vector.pi));
        const { u, s, gamma, terms, roots } = decodeWitness(proof);
        expect(roots.length).to.equal(vector.h_ctr);
        const [parity, alpha] = [y & 1n, `0x${vector.alpha}`];
        const given = `0x${hex(proof)}`;
        expect(
          await harness.hashToCurve(x, parity, alpha, `0x${roots.map(word).join("")}`),
        ).to.equal(h.x);
        const sum = await harness.terms(...terms);
        expect({ x: sum.vX, y: sum.vY }).to.deep.equal(v);
        expect({ x: sum.aX, y: sum.aY }).to.deep.equal(times(BigInt(`0x${vector.s}`), h));
        expect({ x: sum.bX, y: sum.bY }).to.deep.equal(
          negate(times(BigInt(`0x${vector.c}`), decompress(vector.gamma))!),
        );
        expect([compress(u), word(s), hex(gamma.toBytes(true))]).to.deep.equal([
          vector.u,
          vector.s,
          vector.gamma,
        ]);
        expect(await harness.challenge(x, parity, h.x, given, v.x, v.y)).to.equal(
          BigInt(`0x${vector.c}`),
        );
        expect(await harness.proofToHash(given)).to.equal(`0x${vector.beta}`);
        expect(await harness.verify(x, parity, alpha, given)).to.equal(`0x${vector.beta}`);
      });
    }

    for (const { description, pk, alpha, pi } of secpVectors?.negative_vectors ?? []) {
      it(`refuses the vector with ${description}`, async () => {
        const { x, y } = decompress(pk)!;
        const { h, roots } = encode(pk, alpha);
        const [c, s] = [BigInt(`0x${pi.slice(66, 98)}`), BigInt(`0x${pi.slice(98)}`)];
        // The points as the vector's c and s give them, which is the best that can be made of it.
        const gamma = decompress(pi.slice(0, 66)) ?? { x: BigInt(`0x${pi.slice(2, 66)}`), y: 0n };
        const u = plus(times(s, G), times(-c, { x, y }))!;
        const b = decompress(pi.slice(0, 66)) ? negate(times(c, gamma)!) : times(3n, h)!;
        const proof = encodeWitness({ gamma, s, u, a: times(s, h)!, b, roots });
        await expect(harness.verify(x, y & 1n, `0x${alpha}`, `0x${proof}`)).to.revert(ethers);
      });
    }
  });

  it("accepts the proofs of an implementation that shares no code with it", async () => {
    for (const alpha of ["", "00", alphaFailing(1), alphaFailing(3), "ab".repeat(300)]) {
      const given = honest(SECRET + BigInt(alpha.length), alpha);
      expect(await harness.verify(...args(given))).to.equal(`0x${given.beta}`);
    }
  });

  it("takes alpha of any length and leaves it and the memory behind it as it was", async () => {
    for (const length of [0, 1, 31, 32, 33, 64, 69, 1_000, 5_000]) {
      const made = ecvrf.prove(bytes(word(SECRET)), new Uint8Array(length).fill(0xa5));
      const { x, y } = ecvrf.validateKey(made.publicKey).toAffine();
      expect(await harness.verify(x, y & 1n, made.alpha, encodeOurs(made))).to.equal(
        `0x${hex(made.beta)}`,
      );
    }
    expect(await harness.keepsMemory(...args(honest(SECRET, "a5".repeat(70))))).to.equal(true);
  });

  it("takes keys of both parities, and each only with its own", async () => {
    const seen = new Set<bigint>();
    for (let secret = 1n; seen.size < 2; secret += 1n) {
      const given = honest(secret, "01");
      if (seen.has(given.parity)) continue;
      seen.add(given.parity);
      expect(await harness.verify(...args(given))).to.equal(`0x${given.beta}`);
      await expect(harness.verify(...args({ ...given, parity: 1n - given.parity }))).to.revert(
        ethers,
      );
    }
  });

  describe("form", () => {
    const given = honest(SECRET, alphaFailing(1));

    it("refuses every length but 225 + 32k with k ≤ 255", async () => {
      for (const length of [0, 1, 33, 65, 193, 224, 226, 256, 258, 288, ROOTS + 32 * 256]) {
        const proof = given.proof.repeat(40).slice(0, 2 * length);
        await refused({ ...given, proof }, "ProofLength", length);
      }
      await refused({ ...given, proof: `${given.proof}00` }, "ProofLength", 258);
      await refused({ ...given, proof: given.proof.slice(0, -2) }, "ProofLength", 256);
    });

    it("does not wrap when the roots are 256 or more", async () => {
      for (const count of [255, 256, 257, 2_048]) {
        const proof = given.proof.slice(0, 2 * ROOTS) + "00".repeat(32 * count);
        await refused({ ...given, proof }, count > 255 ? "ProofLength" : "WrongRoot");
      }
    });

    it("refuses a gamma that does not start with 2 or 3", async () => {
      for (const prefix of [0x00, 0x01, 0x04, 0x06, 0x07, 0x82, 0xff]) {
        const proof = overwrite(given.proof, 0, prefix.toString(16).padStart(2, "0"));
        await refused({ ...given, proof }, "GammaPrefix", prefix);
      }
    });

    it("refuses an s outside [1, n)", async () => {
      for (const s of [0n, N, N + 1n, 2n ** 256n - 1n]) {
        await refused(
          { ...given, proof: overwrite(given.proof, 33, word(s)) },
          "ScalarOutOfRange",
          s,
        );
      }
    });
  });

  describe("counter", () => {
    const given = honest(SECRET, alphaFailing(2));
    const rootAt = (i: number) =>
      given.proof.slice(2 * (ROOTS + 32 * i), 2 * (ROOTS + 32 * i + 32));
    const withRoots = (...roots: string[]): Case => ({
      ...given,
      proof: given.proof.slice(0, 2 * ROOTS) + roots.join(""),
    });

    it("refuses a root that is missing, first or last", async () => {
      await refused(withRoots(), "InvalidIncrement");
      await refused(withRoots(rootAt(0)), "InvalidIncrement");
      await refused(withRoots(rootAt(1)), "WrongRoot");
    });

    it("refuses swapped, repeated, shifted and zero roots", async () => {
      const next = word((BigInt(`0x${rootAt(0)}`) + 1n) % P);
      await refused(withRoots(rootAt(1), rootAt(0)), "WrongRoot");
      await refused(withRoots(rootAt(0), rootAt(0)), "WrongRoot");
      await refused(withRoots(next, rootAt(1)), "WrongRoot");
      await refused(withRoots(word(0n), rootAt(1)), "WrongRoot");
      await refused(withRoots(rootAt(0), word(0n)), "WrongRoot");
    });

    it("takes the other root, which proves the same", async () => {
      const other = word(P - BigInt(`0x${rootAt(0)}`));
      expect(await harness.verify(...args(withRoots(other, rootAt(1))))).to.equal(
        `0x${given.beta}`,
      );
    });

    it("skips no valid increment, whatever root is claimed", async () => {
      const { h } = given;
      // y² = x³ + 7, the square root that a valid increment has.
      for (const root of [h.y, P - h.y, 0n, 1n, P, 2n ** 256n - 1n]) {
        await refused(withRoots(rootAt(0), rootAt(1), word(root)), "WrongRoot", 2, h.x, root);
      }
    });

    it("knows failed increments by textbook arithmetic, at and above p too", async () => {
      for (let x = 1n; x < 40n; x += 1n) {
        const point = pointAt(x, 0n);
        const root = modularRoot((P - (x ** 3n + 7n)) % P);
        expect(await harness.isFailed(x, root), `${x}`).to.equal(point === null);
        if (point !== null) expect(await harness.isFailed(x, point.y)).to.equal(false);
      }
      expect(await harness.isFailed(P - 1n, 0n)).to.equal(false);
      for (const x of [P, P + 1n, 2n ** 256n - 1n]) {
        expect(await harness.isFailed(x, 0n)).to.equal(true);
      }
    });
  });

  describe("points", () => {
    const given = honest(SECRET, alphaFailing(1));
    const gammaAt = (x: bigint) => overwrite(given.proof, 1, word(x));

    it("refuses a gamma off the curve, at zero and from n on", async () => {
      for (const x of [noPoint, 0n, N, beyondOrder, P - 1n, P, P + 1n, 2n ** 256n - 1n]) {
        await refused({ ...given, proof: gammaAt(x) }, "InvalidGamma", x);
      }
    });

    it("refuses a key off the curve, at zero, from n on, or of another parity than 0 and 1", async () => {
      for (const x of [noPoint, 0n, N, beyondOrder, P - 1n, P, P + 1n, 2n ** 256n - 1n]) {
        for (const parity of [0n, 1n]) {
          await refused(withoutKey({ x, parity }, "02"), "UnusableKey", x, parity);
        }
      }
      for (const parity of [2n, 3n]) {
        await refused(withoutKey({ x: given.x, parity }, "02"), "UnusableKey", given.x, parity);
      }
      // A recovery that fails leaves nothing of an earlier value behind, however much like an address that is.
      const u = { x: 1n, y: 1n };
      await refused(withoutKey({ x: 0n, parity: 0n }, "02", u), "UnusableKey", 0n, 0n);
      for (const parity of [4n, 256n, 2n ** 255n, 2n ** 256n - 1n]) {
        await expect(harness.verify(...args({ ...given, parity }))).to.revert(ethers);
      }
    });

    it("refuses swapped terms", async () => {
      const [m, u, v] = termsOf(given.b, given.a);
      const proof = overwrite(given.proof, TERMS, [m, u, v].map(word).join(""));
      await refused({ ...given, proof }, "WrongHashTerm");
      // The sum is the same, so nothing else is amiss.
      expect(termsOf(given.a, given.b)).to.deep.equal([m, P - u, v]);
    });

    it("refuses another gamma of a prover that has the key and everything else right", async () => {
      await refused(anotherGamma(SECRET, "03", SECRET + 1n), "WrongGammaTerm");
      await refused(anotherHashTerm(SECRET, "03", SECRET + 1n), "WrongHashTerm");
      // The same constructions with the right gamma are proofs: only gamma is at fault.
      for (const made of [anotherGamma, anotherHashTerm]) {
        const { beta } = honest(SECRET, "03");
        const right = made(SECRET, "03", SECRET);
        expect(await harness.verify(...args(right))).to.equal(`0x${beta}`);
      }
    });

    it("refuses a proof made without the key", async () => {
      const { x, y } = times(SECRET, G)!;
      await refused(withoutKey({ x, parity: y & 1n }, "04"), "WrongCommitment");
    });

    it("refuses a U whose coordinates are not the point's, though the challenge is the same", async () => {
      const y = word((given.u.y + 2n) % P);
      expect(BigInt(`0x${y}`) & 1n).to.equal(given.u.y & 1n);
      await refused({ ...given, proof: overwrite(given.proof, 97, y) }, "WrongCommitment");
    });

    it("refuses every changed field", async () => {
      const changes: Record<string, string> = {
        "gamma parity": overwrite(given.proof, 0, given.proof.startsWith("02") ? "03" : "02"),
        s: overwrite(given.proof, 33, word(given.s - 1n)),
        "s negated": overwrite(given.proof, 33, word(N - given.s)),
        "U.x": overwrite(given.proof, 65, word(given.u.x ^ 1n)),
        "U.y": overwrite(given.proof, 97, word(P - given.u.y)),
        "U infinite": overwrite(given.proof, 65, word(0n) + word(0n)),
        m: overwrite(given.proof, TERMS, word(0n)),
        u: overwrite(given.proof, TERMS + 32, word(0n)),
        v: overwrite(given.proof, TERMS + 64, word(0n)),
        "all terms": overwrite(given.proof, TERMS, word(0n).repeat(3)),
      };
      for (const [what, proof] of Object.entries(changes)) {
        expect(proof, what).to.not.equal(given.proof);
        await expect(harness.verify(...args({ ...given, proof })), what).to.revert(ethers);
      }
      for (const other of [
        { ...given, alpha: `${given.alpha}00` },
        { ...given, alpha: "" },
        { ...given, x: times(SECRET + 1n, G)!.x },
      ]) {
        await expect(harness.verify(...args(other))).to.revert(ethers);
      }
      expect(await harness.verify(...args(given))).to.equal(`0x${given.beta}`);
    });

    it("is not fooled by running out of gas", async () => {
      const call = harness.interface.encodeFunctionData("verify", args(given));
      const estimate = Number(await harness.verify.estimateGas(...args(given)));
      const to = await harness.getAddress();
      const outcomes = new Set<string>();
      for (let gasLimit = 21_000 + 400 * 16; gasLimit < estimate + 400; gasLimit += 97) {
        outcomes.add(
          await ethers.provider.call({ to, data: call, gasLimit }).catch(() => "refused"),
        );
      }
      expect([...outcomes].sort()).to.deep.equal([`0x${given.beta}`, "refused"]);
    });
  });

  describe("sum of two points", () => {
    const scalar = fc.bigInt({ min: 1n, max: N - 1n });

    const summed = async (a: PlainPoint, b: PlainPoint) => {
      const t = await harness.terms(...termsOf(a, b));
      expect([t.aX, t.aY, t.bX, t.bY]).to.deep.equal([a.x, a.y, b.x, b.y]);
      return { x: t.vX, y: t.vY };
    };

    it("is the textbook sum", async () => {
      await fc.assert(
        fc.asyncProperty(scalar, scalar, async (i, j) => {
          fc.pre(i !== j && i + j !== N);
          const [a, b] = [times(i, G)!, times(j, G)!];
          expect(await summed(a, b)).to.deep.equal(plus(a, b));
        }),
        { numRuns: 15 },
      );
    });

    it("is the double for one point twice", async () => {
      const a = times(7n, G)!;
      expect(await summed(a, a)).to.deep.equal(times(14n, G));
    });

    it("keeps both relations that make it the sum, for any three words", async () => {
      const any = fc.oneof(
        fc.bigInt({ min: 0n, max: 2n ** 256n - 1n }),
        fc.constantFrom(0n, P, P - 1n),
      );
      await fc.assert(
        fc.asyncProperty(any, any, any, async (m, u, v) => {
          const { aX, aY, bX, bY, vX, vY } = await harness.terms(m, u, v);
          const slope = 2n * m;
          const zero = (value: bigint) => expect(((value % P) + P) % P).to.equal(0n);
          zero(bY - aY - slope * (bX - aX));
          zero(slope * (aY + bY) - (aX * aX + aX * bX + bX * bX));
          zero(vX - (slope * slope - aX - bX));
          zero(vY - (slope * (aX - vX) - aY));
          for (const value of [aX, aY, bX, bY, vX, vY]) expect(value < P).to.equal(true);
        }),
        { numRuns: 60 },
      );
    });
  });

  describe("validateKey", () => {
    it("takes points with x in [1, n) and either y", async () => {
      for (const point of [G, negate(G), times(123n, G)!]) {
        await harness.validateKey(point.x, point.y);
      }
    });

    it("refuses everything else", async () => {
      const { x, y } = times(123n, G)!;
      const beyond = pointAt(beyondOrder, 0n)!;
      const bad: [bigint, bigint][] = [
        [x, y + 1n],
        [x, 0n],
        [0n, 0n],
        [noPoint, 1n],
        [x, P],
        [x, 2n ** 256n - 1n],
        [beyond.x, beyond.y],
        [P, y],
        [2n ** 256n - 1n, y],
      ];
      // y + p is the same residue, where it fits.
      const small = [...Array(60).keys()]
        .map((i) => curvePointWithY(BigInt(i)))
        .find((point) => point !== null);
      if (small) bad.push([small.x, small.y + P]);
      for (const [keyX, keyY] of bad) {
        await expect(harness.validateKey(keyX, keyY))
          .to.be.revertedWithCustomError(harness, "InvalidKey")
          .withArgs(keyX, keyY);
      }
    });
  });

  it(`costs at most ${MEAN_GAS} gas on average, as a transaction`, async () => {
    const verifier = await ethers.deployContract("ECVRFVerifier");
    const [signer] = await ethers.getSigners();
    const to = await verifier.getAddress();
    let total = 0;
    const rounds = 200;
    for (let i = 0; i < rounds; i += 1) {
      const secret = BigInt(ethers.id(`secret ${i}`)) % N;
      const made = ecvrf.prove(bytes(word(secret)), ethers.getBytes(ethers.id(`alpha ${i}`)));
      const { x, y } = ecvrf.validateKey(made.publicKey).toAffine();
      const call: [bigint, bigint, string, string] = [
        x,
        y & 1n,
        hexlify(made.alpha),
        hexlify(encodeOurs(made)),
      ];
      const data = verifier.interface.encodeFunctionData("verify", call);
      const receipt = await (await signer!.sendTransaction({ to, data, gasLimit: 100_000 })).wait();
      expect(receipt?.status).to.equal(1);
      total += Number(receipt?.gasUsed);
    }
    expect(total / rounds).to.be.at.most(MEAN_GAS);
  }).timeout(60_000);

  it("agrees with what the plain implementation calls the challenge", async () => {
    const { x, parity, h, v, u, gamma, c, proof } = {
      ...honest(SECRET, "07"),
      ...prove(SECRET, "07"),
    };
    expect(await harness.challenge(x, parity, h.x, `0x${proof}`, v.x, v.y)).to.equal(c);
    expect(challenge(...[times(SECRET, G)!, h, gamma, u, v].map(compress))).to.equal(c);
  });
});

/** A square root of a square; of anything else, some number. */
function modularRoot(square: bigint): bigint {
  let [result, factor] = [1n, square];
  for (let rest = (P + 1n) / 4n; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * factor) % P;
    factor = (factor * factor) % P;
  }
  return result;
}

/** A point with that y, if y² − 7 is a cube that (p + 2)/9 finds. */
function curvePointWithY(y: bigint): PlainPoint | null {
  const cube = (((y * y - 7n) % P) + P) % P;
  let [x, factor] = [1n, cube];
  for (let rest = (P + 2n) / 9n; rest > 0n; rest >>= 1n) {
    if (rest & 1n) x = (x * factor) % P;
    factor = (factor * factor) % P;
  }
  return x ** 3n % P === cube && x < N ? { x, y } : null;
}

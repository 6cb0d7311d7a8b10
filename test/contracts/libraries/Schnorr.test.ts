import { invert } from "@noble/curves/abstract/modular.js";
import { expect } from "chai";
import { concat, keccak256, toUtf8Bytes } from "ethers";
import hre from "hardhat";

import { at, bitmap, range } from "../../helpers/contracts-fixture.ts";
import type { AffinePoint } from "../../helpers/schnorr.ts";
import {
  SECP_N,
  SECP_P,
  challenge,
  grumpkinKey,
  publicKey,
  sign,
  sumOf,
  verify,
  word,
  zInverse,
} from "../../helpers/schnorr.ts";

const CASES = 1_000;
const CASES_PER_CALL = 250;

/** A number that only `label` decides, 0 < number < n. */
const pick = (label: string): bigint =>
  (BigInt(keccak256(toUtf8Bytes(label))) % (SECP_N - 1n)) + 1n;

interface Case {
  key: AffinePoint;
  digest: string;
  s: bigint;
  commitment: string;
}

const toInput = ({ key, digest, s, commitment }: Case) => ({
  x: key.x,
  parity: key.y & 1n,
  digest,
  s,
  commitment,
});

async function harness() {
  const { ethers } = await hre.network.create();
  return await ethers.deployContract("LibraryHarness");
}

function signed(label: string): Case {
  const secret = pick(`${label} secret`);
  const digest = word(pick(`${label} digest`));
  return { key: publicKey(secret), digest, ...sign(secret, digest, pick(`${label} nonce`)) };
}

describe("Schnorr", () => {
  it(`accepts ${CASES} random signatures that noble made and accepts`, async () => {
    const contract = await harness();
    const cases = range(CASES).map((i) => signed(`valid ${i}`));
    expect(cases.slice(0, 50).every((c) => verify(c.key, c.digest, c))).to.equal(true);
    for (let i = 0; i < CASES; i += CASES_PER_CALL) {
      const valid = await contract.verify(cases.slice(i, i + CASES_PER_CALL).map(toInput));
      expect(valid.every(Boolean), `from case ${i}`).to.equal(true);
    }
    expect(new Set(cases.map((c) => c.key.y & 1n)).size).to.equal(2);
  });

  it(`refuses ${CASES} random alterations, as noble does`, async () => {
    const contract = await harness();
    const alterations: ((c: Case, other: Case) => Partial<Case>)[] = [
      (c) => ({ s: (c.s % (SECP_N - 1n)) + 1n }),
      (c) => ({ s: SECP_N - c.s }),
      (_, other) => ({ digest: other.digest }),
      (_, other) => ({ key: other.key }),
      (_, other) => ({ commitment: other.commitment }),
      (c) => ({ key: { x: c.key.x, y: SECP_P - c.key.y } }),
      (_, other) => ({ s: other.s }),
    ];
    const cases = range(CASES).map((i) => {
      const [base, other] = [signed(`altered ${i % 97}`), signed(`other ${i % 89}`)];
      return { ...base, ...at(alterations, i % alterations.length)(base, other) };
    });
    expect(cases.slice(0, 50).some((c) => verify(c.key, c.digest, c))).to.equal(false);
    for (let i = 0; i < CASES; i += CASES_PER_CALL) {
      const valid = await contract.verify(cases.slice(i, i + CASES_PER_CALL).map(toInput));
      expect(valid.some(Boolean), `from case ${i}`).to.equal(false);
    }
  });

  it("refuses s and x out of range and a zero commitment", async () => {
    const contract = await harness();
    const good = signed("edges");
    // An x from n to p − 1 is some point's x, but no scalar: ecrecover cannot take it.
    const beyond = { x: SECP_N + 1n, y: 0n };
    const bad: Partial<Case>[] = [
      { s: 0n },
      { s: SECP_N },
      { s: good.s + SECP_N < 1n << 256n ? good.s + SECP_N : (1n << 256n) - 1n },
      { key: { x: 0n, y: good.key.y } },
      { key: { x: SECP_N, y: good.key.y } },
      { key: beyond },
      { commitment: `0x${"00".repeat(20)}` },
    ];
    const valid = await contract.verify(bad.map((change) => toInput({ ...good, ...change })));
    expect(valid.some(Boolean)).to.equal(false);
    expect((await contract.verify([toInput(good)]))[0]).to.equal(true);
  });

  it("binds the key into the challenge: no key computed from a signature verifies", async () => {
    const contract = await harness();
    // Were the challenge free of the key, P = (sG − R)/e would make any (s, R) a signature.
    const digest = word(pick("free digest"));
    const [r, s] = [pick("free nonce"), pick("free s")];
    const { commitment } = sign(1n, digest, r);
    const free = BigInt(keccak256(concat([digest, commitment]))) % SECP_N;
    const secret = ((s - r + SECP_N) * invert(free, SECP_N)) % SECP_N;
    const key = publicKey(secret);
    expect(challenge(key, digest, commitment)).to.not.equal(free);
    expect((await contract.verify([toInput({ key, digest, s, commitment })]))[0]).to.equal(false);
  });

  describe("sum", () => {
    const points = range(31).map((i) => publicKey(pick(`member ${i}`)));
    const pack = (list: readonly AffinePoint[]) =>
      concat(list.flatMap(({ x, y }) => [word(x), word(y)]));

    it(`adds ${CASES} random subsets of 31 keys as noble does`, async () => {
      const contract = await harness();
      const subsets = range(CASES).map((i) => {
        const bits = Number(pick(`subset ${i}`) & 0x7fffffffn);
        // Small sets occur too, single keys among them.
        return (
          (i % 4 === 0 ? bits & Number(pick(`thin ${i}`) & 0x11224408n) : bits) || 1 << (i % 31)
        );
      });
      const chosen = subsets.map((bits) => points.filter((_, i) => (bits >>> i) & 1));
      const inverses = chosen.map(zInverse);
      for (let i = 0; i < CASES; i += CASES_PER_CALL) {
        const part = subsets.slice(i, i + CASES_PER_CALL);
        const result = await contract.sum(
          pack(points),
          part,
          inverses.slice(i, i + CASES_PER_CALL),
        );
        part.forEach((_, j) => {
          const expected = sumOf(at(chosen, i + j));
          expect(result.x[j], `subset ${i + j}`).to.equal(expected.x);
          expect(result.parity[j]).to.equal(expected.y & 1n);
          expect(result.inverse[j]).to.equal(true);
        });
      }
    }).timeout(60_000);

    it("multiplies z by every h, with its sign", async () => {
      const contract = await harness();
      for (const count of [1, 2, 3, 4, 31]) {
        const [, , z] = await contract.jacobianSum(pack(points), bitmap(range(count)) >>> 0);
        expect((z * zInverse(points.slice(0, count))) % SECP_P).to.equal(1n);
      }
    });

    it("has no inverse where a key repeats or cancels, at once or later", async () => {
      const contract = await harness();
      const [a, b, c] = [at(points, 0), at(points, 1), at(points, 2)];
      const negative = (p: AffinePoint) => ({ x: p.x, y: SECP_P - p.y });
      for (const keys of [
        [a, a],
        [a, negative(a)],
        [a, b, sumOf([a, b])],
        [a, b, negative(sumOf([a, b]))],
        [a, b, sumOf([a, b]), c],
      ]) {
        const [, , z] = await contract.jacobianSum(pack(keys), bitmap(range(keys.length)));
        expect(z % SECP_P).to.equal(0n);
        const guesses = [0n, 1n, SECP_P - 1n];
        const { inverse: right } = await contract.sum(
          pack(keys),
          guesses.map(() => bitmap(range(keys.length))),
          guesses,
        );
        expect(right.some(Boolean)).to.equal(false);
      }
    });

    it("counts the bits of every width", async () => {
      const contract = await harness();
      const values = [
        0n,
        1n,
        0xffffffffn,
        0x80000001n,
        ...range(200).map((i) => pick(`p${i}`)),
      ].map((value) => value & 0xffffffffn);
      const ones = values.map((value) => [...value.toString(2)].filter((d) => d === "1").length);
      expect((await contract.popCount(values)).map(Number)).to.deep.equal(ones);
    });
  });
});

describe("Curves", () => {
  it("knows points of secp256k1 and grumpkin from others", async () => {
    const contract = await harness();
    for (let i = 1n; i <= 20n; i++) {
      const [p, g] = [publicKey(i), grumpkinKey(i)];
      expect(await contract.isOnSecp256k1(p.x, p.y)).to.equal(true);
      expect(await contract.isOnSecp256k1(p.y, p.x)).to.equal(false);
      expect(await contract.isOnGrumpkin(g.x, g.y)).to.equal(true);
      expect(await contract.isOnGrumpkin(g.x, g.y + 1n)).to.equal(false);
    }
    // The generator that the specification of grumpkin names.
    const y = 17631683881184975370165255887551781615748388533673675138860n;
    expect(await contract.isOnGrumpkin(1n, y)).to.equal(true);
  });
});

describe("FeedWord.encodeAverage", () => {
  it("keeps 40 bits, rounded down, with the smallest exponent", async () => {
    const contract = await harness();
    const values = [0n, 1n];
    for (let bit = 1n; bit <= 96n; bit++)
      values.push((1n << bit) - 1n, (1n << bit) - (1n << (bit >> 1n)));
    const encoded = await contract.encodeAverage(values);
    values.forEach((value, i) => {
      const exponent = BigInt(Math.max(0, value.toString(2).length - 40));
      expect(encoded[i], value.toString()).to.equal((exponent << 40n) | (value >> exponent));
    });
  });
});

describe("SetBlob.write", () => {
  it("deploys up to the code limit", async () => {
    const contract = await harness();
    await contract.writeBlob(24_575);
  });

  it("reverts with BlobNotCreated when the content cannot be deployed", async () => {
    const contract = await harness();
    // Storing these bytes costs 4.9 million; a 64th of the gas stays with the caller, enough to say why it failed.
    await expect(contract.writeBlob(24_575, { gasLimit: 4_000_000 }))
      .to.be.revertedWithCustomError(contract, "BlobNotCreated")
      .withArgs(24_575);
  });
});

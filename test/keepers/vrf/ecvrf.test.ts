import { createECDH, randomBytes } from "node:crypto";

import { weierstrass } from "@noble/curves/abstract/weierstrass.js";
import { expect } from "chai";
import fc from "fast-check";

import type { Point } from "../../../keepers/vrf/ecvrf.ts";
import {
  createEcvrf,
  deterministicNonce,
  ecvrf,
  P256_SHA256_TAI,
  PI_BYTES,
  SECP256K1_SHA256_TAI,
} from "../../../keepers/vrf/ecvrf.ts";
import * as plain from "./ecvrf.plain.ts";
import { bytes, hex, N, P, word } from "./ecvrf.plain.ts";
import { p256Vectors, secpVectors } from "./ecvrf.vectors.ts";

const P256_ORDER = P256_SHA256_TAI.Point.Fn.ORDER;
const compressed = (point: Point): string => hex(point.toBytes(true));

const scalar = fc.bigInt({ min: 1n, max: N - 1n });
const alphas = fc.uint8Array({ maxLength: 200 });

describe("ECVRF-SECP256K1-SHA256-TAI", () => {
  for (const vector of secpVectors?.vectors ?? []) {
    it(`makes every value of the vector "${vector.label}"`, () => {
      const made = ecvrf.prove(bytes(vector.sk), bytes(vector.alpha));
      const k = deterministicNonce(bytes(vector.sk), bytes(vector.h), N);
      expect({
        pk: hex(made.publicKey),
        h: compressed(made.h),
        h_ctr: made.failed.length,
        k: word(k),
        gamma: compressed(made.gamma),
        u: compressed(made.u),
        v: compressed(made.v),
        c: made.c.toString(16).padStart(32, "0"),
        s: word(made.s),
        pi: hex(made.pi),
        beta: hex(made.beta),
      }).to.deep.equal({
        pk: vector.pk,
        h: vector.h,
        h_ctr: vector.h_ctr,
        k: vector.k,
        gamma: vector.gamma,
        u: vector.u,
        v: vector.v,
        c: vector.c,
        s: vector.s,
        pi: vector.pi,
        beta: vector.beta,
      });
    });

    it(`verifies the vector "${vector.label}" and computes its points again`, () => {
      const seen = ecvrf.verifyTranscript(bytes(vector.pk), bytes(vector.alpha), bytes(vector.pi))!;
      expect([seen.h, seen.gamma, seen.u, seen.v].map(compressed)).to.deep.equal([
        vector.h,
        vector.gamma,
        vector.u,
        vector.v,
      ]);
      expect(hex(seen.beta)).to.equal(vector.beta);
      expect(hex(ecvrf.proofToHash(bytes(vector.pi)))).to.equal(vector.beta);
    });
  }

  for (const { description, pk, alpha, pi } of secpVectors?.negative_vectors ?? []) {
    it(`refuses the vector with ${description}`, () => {
      expect(ecvrf.verify(bytes(pk), bytes(alpha), bytes(pi))).to.equal(null);
    });
  }

  it("makes the proofs of an implementation that shares no code with it", () => {
    fc.assert(
      fc.property(scalar, alphas, (secret, alpha) => {
        const expected = plain.prove(secret, hex(alpha));
        const made = ecvrf.prove(bytes(word(secret)), alpha);
        expect(hex(made.pi)).to.equal(expected.pi);
        expect(hex(made.beta)).to.equal(expected.beta);
        expect(made.failed.length).to.equal(expected.roots.length);
        expect(plain.verify(expected.key, hex(alpha), hex(made.pi))).to.equal(expected.beta);
      }),
      { numRuns: 12 },
    );
  }).timeout(60_000);

  it("has OpenSSL's public keys", () => {
    for (const secret of [1n, 2n, N - 1n, BigInt(`0x${randomBytes(31).toString("hex")}`) + 1n]) {
      const key = createECDH("secp256k1");
      key.setPrivateKey(Buffer.from(bytes(word(secret))));
      expect(hex(ecvrf.prover(bytes(word(secret))).publicKey)).to.equal(
        key.getPublicKey("hex", "compressed"),
      );
    }
  });

  it("proves the same bytes each time, and other ones for another alpha or key", () => {
    fc.assert(
      fc.property(scalar, alphas, alphas, (secret, alpha, other) => {
        fc.pre(hex(alpha) !== hex(other));
        const prover = ecvrf.prover(bytes(word(secret)));
        const { pi, beta } = prover.prove(alpha);
        expect(prover.prove(alpha).pi).to.deep.equal(pi);
        expect(ecvrf.verify(prover.publicKey, alpha, pi)).to.deep.equal(beta);
        expect(prover.prove(other).beta).to.not.deep.equal(beta);
        expect(ecvrf.verify(prover.publicKey, other, pi)).to.equal(null);
        const stranger = ecvrf.prover(bytes(word((secret % (N - 1n)) + 1n)));
        expect(ecvrf.verify(stranger.publicKey, alpha, pi)).to.equal(null);
      }),
      { numRuns: 25 },
    );
  });

  it("keeps no reference to the caller's secret, which may be erased", () => {
    const secret = bytes(word(12_345n));
    const prover = ecvrf.prover(secret);
    const before = prover.prove(bytes("01")).pi;
    secret.fill(0);
    expect(prover.prove(bytes("01")).pi).to.deep.equal(before);
  });

  it("accepts no proof with one bit changed", () => {
    const { publicKey, pi } = ecvrf.prove(bytes(word(77n)), bytes("abcd"));
    fc.assert(
      fc.property(fc.integer({ min: 0, max: PI_BYTES * 8 - 1 }), (bit) => {
        const changed = Uint8Array.from(pi);
        changed[bit >> 3]! ^= 1 << (bit & 7);
        expect(ecvrf.verify(publicKey, bytes("abcd"), changed)).to.equal(null);
      }),
      { numRuns: 150 },
    );
  });

  it("never throws for bytes, whatever they are", () => {
    const anything = fc.uint8Array({ maxLength: 100 });
    const shaped = fc
      .tuple(fc.constantFrom(2, 3), fc.uint8Array({ minLength: 80, maxLength: 80 }))
      .map(([prefix, rest]) => Uint8Array.of(prefix, ...rest));
    const { publicKey } = ecvrf.prover(bytes(word(5n)));
    fc.assert(
      fc.property(
        fc.oneof(anything, fc.constant(publicKey)),
        alphas,
        fc.oneof(anything, shaped),
        (key, alpha, pi) => {
          expect(ecvrf.verify(key, alpha, pi)).to.equal(null);
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe("ECVRF keys, secrets and proof strings", () => {
  const { publicKey, pi } = ecvrf.prove(bytes(word(7n)), bytes(""));
  const offCurve = [...Array(50).keys()]
    .map((x) => `02${word(BigInt(x))}`)
    .find((key) => plain.decompress(key) === null)!;

  for (const [what, key] of Object.entries({
    "an x of no point": offCurve,
    "x = 0": `02${word(0n)}`,
    "x ≥ p": `02${word(P + 1n)}`,
    "an uncompressed key": hex(ecvrf.validateKey(publicKey).toBytes(false)),
    "a hybrid prefix": `06${hex(publicKey).slice(2)}`,
    "prefix 4 on 33 bytes": `04${hex(publicKey).slice(2)}`,
    "the identity": "00",
    "32 bytes": hex(publicKey).slice(2),
    "34 bytes": `${hex(publicKey)}00`,
    nothing: "",
  })) {
    it(`refuses ${what} as a public key and as gamma`, () => {
      expect(() => ecvrf.validateKey(bytes(key))).to.throw(RangeError, "public key");
      expect(ecvrf.verify(bytes(key), bytes(""), pi)).to.equal(null);
      const changed = bytes(key + hex(pi).slice(66));
      expect(() => ecvrf.decodeProof(changed)).to.throw(RangeError);
      expect(() => ecvrf.proofToHash(changed)).to.throw(RangeError);
    });
  }

  for (const [what, secret] of Object.entries({
    zero: word(0n),
    "the order": word(N),
    "more than the order": word(N + 1n),
    "31 bytes": word(7n).slice(2),
    "33 bytes": `00${word(7n)}`,
  })) {
    it(`refuses ${what} as a secret`, () => {
      expect(() => ecvrf.prover(bytes(secret))).to.throw(RangeError, "secret");
      expect(() => ecvrf.prove(bytes(secret), bytes(""))).to.throw(RangeError, "secret");
    });
  }

  it("takes the first and the last secret", () => {
    for (const secret of [1n, N - 1n]) {
      const made = ecvrf.prove(bytes(word(secret)), bytes("00"));
      expect(ecvrf.verify(made.publicKey, bytes("00"), made.pi)).to.deep.equal(made.beta);
    }
  });

  it("refuses s at the order and above, though it is the same residue", () => {
    const { s } = ecvrf.decodeProof(pi);
    for (const value of [N, N + 1n, 2n ** 256n - 1n, s + N]) {
      if (value >= 2n ** 256n) continue;
      const changed = bytes(hex(pi).slice(0, 98) + word(value));
      expect(() => ecvrf.decodeProof(changed)).to.throw(RangeError, "s must be below");
      expect(ecvrf.verify(publicKey, bytes(""), changed)).to.equal(null);
    }
  });

  it("refuses a proof whose U is the identity", () => {
    // s = 0 and c = 0: U and V are the identity for every key.
    const changed = bytes(hex(pi).slice(0, 66) + "00".repeat(48));
    expect(ecvrf.verify(publicKey, bytes(""), changed)).to.equal(null);
  });

  it("refuses a shorter and a longer proof string", () => {
    for (const length of [0, 33, 80]) {
      expect(() => ecvrf.decodeProof(pi.subarray(0, length))).to.throw(RangeError, "81 bytes");
    }
    expect(() => ecvrf.decodeProof(bytes(`${hex(pi)}00`))).to.throw(RangeError, "81 bytes");
  });
});

describe("ECVRF on other curves", () => {
  const p256 = createEcvrf(P256_SHA256_TAI);

  for (const vector of p256Vectors ?? []) {
    it(`makes every value of RFC 9381's P-256 example ${vector.example}`, () => {
      const made = p256.prove(bytes(vector.SK), bytes(vector.alpha));
      expect(hex(made.publicKey)).to.equal(vector.PK);
      expect(compressed(made.h)).to.equal(vector.H);
      expect(made.failed.length).to.equal(Number(vector["try_and_increment succeeded on ctr"]));
      expect(word(deterministicNonce(bytes(vector.SK), bytes(vector.H), P256_ORDER))).to.equal(
        vector.k,
      );
      expect(hex(made.pi)).to.equal(vector.pi);
      expect(hex(made.beta)).to.equal(vector.beta);
      expect(hex(p256.verify(bytes(vector.PK), bytes(vector.alpha), bytes(vector.pi))!)).to.equal(
        vector.beta,
      );
    });
  }

  it("refuses a proof of one suite in another, on the same curve too", () => {
    const other = createEcvrf({ ...SECP256K1_SHA256_TAI, suiteByte: 0xfd });
    const secret = bytes(word(99n));
    const made = ecvrf.prove(secret, bytes("01"));
    expect(other.verify(made.publicKey, bytes("01"), made.pi)).to.equal(null);
    expect(other.prove(secret, bytes("01")).beta).to.not.deep.equal(made.beta);
  });

  it("counts a hash at or above p as a failed increment", () => {
    // alt_bn128's p has 254 bits, so that three of four hashes lie above it; on secp256k1 one in 2^224 does.
    const modulus = 21888242871839275222246405745257275088696311157297823662689037894645226208583n;
    const curve = weierstrass({
      p: modulus,
      n: 21888242871839275222246405745257275088548364400416034343698204186575808495617n,
      h: 1n,
      a: 0n,
      b: 3n,
      Gx: 1n,
      Gy: 2n,
    });
    const small = createEcvrf({ name: "test", suiteByte: 0xfc, Point: curve });
    let above = 0;
    for (let i = 0; i < 40; i += 1) {
      const made = small.prove(bytes(word(BigInt(i + 1))), Uint8Array.of(i));
      expect(small.verify(made.publicKey, Uint8Array.of(i), made.pi)).to.deep.equal(made.beta);
      expect(made.h.x < modulus).to.equal(true);
      above += made.failed.filter((x) => x >= modulus).length;
    }
    expect(above).to.be.greaterThan(40);
  });
});

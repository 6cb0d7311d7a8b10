import { expect } from "chai";
import fc from "fast-check";

import { ecvrf } from "../../../keepers/vrf/ecvrf.ts";
import {
  decodeWitness,
  encodeWitness,
  FIXED_BYTES,
  piOf,
  witnessOf,
} from "../../../keepers/vrf/witness.ts";
import * as plain from "./ecvrf.plain.ts";
import { bytes, compress, G, hex, N, negate, P, plus, times, word } from "./ecvrf.plain.ts";
import { secpVectors } from "./ecvrf.vectors.ts";

const scalar = fc.bigInt({ min: 1n, max: N - 1n });
const square = (x: bigint): bigint => (x * x) % P;

describe("proof bytes for the contract", () => {
  it("are those of an implementation that shares no code with it", () => {
    fc.assert(
      fc.property(scalar, fc.uint8Array({ maxLength: 80 }), (secret, alpha) => {
        const { gamma, c, s, u, h, roots } = plain.prove(secret, hex(alpha));
        const made = encodeWitness(ecvrf.prove(bytes(word(secret)), alpha));
        const fixed = plain.encodeWitness({
          gamma,
          s,
          u,
          a: times(s, h)!,
          b: negate(times(c, gamma)!),
          roots: [],
        });
        expect(hex(made.subarray(0, FIXED_BYTES))).to.equal(fixed);
        // Either root serves.
        expect(decodeWitness(made).roots.map(square)).to.deep.equal(roots.map(square));
      }),
      { numRuns: 10 },
    );
  }).timeout(60_000);

  it("follow from the proof string alone, and give it back", () => {
    fc.assert(
      fc.property(scalar, fc.uint8Array({ maxLength: 80 }), (secret, alpha) => {
        const made = ecvrf.prove(bytes(word(secret)), alpha);
        const witness = encodeWitness(made);
        expect(witness.length).to.equal(FIXED_BYTES + 32 * made.failed.length);
        expect(witnessOf(made.publicKey, alpha, made.pi)).to.deep.equal(witness);
        expect(piOf(made.publicKey, alpha, witness)).to.deep.equal(made.pi);
      }),
      { numRuns: 25 },
    );
  });

  it("hold for each failed increment a root of −(x³ + 7)", () => {
    for (let i = 0; i < 20; i += 1) {
      const made = ecvrf.prove(bytes(word(9n)), Uint8Array.of(i));
      const { roots } = decodeWitness(encodeWitness(made));
      expect(roots.length).to.equal(made.failed.length);
      roots.forEach((root, at) => {
        expect((square(root) + made.failed[at]! ** 3n + 7n) % P).to.equal(0n);
        expect(root).to.not.equal(0n);
      });
    }
  });

  it("need no test for a zero root: −7 has no cube root, and −1 no square root", () => {
    const power = (base: bigint, exponent: bigint): bigint => {
      let [result, factor] = [1n, base];
      for (let rest = exponent; rest > 0n; rest >>= 1n) {
        if (rest & 1n) result = (result * factor) % P;
        factor = (factor * factor) % P;
      }
      return result;
    };
    expect(power(P - 7n, (P - 1n) / 3n)).to.not.equal(1n);
    expect(power(P - 1n, (P - 1n) / 2n)).to.equal(P - 1n);
  });

  it("give no proof string for another key, alpha or changed bytes", () => {
    const made = ecvrf.prove(bytes(word(3n)), bytes("05"));
    const witness = encodeWitness(made);
    const stranger = ecvrf.prover(bytes(word(4n))).publicKey;
    expect(piOf(stranger, bytes("05"), witness)).to.equal(null);
    expect(piOf(made.publicKey, bytes("06"), witness)).to.equal(null);
    fc.assert(
      fc.property(fc.integer({ min: 0, max: FIXED_BYTES * 8 - 1 }), (bit) => {
        const changed = Uint8Array.from(witness);
        changed[bit >> 3]! ^= 1 << (bit & 7);
        expect(piOf(made.publicKey, bytes("05"), changed)).to.equal(null);
      }),
      { numRuns: 100 },
    );
  });

  it("give no proof string where the contract would refuse a witness, though pi is right", () => {
    const alpha = [...Array(100).keys()]
      .map((i) => Uint8Array.of(i))
      .find((given) => ecvrf.prove(bytes(word(3n)), given).failed.length === 2)!;
    const made = ecvrf.prove(bytes(word(3n)), alpha);
    const text = hex(encodeWitness(made));
    const [fixed, first, second] = [
      text.slice(0, 2 * FIXED_BYTES),
      text.slice(2 * FIXED_BYTES, 2 * FIXED_BYTES + 64),
      text.slice(2 * FIXED_BYTES + 64),
    ];
    const pi = (witness: string) => piOf(made.publicKey, alpha, bytes(witness));
    for (const roots of [
      "",
      first,
      second,
      second + first,
      first + first,
      word(0n) + second,
      first + second + first,
    ]) {
      expect(pi(fixed + roots)).to.equal(null);
    }
    expect(pi(fixed + word(P - BigInt(`0x${first}`)) + second)).to.deep.equal(made.pi);
    // −cΓ and sH swapped: u changes its sign, and the sum is the same.
    const { terms } = decodeWitness(bytes(text));
    const swapped = text.slice(0, 2 * 161) + word(P - terms[1]) + text.slice(2 * 193);
    expect(pi(swapped)).to.equal(null);
    expect(pi(text)).to.deep.equal(made.pi);
  });

  it("are not made from a proof that is not right", () => {
    const made = ecvrf.prove(bytes(word(3n)), bytes("05"));
    const changed = Uint8Array.from(made.pi);
    changed[80]! ^= 1;
    expect(() => witnessOf(made.publicKey, bytes("05"), changed)).to.throw(RangeError, "not right");
    for (const { pk, alpha, pi } of secpVectors?.negative_vectors ?? []) {
      expect(() => witnessOf(bytes(pk), bytes(alpha), bytes(pi))).to.throw(RangeError, "not right");
    }
  });

  it("are not made where ecrecover or a sloped line cannot express the proof", () => {
    const made = ecvrf.prove(bytes(word(3n)), bytes("05"));
    expect(() => encodeWitness({ ...made, s: 0n })).to.throw(RangeError, "ecrecover");
    expect(() => encodeWitness({ ...made, c: 0n })).to.throw(RangeError, "ecrecover");
    // An x between n and p − 1.
    const beyond = [...Array(100).keys()]
      .map((i) => plain.pointAt(N + BigInt(i), 0n))
      .find((point) => point !== null)!;
    const point = ecvrf.suite.Point.fromHex(compress(beyond));
    expect(() => encodeWitness({ ...made, h: point })).to.throw(RangeError, "ecrecover");
    expect(() => encodeWitness({ ...made, gamma: point })).to.throw(RangeError, "ecrecover");
    // V = −2cΓ: sH and −cΓ are one point.
    const seen = ecvrf.verifyTranscript(made.publicKey, made.alpha, made.pi)!;
    const doubled = made.gamma.multiplyUnsafe(made.c).negate().double();
    expect(() => encodeWitness({ ...seen, v: doubled })).to.throw(RangeError, "no witness");
  });

  it("are refused when their length or gamma or s is malformed", () => {
    const witness = encodeWitness(ecvrf.prove(bytes(word(3n)), bytes("05")));
    const text = hex(witness);
    for (const malformed of [
      "",
      text.slice(0, 2 * FIXED_BYTES - 2),
      text.slice(0, 2 * FIXED_BYTES - 64),
      `${text}00`,
      text.slice(0, 2 * FIXED_BYTES) + word(1n).repeat(256),
      `04${text.slice(2)}`,
      `02${word(P)}${text.slice(66)}`,
      text.slice(0, 66) + word(N) + text.slice(130),
    ]) {
      expect(() => decodeWitness(bytes(malformed)), malformed.slice(0, 20)).to.throw(RangeError);
    }
  });

  it("decode to what they were made of", () => {
    const made = ecvrf.prove(bytes(word(3n)), bytes("0506"));
    const { gamma, s, u } = decodeWitness(encodeWitness(made));
    expect(gamma.equals(made.gamma)).to.equal(true);
    expect(s).to.equal(made.s);
    expect(u).to.deep.equal(made.u.toAffine());
    expect(plus(times(made.s, G), negate(times(made.c * 3n, G)!))).to.deep.equal(u);
  });
});

import { expect } from "chai";
import fc from "fast-check";

import { aggregateKeys } from "../../../../keepers/feed/signing/aggregate.ts";
import { mod, SECP_ORDER, Secp } from "../../../../keepers/feed/signing/curve.ts";
import type { OperatorKeys } from "../../../../keepers/feed/signing/keys.ts";
import { publicKeys } from "../../../../keepers/feed/signing/keys.ts";
import type { Signer } from "../../../../keepers/feed/signing/multisig.ts";
import {
  combine,
  SessionSpent,
  SigningSession,
  signingContext,
  verifyPartial,
} from "../../../../keepers/feed/signing/multisig.ts";
import { signSchnorr, verifySchnorr } from "../../../../keepers/feed/signing/schnorr.ts";
import { contractAccepts, freshKeys } from "./helpers.ts";
import type { PlainPoint } from "./plain.ts";
import { inverse, modulo, P, plus } from "./plain.ts";

const RUNS = { numRuns: 12 };
const operators: OperatorKeys[] = Array.from({ length: 7 }, freshKeys);
const keyOf = (index: number) => publicKeys(operators[index]!).secp256k1;
const message = fc.uint8Array({ minLength: 32, maxLength: 32 });
const subset = fc.uniqueArray(fc.nat(operators.length - 1), { minLength: 1, maxLength: 5 });

function openSessions(indexes: readonly number[]) {
  const sessions = indexes
    .toSorted((a, b) => a - b)
    .map((index) => ({ index, session: new SigningSession(index) }));
  const signers: Signer[] = sessions.map(({ index, session }) => ({
    ...session.commitment,
    key: keyOf(index),
  }));
  return { sessions, signers };
}

function signAll(indexes: readonly number[], text: Uint8Array) {
  const { sessions, signers } = openSessions(indexes);
  const context = signingContext(text, signers);
  const partials = new Map(
    sessions.map(({ index, session }) => [
      index,
      session.sign(operators[index]!.secp256k1, context),
    ]),
  );
  return { context, partials, signers };
}

function plainSum(indexes: readonly number[]): PlainPoint {
  const sum = indexes.reduce<PlainPoint | null>(
    (total, index) => plus(total, keyOf(index).toAffine()),
    null,
  );
  return sum!;
}

/** z that the contract's additions end with, from the partial sums in textbook arithmetic: h = Z²·x − X, Z' = Z·h. */
function plainZ(indexes: readonly number[]): bigint {
  const [first, ...rest] = indexes.toSorted((a, b) => a - b);
  let sum: PlainPoint = keyOf(first!).toAffine();
  let z = 1n;
  for (const index of rest) {
    const next = keyOf(index).toAffine();
    z = modulo(z * z * z * (next.x - sum.x), P);
    sum = plus(sum, next)!;
  }
  return z;
}

describe("Schnorr signature with one key", function () {
  this.timeout(60_000);

  it("is accepted by the contract's ecrecover and by its own check", () => {
    fc.assert(
      fc.property(message, (text) => {
        const signature = signSchnorr(operators[0]!.secp256k1, text);
        expect(verifySchnorr(keyOf(0), text, signature)).to.equal(true);
        expect(contractAccepts(keyOf(0).toAffine(), text, signature)).to.equal(true);
      }),
      RUNS,
    );
  });

  it("fails for another message, key, response or commitment", () => {
    const text = new Uint8Array(32).fill(1);
    const signature = signSchnorr(operators[0]!.secp256k1, text);
    const { s, commitment } = signature;
    expect(verifySchnorr(keyOf(0), new Uint8Array(32), signature)).to.equal(false);
    expect(verifySchnorr(keyOf(1), text, signature)).to.equal(false);
    expect(verifySchnorr(keyOf(0).negate(), text, signature)).to.equal(false);
    expect(verifySchnorr(keyOf(0), text, { s: s + SECP_ORDER, commitment })).to.equal(false);
    expect(verifySchnorr(keyOf(0), text, { s: 0n, commitment })).to.equal(false);
    expect(verifySchnorr(keyOf(0), text, { s, commitment: `0x${"00".repeat(20)}` })).to.equal(
      false,
    );
    expect(verifySchnorr(keyOf(0), text, { s, commitment: "0x12" })).to.equal(false);
  });
});

describe("key aggregation", function () {
  this.timeout(60_000);

  it("gives the textbook sum and the inverse of the contract's z for any subset", () => {
    fc.assert(
      fc.property(subset, (indexes) => {
        const ordered = indexes.toSorted((a, b) => a - b);
        const { key, zInverse } = aggregateKeys(ordered.map((index) => keyOf(index).toAffine()));
        expect(key.toAffine()).to.deep.equal(plainSum(indexes));
        expect(zInverse).to.equal(inverse(plainZ(indexes), P));
      }),
      RUNS,
    );
  });

  it("has the inverse 1 for a single key", () => {
    expect(aggregateKeys([keyOf(0).toAffine()]).zInverse).to.equal(1n);
  });

  it("refuses a key twice, a key with its negative, and none", () => {
    const key = keyOf(0);
    expect(() => aggregateKeys([key.toAffine(), key.toAffine()])).to.throw("repeat or cancel");
    expect(() => aggregateKeys([key.toAffine(), key.negate().toAffine()])).to.throw(
      "repeat or cancel",
    );
    expect(() => aggregateKeys([])).to.throw("no keys");
  });
});

describe("multisignature", function () {
  this.timeout(60_000);

  it("of any subset over any message is accepted by the contract's check of the plain key sum", () => {
    fc.assert(
      fc.property(subset, message, (indexes, text) => {
        const { context, partials } = signAll(indexes, text);
        const signature = combine(context, partials);
        expect(signature).not.to.equal(null);
        expect(contractAccepts(plainSum(indexes), text, signature!)).to.equal(true);
      }),
      RUNS,
    );
  });

  it("is not accepted for another message or another subset", () => {
    const text = new Uint8Array(32).fill(5);
    const { context, partials } = signAll([0, 2, 4], text);
    const signature = combine(context, partials)!;
    expect(contractAccepts(plainSum([0, 2]), text, signature)).to.equal(false);
    expect(contractAccepts(plainSum([0, 2, 5]), text, signature)).to.equal(false);
    expect(contractAccepts(plainSum([0, 2, 4]), new Uint8Array(32), signature)).to.equal(false);
  });

  it("does not come out of a tampered partial, and the check names exactly its signer", () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.nat(6), { minLength: 2, maxLength: 4 }),
        message,
        fc.bigInt({ min: 1n, max: SECP_ORDER - 1n }),
        fc.nat(),
        (indexes, text, change, pick) => {
          const { context, partials } = signAll(indexes, text);
          const liar = indexes[pick % indexes.length]!;
          partials.set(liar, mod(partials.get(liar)! + change, SECP_ORDER));
          expect(combine(context, partials)).to.equal(null);
          const blamed = indexes.filter(
            (index) => !verifyPartial(context, index, partials.get(index)!),
          );
          expect(blamed).to.deep.equal([liar]);
        },
      ),
      RUNS,
    );
  });

  it("does not come out of too few partials", () => {
    const { context, partials } = signAll([0, 1, 2], new Uint8Array(32));
    partials.delete(1);
    expect(combine(context, partials)).to.equal(null);
  });

  it("binds every nonce to message, signers and all other nonces", () => {
    const { signers } = openSessions([0, 1, 2]);
    const text = new Uint8Array(32);
    const factor = signingContext(text, signers).bindingFactor;
    const other = new SigningSession(2).commitment;
    const changed = [
      signingContext(text.with(0, 1), signers),
      signingContext(text, signers.slice(0, 2)),
      signingContext(text, signers.with(2, { ...signers[2]!, hiding: other.hiding })),
      signingContext(text, signers.with(2, { ...signers[2]!, binding: other.binding })),
    ];
    for (const context of changed) expect(context.bindingFactor).not.to.equal(factor);
  });

  it("refuses signers out of order and a message of another length", () => {
    const { signers } = openSessions([0, 1]);
    expect(() => signingContext(new Uint8Array(32), signers.toReversed())).to.throw("ascending");
    expect(() => signingContext(new Uint8Array(31), signers)).to.throw("32 bytes");
  });
});

describe("signing session", () => {
  const text = new Uint8Array(32);

  it("signs exactly once", () => {
    const { sessions, signers } = openSessions([0, 1]);
    const context = signingContext(text, signers);
    const { session } = sessions[0]!;
    session.sign(operators[0]!.secp256k1, context);
    expect(session.spent).to.equal(true);
    expect(() => session.sign(operators[0]!.secp256k1, context)).to.throw(SessionSpent);
  });

  it("is spent by a request that lists other nonces or another key for it", () => {
    const { sessions, signers } = openSessions([0, 1]);
    const foreign = { ...new SigningSession(0).commitment, key: keyOf(0) };
    const context = signingContext(text, [foreign, signers[1]!]);
    const { session } = sessions[0]!;
    expect(() => session.sign(operators[0]!.secp256k1, context)).to.throw("other nonces");
    expect(session.spent).to.equal(true);

    const second = openSessions([0, 1]);
    const wrong = signingContext(text, second.signers);
    const [{ session: other } = second.sessions[0]!] = second.sessions;
    expect(() => other.sign(operators[3]!.secp256k1, wrong)).to.throw("another key");
    expect(other.spent).to.equal(true);
  });

  it("does not sign a list it is not in", () => {
    const { sessions } = openSessions([0]);
    const others = signingContext(text, openSessions([1, 2]).signers);
    expect(() => sessions[0]!.session.sign(operators[0]!.secp256k1, others)).to.throw(RangeError);
  });

  it("draws new nonces every time", () => {
    const a = new SigningSession(0).commitment;
    const b = new SigningSession(0).commitment;
    expect(a.hiding.equals(b.hiding) || a.binding.equals(b.binding)).to.equal(false);
    expect(a.hiding.equals(a.binding)).to.equal(false);
    expect(a.hiding.equals(Secp.ZERO)).to.equal(false);
  });
});

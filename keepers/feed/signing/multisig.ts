import { bytesToNumberBE, concatBytes } from "@noble/curves/utils.js";
import { keccak_256 } from "@noble/hashes/sha3.js";

import type { AggregatedKey } from "./aggregate.ts";
import { aggregateKeys } from "./aggregate.ts";
import { tagWord, uint } from "./bytes.ts";
import type { Point } from "./curve.ts";
import { mod, randomScalar, SECP_ORDER, Secp } from "./curve.ts";
import { signerBitmap } from "./report.ts";
import type { SchnorrSignature } from "./schnorr.ts";
import { challenge, commitmentAddress, verifySchnorr } from "./schnorr.ts";

/*
 * SpeedyMuSig (Crites, Komlo, Maller: "How to Prove Schnorr Assuming Schnorr", eprint 2021/1375): two nonces and a
 * binding factor as in FROST, plain sum of keys, safe against rogue keys because every key in the registry came with a
 * proof of possession. The binding factor covers key, message, signer list and all commitments, so sessions that run
 * at the same time cannot be combined into a forgery (Benhamouda et al., eprint 2020/945).
 */

/** Public half of a signer's two nonces. */
export interface NonceCommitment {
  /** Operator's index in the set. */
  readonly index: number;
  /** D = dG. */
  readonly hiding: Point;
  /** E = eG. */
  readonly binding: Point;
}

/** A member of a session: its index in the set, its key and its commitment. */
export interface Signer extends NonceCommitment {
  readonly key: Point;
}

/** What every signer computes alike before signing. */
export interface SigningContext {
  readonly message: Uint8Array;
  readonly signers: readonly Signer[];
  readonly aggregated: AggregatedKey;
  /** b, one for all signers. */
  readonly bindingFactor: bigint;
  /** Address of R = ΣD + b·ΣE. */
  readonly commitment: string;
  /** Schnorr challenge. */
  readonly challenge: bigint;
}

/** Nonces that signed once, or failed to, never sign again. */
export class SessionSpent extends Error {
  override name = "SessionSpent";
}

/**
 * Computes binding factor, nonce point and challenge of a session.
 * @param message 32 bytes.
 * @param signers Strictly ascending by index.
 * @throws RangeError if the list is empty or unordered, keys cancel, or the nonces sum to the identity.
 */
export function signingContext(message: Uint8Array, signers: readonly Signer[]): SigningContext {
  if (message.length !== 32) throw new RangeError("message must be 32 bytes");
  signers.forEach(({ index }, position) => {
    const previous = signers[position - 1];
    if (previous !== undefined && index <= previous.index) {
      throw new RangeError("signers are not ascending");
    }
  });
  const aggregated = aggregateKeys(signers.map(({ key }) => key.toAffine()));
  const bindingFactor = bindingFactorOf(aggregated.key, message, signers);
  const hiding = signers.reduce((sum, signer) => sum.add(signer.hiding), Secp.ZERO);
  const binding = signers.reduce((sum, signer) => sum.add(signer.binding), Secp.ZERO);
  const nonce = hiding.add(binding.multiplyUnsafe(bindingFactor));
  if (nonce.is0()) throw new RangeError("nonces sum to the identity");
  const commitment = commitmentAddress(nonce);
  return {
    message,
    signers,
    aggregated,
    bindingFactor,
    commitment,
    challenge: challenge(aggregated.key, message, commitment),
  };
}

/**
 * One signer's part in one session. Nonces come from the system's generator and exist only in this object; they are
 * erased before the partial signature is returned, and also when signing is refused.
 */
export class SigningSession {
  readonly commitment: NonceCommitment;
  #nonces: { readonly hiding: Uint8Array; readonly binding: Uint8Array } | null;

  /** @param index Operator's index in the set. */
  constructor(index: number) {
    const hiding = randomScalar(SECP_ORDER);
    const binding = randomScalar(SECP_ORDER);
    this.#nonces = { hiding, binding };
    this.commitment = {
      index,
      hiding: Secp.BASE.multiply(Secp.Fn.fromBytes(hiding)),
      binding: Secp.BASE.multiply(Secp.Fn.fromBytes(binding)),
    };
  }

  /** Whether the nonces are gone. */
  get spent(): boolean {
    return this.#nonces === null;
  }

  /** Erases the nonces without signing. */
  discard(): void {
    this.#nonces?.hiding.fill(0);
    this.#nonces?.binding.fill(0);
    this.#nonces = null;
  }

  /**
   * The partial signature s_i = d + b·e + c·x mod n. Works once.
   * @param secret The signer's 32-byte secret.
   * @throws SessionSpent the second time; RangeError if the context lists this signer with another key or commitment,
   * which spends the session too.
   */
  sign(secret: Uint8Array, context: SigningContext): bigint {
    const nonces = this.#nonces;
    if (nonces === null) throw new SessionSpent("this session has signed already");
    try {
      const { index, hiding, binding } = this.commitment;
      const listed = context.signers.find((signer) => signer.index === index);
      if (!listed?.hiding.equals(hiding) || !listed.binding.equals(binding)) {
        throw new RangeError("the session lists other nonces for this signer");
      }
      const x = Secp.Fn.fromBytes(secret);
      if (!Secp.BASE.multiply(x).equals(listed.key)) {
        throw new RangeError("the session lists another key for this signer");
      }
      const d = Secp.Fn.fromBytes(nonces.hiding);
      const e = Secp.Fn.fromBytes(nonces.binding);
      return mod(d + context.bindingFactor * e + context.challenge * x, SECP_ORDER);
    } finally {
      this.discard();
    }
  }
}

/** Whether a partial signature is this signer's: s_i·G = D_i + b·E_i + c·X_i. A wrong one names its sender. */
export function verifyPartial(context: SigningContext, index: number, partial: bigint): boolean {
  const signer = context.signers.find((candidate) => candidate.index === index);
  if (signer === undefined || partial < 0n || partial >= SECP_ORDER) return false;
  const expected = signer.hiding
    .add(signer.binding.multiplyUnsafe(context.bindingFactor))
    .add(signer.key.multiplyUnsafe(context.challenge));
  return Secp.BASE.multiplyUnsafe(partial).equals(expected);
}

/** A signature in the form that `PriceFeeds.submit` takes. */
export interface Multisignature extends SchnorrSignature {
  readonly zInverse: bigint;
}

/**
 * Sums the partial signatures of all signers.
 * @returns The multisignature, or null if it does not verify (then `verifyPartial` says whose partial is wrong).
 */
export function combine(
  context: SigningContext,
  partials: ReadonlyMap<number, bigint>,
): Multisignature | null {
  let s = 0n;
  for (const { index } of context.signers) {
    const partial = partials.get(index);
    if (partial === undefined) return null;
    s = mod(s + partial, SECP_ORDER);
  }
  const { aggregated, message, commitment } = context;
  if (!verifySchnorr(aggregated.key, message, { s, commitment })) return null;
  return { s, commitment, zInverse: aggregated.zInverse };
}

function bindingFactorOf(key: Point, message: Uint8Array, signers: readonly Signer[]): bigint {
  const bitmap = signerBitmap(signers.map(({ index }) => index));
  const preimage = concatBytes(
    tagWord("Dodona nonce binding v1"),
    key.toBytes(true),
    message,
    uint(BigInt(bitmap), 4),
    ...signers.map(({ index, hiding, binding }) =>
      concatBytes(Uint8Array.of(index), hiding.toBytes(true), binding.toBytes(true)),
    ),
  );
  return mod(bytesToNumberBE(keccak_256(preimage)), SECP_ORDER);
}

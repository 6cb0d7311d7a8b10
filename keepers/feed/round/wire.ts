import { z } from "zod";

import { toHex, word } from "../signing/bytes.ts";
import { pointFromHex, pointToHex } from "../signing/curve.ts";
import type { Envelope } from "../signing/envelope.ts";
import type { Multisignature, NonceCommitment } from "../signing/multisig.ts";
import type { SignedObservation } from "../signing/observation.ts";
import { MAX_OPERATORS } from "../signing/report.ts";
import type { SlotRecord } from "./archive.ts";

/*
 * JSON between operators. Sizes are bounded here field by field, besides the limit on the whole body, so that what a
 * schema lets through is cheap to work on.
 */

/** Paths of the requests. */
export const PATHS = {
  observe: "/v1/observe",
  nonce: "/v1/nonce",
  sign: "/v1/sign",
  report: "/v1/report",
} as const;
/** Paths that anyone may GET, without an envelope: what was signed is not secret, and proves who lied. */
export const PUBLIC_PATHS = {
  /** The operator's own observation of a slot: `…/:setId/:slot`. */
  observations: "/v1/observations",
  /** What it has seen signed about slots from one on: `…/:fromSlot`. */
  slots: "/v1/slots",
} as const;
export type RoundPath = (typeof PATHS)[keyof typeof PATHS];

/** Largest request or answer, in bytes: 31 observations of 255 feeds fit. */
export const BODY_LIMIT_BYTES = 256 * 1024;

const MAX_FEEDS = 255;
const MAX_REPORT_HEX = 2 + 2 * (44 + 14 * MAX_FEEDS);

const uint32 = z
  .int()
  .min(0)
  .max(2 ** 32 - 1);
const operatorIndex = z
  .int()
  .min(0)
  .max(MAX_OPERATORS - 1);
const wordHex = z
  .string()
  .regex(/^0x[0-9a-f]{64}$/)
  .transform(BigInt);
const signatureHex = z.string().regex(/^0x[0-9a-f]{130}$/);
const priceText = z
  .string()
  .regex(/^(0|[1-9][0-9]{0,28})$/)
  .transform(BigInt);
const point = z
  .string()
  .regex(/^0x0[23][0-9a-f]{64}$/)
  .transform((text, context) => {
    try {
      return pointFromHex(text);
    } catch {
      context.addIssue({ code: "custom", message: "not a point of secp256k1" });
      return z.NEVER;
    }
  });
const reportHex = z
  .string()
  .max(MAX_REPORT_HEX)
  .regex(/^0x(?:[0-9a-f]{2})+$/);
const sessionId = z.string().regex(/^[0-9a-f]{32}$/);

const observation = z.strictObject({
  setId: uint32,
  slot: uint32,
  operator: operatorIndex,
  pricesE8: z.array(priceText).min(1).max(MAX_FEEDS),
  signature: signatureHex,
  proof: z.strictObject({ s: wordHex, e: wordHex }),
});
const nonce = z.strictObject({ index: operatorIndex, hiding: point, binding: point });

/** What comes in as the body of any request. */
export const envelopeSchema: z.ZodType<Envelope> = z.strictObject({
  setId: uint32,
  from: operatorIndex,
  sentAt: z
    .int()
    .min(0)
    .max(2 ** 48),
  body: z.string().max(BODY_LIMIT_BYTES),
  signature: signatureHex,
});

export const observeRequest = z.strictObject({ slot: uint32 });
export const observeAnswer = z.strictObject({ observation });

export const nonceRequest = z.strictObject({ slot: uint32, session: sessionId });
export const nonceAnswer = z.strictObject({ hiding: point, binding: point });

export const signRequest = z.strictObject({
  session: sessionId,
  report: reportHex,
  observations: z.array(observation).min(1).max(MAX_OPERATORS),
  nonces: z.array(nonce).min(1).max(MAX_OPERATORS),
});
export type SignRequest = z.infer<typeof signRequest>;
export const signAnswer = z.strictObject({ partial: wordHex });

export const reportRequest = z.strictObject({
  report: reportHex,
  signature: z.strictObject({
    s: wordHex,
    commitment: z.string().regex(/^0x[0-9a-f]{40}$/),
    zInverse: wordHex,
  }),
});
export type ReportRequest = z.infer<typeof reportRequest>;
export const reportAnswer = z.strictObject({ known: z.boolean() });

const uint32Text = z
  .string()
  .regex(/^(0|[1-9][0-9]{0,9})$/)
  .transform(Number)
  .pipe(uint32);
export const ownRequest = z.strictObject({ setId: uint32Text, slot: uint32Text });
export const slotsRequest = z.strictObject({ fromSlot: uint32Text });

export const refusalAnswer = z.object({ error: z.string().max(64), detail: z.string().max(512) });

/** An observation as its JSON. */
export function observationToWire(signed: SignedObservation): z.input<typeof observation> {
  const { setId, slot, operator, pricesE8, signature, proof } = signed;
  return {
    setId,
    slot,
    operator,
    pricesE8: pricesE8.map(String),
    signature,
    proof: { s: toHex(word(proof.s)), e: toHex(word(proof.e)) },
  };
}

/**
 * A slot's record as its JSON: each observation once; reports name theirs by position.
 * @returns { setId, slot, observations, reports: [{ report, signature, observations: [position, …] }] }
 */
export function recordToWire(record: SlotRecord) {
  const { setId, slot } = record;
  const all = [...record.observations];
  for (const { observations } of record.reports) {
    for (const one of observations) if (positionIn(all, one) === -1) all.push(one);
  }
  return {
    ...{ setId, slot },
    observations: all.map(observationToWire),
    reports: record.reports.map(({ signed, observations }) => ({
      report: toHex(signed.bytes),
      signature: signatureToWire(signed.signature),
      observations: observations.map((one) => positionIn(all, one)),
    })),
  };
}

/** Of one operator and slot, so only the ECDSA signature's bytes, which are deterministic, tell them apart. */
function positionIn(all: readonly SignedObservation[], one: SignedObservation): number {
  return all.findIndex(
    ({ operator, signature }) => operator === one.operator && signature === one.signature,
  );
}

/** A signer's commitment as its JSON. */
export function nonceToWire({ index, hiding, binding }: NonceCommitment): z.input<typeof nonce> {
  return { index, hiding: pointToHex(hiding), binding: pointToHex(binding) };
}

/** A multisignature as its JSON. */
export function signatureToWire(
  signature: Multisignature,
): z.input<typeof reportRequest>["signature"] {
  return {
    s: toHex(word(signature.s)),
    commitment: signature.commitment.toLowerCase(),
    zInverse: toHex(word(signature.zInverse)),
  };
}

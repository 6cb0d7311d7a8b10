import { concatBytes } from "@noble/curves/utils.js";
import { keccak_256 } from "@noble/hashes/sha3.js";

import { addressNumber, tagWord, word } from "./bytes.ts";
import type { Point } from "./curve.ts";
import { isSignedBy, signDigest } from "./ecdsa.ts";
import type { ReportDomain } from "./report.ts";

/** A request between operators. `body` is JSON text, so that what is hashed is what is parsed. */
export interface Envelope {
  readonly setId: number;
  /** Index of the sender in the set. */
  readonly from: number;
  /** Unix milliseconds by the sender's clock. */
  readonly sentAt: number;
  readonly body: string;
  /** ECDSA by the sender's secp256k1 key, 65 bytes in hex. */
  readonly signature: string;
}

/** Where a request goes: the receiver's index and the HTTP path, both signed, so that it cannot be sent elsewhere. */
export interface EnvelopeTarget {
  readonly to: number;
  readonly path: string;
}

/** The 32 bytes that the sender of a request signs. */
export function envelopeDigest(
  envelope: Omit<Envelope, "signature">,
  target: EnvelopeTarget,
  domain: ReportDomain,
): Uint8Array {
  const text = (value: string): Uint8Array => keccak_256(new TextEncoder().encode(value));
  return keccak_256(
    concatBytes(
      tagWord("Dodona request v1"),
      word(domain.chainId),
      word(addressNumber(domain.priceFeeds)),
      text(target.path),
      word(BigInt(envelope.setId)),
      word(BigInt(envelope.from)),
      word(BigInt(target.to)),
      word(BigInt(envelope.sentAt)),
      text(envelope.body),
    ),
  );
}

/** Signs a request. */
export function sealEnvelope(
  request: Omit<Envelope, "signature">,
  target: EnvelopeTarget,
  secret: Uint8Array,
  domain: ReportDomain,
): Envelope {
  return { ...request, signature: signDigest(secret, envelopeDigest(request, target, domain)) };
}

/** Whether the request was signed by this key for this receiver, path, chain and contract. */
export function isAuthentic(
  envelope: Envelope,
  target: EnvelopeTarget,
  key: Point,
  domain: ReportDomain,
): boolean {
  return isSignedBy(key, envelopeDigest(envelope, target, domain), envelope.signature);
}

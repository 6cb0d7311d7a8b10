import { secp256k1 } from "@noble/curves/secp256k1.js";
import { concatBytes } from "@noble/curves/utils.js";

import { fromHex, toHex } from "./bytes.ts";
import type { Point } from "./curve.ts";
import { Secp } from "./curve.ts";

const SIGNATURE = /^0x[0-9a-f]{130}$/;

/**
 * ECDSA over a 32-byte digest, deterministic (RFC 6979), low s.
 * @returns r ‖ s ‖ v, 65 bytes in lower-case hex, v 27 or 28, as Solidity's libraries take it.
 */
export function signDigest(secret: Uint8Array, digest: Uint8Array): string {
  const signed = secp256k1.sign(digest, secret, { prehash: false, format: "recovered" });
  return toHex(concatBytes(signed.subarray(1), Uint8Array.of(27 + (signed[0] ?? 0))));
}

/**
 * The key that signed, found as ecrecover finds it.
 * @returns null if the signature is malformed, has a high s, or belongs to no key.
 */
export function recoverSigner(digest: Uint8Array, signature: string): Point | null {
  if (!SIGNATURE.test(signature)) return null;
  const bytes = fromHex(signature, 65);
  const recovery = (bytes[64] ?? 0) - 27;
  if (recovery !== 0 && recovery !== 1) return null;
  try {
    const recovered = concatBytes(Uint8Array.of(recovery), bytes.subarray(0, 64));
    const parsed = secp256k1.Signature.fromBytes(recovered, "recovered");
    if (parsed.hasHighS()) return null;
    return Secp.fromBytes(parsed.recoverPublicKey(digest).toBytes(true));
  } catch {
    return null;
  }
}

/** Whether the key signed the digest. */
export function isSignedBy(key: Point, digest: Uint8Array, signature: string): boolean {
  return recoverSigner(digest, signature)?.equals(key) ?? false;
}

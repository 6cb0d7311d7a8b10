import { invert } from "@noble/curves/abstract/modular.js";
import { secp256k1 } from "@noble/curves/secp256k1.js";
import { bytesToNumberBE, concatBytes } from "@noble/curves/utils.js";

import { fromHex, toHex } from "./bytes.ts";
import type { Point } from "./curve.ts";
import { mod, SECP_ORDER, Secp } from "./curve.ts";

const SIGNATURE = /^0x[0-9a-f]{128}(?:1b|1c)$/;

/**
 * ECDSA over a 32-byte digest, deterministic (RFC 6979), low s.
 * @returns r ‖ s ‖ v, 65 bytes in lower-case hex, v 27 or 28, as Solidity's libraries take it.
 */
export function signDigest(secret: Uint8Array, digest: Uint8Array): string {
  const signed = secp256k1.sign(digest, secret, { prehash: false, format: "recovered" });
  return toHex(concatBytes(signed.subarray(1), Uint8Array.of(27 + (signed[0] ?? 0))));
}

/**
 * Whether ecrecover would give this key's address for the digest, and s is low. Since the key is known, R = (z·G + r·P)/s
 * is computed instead of recovering P: the same equation, with both points' tables at hand. r and the parity of R must
 * be the signature's, else it would be valid and yet prove nothing on chain.
 * @param digest 32 bytes.
 */
export function isSignedBy(key: Point, digest: Uint8Array, signature: string): boolean {
  if (digest.length !== 32 || !SIGNATURE.test(signature)) return false;
  const bytes = fromHex(signature, 65);
  const r = bytesToNumberBE(bytes.subarray(0, 32));
  const s = bytesToNumberBE(bytes.subarray(32, 64));
  if (r === 0n || r >= SECP_ORDER || s === 0n || s > SECP_ORDER >> 1n) return false;
  const inverse = invert(s, SECP_ORDER);
  const u1 = mod(bytesToNumberBE(digest) * inverse, SECP_ORDER);
  const u2 = mod(r * inverse, SECP_ORDER);
  const nonce = Secp.BASE.multiplyUnsafe(u1).add(key.multiplyUnsafe(u2));
  if (nonce.is0()) return false;
  const { x, y } = nonce.toAffine();
  return x === r && Number(y & 1n) === (bytes[64] ?? 0) - 27;
}

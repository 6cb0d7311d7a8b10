import { recoverAddress, Signature, type Transaction } from "ethers";

/** Order of secp256k1 (SEC 2, section 2.4.1). */
const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;

/**
 * Makes an Ethereum signature of the (r, s) of a signer that knows nothing of Ethereum: s is brought into the lower half
 * of the group's order (EIP-2), and the parity is the one that recovers the account.
 * @param digest 32 bytes, 0x hex
 * @param address of the account that signed, lower case
 * @throws Error when (r, s) is out of range or is no signature of that account
 */
export function toSignature(digest: string, r: bigint, s: bigint, address: string): Signature {
  if (r <= 0n || r >= order || s <= 0n || s >= order) throw new Error("signature is out of range");
  const low = s > order / 2n ? order - s : s;
  for (const v of [27, 28] as const) {
    const signature = Signature.from({ r: word(r), s: word(low), v });
    if (recoverAddress(digest, signature).toLowerCase() === address) return signature;
  }
  throw new Error(`signature is not of account ${address}`);
}

/**
 * Reads a DER signature: SEQUENCE { INTEGER r, INTEGER s } (RFC 3279, section 2.2.3).
 * @throws Error when the bytes are anything else
 */
export function readDerSignature(der: Uint8Array): { r: bigint; s: bigint } {
  const sequence = readElement(der, 0, 0x30);
  const r = readElement(der, sequence.start, 0x02);
  const s = readElement(der, r.end, 0x02);
  if (sequence.end !== der.length || s.end !== sequence.end)
    throw new Error("DER signature has bytes that do not belong to it");
  return { r: toInteger(der.subarray(r.start, r.end)), s: toInteger(der.subarray(s.start, s.end)) };
}

/** Bytes before the point in the DER SubjectPublicKeyInfo of an uncompressed secp256k1 key (RFC 5480). */
const spkiPrefix = Buffer.from("3056301006072a8648ce3d020106052b8104000a034200", "hex");

/**
 * Reads a DER SubjectPublicKeyInfo.
 * @returns the uncompressed point, 65 bytes from 0x04
 * @throws Error when it is not a secp256k1 key
 */
export function readDerPublicKey(der: Uint8Array): Uint8Array {
  const point = der.subarray(spkiPrefix.length);
  if (
    !spkiPrefix.equals(der.subarray(0, spkiPrefix.length)) ||
    point.length !== 65 ||
    point[0] !== 4
  )
    throw new Error("public key is not an uncompressed key on secp256k1");
  return point;
}

/** @returns a transaction's signed bytes and their hash. */
export function assemble(
  transaction: Transaction,
  signature: Signature,
): { raw: string; hash: string } {
  const signed = transaction.clone();
  signed.signature = signature;
  return { raw: signed.serialized, hash: signed.hash! };
}

function readElement(der: Uint8Array, at: number, tag: number): { start: number; end: number } {
  const length = der[at + 1];
  // A signature of two 256-bit numbers needs only the short form.
  if (der[at] !== tag || length === undefined || length > 0x7f || at + 2 + length > der.length)
    throw new Error("signature is not DER");
  return { start: at + 2, end: at + 2 + length };
}

function toInteger(bytes: Uint8Array): bigint {
  if (bytes.length === 0 || bytes.length > 33 || (bytes[0]! & 0x80) !== 0)
    throw new Error("DER integer is empty, negative or too long");
  return BigInt(`0x${Buffer.from(bytes).toString("hex")}`);
}

function word(value: bigint): string {
  return `0x${value.toString(16).padStart(64, "0")}`;
}

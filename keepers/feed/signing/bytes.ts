import { bytesToHex, hexToBytes } from "@noble/curves/utils.js";

const ADDRESS = /^0x[0-9a-fA-F]{40}$/;
const HEX = /^0x(?:[0-9a-fA-F]{2})*$/;

/**
 * A number as one big-endian 32-byte word, as Solidity's `abi.encode` writes a uint256.
 * @throws RangeError outside [0, 2^256).
 */
export function word(value: bigint): Uint8Array {
  return uint(value, 32);
}

/**
 * A number as `length` big-endian bytes.
 * @throws RangeError if it is negative or does not fit.
 */
export function uint(value: bigint, length: number): Uint8Array {
  if (value < 0n || value >> BigInt(8 * length) !== 0n) {
    throw new RangeError(`${value} does not fit in ${length} bytes`);
  }
  return hexToBytes(value.toString(16).padStart(2 * length, "0"));
}

/**
 * ASCII text as Solidity's `bytes32("…")`: left-aligned, zero-padded.
 * @throws RangeError if the text is longer than 32 characters or not ASCII.
 */
export function tagWord(text: string): Uint8Array {
  const bytes = new TextEncoder().encode(text);
  if (bytes.length !== text.length || bytes.length > 32) {
    throw new RangeError(`not an ASCII text of at most 32 characters: ${text}`);
  }
  const padded = new Uint8Array(32);
  padded.set(bytes);
  return padded;
}

/**
 * The 20 bytes of a 0x-prefixed address, in any letter case.
 * @throws RangeError if it is not one.
 */
export function addressBytes(address: string): Uint8Array {
  if (!ADDRESS.test(address)) throw new RangeError(`not an address: ${address}`);
  return hexToBytes(address.slice(2).toLowerCase());
}

/** An address as a number, for hashes over fields and words. Throws as `addressBytes` does. */
export function addressNumber(address: string): bigint {
  addressBytes(address);
  return BigInt(address.toLowerCase());
}

/** Bytes as 0x-prefixed lower-case hex. */
export function toHex(bytes: Uint8Array): string {
  return `0x${bytesToHex(bytes)}`;
}

/**
 * Bytes of 0x-prefixed hex.
 * @param length Exact number of bytes, when it is known.
 * @throws RangeError if the text is not hex or of another length.
 */
export function fromHex(text: string, length?: number): Uint8Array {
  if (!HEX.test(text)) throw new RangeError("not 0x-prefixed hex of whole bytes");
  const bytes = hexToBytes(text.slice(2));
  if (length !== undefined && bytes.length !== length) {
    throw new RangeError(`${bytes.length} bytes instead of ${length}`);
  }
  return bytes;
}

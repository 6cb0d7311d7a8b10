import { keccakInto } from "./keccak.ts";
import { hexAt } from "./tree.ts";

const WORD = 32;
const ADDRESS_BYTES = 20;

/** What a leaf says; addresses in hex, the amount in the token's smallest unit. */
export interface Leaf {
  readonly account: string;
  readonly token: string;
  readonly cumulative: bigint;
}

/**
 * Leaves in OpenZeppelin's standard format, keccak256(keccak256(abi.encode(account, token, cumulative))) with the types
 * (address, address, uint256).
 * @returns one hash of 32 bytes after the other, in the given order
 */
export function standardLeaves(leaves: readonly Leaf[]): Uint8Array {
  const hashes = new Uint8Array(leaves.length * WORD);
  const encoded = Buffer.alloc(3 * WORD);
  leaves.forEach(({ account, token, cumulative }, i) => {
    writeAddress(encoded, WORD - ADDRESS_BYTES, account);
    writeAddress(encoded, 2 * WORD - ADDRESS_BYTES, token);
    writeUint256(encoded, 2 * WORD, cumulative);
    keccakInto(encoded, 0, 3 * WORD, hashes, i * WORD);
    keccakInto(hashes, i * WORD, WORD, hashes, i * WORD);
  });
  return hashes;
}

/** @returns hash of one leaf in the standard format */
export function standardLeaf(leaf: Leaf): string {
  return hexAt(standardLeaves([leaf]), 0);
}

/** An entry of an airdrop list in the format of Uniswap's merkle-distributor. */
export interface AirdropEntry {
  readonly index: bigint;
  readonly account: string;
  readonly amount: bigint;
}

/**
 * Leaves of airdrop lists: keccak256(abi.encodePacked(uint256 index, address account, uint256 amount)).
 * @returns one hash of 32 bytes after the other, in the given order
 */
export function airdropLeaves(entries: readonly AirdropEntry[]): Uint8Array {
  const hashes = new Uint8Array(entries.length * WORD);
  const encoded = Buffer.alloc(2 * WORD + ADDRESS_BYTES);
  entries.forEach(({ index, account, amount }, i) => {
    writeUint256(encoded, 0, index);
    writeAddress(encoded, WORD, account);
    writeUint256(encoded, WORD + ADDRESS_BYTES, amount);
    keccakInto(encoded, 0, encoded.length, hashes, i * WORD);
  });
  return hashes;
}

function writeAddress(target: Buffer, at: number, address: string): void {
  const written = address.length === 42 ? target.write(address.slice(2), at, "hex") : 0;
  if (written !== ADDRESS_BYTES) throw new RangeError(`not an address: ${address}`);
}

function writeUint256(target: Buffer, at: number, value: bigint): void {
  const hex = value.toString(16);
  if (value < 0n || hex.length > 2 * WORD) throw new RangeError(`not a uint256: ${value}`);
  target.write(hex.padStart(2 * WORD, "0"), at, "hex");
}

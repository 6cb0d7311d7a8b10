import { keccak256, solidityPackedKeccak256 } from "ethers";

import type { OperatorKeys } from "../../../../keepers/feed/signing/keys.ts";
import { generateKeys, parseKeys } from "../../../../keepers/feed/signing/keys.ts";
import type { PlainPoint } from "./plain.ts";
import { modulo, N, recover } from "./plain.ts";

export const DOMAIN = {
  chainId: 31337n,
  priceFeeds: "0x5FbDB2315678afecb367f032d93F642f64180aa3",
};

/** Fresh keys, as an operator has them. */
export const freshKeys = (): OperatorKeys => parseKeys(generateKeys());

/** Address of a point by ethers' keccak. */
export function addressOf(point: PlainPoint): string {
  const hex = (value: bigint): string => value.toString(16).padStart(64, "0");
  return `0x${keccak256(`0x${hex(point.x)}${hex(point.y)}`).slice(-40)}`;
}

/** The contract's check of a signature: one ecrecover with the roles of its arguments exchanged. */
export function contractAccepts(
  key: PlainPoint,
  message: Uint8Array,
  { s, commitment }: { s: bigint; commitment: string },
): boolean {
  if (s <= 0n || s >= N || key.x <= 0n || key.x >= N || BigInt(commitment) === 0n) return false;
  const e = modulo(
    BigInt(
      solidityPackedKeccak256(
        ["uint256", "uint8", "bytes32", "address"],
        [key.x, key.y & 1n, message, commitment],
      ),
    ),
    N,
  );
  const recovered = recover(
    modulo(N - modulo(s * key.x, N), N),
    27 + Number(key.y & 1n),
    key.x,
    modulo(N - modulo(e * key.x, N), N),
  );
  return recovered !== null && addressOf(recovered) === commitment.toLowerCase();
}

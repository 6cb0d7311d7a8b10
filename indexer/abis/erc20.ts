import { parseAbi } from "viem";

/** The event that every ERC-20 token emits when a balance changes. */
export const transferAbi = parseAbi([
  "event Transfer(address indexed from, address indexed to, uint256 value)",
]);

import { RpcUnavailableError, type Chain } from "../shared/rpc.ts";

/**
 * What became of bytes that were handed to a node. Only `rejected` says that no node will ever take them; after
 * `unknown` (no answer, or a pool without room) and `refused` (an answer that nothing explains) they may have been sent.
 */
export type Outcome =
  | { type: "accepted" }
  | { type: "nonceUsed" }
  | { type: "underpriced" }
  | { type: "noFunds"; message: string }
  | { type: "rejected"; message: string }
  | { type: "refused"; message: string }
  | { type: "unknown"; message: string };

// Wordings of geth, nethermind, besu, erigon, reth, anvil and hardhat.
const wordings: ReadonlyArray<readonly [RegExp, Outcome["type"]]> = [
  [
    /already known|already imported|known transaction|already in (the )?(mem)?pool|ALREADY_EXISTS|AlreadyKnown/i,
    "accepted",
  ],
  [/nonce (is )?too low|OldNonce|nonce has already been used|NONCE_EXPIRED/i, "nonceUsed"],
  [
    /replacement (transaction|fee)|underpriced|fee too low|FeeTooLow|less than block base fee|gas price too low/i,
    "underpriced",
  ],
  [/insufficient (funds|balance)|InsufficientFunds|upfront cost exceeds/i, "noFunds"],
  [
    /intrinsic gas|exceeds (the )?block gas limit|gas limit (is )?(too high|reached)|exceeds (the )?(configured cap|transaction gas)|oversized data|invalid sender|invalid chain|wrong chain|type not supported|floor data gas/i,
    "rejected",
  ],
  [
    /txpool is full|pool is full|pool is overflowing|transaction pool limit|exceeds? (the )?max(imum)? (number of )?(pending )?transactions|too many (pending )?transactions|sender.*capacity|in-flight transaction limit|timeout|no answer within|nonce (is )?too (high|far)|nonce gap|header not found|syncing/i,
    "unknown",
  ],
];

/**
 * Hands signed bytes to a node. Never throws: what it does not understand is `refused`.
 * Sending the same bytes again is harmless.
 */
export async function broadcast(chain: Chain, raw: string): Promise<Outcome> {
  try {
    await chain.send("eth_sendRawTransaction", [raw]);
    return { type: "accepted" };
  } catch (error) {
    if (error instanceof RpcUnavailableError) return { type: "unknown", message: error.message };
    return classify(nodeMessage(error));
  }
}

/** Reads a node's error message. */
export function classify(message: string): Outcome {
  const type = wordings.find(([wording]) => wording.test(message))?.[1] ?? "refused";
  return type === "accepted" || type === "nonceUsed" || type === "underpriced"
    ? { type }
    : { type, message };
}

/** @returns the message of the node inside an error of ethers, else the error's own. */
export function nodeMessage(error: unknown): string {
  if (typeof error !== "object" || error === null) return String(error);
  const info =
    "info" in error ? (error.info as { error?: { message?: unknown } } | undefined) : undefined;
  if (typeof info?.error?.message === "string") return info.error.message;
  const inner = "error" in error ? (error.error as { message?: unknown } | undefined) : undefined;
  if (typeof inner?.message === "string") return inner.message;
  return "message" in error && typeof error.message === "string" ? error.message : "no message";
}

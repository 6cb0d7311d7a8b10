import type { ErrorDescription, Interface } from "ethers";
import { isHexString } from "ethers";

/**
 * The data that a contract reverted with, from whichever layer the failure passed through: Hardhat's provider, ethers,
 * or a node's JSON-RPC error.
 *
 * @returns null for any other failure.
 */
export function revertData(error: unknown): string | null {
  for (let at = error, depth = 0; depth < 8; depth++) {
    if (typeof at !== "object" || at === null) return null;
    const fields = at as Record<string, unknown>;
    if (isHexString(fields["data"]) && fields["data"].length >= 10) return fields["data"];
    at = fields["cause"] ?? fields["error"] ?? fields["info"] ?? fields["data"];
  }
  return null;
}

/** The custom error of a failed call as the contract's interface names it, null when it is none of them. */
export function revertOf(contract: Interface, error: unknown): ErrorDescription | null {
  const data = revertData(error);
  return data === null ? null : contract.parseError(data);
}

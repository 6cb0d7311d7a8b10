import { CEREMONY_G2 } from "../build/solidity.ts";
import type { Srs } from "../build/srs.ts";
import { ceremonySrs, developmentSrs } from "../build/srs.ts";

/** Whether a verifier's code, creation code or deployed, is of the ceremony's points: it carries their τ·G2. */
export function isOfCeremony(code: string): boolean {
  const bytes = code.toLowerCase();
  // A leading zero byte is not in the code: the instruction that pushes a word leaves it out.
  return CEREMONY_G2.every((word) => bytes.includes(word.replace(/^(00)+/, "")));
}

/**
 * The points that a deployed verifier takes proofs of, which need not be those that a deployment would choose today.
 * @param code Of the verifier, as the chain has it.
 * @throws if there is no verifier, the ceremony's points cannot be had, or a chain that is not local has another verifier
 */
export async function srsOfVerifier(chainId: bigint, code: string): Promise<Srs> {
  if (code === "0x") throw new Error("there is no verifier");
  return isOfCeremony(code) ? ceremonySrs() : developmentSrs(chainId);
}

import { getAddress, isAddress, ZeroAddress } from "ethers";

import { DeploymentError, objectAt } from "../files.ts";

/** The section `proofs` of a parameters file. */
export interface ProofParameters {
  /** Account that signs traders' fills; the zero address for nobody's as yet. */
  service: string;
}

/**
 * Checks the section of proofs.
 *
 * @param where Named in errors.
 * @throws {DeploymentError} naming the field that is unknown or no address.
 */
export function checkProofs(given: unknown, where: string): ProofParameters {
  const { service = ZeroAddress, ...others } = objectAt(given, where);
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) {
    throw new DeploymentError(`${where}: unknown field "${unknown}"; known are service.`);
  }
  if (typeof service !== "string" || !isAddress(service)) {
    throw new DeploymentError(
      `${where}: service must be an address, not ${JSON.stringify(service)}.`,
    );
  }
  return { service: getAddress(service) };
}

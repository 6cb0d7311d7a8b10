import { ZeroAddress } from "ethers";

import { objectAt } from "../files.ts";
import { addressAt, refuseUnknown } from "./fields.ts";

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
  const fields = objectAt(given, where);
  refuseUnknown(fields, ["service"], where);
  const { service = ZeroAddress } = fields;
  return { service: addressAt(service, `${where}: service`) };
}

import type { IPriceAttestations } from "../../types/ethers-contracts/interfaces/IPriceAttestations.ts";
import type { ITraderRegistry } from "../../types/ethers-contracts/interfaces/ITraderRegistry.ts";
import { TaskError } from "../shared/error.ts";
import type { Opened } from "../shared/open.ts";

/** Bound for an operator's answer. */
export const ASK_MS = 5_000;
/** Bound for proofs: the first one also compiles circuits and may download points. */
export const PROVE_MS = 600_000;

/** A network's contracts of proofs. */
export interface ProofContracts {
  attestations: IPriceAttestations;
  registry: ITraderRegistry;
}

/**
 * The contracts of proofs of an opened deployment.
 *
 * @throws {TaskError} when the deployment has none.
 */
export function proofContractsOf({ contracts, deployment }: Opened): ProofContracts {
  const { priceAttestations, traderRegistry } = contracts;
  if (priceAttestations === null || traderRegistry === null) {
    throw new TaskError(
      `Deployment ${deployment.deploymentId} has no proofs: give its parameters a section "proofs" and run npx hardhat deploy.`,
    );
  }
  return { attestations: priceAttestations, registry: traderRegistry };
}

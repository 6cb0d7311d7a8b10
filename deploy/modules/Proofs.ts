import type { ArgumentType, Artifact } from "@nomicfoundation/ignition-core";
import { buildModule } from "@nomicfoundation/hardhat-ignition/modules";

import type { RecordedArguments } from "./recorded.ts";

/** Ignition's ids of the contracts of proofs. */
export const PROOFS_FUTURES = {
  priceBatchVerifier: "Proofs#PriceBatchVerifier",
  performanceVerifier: "Proofs#PerformanceVerifier",
  priceAttestations: "Proofs#PriceAttestations",
  traderRegistry: "Proofs#TraderRegistry",
} as const;

/** What the contracts of proofs are made of. */
export interface ProofsPlan {
  /** Account whose signatures under traders' fills count at first; governance may name another. */
  service: string;
  /** Verifiers by contract, see `verifiersFor`. */
  verifiers: Readonly<Record<string, Artifact>>;
}

/**
 * Verifiers, the attestations of prices and the registry of traders.
 *
 * @param core Contracts of the network that they stand on.
 * @param recorded Arguments that an earlier run recorded: they are for good, whatever the parameters say now.
 */
export function proofsModule(
  core: { accessManager: ArgumentType; priceFeeds: ArgumentType },
  { service, verifiers }: ProofsPlan,
  recorded: RecordedArguments,
) {
  return buildModule("Proofs", (m) => {
    const verifier = (name: string) => m.contract(name, verifiers[name]!, [], { id: name });
    const prices = verifier("PriceBatchVerifier");
    const performance = verifier("PerformanceVerifier");
    const priceAttestations = m.contract("PriceAttestations", [core.priceFeeds, prices]);
    const [, , first = service] = recorded.get(PROOFS_FUTURES.traderRegistry) ?? [];
    const args = [core.accessManager, performance, first];
    return { priceAttestations, traderRegistry: m.contract("TraderRegistry", args) };
  });
}

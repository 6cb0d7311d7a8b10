import type { Contracts } from "./contracts.ts";
import type { ProofParameters } from "./parameters/proofs.ts";
import type { Step } from "./step.ts";

/** Steps that connect the contracts of proofs with governance's: wrong medians are punished by proof too. */
export async function proofSteps({ governance, priceAttestations }: Contracts): Promise<Step[]> {
  if (governance === null || priceAttestations === null) return [];
  const { slashing } = governance;
  const address = await priceAttestations.getAddress();
  if ((await slashing.medianProofs()) === address) return [];
  return [
    {
      what: "let proofs of wrong medians be punished",
      send: (o) => slashing.setMedianProofs(address, o),
    },
  ];
}

/** What a finished deployment lacks of its proofs, in words. */
export async function proofProblems(contracts: Contracts): Promise<string[]> {
  const { priceAttestations, priceFeeds, traderRegistry } = contracts;
  if (priceAttestations === null || traderRegistry === null) return [];
  const [feeds, expected, steps] = await Promise.all([
    priceAttestations.priceFeeds(),
    priceFeeds.getAddress(),
    proofSteps(contracts),
  ]);
  return [
    ...(feeds === expected ? [] : ["PriceAttestations is of other feeds"]),
    ...(steps.length === 0 ? [] : ["Slashing does not know PriceAttestations"]),
  ];
}

/** Differences between proofs on chain and in the file, in words. They are reported, never applied. */
export async function proofDrift(
  { traderRegistry }: Contracts,
  { service }: ProofParameters,
): Promise<string[]> {
  if (traderRegistry === null) return [];
  const present = await traderRegistry.service();
  if (present === service) return [];
  return [`proofs: service is ${present} on chain and ${service} in the file`];
}

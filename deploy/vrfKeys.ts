import type { Provider } from "ethers";
import { formatEther, formatUnits } from "ethers";

import { keyHashOf } from "../keepers/vrf/prove.ts";
import type { IVRFCoordinator } from "../types/ethers-contracts/interfaces/IVRFCoordinator.ts";
import { DeploymentError } from "./files.ts";
import type { LocalOperator } from "./operators.ts";
import type { KeyTerms, ProvingKey, VrfConfig } from "./parameters/vrf.ts";
import { receiptOf } from "./transactions.ts";

/**
 * Keys of the list that governance still has to register.
 *
 * @throws {DeploymentError} for a key that another operator holds, which is for good.
 */
export async function missingKeys(
  coordinator: IVRFCoordinator,
  keys: readonly ProvingKey[],
): Promise<ProvingKey[]> {
  const states = await Promise.all(
    keys.map(async ({ x, y }) => await coordinator.provingKey(keyHashOf(x, y))),
  );
  return keys.filter(({ operator, x, y }, index) => {
    const state = states[index];
    const isHeld = state !== undefined && BigInt(state.operator) !== 0n;
    if (isHeld && state.operator.toLowerCase() !== operator.toLowerCase()) {
      throw new DeploymentError(
        `Proving key ${keyHashOf(x, y)} belongs to ${state.operator}, not to ${operator}, and a key's operator is for good.`,
      );
    }
    return state?.active !== true;
  });
}

/**
 * Fills up the bonds of the keys that this machine holds, each from its operator's account.
 *
 * @param bond Wei that each should have.
 * @returns Number of transactions sent.
 */
export async function ensureBonds(
  coordinator: IVRFCoordinator,
  operators: readonly LocalOperator[],
  bond: bigint,
  provider: Provider,
): Promise<number> {
  const sent = await Promise.all(
    operators.map(async ({ vrfKey, wallet }) => {
      if (vrfKey === null) return 0;
      const { bond: deposited } = await coordinator.provingKey(vrfKey.keyHash);
      if (deposited >= bond) return 0;
      const { hash } = await coordinator
        .connect(wallet.connect(provider))
        .depositBond(vrfKey.keyHash, { value: bond - deposited });
      await receiptOf(provider, hash);
      return 1;
    }),
  );
  return sent.reduce<number>((sum, one) => sum + one, 0);
}

/**
 * Configuration that a module must name: that of a deployed coordinator, which is for good, else the file's.
 *
 * @param coordinator The deployed one, null before.
 */
export async function deployedConfig(coordinator: IVRFCoordinator): Promise<VrfConfig> {
  const given = await coordinator.config();
  return {
    minConfirmations: Number(given.minConfirmations),
    maxConfirmations: Number(given.maxConfirmations),
    maxCallbackGas: Number(given.maxCallbackGas),
    deadlineBlocks: Number(given.deadlineBlocks),
    overheadGas: Number(given.overheadGas),
    tipCap: given.tipCap,
    l1DataFee: given.l1DataFee,
  };
}

/** Differences between configuration and terms on chain and in the file, in words. They are reported, never applied. */
export async function vrfDrift(
  coordinator: IVRFCoordinator,
  config: VrfConfig,
  terms: KeyTerms,
  keys: readonly ProvingKey[],
): Promise<string[]> {
  const onChain = await deployedConfig(coordinator);
  const names = Object.keys(config) as (keyof VrfConfig)[];
  const drifts = names
    .filter((name) => String(onChain[name]) !== String(config[name]))
    .map((name) => `vrf: ${name} is ${onChain[name]} on chain and ${config[name]} in the file`);
  for (const { x, y } of keys) {
    const keyHash = keyHashOf(x, y);
    const { terms: current } = await coordinator.provingKey(keyHash);
    const differs = (["maxGasPrice", "premium", "bondShare"] as const).filter(
      (name) => current[name] !== terms[name],
    );
    drifts.push(
      ...differs.map(
        (name) =>
          `vrf key ${keyHash}: ${name} is ${amount(name, current[name])} on chain and ${amount(name, terms[name])} in the file`,
      ),
    );
  }
  return drifts;
}

function amount(name: keyof KeyTerms, wei: bigint): string {
  return name === "maxGasPrice" ? `${formatUnits(wei, "gwei")} gwei` : `${formatEther(wei)} ether`;
}

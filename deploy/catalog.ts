import accessManagerArtifact from "@openzeppelin/contracts/build/contracts/AccessManager.json" with { type: "json" };
import timelockArtifact from "@openzeppelin/contracts/build/contracts/TimelockController.json" with { type: "json" };
import { Interface } from "ethers";

import { OperatorRewards__factory } from "../types/ethers-contracts/factories/operators/OperatorRewards__factory.ts";
import { OperatorStake__factory } from "../types/ethers-contracts/factories/operators/OperatorStake__factory.ts";
import { Operators__factory } from "../types/ethers-contracts/factories/operators/Operators__factory.ts";
import { Slashing__factory } from "../types/ethers-contracts/factories/operators/Slashing__factory.ts";
import { IPriceFeeds__factory } from "../types/ethers-contracts/factories/interfaces/IPriceFeeds__factory.ts";
import { IVRFCoordinator__factory } from "../types/ethers-contracts/factories/interfaces/IVRFCoordinator__factory.ts";
import { IGuardian__factory } from "../types/ethers-contracts/factories/interfaces/IGuardian__factory.ts";
import { DodonaGovernor__factory } from "../types/ethers-contracts/factories/governance/DodonaGovernor__factory.ts";
import { DodonaToken__factory } from "../types/ethers-contracts/factories/governance/DodonaToken__factory.ts";
import { IPriceAttestations__factory } from "../types/ethers-contracts/factories/interfaces/IPriceAttestations__factory.ts";
import { ITraderRegistry__factory } from "../types/ethers-contracts/factories/interfaces/ITraderRegistry__factory.ts";
import { PayoutDistributor__factory } from "../types/ethers-contracts/factories/payouts/PayoutDistributor__factory.ts";
import type { Addresses } from "./deployments.ts";

/** A contract of the deployment under the name that people use. */
export interface Known {
  name: string;
  address: string;
  interface: Interface;
}

/** Every contract of a deployment that governance has to do with, by name. The build generates the interfaces. */
export function catalogOf(addresses: Omit<Addresses, "proxies">): Known[] {
  const { accessManager, governance, operators, payoutDistributor, priceFeeds, vrfCoordinator } =
    addresses;
  const { priceAttestations, traderRegistry } = addresses;
  const known: readonly (readonly [string, string | undefined | null, () => Interface])[] = [
    ["AccessManager", accessManager, () => new Interface(accessManagerArtifact.abi)],
    ["Operators", operators, () => Operators__factory.createInterface()],
    ["PriceFeeds", priceFeeds, () => IPriceFeeds__factory.createInterface()],
    ["VRFCoordinator", vrfCoordinator, () => IVRFCoordinator__factory.createInterface()],
    ["PayoutDistributor", payoutDistributor, () => PayoutDistributor__factory.createInterface()],
    ["PriceAttestations", priceAttestations, () => IPriceAttestations__factory.createInterface()],
    ["TraderRegistry", traderRegistry, () => ITraderRegistry__factory.createInterface()],
    ["DodonaToken", governance?.token, () => DodonaToken__factory.createInterface()],
    ["TimelockController", governance?.timelock, () => new Interface(timelockArtifact.abi)],
    ["DodonaGovernor", governance?.governor, () => DodonaGovernor__factory.createInterface()],
    ["Guardian", governance?.guardian, () => IGuardian__factory.createInterface()],
    ["OperatorStake", governance?.operatorStake, () => OperatorStake__factory.createInterface()],
    ["Slashing", governance?.slashing, () => Slashing__factory.createInterface()],
    [
      "OperatorRewards",
      governance?.operatorRewards,
      () => OperatorRewards__factory.createInterface(),
    ],
  ];
  return known.flatMap(([name, address, open]) =>
    address === null || address === undefined ? [] : [{ name, address, interface: open() }],
  );
}

/** An address with its contract's name, where it has one: "PriceFeeds (0x…)". */
export function named(catalog: readonly Known[], address: string): string {
  const known = catalog.find((one) => one.address.toLowerCase() === address.toLowerCase());
  return known === undefined ? address : known.name;
}

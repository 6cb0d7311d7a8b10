import type { Interface } from "ethers";

import { IFeedProxy__factory } from "../types/ethers-contracts/factories/interfaces/IFeedProxy__factory.ts";
import { DodonaGovernor__factory } from "../types/ethers-contracts/factories/governance/DodonaGovernor__factory.ts";
import { DodonaToken__factory } from "../types/ethers-contracts/factories/governance/DodonaToken__factory.ts";
import { OperatorRewards__factory } from "../types/ethers-contracts/factories/operators/OperatorRewards__factory.ts";
import { OperatorStake__factory } from "../types/ethers-contracts/factories/operators/OperatorStake__factory.ts";
import { Operators__factory } from "../types/ethers-contracts/factories/operators/Operators__factory.ts";
import { Slashing__factory } from "../types/ethers-contracts/factories/operators/Slashing__factory.ts";
import { IGuardian__factory } from "../types/ethers-contracts/factories/interfaces/IGuardian__factory.ts";
import { IPausable__factory } from "../types/ethers-contracts/factories/interfaces/IPausable__factory.ts";
import { IPriceFeeds__factory } from "../types/ethers-contracts/factories/interfaces/IPriceFeeds__factory.ts";
import { IVRFCoordinator__factory } from "../types/ethers-contracts/factories/interfaces/IVRFCoordinator__factory.ts";
import { IPriceAttestations__factory } from "../types/ethers-contracts/factories/interfaces/IPriceAttestations__factory.ts";
import { IRaffleRandomness__factory } from "../types/ethers-contracts/factories/interfaces/IRaffleRandomness__factory.ts";
import { ITraderRegistry__factory } from "../types/ethers-contracts/factories/interfaces/ITraderRegistry__factory.ts";
import { PayoutDistributor__factory } from "../types/ethers-contracts/factories/payouts/PayoutDistributor__factory.ts";

/** Interfaces of all contracts, for decoding what they revert with. The build generates them. */
export function contractInterfaces(): Interface[] {
  return [
    IPriceFeeds__factory.createInterface(),
    Operators__factory.createInterface(),
    IFeedProxy__factory.createInterface(),
    IVRFCoordinator__factory.createInterface(),
    PayoutDistributor__factory.createInterface(),
    IRaffleRandomness__factory.createInterface(),
    IPriceAttestations__factory.createInterface(),
    ITraderRegistry__factory.createInterface(),
    IPausable__factory.createInterface(),
    IGuardian__factory.createInterface(),
    DodonaGovernor__factory.createInterface(),
    DodonaToken__factory.createInterface(),
    OperatorStake__factory.createInterface(),
    Slashing__factory.createInterface(),
    OperatorRewards__factory.createInterface(),
  ];
}

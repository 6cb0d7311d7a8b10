import accessManagerArtifact from "@openzeppelin/contracts/build/contracts/AccessManager.json" with { type: "json" };
import timelockArtifact from "@openzeppelin/contracts/build/contracts/TimelockController.json" with { type: "json" };
import type { ContractRunner, ContractTransactionResponse, Overrides } from "ethers";
import { Contract } from "ethers";

import { DodonaGovernor__factory } from "../types/ethers-contracts/factories/governance/DodonaGovernor__factory.ts";
import { DodonaToken__factory } from "../types/ethers-contracts/factories/governance/DodonaToken__factory.ts";
import { OperatorRewards__factory } from "../types/ethers-contracts/factories/operators/OperatorRewards__factory.ts";
import { OperatorStake__factory } from "../types/ethers-contracts/factories/operators/OperatorStake__factory.ts";
import { Operators__factory } from "../types/ethers-contracts/factories/operators/Operators__factory.ts";
import { Slashing__factory } from "../types/ethers-contracts/factories/operators/Slashing__factory.ts";
import { IGuardian__factory } from "../types/ethers-contracts/factories/interfaces/IGuardian__factory.ts";
import { IPriceFeeds__factory } from "../types/ethers-contracts/factories/interfaces/IPriceFeeds__factory.ts";
import { IVRFCoordinator__factory } from "../types/ethers-contracts/factories/interfaces/IVRFCoordinator__factory.ts";
import { IPriceAttestations__factory } from "../types/ethers-contracts/factories/interfaces/IPriceAttestations__factory.ts";
import { ITraderRegistry__factory } from "../types/ethers-contracts/factories/interfaces/ITraderRegistry__factory.ts";
import { PayoutDistributor__factory } from "../types/ethers-contracts/factories/payouts/PayoutDistributor__factory.ts";
import type { DodonaGovernor } from "../types/ethers-contracts/governance/DodonaGovernor.ts";
import type { DodonaToken } from "../types/ethers-contracts/governance/DodonaToken.ts";
import type { IGuardian } from "../types/ethers-contracts/interfaces/IGuardian.ts";
import type { OperatorRewards } from "../types/ethers-contracts/operators/OperatorRewards.ts";
import type { OperatorStake } from "../types/ethers-contracts/operators/OperatorStake.ts";
import type { Operators } from "../types/ethers-contracts/operators/Operators.ts";
import type { Slashing } from "../types/ethers-contracts/operators/Slashing.ts";
import type { IPriceFeeds } from "../types/ethers-contracts/interfaces/IPriceFeeds.ts";
import type { IVRFCoordinator } from "../types/ethers-contracts/interfaces/IVRFCoordinator.ts";
import type { IPriceAttestations } from "../types/ethers-contracts/interfaces/IPriceAttestations.ts";
import type { ITraderRegistry } from "../types/ethers-contracts/interfaces/ITraderRegistry.ts";
import type { PayoutDistributor } from "../types/ethers-contracts/payouts/PayoutDistributor.ts";
import type { Addresses, GovernanceAddresses } from "./deployments.ts";

/** What the deployment uses of OpenZeppelin's AccessManager. */
export interface AccessManager {
  getAddress(): Promise<string>;
  hasRole(roleId: bigint, account: string): Promise<[isMember: boolean, delaySeconds: bigint]>;
  getTargetFunctionRole(target: string, selector: string): Promise<bigint>;
  canCall(
    caller: string,
    target: string,
    selector: string,
  ): Promise<[isAllowed: boolean, delaySeconds: bigint]>;
  labelRole(roleId: bigint, label: string, overrides: Overrides): Sent;
  setTargetFunctionRole(
    target: string,
    selectors: string[],
    roleId: bigint,
    overrides: Overrides,
  ): Sent;
  grantRole(roleId: bigint, account: string, delaySeconds: number, overrides: Overrides): Sent;
  renounceRole(roleId: bigint, account: string, overrides: Overrides): Sent;
}

/** What the deployment and the tasks use of OpenZeppelin's TimelockController. */
export interface Timelock {
  getAddress(): Promise<string>;
  hasRole(role: string, account: string): Promise<boolean>;
  getMinDelay(): Promise<bigint>;
  grantRole(role: string, account: string, overrides: Overrides): Sent;
  renounceRole(role: string, account: string, overrides: Overrides): Sent;
}

type Sent = Promise<ContractTransactionResponse>;

/** The contracts of governance itself. */
export interface Governance {
  token: DodonaToken;
  timelock: Timelock;
  governor: DodonaGovernor;
  guardian: IGuardian;
  operatorStake: OperatorStake;
  slashing: Slashing;
  operatorRewards: OperatorRewards;
}

/** The contracts that governance configures. */
export interface Contracts {
  accessManager: AccessManager;
  operators: Operators;
  priceFeeds: IPriceFeeds;
  /** null where no randomness is deployed. */
  vrfCoordinator: IVRFCoordinator | null;
  /** null where named accounts govern. */
  governance: Governance | null;
  /** null where no payouts are deployed. */
  payoutDistributor: PayoutDistributor | null;
  /** null where no proofs are verified. */
  priceAttestations: IPriceAttestations | null;
  /** null where no proofs are verified. */
  traderRegistry: ITraderRegistry | null;
}

/**
 * The network's contracts, ready to call. The types are generated by the build: import this file only after it.
 *
 * @param runner Signer to send with, or provider to read with.
 */
export function connectContracts(
  runner: ContractRunner,
  addresses: Omit<Addresses, "proxies">,
): Contracts {
  return {
    accessManager: new Contract(
      addresses.accessManager,
      accessManagerArtifact.abi,
      runner,
    ) as unknown as AccessManager,
    operators: connectOperators(runner, addresses.operators),
    priceFeeds: IPriceFeeds__factory.connect(addresses.priceFeeds, runner),
    vrfCoordinator:
      addresses.vrfCoordinator === null
        ? null
        : connectCoordinator(runner, addresses.vrfCoordinator),
    governance:
      addresses.governance === null ? null : connectGovernance(runner, addresses.governance),
    payoutDistributor:
      addresses.payoutDistributor === null
        ? null
        : PayoutDistributor__factory.connect(addresses.payoutDistributor, runner),
    priceAttestations:
      addresses.priceAttestations === null
        ? null
        : IPriceAttestations__factory.connect(addresses.priceAttestations, runner),
    traderRegistry:
      addresses.traderRegistry === null
        ? null
        : ITraderRegistry__factory.connect(addresses.traderRegistry, runner),
  };
}

/** Governance's own contracts. */
export function connectGovernance(
  runner: ContractRunner,
  addresses: GovernanceAddresses,
): Governance {
  return {
    token: DodonaToken__factory.connect(addresses.token, runner),
    timelock: new Contract(addresses.timelock, timelockArtifact.abi, runner) as unknown as Timelock,
    governor: DodonaGovernor__factory.connect(addresses.governor, runner),
    guardian: IGuardian__factory.connect(addresses.guardian, runner),
    operatorStake: OperatorStake__factory.connect(addresses.operatorStake, runner),
    slashing: Slashing__factory.connect(addresses.slashing, runner),
    operatorRewards: OperatorRewards__factory.connect(addresses.operatorRewards, runner),
  };
}

/** The coordinator of randomness alone. */
export function connectCoordinator(runner: ContractRunner, address: string): IVRFCoordinator {
  return IVRFCoordinator__factory.connect(address, runner);
}

/** The operators' registry alone, for when nothing else is deployed yet. */
export function connectOperators(runner: ContractRunner, address: string): Operators {
  return Operators__factory.connect(address, runner);
}

/** Any ERC-20 token: it is spoken to like governance's own. */
export function connectToken(runner: ContractRunner, address: string): DodonaToken {
  return DodonaToken__factory.connect(address, runner);
}

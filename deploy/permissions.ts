import type { Interface } from "ethers";

import type { Access } from "./access.ts";
import type { Known } from "./catalog.ts";
import type { Contracts } from "./contracts.ts";
import {
  ADMIN_ROLE,
  GUARDIAN_ROLE,
  SLASHER_ROLE,
  SCORER_ROLE,
  PROPOSER_ROLE,
  WATCHER_ROLE,
} from "./roles.ts";

/** A function that a role other than the admin's may call. */
export interface Permission {
  /** Name of the contract. */
  target: string;
  address: string;
  roleId: bigint;
  name: string;
  selector: string;
}

interface Managed {
  interface: Interface;
  getAddress(): Promise<string>;
}

/** Functions of roles other than the admin's, by contract. Where a contract has no such function, nothing is given. */
const OTHERS_FUNCTIONS: readonly (readonly [target: string, name: string, roleId: bigint])[] = [
  ["PriceFeeds", "trip", GUARDIAN_ROLE],
  ["Operators", "pause", GUARDIAN_ROLE],
  ["VRFCoordinator", "pause", GUARDIAN_ROLE],
  ["OperatorRewards", "pause", GUARDIAN_ROLE],
  ["OperatorStake", "slash", SLASHER_ROLE],
  ["OperatorRewards", "postWeights", SCORER_ROLE],
  ["PayoutDistributor", "pause", GUARDIAN_ROLE],
  ["PayoutDistributor", "guardianDispute", GUARDIAN_ROLE],
  ["PayoutDistributor", "propose", PROPOSER_ROLE],
  ["PayoutDistributor", "dispute", WATCHER_ROLE],
];

/** Everything that roles other than the admin's may do: what is restricted and not named here is the admin's. */
export async function permissionsOf(contracts: Contracts): Promise<Permission[]> {
  const { governance, operators, payoutDistributor, priceFeeds, vrfCoordinator } = contracts;
  const managed: Readonly<Record<string, Managed | null>> = {
    PriceFeeds: priceFeeds,
    Operators: operators,
    VRFCoordinator: vrfCoordinator,
    OperatorStake: governance?.operatorStake ?? null,
    OperatorRewards: governance?.operatorRewards ?? null,
    PayoutDistributor: payoutDistributor,
  };
  const permissions = await Promise.all(
    OTHERS_FUNCTIONS.map(async ([target, name, roleId]): Promise<Permission | null> => {
      const contract = managed[target] ?? null;
      const fragment = contract?.interface.getFunction(name) ?? null;
      if (contract === null || fragment === null) return null;
      const address = await contract.getAddress();
      return { target, address, roleId, name, selector: fragment.selector };
    }),
  );
  return permissions.filter((permission) => permission !== null);
}

/** Permissions that the AccessManager does not know yet. */
export async function missingPermissions(contracts: Contracts): Promise<Permission[]> {
  const { accessManager } = contracts;
  const permissions = await permissionsOf(contracts);
  const roles = await Promise.all(
    permissions.map(async ({ address, selector }) =>
      accessManager.getTargetFunctionRole(address, selector),
    ),
  );
  return permissions.filter(({ roleId }, index) => roles[index] !== roleId);
}

/** Restricted functions that are the admin's as long as no other role is named for them, by contract. */
export const ADMIN_FUNCTIONS: Readonly<Record<string, readonly string[]>> = {
  PriceFeeds: ["createFeeds", "setParams", "reset"],
  Operators: ["setActive", "setStake", "unpause"],
  VRFCoordinator: ["registerProvingKey", "setProvingKeyTerms", "deregisterProvingKey", "unpause"],
  Guardian: ["appoint", "dismiss", "renew", "setGovernor"],
  OperatorStake: ["setMinimumStake"],
  Slashing: ["setPenalties", "setMedianProofs"],
  OperatorRewards: ["dropEpoch", "setEpochBudget", "unpause"],
  PayoutDistributor: ["setApprovers", "setLimits", "reassign", "withdraw", "unpause"],
  TraderRegistry: ["setService"],
};

/** What the admin's role may call in contracts other than the AccessManager, as "PriceFeeds.setParams". */
export function adminFunctionsOf(catalog: readonly Known[], { roles }: Access): string[] {
  const given = new Set(
    roles
      .filter(({ id }) => id !== ADMIN_ROLE)
      .flatMap(({ functions }) => functions.map(({ selector, target }) => target + selector)),
  );
  return catalog.flatMap(({ address, interface: contract, name }) => {
    const restricted = [
      ...(ADMIN_FUNCTIONS[name] ?? []),
      ...OTHERS_FUNCTIONS.filter(([target]) => target === name).map(([, called]) => called),
    ];
    const names = restricted.filter((called) => {
      const fragment = contract.getFunction(called);
      return fragment !== null && !given.has(address + fragment.selector);
    });
    return names.length === 0 ? [] : [`${name}.${names.join(", ")}`];
  });
}

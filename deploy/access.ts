import accessManagerArtifact from "@openzeppelin/contracts/build/contracts/AccessManager.json" with { type: "json" };
import timelockArtifact from "@openzeppelin/contracts/build/contracts/TimelockController.json" with { type: "json" };
import type { Provider } from "ethers";
import { Contract, Interface } from "ethers";

import type { Contracts, Governance } from "./contracts.ts";
import { TIMELOCK_ROLES } from "./governance.ts";
import { readEvents } from "./logs.ts";
import { ROLE_NAMES } from "./roles.ts";

/** Who holds a role of the AccessManager. */
export interface Holder {
  account: string;
  /** Time that the holder must schedule a call before it makes it. */
  delaySeconds: number;
}

/** A function that a role other than the admin's may call. */
export interface RoleFunction {
  target: string;
  selector: string;
}

/** A role of the AccessManager as the chain has it. */
export interface Role {
  id: bigint;
  /** As ROLE_NAMES has it; null for a role that the network does not know. */
  name: string | null;
  label: string | null;
  holders: Holder[];
  /** Role that grants and revokes this one. */
  admin: bigint;
  /** Role that cancels scheduled calls of this one. */
  canceller: bigint;
  /** Time that a grant takes to become effective. */
  grantDelaySeconds: number;
  functions: RoleFunction[];
}

/** Everything that gives someone power over the contracts. */
export interface Access {
  roles: Role[];
  /** Contracts whose restricted functions nobody may call. */
  closed: string[];
  /** null where named accounts govern. */
  governance: GovernanceAccess | null;
}

/** Powers in governance's own contracts. Seconds, unix seconds, votes with 18 decimals. */
export interface GovernanceAccess {
  timelock: Record<keyof typeof TIMELOCK_ROLES, string[]> & { delaySeconds: number };
  governor: {
    executor: string;
    proposalGuardian: string;
    votingDelaySeconds: number;
    votingPeriodSeconds: number;
    voteExtensionSeconds: number;
    proposalThreshold: bigint;
    quorumPercent: number;
    token: string;
  };
  guardian: { holder: string; termEnds: number; governor: string; nextVetoAt: number };
}

const MANAGER = new Interface(accessManagerArtifact.abi);
const TIMELOCK = new Interface(timelockArtifact.abi);
const ADMIN = 0n;

/**
 * Reads who may do what: every account that the events name is asked about, so nobody who holds a power is missed.
 *
 * @param fromBlock A block not after the contracts' deployment.
 */
export async function readAccess(
  contracts: Contracts,
  provider: Provider,
  fromBlock: number,
): Promise<Access> {
  const address = await contracts.accessManager.getAddress();
  const manager = new Contract(address, MANAGER, provider);
  const events = (await readEvents(provider, MANAGER, { address, fromBlock })).map(
    ({ event }) => event,
  );
  const named = <T>(name: string, pick: (args: Record<string, unknown>) => T): T[] =>
    events.filter((event) => event.name === name).map(({ args }) => pick(args.toObject()));
  const grants = named(
    "RoleGranted",
    ({ account, roleId }) => [BigInt(roleId as bigint), String(account)] as const,
  );
  const functions = named("TargetFunctionRoleUpdated", ({ selector, target }) => ({
    target: String(target),
    selector: String(selector),
  }));
  const labels = new Map(
    named("RoleLabel", ({ label, roleId }) => [BigInt(roleId as bigint), String(label)]),
  );
  const ids = new Set([ADMIN, ...grants.map(([id]) => id), ...labels.keys()]);
  const assigned = await Promise.all(
    unique(functions, ({ selector, target }) => target + selector).map(async (known) => ({
      ...known,
      roleId: await contracts.accessManager.getTargetFunctionRole(known.target, known.selector),
    })),
  );
  assigned.forEach(({ roleId }) => ids.add(roleId));
  const roles = await Promise.all(
    [...ids]
      .sort((a, b) => Number(a - b))
      .map(async (id): Promise<Role> => {
        const candidates = new Set(
          grants.filter(([role]) => role === id).map(([, account]) => account),
        );
        const holders = await Promise.all(
          [...candidates].map(async (account) => {
            const [isMember, delay] = await contracts.accessManager.hasRole(id, account);
            return isMember ? [{ account, delaySeconds: Number(delay) }] : [];
          }),
        );
        const [admin, canceller, grantDelay] = (await Promise.all([
          manager.getFunction("getRoleAdmin")(id),
          manager.getFunction("getRoleGuardian")(id),
          manager.getFunction("getRoleGrantDelay")(id),
        ])) as [bigint, bigint, bigint];
        return {
          id,
          name: ROLE_NAMES[Number(id)] ?? null,
          label: labels.get(id) ?? null,
          holders: holders.flat(),
          admin,
          canceller,
          grantDelaySeconds: Number(grantDelay),
          functions: assigned
            .filter(({ roleId }) => roleId === id)
            .map(({ selector, target }) => ({ target, selector })),
        };
      }),
  );
  const closings = new Map(
    named("TargetClosed", ({ closed, target }) => [String(target), closed === true]),
  );
  return {
    roles,
    closed: [...closings].filter(([, isClosed]) => isClosed).map(([target]) => target),
    governance:
      contracts.governance === null
        ? null
        : await readGovernance(contracts.governance, provider, fromBlock),
  };
}

async function readGovernance(
  { governor, guardian, timelock }: Governance,
  provider: Provider,
  fromBlock: number,
): Promise<GovernanceAccess> {
  const address = await timelock.getAddress();
  const grants = (await readEvents(provider, TIMELOCK, { address, fromBlock }))
    .filter(({ event }) => event.name === "RoleGranted")
    .map(({ event }) => event.args.toObject() as { role: string; account: string });
  const roles = await Promise.all(
    Object.entries(TIMELOCK_ROLES).map(async ([name, role]) => {
      const accounts = new Set(
        grants.filter((grant) => grant.role === role).map(({ account }) => account),
      );
      const holds = await Promise.all(
        [...accounts].map(async (account) => await timelock.hasRole(role, account)),
      );
      return [name, [...accounts].filter((_, index) => holds[index])] as const;
    }),
  );
  const [delay, executor, proposalGuardian, votingDelay, votingPeriod, extension, threshold] =
    await Promise.all([
      timelock.getMinDelay(),
      governor.timelock(),
      governor.proposalGuardian(),
      governor.votingDelay(),
      governor.votingPeriod(),
      governor.lateQuorumVoteExtension(),
      governor.proposalThreshold(),
    ]);
  const [quorum, token, holder, termEnds, vetoes, nextVetoAt] = await Promise.all([
    governor["quorumNumerator()"](),
    governor.token(),
    guardian.holder(),
    guardian.termEnds(),
    guardian.governor(),
    guardian.nextVetoAt(),
  ]);
  return {
    timelock: {
      ...(Object.fromEntries(roles) as Record<keyof typeof TIMELOCK_ROLES, string[]>),
      delaySeconds: Number(delay),
    },
    governor: {
      executor,
      proposalGuardian,
      votingDelaySeconds: Number(votingDelay),
      votingPeriodSeconds: Number(votingPeriod),
      voteExtensionSeconds: Number(extension),
      proposalThreshold: threshold,
      quorumPercent: Number(quorum),
      token,
    },
    guardian: {
      holder,
      termEnds: Number(termEnds),
      governor: vetoes,
      nextVetoAt: Number(nextVetoAt),
    },
  };
}

function unique<T>(values: readonly T[], key: (value: T) => string): T[] {
  return [...new Map(values.map((value) => [key(value), value])).values()];
}

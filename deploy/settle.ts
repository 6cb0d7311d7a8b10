import type { Provider, Signer } from "ethers";
import { encodeBytes32String } from "ethers";

import type { IPriceFeeds } from "../types/ethers-contracts/interfaces/IPriceFeeds.ts";
import type { Contracts } from "./contracts.ts";
import { DeploymentError } from "./files.ts";
import { governanceSteps, timelockHandover } from "./governance.ts";
import type { FeedParams } from "./parameters/read.ts";
import { PARAM_BOUNDS } from "./parameters/read.ts";
import type { KeyTerms, ProvingKey } from "./parameters/vrf.ts";
import type { PayoutTarget } from "./payouts.ts";
import { payoutSteps } from "./payouts.ts";
import { missingPermissions } from "./permissions.ts";
import { ADMIN_ROLE, GUARDIAN_ROLE, ROLE_NAMES } from "./roles.ts";
import { proofSteps } from "./proofs.ts";
import { revertOf } from "./reverts.ts";
import type { Step } from "./step.ts";
import { receiptOf } from "./transactions.ts";
import { missingKeys } from "./vrfKeys.ts";

/** What the configuration should be. */
export interface Target {
  /** Holder of the admin's role: the timelock where there is governance. */
  admin: string;
  /** Holder of the guardian's role: the Guardian contract where there is governance. */
  guardian: string;
  /** Account that posts the operators' participation; null where there is no governance. */
  scorer: string | null;
  feeds: ReadonlyMap<string, FeedParams>;
  /** Active operators by signer bit; null leaves them as they are. */
  active: readonly string[] | null;
  /** Proving keys of randomness and their terms; null where no randomness is deployed. */
  vrf: { keys: readonly ProvingKey[]; terms: KeyTerms } | null;
  /** Roles and tokens of payouts; null where none are deployed, or they are left as they are. */
  payouts: PayoutTarget | null;
}

// Estimating a step that needs the one before it mined is impossible; a new set writes at most 24 KiB of code.
const DEPENDENT_STEP_GAS = 8_000_000n;

/** Who sends a deployment's steps, and how. */
export interface Settler {
  deployer: Signer;
  provider: Provider;
  /** Send all at once instead of awaiting each: for a chain that keeps a sender's order and is our own. */
  pipelined: boolean;
  log: (text: string) => void;
}

/**
 * Brings roles, feeds, the active set, proving keys, payouts and proofs to what they should be, sending only what is missing, in order.
 *
 * @returns Number of transactions sent.
 * @throws {DeploymentError} when something is missing and the deployer is not (or no longer) admin.
 */
export async function settle(
  contracts: Contracts,
  target: Target,
  settler: Settler,
): Promise<number> {
  const steps = await missingSteps(contracts, target);
  if (steps.length === 0) return 0;
  const account = await settler.deployer.getAddress();
  const [isAdmin] = await contracts.accessManager.hasRole(ADMIN_ROLE, account);
  const closed = steps.filter(({ open }) => open !== true);
  if (!isAdmin && closed.length > 0) {
    throw new DeploymentError(
      `${account} is not an admin of ${await contracts.accessManager.getAddress()}, so governance must: ` +
        `${closed.map(({ what }) => what).join("; ")}.`,
    );
  }
  return await sendSteps(steps, settler);
}

/**
 * Makes the target's admin the only one: the last thing that a deployment does. A deployer who is the target's admin
 * stays it.
 *
 * @returns Number of transactions sent.
 */
export async function handOver(
  contracts: Contracts,
  target: Target,
  settler: Settler,
): Promise<number> {
  const { accessManager, governance } = contracts;
  const account = await settler.deployer.getAddress();
  const [[isAdmin], [deployerIsAdmin]] = await Promise.all([
    accessManager.hasRole(ADMIN_ROLE, target.admin),
    accessManager.hasRole(ADMIN_ROLE, account),
  ]);
  const steps: Step[] = [];
  if (!isAdmin) {
    steps.push({
      what: `make ${target.admin} admin`,
      send: (o) => accessManager.grantRole(ADMIN_ROLE, target.admin, 0, o),
    });
  }
  if (governance !== null) steps.push(...(await timelockHandover(governance, account)));
  if (target.admin !== account && deployerIsAdmin) {
    steps.push({
      what: `give up the admin role of ${account}`,
      send: (o) => accessManager.renounceRole(ADMIN_ROLE, account, o),
    });
  }
  return await sendSteps(steps, settler);
}

async function sendSteps(
  steps: readonly Step[],
  { log, pipelined, provider }: Settler,
): Promise<number> {
  const sent: string[] = [];
  for (const { what, send } of steps) {
    log(what);
    const { hash } = await send(
      pipelined && sent.length > 0 ? { gasLimit: DEPENDENT_STEP_GAS } : {},
    );
    if (!pipelined) await receiptOf(provider, hash);
    sent.push(hash);
  }
  await Promise.all(sent.map(async (hash) => await receiptOf(provider, hash)));
  return sent.length;
}

/**
 * Differences between the parameters on chain and the given ones, in words. They are reported, never applied: a
 * change of a live feed is governance's decision.
 */
export async function paramDrift(
  priceFeeds: IPriceFeeds,
  feeds: ReadonlyMap<string, FeedParams>,
): Promise<string[]> {
  const drifts = await Promise.all(
    [...feeds].map(async ([feedId, given]) => {
      const onChain = await priceFeeds.params(encodeBytes32String(feedId));
      return PARAM_BOUNDS.filter(({ name }) => BigInt(given[name]) !== onChain[name]).map(
        ({ name }) =>
          `${feedId}: ${name} is ${onChain[name]} on chain and ${given[name]} in the file`,
      );
    }),
  );
  return drifts.flat();
}

async function missingSteps(contracts: Contracts, target: Target): Promise<Step[]> {
  const { accessManager, operators, priceFeeds, vrfCoordinator } = contracts;
  const [permissions, [isGuardian], known, active, syncNeeded] = await Promise.all([
    missingPermissions(contracts),
    accessManager.hasRole(GUARDIAN_ROLE, target.guardian),
    priceFeeds.feedIds(),
    operators.active(),
    needsSync(priceFeeds),
  ]);
  const newFeeds = [...target.feeds].filter(([id]) => !known.includes(encodeBytes32String(id)));
  const activeChanges = target.active !== null && !sameAccounts(target.active, active[1]);
  const steps: Step[] = [];
  const step = (what: string, send: Step["send"]): void => void steps.push({ what, send });

  for (const roleId of new Set(permissions.map((permission) => permission.roleId))) {
    const name = nameOf(roleId);
    step(`name the ${name}'s role`, (o) => accessManager.labelRole(roleId, `Dodona ${name}`, o));
  }
  for (const { address, name, roleId, selector, target: callee } of permissions) {
    step(`let the ${nameOf(roleId)} call ${callee}.${name}`, (o) =>
      accessManager.setTargetFunctionRole(address, [selector], roleId, o),
    );
  }
  if (!isGuardian) {
    step(`make ${target.guardian} guardian`, (o) =>
      accessManager.grantRole(GUARDIAN_ROLE, target.guardian, 0, o),
    );
  }
  if (activeChanges) {
    step(`activate ${target.active?.length ?? 0} operators`, (o) =>
      operators.setActive([...(target.active ?? [])], o),
    );
  }
  if (activeChanges || syncNeeded) {
    steps.push({
      what: "take the active operators into a new set",
      open: true,
      send: (o) => priceFeeds.sync(o),
    });
  }
  if (newFeeds.length > 0) {
    step(`create ${newFeeds.map(([id]) => id).join(", ")}`, (o) =>
      priceFeeds.createFeeds(
        newFeeds.map(([id]) => encodeBytes32String(id)),
        newFeeds.map(([, params]) => params),
        o,
      ),
    );
  }
  if (vrfCoordinator !== null && target.vrf !== null) {
    const { keys, terms } = target.vrf;
    for (const { operator, x, y } of await missingKeys(vrfCoordinator, keys)) {
      step(`register a proving key of ${operator}`, (o) =>
        vrfCoordinator.registerProvingKey(x, y, operator, terms, o),
      );
    }
  }
  if (target.scorer !== null) steps.push(...(await governanceSteps(contracts, target.scorer)));
  if (target.payouts !== null) steps.push(...(await payoutSteps(contracts, target.payouts)));
  steps.push(...(await proofSteps(contracts)));
  return steps;
}

function nameOf(roleId: bigint): string {
  return ROLE_NAMES[Number(roleId)] ?? `holder of role ${roleId}`;
}

/** Whether the registry has a change that PriceFeeds does not know. */
export async function needsSync(priceFeeds: IPriceFeeds): Promise<boolean> {
  try {
    await priceFeeds.sync.staticCall();
    return true;
  } catch (error) {
    if (revertOf(priceFeeds.interface, error)?.name === "AlreadySynced") return false;
    throw error;
  }
}

function sameAccounts(a: readonly string[], b: readonly string[]): boolean {
  return (
    a.length === b.length && a.every((account, i) => account.toLowerCase() === b[i]?.toLowerCase())
  );
}

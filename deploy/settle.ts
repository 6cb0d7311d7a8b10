import type { Provider, Signer, TransactionResponse } from "ethers";
import { encodeBytes32String } from "ethers";

import type { IPriceFeeds } from "../types/ethers-contracts/interfaces/IPriceFeeds.ts";
import type { Contracts } from "./contracts.ts";
import { DeploymentError } from "./files.ts";
import type { FeedParams } from "./parameters/read.ts";
import { PARAM_BOUNDS } from "./parameters/read.ts";
import type { KeyTerms, ProvingKey } from "./parameters/vrf.ts";
import { revertOf } from "./reverts.ts";
import { receiptOf } from "./transactions.ts";
import { missingKeys } from "./vrfKeys.ts";

/** Role of the AccessManager that may trip a feed. */
export const GUARDIAN_ROLE = 1n;
/** Role of the AccessManager that may do everything that no other role is named for. */
export const ADMIN_ROLE = 0n;

/** What the configuration should be. */
export interface Target {
  admin: string;
  guardian: string;
  feeds: ReadonlyMap<string, FeedParams>;
  /** Active operators by signer bit; null leaves them as they are. */
  active: readonly string[] | null;
  /** Proving keys of randomness and their terms; null where no randomness is deployed. */
  vrf: { keys: readonly ProvingKey[]; terms: KeyTerms } | null;
}

/** One governance transaction: what it does, in words, and how to send it. */
interface Step {
  what: string;
  send: (overrides: { gasLimit?: bigint }) => Promise<TransactionResponse>;
}

// Estimating a step that needs the one before it mined is impossible; a new set writes at most 24 KiB of code.
const DEPENDENT_STEP_GAS = 8_000_000n;

/**
 * Brings roles, feeds, the active set and proving keys to what they should be, sending only what is missing, in order.
 *
 * @param pipelined Send all at once instead of awaiting each: for a chain that keeps a sender's order and is our own.
 * @returns Number of transactions sent.
 * @throws {DeploymentError} when something is missing and the deployer is not (or no longer) admin.
 */
export async function settle(
  contracts: Contracts,
  target: Target,
  deployer: Signer,
  provider: Provider,
  pipelined: boolean,
  log: (text: string) => void,
): Promise<number> {
  const account = await deployer.getAddress();
  const steps = await missingSteps(contracts, target, account);
  if (steps.length === 0) return 0;
  const [isAdmin] = await contracts.accessManager.hasRole(ADMIN_ROLE, account);
  if (!isAdmin) {
    throw new DeploymentError(
      `${account} is not an admin of ${await contracts.accessManager.getAddress()}, so governance must: ` +
        `${steps.map(({ what }) => what).join("; ")}.`,
    );
  }
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

async function missingSteps(
  { accessManager, operators, priceFeeds, vrfCoordinator }: Contracts,
  target: Target,
  deployer: string,
): Promise<Step[]> {
  const feedsAddress = await priceFeeds.getAddress();
  const trip = priceFeeds.interface.getFunction("trip").selector;
  const [tripRole, [isGuardian], [isAdmin], [deployerIsAdmin], known, active, syncNeeded] =
    await Promise.all([
      accessManager.getTargetFunctionRole(feedsAddress, trip),
      accessManager.hasRole(GUARDIAN_ROLE, target.guardian),
      accessManager.hasRole(ADMIN_ROLE, target.admin),
      accessManager.hasRole(ADMIN_ROLE, deployer),
      priceFeeds.feedIds(),
      operators.active(),
      needsSync(priceFeeds),
    ]);
  const newFeeds = [...target.feeds].filter(([id]) => !known.includes(encodeBytes32String(id)));
  const activeChanges = target.active !== null && !sameAccounts(target.active, active[1]);
  const steps: Step[] = [];
  const step = (what: string, send: Step["send"]): void => void steps.push({ what, send });

  if (tripRole !== GUARDIAN_ROLE) {
    step("name the guardian's role", (o) =>
      accessManager.labelRole(GUARDIAN_ROLE, "Dodona guardian", o),
    );
    step("let the guardian trip feeds", (o) =>
      accessManager.setTargetFunctionRole(feedsAddress, [trip], GUARDIAN_ROLE, o),
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
    step("take the active operators into a new set", (o) => priceFeeds.sync(o));
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
  if (!isAdmin) {
    step(`make ${target.admin} admin`, (o) =>
      accessManager.grantRole(ADMIN_ROLE, target.admin, 0, o),
    );
  }
  if (target.admin !== deployer && deployerIsAdmin) {
    step(`give up the admin role of ${deployer}`, (o) =>
      accessManager.renounceRole(ADMIN_ROLE, deployer, o),
    );
  }
  return steps;
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

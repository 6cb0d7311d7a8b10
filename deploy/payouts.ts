import type { Signer } from "ethers";
import { ZeroAddress } from "ethers";

import type { DodonaToken } from "../types/ethers-contracts/governance/DodonaToken.ts";
import type { PayoutDistributor } from "../types/ethers-contracts/payouts/PayoutDistributor.ts";
import type { AccessManager, Contracts } from "./contracts.ts";
import { DeploymentError } from "./files.ts";
import type { PayoutLimits, PayoutParameters, PayoutToken } from "./parameters/payouts.ts";
import { PROPOSER_ROLE, WATCHER_ROLE } from "./roles.ts";
import type { Step } from "./step.ts";
import { receiptOf } from "./transactions.ts";

/** What the distributor should have: accounts with roles, and listed tokens by address. */
export interface PayoutTarget {
  proposer: string;
  watcher: string;
  tokens: readonly (Omit<PayoutToken, "token"> & { token: string })[];
}

const LIMITS = ["perHour", "perDay", "perAccount", "perEpoch"] as const;
/** The contract rounds limits down by less than a 2^67th. */
const ROUNDING_BITS = 66n;

/**
 * The section's wishes with governance's token under its address.
 *
 * @param dodona Address of governance's token, null where there is no governance.
 */
export function payoutTarget(payouts: PayoutParameters, dodona: string | null): PayoutTarget {
  const tokens = payouts.tokens.map(({ token, ...rest }) => {
    const address = token ?? dodona;
    if (address === null) throw new DeploymentError("There is no token of governance to pay out.");
    return { ...rest, token: address };
  });
  const twice = tokens.find(
    ({ token }, index) => tokens.findIndex((other) => other.token === token) !== index,
  );
  if (twice !== undefined) {
    throw new DeploymentError(`payouts: tokens: ${twice.token} is named twice.`);
  }
  const { proposer, watcher } = payouts;
  return { proposer, watcher, tokens };
}

/** Steps that give the roles of payouts and list tokens with their limits; limits of a listed token are governance's. */
export async function payoutSteps(
  { accessManager, payoutDistributor }: Contracts,
  target: PayoutTarget,
): Promise<Step[]> {
  if (payoutDistributor === null) return [];
  const steps: Step[] = [];
  for (const [account, role, verb] of await missingRoles(accessManager, target)) {
    steps.push({
      what: `let ${account} ${verb} payouts`,
      send: (o) => accessManager.grantRole(role, account, 0, o),
    });
  }
  for (const { limits, token } of await unlistedTokens(payoutDistributor, target)) {
    steps.push({
      what: `list ${nameOf(token)} with its limits`,
      send: (o) => payoutDistributor.setLimits(token, limits, o),
    });
  }
  return steps;
}

/** What a finished deployment lacks of its payouts, in words. */
export async function payoutProblems(
  { accessManager, payoutDistributor }: Contracts,
  target: PayoutTarget,
): Promise<string[]> {
  if (payoutDistributor === null) return ["there is no PayoutDistributor"];
  const [roles, unlisted] = await Promise.all([
    missingRoles(accessManager, target),
    unlistedTokens(payoutDistributor, target),
  ]);
  return [
    ...roles.map(([account, , verb]) => `${account} may not ${verb} payouts`),
    ...unlisted.map(({ token }) => `${nameOf(token)} is not listed in PayoutDistributor`),
  ];
}

/** Differences between payouts on chain and in the file, in words. They are reported, never applied. */
export async function payoutDrift(
  distributor: PayoutDistributor,
  { approvers, config, threshold }: PayoutParameters,
  { tokens }: PayoutTarget,
): Promise<string[]> {
  const [onChain, [, accounts, needed]] = await Promise.all([
    distributor.config(),
    distributor.approvers(),
  ]);
  const compared: [name: string, onChain: string, given: string][] = [
    ...(["challengeSeconds", "lifetimeSeconds", "epochSeconds"] as const).map(
      (name): [string, string, string] => [name, String(onChain[name]), String(config[name])],
    ),
    ["approvers", accounts.join(", "), approvers.join(", ")],
    ["threshold", String(needed), String(threshold)],
  ];
  for (const { limits, token } of tokens) {
    const present = await distributor.limitsOf(token);
    for (const name of LIMITS) {
      if (isSameLimit(present[name], limits[name])) continue;
      compared.push([`${nameOf(token)}: ${name}`, String(present[name]), String(limits[name])]);
    }
  }
  return compared
    .filter(([, present, given]) => present !== given)
    .map(
      ([name, present, given]) =>
        `payouts: ${name} is ${present} on chain and ${given} in the file`,
    );
}

/**
 * Funds the distributor of a local chain: the last of the given accounts that has the tokens deposits them, where nothing
 * was ever deposited.
 *
 * @returns Number of transactions sent.
 */
export async function ensureDeposited(
  distributor: PayoutDistributor,
  { tokens }: PayoutTarget,
  accounts: readonly Signer[],
  tokenAt: (address: string) => DodonaToken,
): Promise<number> {
  const spender = await distributor.getAddress();
  let sent = 0;
  for (const { deposit, token } of tokens) {
    if (deposit === 0n) continue;
    if ((await distributor.tokenState(token)).deposited > 0n) continue;
    const owner = await ownerOf(token, deposit, accounts, tokenAt);
    if (owner === null) continue;
    const { provider } = owner;
    if (provider === null) continue;
    const isNative = token === ZeroAddress;
    if (!isNative) {
      const own = tokenAt(token).connect(owner);
      if ((await own.allowance(await owner.getAddress(), spender)) < deposit) {
        await receiptOf(provider, (await own.approve(spender, deposit)).hash);
        sent++;
      }
    }
    const value = isNative ? { value: deposit } : {};
    const { hash } = await distributor.connect(owner).deposit(token, deposit, value);
    await receiptOf(provider, hash);
    sent++;
  }
  return sent;
}

async function ownerOf(
  token: string,
  amount: bigint,
  accounts: readonly Signer[],
  tokenAt: (address: string) => DodonaToken,
): Promise<Signer | null> {
  for (const account of accounts.toReversed()) {
    const address = await account.getAddress();
    const balance =
      token === ZeroAddress
        ? ((await account.provider?.getBalance(address)) ?? 0n)
        : await tokenAt(token).balanceOf(address);
    // Gas has to be left of the native coin.
    if (token === ZeroAddress ? balance > amount : balance >= amount) return account;
  }
  return null;
}

type Grant = readonly [account: string, role: bigint, verb: "propose" | "dispute"];

async function missingRoles(
  accessManager: AccessManager,
  { proposer, watcher }: PayoutTarget,
): Promise<Grant[]> {
  const grants: Grant[] = [
    [proposer, PROPOSER_ROLE, "propose"],
    [watcher, WATCHER_ROLE, "dispute"],
  ];
  const held = await Promise.all(
    grants.map(async ([account, role]) => (await accessManager.hasRole(role, account))[0]),
  );
  return grants.filter((_, index) => held[index] !== true);
}

async function unlistedTokens(
  distributor: PayoutDistributor,
  { tokens }: PayoutTarget,
): Promise<PayoutTarget["tokens"]> {
  const listed = await distributor.tokens();
  return tokens.filter(({ token }) => !listed.includes(token));
}

function isSameLimit(present: bigint, given: PayoutLimits["perDay"]): boolean {
  return present <= given && given - present <= given >> ROUNDING_BITS;
}

function nameOf(token: string): string {
  return token === ZeroAddress ? "the native coin" : `token ${token}`;
}

import { Contract, formatUnits, parseUnits, ZeroAddress } from "ethers";

import type { PayoutDistributor } from "../../types/ethers-contracts/payouts/PayoutDistributor.ts";
import { TaskError } from "../shared/error.ts";
import { accountsOf, resolveAccount } from "../shared/open.ts";
import type { Action, Build, Wishes } from "./action.ts";
import { action, addressAt, find } from "./action.ts";
import type { Governed } from "./open.ts";

const LIMITS = [
  ["perHour", "an hour", "--per-hour"],
  ["perDay", "a day", "--per-day"],
  ["perAccount", "an account and day", "--per-account"],
  ["perEpoch", "an epoch", "--per-epoch"],
] as const;
const DECIMALS = 18;

/** A token as people name it: the native coin, governance's own, or any by its address. */
interface Token {
  address: string;
  name: string;
  decimals: number;
}

/** Limits, approvers, deposits and claims of payouts. */
export const payouts: Build = async (wishes, governed) => {
  const { reassign, setApprovers, setLimits, withdraw } = wishes;
  if ([reassign, setApprovers, setLimits, withdraw].every((wish) => wish === undefined)) return [];
  const { payoutDistributor } = governed.contracts;
  if (payoutDistributor === null)
    throw new TaskError("There is no PayoutDistributor in this deployment.");
  if ([reassign, wishes.send, withdraw].filter((wish) => wish !== undefined).length > 1) {
    throw new TaskError(
      "--send, --withdraw and --reassign share --token and --to: put them into proposals of their own.",
    );
  }
  const actions: Action[] = [];
  if (setLimits !== undefined)
    actions.push(await limits(setLimits, wishes, governed, payoutDistributor));
  if (setApprovers !== undefined)
    actions.push(await approvers(setApprovers, wishes, governed, payoutDistributor));
  if (withdraw !== undefined) actions.push(await withdrawal(withdraw, wishes, governed));
  if (reassign !== undefined) actions.push(await reassignment(reassign, wishes, governed));
  return actions;
};

async function limits(
  given: string,
  wishes: Wishes,
  governed: Governed,
  distributor: PayoutDistributor,
): Promise<Action> {
  const token = await tokenAt(given, "--set-limits", governed);
  const isListed = (await distributor.tokens()).includes(token.address);
  const present = isListed ? await distributor.limitsOf(token.address) : null;
  const wanted = LIMITS.map(([field, , flag]): bigint => {
    const text = wishes[field];
    if (text !== undefined) return amountAt(text, token, flag);
    if (present === null) throw new TaskError(`${token.name} is not listed yet: it needs ${flag}.`);
    return present[field];
  });
  const words = LIMITS.map(([field, unit], index) => {
    const [before, after] = [present?.[field], wanted[index] ?? 0n];
    const change = before === undefined || before === after ? "" : `${textOf(before, token)} → `;
    return `${change}${textOf(after, token)} ${unit}`;
  });
  if (present !== null && LIMITS.every(([field], index) => present[field] === wanted[index]))
    throw new TaskError(`${token.name} has these limits already.`);
  const [perHour, perDay, perAccount, perEpoch] = wanted;
  return action(
    governed,
    "PayoutDistributor",
    "setLimits",
    [token.address, { perHour, perDay, perAccount, perEpoch }],
    `${present === null ? "List" : "Limit payouts of"} ${token.name}: ${words.join(", ")}`,
  );
}

async function approvers(
  given: string,
  { threshold }: Wishes,
  governed: Governed,
  distributor: PayoutDistributor,
): Promise<Action> {
  const own = await accountsOf(governed.connection);
  const wanted = given.split(",").map((account) => resolveAccount(account.trim(), own));
  const [, , present] = await distributor.approvers();
  if (threshold !== undefined && !/^\d{1,2}$/.test(threshold))
    throw new TaskError(`--threshold "${threshold}" is not a whole number.`);
  const needed = Number(threshold ?? present);
  if (needed < 1 || needed > wanted.length) {
    throw new TaskError(
      `${needed} of ${wanted.length} approvers cannot be: give --threshold from 1 to ${wanted.length}.`,
    );
  }
  const title = `Let ${needed} of ${wanted.length} approve payouts: ${wanted.join(", ")}; open proposals become void`;
  return action(governed, "PayoutDistributor", "setApprovers", [wanted, needed], title);
}

async function withdrawal(given: string, { to, token }: Wishes, governed: Governed) {
  if (token === undefined) throw new TaskError("Say of what with --token TOKEN.");
  if (to === undefined) throw new TaskError("Say who gets it with --to ADDRESS.");
  const paid = await tokenAt(token, "--token", governed);
  const amount = amountAt(given, paid, "--withdraw");
  const recipient = await recipientAt(to, governed);
  const title = `Take ${textOf(amount, paid)} of deposits for payouts back, to ${recipient.name}`;
  const args = [paid.address, recipient.address, amount];
  return action(governed, "PayoutDistributor", "withdraw", args, title);
}

async function reassignment(given: string, { to, token }: Wishes, governed: Governed) {
  if (token === undefined) throw new TaskError("Say which token's claims with --token TOKEN.");
  if (to === undefined) {
    throw new TaskError("Say who gets them with --to ADDRESS; the account itself undoes it.");
  }
  const paid = await tokenAt(token, "--token", governed);
  const account = resolveAccount(given, await accountsOf(governed.connection));
  const recipient = await recipientAt(to, governed);
  const title =
    recipient.address === account
      ? `Give ${account} its own claims of ${paid.name} back`
      : `Give the claims of ${account} of ${paid.name} to ${recipient.name}`;
  const args = [account, paid.address, recipient.address];
  return action(governed, "PayoutDistributor", "reassign", args, title);
}

async function recipientAt(
  to: string,
  { catalog, connection }: Governed,
): Promise<{ address: string; name: string }> {
  const contract = catalog.find(({ name }) => name.toLowerCase() === to.toLowerCase());
  if (contract !== undefined) return contract;
  const address = resolveAccount(to, await accountsOf(connection));
  return { address, name: address };
}

async function tokenAt(given: string, flag: string, governed: Governed): Promise<Token> {
  const wanted = given.toLowerCase();
  if (wanted === "native" || wanted === ZeroAddress)
    return { address: ZeroAddress, name: "the native coin", decimals: DECIMALS };
  const own = find(governed.catalog, "DodonaToken");
  if (["dodona", "dodonatoken", own.address.toLowerCase()].includes(wanted))
    return { address: own.address, name: "DODONA", decimals: DECIMALS };
  const address = addressAt(given, flag);
  const contract = new Contract(
    address,
    ["function decimals() view returns (uint8)"],
    governed.connection.ethers.provider,
  );
  try {
    const decimals = Number(await contract.getFunction("decimals")());
    return { address, name: `token ${address}`, decimals };
  } catch {
    throw new TaskError(`${address} is no token: it does not say its decimals.`);
  }
}

function amountAt(given: string, { decimals }: Token, flag: string): bigint {
  const plain = given.replaceAll(",", "").trim();
  try {
    if (/^\d{1,40}(\.\d+)?$/.test(plain)) return parseUnits(plain, decimals);
  } catch {
    // More digits than the token has.
  }
  throw new TaskError(
    `${flag} "${given}" is not an amount: digits, with up to ${decimals} decimals.`,
  );
}

function textOf(amount: bigint, { decimals, name }: Token): string {
  const [whole = "0", fraction = "0"] = formatUnits(amount, decimals).split(".");
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ",");
  const unit = name === "the native coin" ? "ether" : name;
  return `${grouped}${fraction === "0" ? "" : `.${fraction}`} ${unit}`;
}

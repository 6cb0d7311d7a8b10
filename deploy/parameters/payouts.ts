import { getAddress, isAddress, parseUnits, ZeroAddress } from "ethers";

import { DeploymentError, objectAt } from "../files.ts";
import { countAt, countsAt, refuseUnknown, type Range } from "./fields.ts";

/** Configuration of the distributor, named and bounded as `IPayoutDistributor.Config`. */
export interface PayoutConfig {
  challengeSeconds: number;
  lifetimeSeconds: number;
  epochSeconds: number;
}

/** Limits of a token in its smallest unit, named as `IPayoutDistributor.Limits`. */
export interface PayoutLimits {
  perHour: bigint;
  perDay: bigint;
  perAccount: bigint;
  perEpoch: bigint;
}

/** A token that is paid out. */
export interface PayoutToken {
  /** Address; the zero address for the native coin, null for governance's own token. */
  token: string | null;
  limits: PayoutLimits;
  /** What an account of this machine deposits on a local chain, in the token's smallest unit. */
  deposit: bigint;
}

/** The section `payouts` of a parameters file. */
export interface PayoutParameters {
  config: PayoutConfig;
  approvers: readonly string[];
  /** Approvals that a proposal needs. */
  threshold: number;
  /** Account that proposes roots. */
  proposer: string;
  /** Account that disputes roots. */
  watcher: string;
  tokens: readonly PayoutToken[];
}

const DAY = 86_400;
const CONFIG = {
  challengeSeconds: [1, 30 * DAY],
  lifetimeSeconds: [2, 90 * DAY],
  epochSeconds: [0, 30 * DAY],
} satisfies Record<keyof PayoutConfig, Range>;
const OTHERS = ["approvers", "threshold", "proposer", "watcher", "tokens"];
const LIMITS = ["perHour", "perDay", "perAccount", "perEpoch"] as const;
const MAX_APPROVERS = 32;
const MAX_TOKENS = 64;
const MAX_AMOUNT = 2n ** 96n - 1n;
const MAX_DECIMALS = 36;
/** Of the native coin, of governance's token, and of most others. */
const DECIMALS = 18;
/** How the file names the native coin and governance's token. */
const NATIVE = "native";
const GOVERNANCE = "DODONA";

/**
 * Checks the section of payouts. Amounts are decimal texts in whole tokens; what the contract bounds further it says
 * itself.
 *
 * @param hasGovernance Whether there is a token of governance's own.
 * @param where Named in errors.
 * @throws {DeploymentError} naming the field that is missing, unknown or out of range.
 */
export function checkPayouts(
  given: unknown,
  hasGovernance: boolean,
  where: string,
): PayoutParameters {
  const fields = objectAt(given, where);
  refuseUnknown(fields, [...Object.keys(CONFIG), ...OTHERS], where);
  const config = countsAt(fields, CONFIG, where);
  if (config.lifetimeSeconds <= config.challengeSeconds) {
    throw new DeploymentError(
      `${where}: lifetimeSeconds (${config.lifetimeSeconds}) must exceed challengeSeconds (${config.challengeSeconds}).`,
    );
  }
  const approvers = approversAt(fields["approvers"], `${where}: approvers`);
  const threshold = countAt(fields["threshold"], [1, approvers.length], `${where}: threshold`);
  const proposer = addressAt(fields["proposer"], `${where}: proposer`);
  const watcher = addressAt(fields["watcher"], `${where}: watcher`);
  if (proposer === watcher) {
    throw new DeploymentError(
      `${where}: proposer and watcher are both ${proposer}: whoever has its key could propose and nobody dispute.`,
    );
  }
  const tokens = tokensAt(fields["tokens"], hasGovernance, `${where}: tokens`);
  return { config, approvers, threshold, proposer, watcher, tokens };
}

function tokensAt(given: unknown, hasGovernance: boolean, where: string): PayoutToken[] {
  const entries = Object.entries(objectAt(given, where));
  if (entries.length === 0 || entries.length > MAX_TOKENS) {
    throw new DeploymentError(`${where} must name 1 to ${MAX_TOKENS} tokens.`);
  }
  const tokens = entries.map(([name, entry]): PayoutToken => {
    const at = `${where}: ${name}`;
    const token = tokenAt(name, hasGovernance, at);
    const isPlain = token === null || token === ZeroAddress;
    const fields = objectAt(entry, at);
    refuseUnknown(fields, [...LIMITS, "deposit", ...(isPlain ? [] : ["decimals"])], at);
    const decimals = isPlain
      ? DECIMALS
      : countAt(fields["decimals"] ?? DECIMALS, [0, MAX_DECIMALS], `${at}: decimals`);
    const amount = (field: string): bigint => amountAt(fields[field], decimals, `${at}: ${field}`);
    const [perHour, perDay, perAccount, perEpoch] = LIMITS.map(amount) as [
      ...[bigint, bigint, bigint, bigint],
    ];
    const limits = { perHour, perDay, perAccount, perEpoch };
    const zero = LIMITS.find((field) => limits[field] === 0n);
    if (zero !== undefined) throw new DeploymentError(`${at}: ${zero} must be above 0.`);
    if (perHour > perDay || perAccount > perDay) {
      throw new DeploymentError(`${at}: perHour and perAccount must not exceed perDay.`);
    }
    const deposit = fields["deposit"] === undefined ? 0n : amount("deposit");
    return { token, limits, deposit };
  });
  const names = tokens.map(({ token }) => token);
  const twice = names.findIndex((token, index) => names.indexOf(token) !== index);
  if (twice >= 0)
    throw new DeploymentError(`${where}: ${names[twice] ?? GOVERNANCE} stands twice.`);
  return tokens;
}

function tokenAt(name: string, hasGovernance: boolean, where: string): string | null {
  if (name === NATIVE) return ZeroAddress;
  if (name === GOVERNANCE) {
    if (hasGovernance) return null;
    throw new DeploymentError(
      `${where} is governance's token, and there is no section "governance".`,
    );
  }
  const isToken: boolean = isAddress(name) && BigInt(name) !== 0n;
  if (!isToken) {
    throw new DeploymentError(
      `${where} must be a token's address, "${NATIVE}" for the native coin, or "${GOVERNANCE}".`,
    );
  }
  return getAddress(name);
}

function approversAt(given: unknown, where: string): string[] {
  if (!Array.isArray(given) || given.length === 0 || given.length > MAX_APPROVERS) {
    throw new DeploymentError(`${where} must be an array of 1 to ${MAX_APPROVERS} addresses.`);
  }
  const accounts = given.map((entry: unknown, index) => addressAt(entry, `${where}[${index}]`));
  const twice = accounts.find((account, index) => accounts.indexOf(account) !== index);
  if (twice !== undefined) throw new DeploymentError(`${where}: ${twice} stands twice.`);
  return accounts;
}

function amountAt(value: unknown, decimals: number, where: string): bigint {
  if (typeof value !== "string" || !/^\d{1,29}(\.\d{1,36})?$/.test(value)) {
    throw new DeploymentError(
      `${where} must be an amount in quotes, for example "0.5", not ${JSON.stringify(value) ?? "missing"}.`,
    );
  }
  let amount: bigint;
  try {
    amount = parseUnits(value, decimals);
  } catch {
    throw new DeploymentError(`${where} has more than ${decimals} decimals: "${value}".`);
  }
  if (amount > MAX_AMOUNT) {
    throw new DeploymentError(`${where} must be below 2^96 of the token's smallest unit.`);
  }
  return amount;
}

function addressAt(value: unknown, where: string): string {
  const isGiven = typeof value === "string" && isAddress(value) && BigInt(value) !== 0n;
  if (!isGiven) {
    throw new DeploymentError(
      `${where} must be an address, not ${JSON.stringify(value) ?? "missing"}.`,
    );
  }
  return getAddress(value);
}

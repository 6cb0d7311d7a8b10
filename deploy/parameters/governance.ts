import { parseUnits } from "ethers";

import { DeploymentError, objectAt } from "../files.ts";
import { addressAt, countAt, countsAt, refuseUnknown, type Range } from "./fields.ts";

/** Who gets tokens when the supply is minted; amounts have 18 decimals. */
export interface Holding {
  account: string;
  amount: bigint;
}

/** Terms of operators; seconds, tokens with 18 decimals, basis points of a stake. */
export interface OperatorTerms {
  epochSeconds: number;
  changeDelaySeconds: number;
  minStake: bigint;
  unbondingSeconds: number;
  evidenceSeconds: number;
  equivocationBps: number;
  wrongMediansBps: number;
  /** What an epoch pays to all operators at most. */
  epochBudget: bigint;
}

/** The section `governance` of a parameters file. */
export interface GovernanceParameters {
  token: {
    /** Minted to the treasury, 18 decimals. */
    treasury: bigint;
    holders: readonly Holding[];
  };
  voting: {
    delaySeconds: number;
    periodSeconds: number;
    /** Votes that a proposer needs, 18 decimals. */
    proposalThreshold: bigint;
    quorumPercent: number;
    /** Least time that a vote stays open after its quorum is reached. */
    extensionSeconds: number;
  };
  timelockSeconds: number;
  /** Account that trips, pauses and vetoes for a term: a multisig in production. */
  guardian: string;
  /** Account that posts the operators' participation. */
  scorer: string;
  operators: OperatorTerms;
}

const DAY = 86_400;
const YEAR = 365 * DAY;
const PENALTY: Range = [100, 10_000];
/** Votes are counted in 208 bits. */
const MAX_SUPPLY = 2n ** 208n;

const SECTIONS = ["token", "voting", "timelockSeconds", "guardian", "scorer", "operators"];
const VOTING = {
  delaySeconds: [0, YEAR],
  periodSeconds: [1, YEAR],
  quorumPercent: [0, 100],
  extensionSeconds: [0, YEAR],
} satisfies Record<string, Range>;
const OPERATORS = {
  epochSeconds: [1, 30 * DAY],
  changeDelaySeconds: [0, 90 * DAY],
  unbondingSeconds: [2, YEAR],
  evidenceSeconds: [1, YEAR],
  equivocationBps: PENALTY,
  wrongMediansBps: PENALTY,
} satisfies Record<string, Range>;

/**
 * Checks the section of governance. Amounts are decimal texts in DODONA; what the contracts bound further they say
 * themselves.
 *
 * @param where Named in errors.
 * @throws {DeploymentError} naming the field that is missing, unknown or out of range.
 */
export function checkGovernance(given: unknown, where: string): GovernanceParameters {
  const fields = objectAt(given, where);
  refuseUnknown(fields, SECTIONS, where);
  const token = objectAt(fields["token"], `${where}: token`);
  refuseUnknown(token, ["treasury", "holders"], `${where}: token`);
  const voting = sectionAt(fields["voting"], VOTING, ["proposalThreshold"], `${where}: voting`);
  const operators = sectionAt(
    fields["operators"],
    OPERATORS,
    ["minStake", "epochBudget"],
    `${where}: operators`,
  );
  const parameters: GovernanceParameters = {
    token: {
      treasury: amountAt(token["treasury"], `${where}: token: treasury`),
      holders: holdersAt(token["holders"], `${where}: token: holders`),
    },
    voting: {
      ...voting.counts,
      proposalThreshold: amountAt(
        voting.fields["proposalThreshold"],
        `${where}: voting: proposalThreshold`,
      ),
    },
    timelockSeconds: countAt(fields["timelockSeconds"], [0, YEAR], `${where}: timelockSeconds`),
    guardian: addressAt(fields["guardian"], `${where}: guardian`),
    scorer: addressAt(fields["scorer"], `${where}: scorer`),
    operators: {
      ...operators.counts,
      minStake: amountAt(operators.fields["minStake"], `${where}: operators: minStake`),
      epochBudget: amountAt(operators.fields["epochBudget"], `${where}: operators: epochBudget`),
    },
  };
  refuseContradictions(parameters, where);
  return parameters;
}

/** The whole supply that the parameters mint. */
export function supplyOf({ token }: GovernanceParameters): bigint {
  return token.holders.reduce((sum, { amount }) => sum + amount, token.treasury);
}

function refuseContradictions(parameters: GovernanceParameters, where: string): void {
  const { operators, voting } = parameters;
  const supply = supplyOf(parameters);
  if (supply >= MAX_SUPPLY) {
    throw new DeploymentError(`${where}: token: the supply must be below 2^208 units of 10^-18.`);
  }
  if (voting.proposalThreshold > supply) {
    throw new DeploymentError(
      `${where}: voting: proposalThreshold exceeds the supply, so nobody could ever propose.`,
    );
  }
  if (voting.extensionSeconds > voting.periodSeconds) {
    throw new DeploymentError(
      `${where}: voting: extensionSeconds (${voting.extensionSeconds}) must not exceed periodSeconds (${voting.periodSeconds}).`,
    );
  }
  if (operators.evidenceSeconds >= operators.unbondingSeconds) {
    throw new DeploymentError(
      `${where}: operators: unbondingSeconds (${operators.unbondingSeconds}) must exceed evidenceSeconds (${operators.evidenceSeconds}): stake must not leave before evidence against it expires.`,
    );
  }
}

function sectionAt<Name extends string>(
  given: unknown,
  ranges: Record<Name, Range>,
  others: readonly string[],
  where: string,
): { fields: Record<string, unknown>; counts: Record<Name, number> } {
  const fields = objectAt(given, where);
  refuseUnknown(fields, [...Object.keys(ranges), ...others], where);
  return { fields, counts: countsAt(fields, ranges, where) };
}

function holdersAt(given: unknown, where: string): Holding[] {
  if (!Array.isArray(given) || given.length === 0) {
    throw new DeploymentError(`${where} must be an array of {account, amount}, and not empty.`);
  }
  const holders = given.map((entry: unknown, index): Holding => {
    const at = `${where}[${index}]`;
    const fields = objectAt(entry, at);
    refuseUnknown(fields, ["account", "amount"], at);
    return {
      account: addressAt(fields["account"], `${at}.account`),
      amount: amountAt(fields["amount"], `${at}.amount`),
    };
  });
  const accounts = holders.map(({ account }) => account);
  const twice = accounts.find((account, index) => accounts.indexOf(account) !== index);
  if (twice !== undefined) throw new DeploymentError(`${where}: ${twice} stands twice.`);
  return holders;
}

function amountAt(value: unknown, where: string): bigint {
  if (typeof value !== "string" || !/^\d{1,15}(\.\d{1,18})?$/.test(value)) {
    throw new DeploymentError(
      `${where} must be an amount of DODONA in quotes, for example "10000", not ${JSON.stringify(value) ?? "missing"}.`,
    );
  }
  return parseUnits(value, 18);
}

import type { Window } from "./calendar.ts";
import type { Finding, Holding } from "./model.ts";
import { compareText, ZERO_ADDRESS } from "./model.ts";
import type { Program } from "./program.ts";

const HOUR_SECONDS = 3_600;
const MAX_BPS = 10_000n;
const MAX_ACCOUNTS = 20;

/** What an eligible account is given. */
export interface Award {
  readonly holding: Holding;
  readonly amount: bigint;
}

/** What the epoch before paid of the program's token, by account; null before the first. */
export type History = ReadonlyMap<string, bigint> | null;

/**
 * Looks for what a person should see before money goes out. Nothing here changes an amount: a finding holds the epoch
 * until a person releases it.
 * @param awards ascending by account
 */
export function findPatterns(
  program: Program,
  window: Window,
  awards: readonly Award[],
  history: History,
): Finding[] {
  const paid = awards.filter(({ amount }) => amount > 0n);
  return [
    ...nobody(paid),
    ...suddenHolders(program, window, paid),
    ...dustFarming(program, window, awards),
    ...commonFunders(program, paid),
    ...jumps(program, paid, history),
  ];
}

function nobody(paid: readonly Award[]): Finding[] {
  if (paid.length > 0) return [];
  return [{ check: "nobodyEligible", reason: "nobody is paid in this epoch", accounts: [] }];
}

function suddenHolders(program: Program, window: Window, paid: readonly Award[]): Finding[] {
  const limits = program.checks.suddenHolder;
  if (limits === undefined) return [];
  const sudden = paid.filter(
    ({ holding, amount }) =>
      isYounger(holding, window, limits.maxAgeHours) &&
      amount * MAX_BPS >= BigInt(limits.minShareBps) * program.poolPerDay,
  );
  return sudden.map(({ holding: { account }, amount }) => ({
    check: "suddenHolder",
    reason: `${account} held nothing ${limits.maxAgeHours} h ago and gets ${amount}, ${percent(amount, program)} of the pool`,
    accounts: [account],
  }));
}

function dustFarming(program: Program, window: Window, awards: readonly Award[]): Finding[] {
  const limits = program.checks.dustFarming;
  if (limits === undefined) return [];
  const dust = awards.filter(
    ({ holding }) =>
      holding.balance <= limits.maxBalance && isYounger(holding, window, limits.maxAgeHours),
  );
  if (dust.length < limits.minAccounts) return [];
  return [
    {
      check: "dustFarming",
      reason: `${dust.length} accounts that held nothing ${limits.maxAgeHours} h ago hold at most ${limits.maxBalance} each (limit ${limits.minAccounts} accounts)`,
      accounts: accountsOf(dust),
    },
  ];
}

function commonFunders(program: Program, paid: readonly Award[]): Finding[] {
  const limits = program.checks.commonFunder;
  if (limits === undefined) return [];
  const known = new Set([ZERO_ADDRESS, ...limits.knownFunders]);
  const groups = new Map<string, Award[]>();
  for (const award of paid) {
    const { funder } = award.holding;
    if (known.has(funder)) continue;
    const group = groups.get(funder);
    if (group === undefined) groups.set(funder, [award]);
    else group.push(award);
  }
  return [...groups]
    .sort(([a], [b]) => compareText(a, b))
    .flatMap(([funder, group]): Finding[] => {
      const sum = group.reduce((total, { amount }) => total + amount, 0n);
      const isLarge = sum * MAX_BPS >= BigInt(limits.minShareBps) * program.poolPerDay;
      if (group.length < limits.minAccounts || !isLarge) return [];
      return [
        {
          check: "commonFunder",
          reason: `${group.length} accounts that ${funder} funded first get ${sum} together, ${percent(sum, program)} of the pool`,
          accounts: accountsOf(group),
        },
      ];
    });
}

function jumps(program: Program, paid: readonly Award[], history: History): Finding[] {
  const limits = program.checks.jump;
  if (limits === undefined || history === null) return [];
  const factor = BigInt(limits.factor);
  const jumped = paid.filter(({ holding, amount }) => {
    const before = history.get(holding.account) ?? 0n;
    return before > 0n && amount >= limits.minAmount && amount > factor * before;
  });
  const findings = jumped.map(({ holding: { account }, amount }): Finding => ({
    check: "jump",
    reason: `${account} gets ${amount}, more than ${limits.factor} times the ${history.get(account) ?? 0n} of the epoch before`,
    accounts: [account],
  }));
  const before = [...history.values()].filter((amount) => amount > 0n).length;
  if (before > 0 && paid.length > limits.factor * before) {
    findings.push({
      check: "recipientsJump",
      reason: `${paid.length} accounts are paid, more than ${limits.factor} times the ${before} of the epoch before`,
      accounts: [],
    });
  }
  return findings;
}

function isYounger({ firstHeldAt }: Holding, window: Window, ageHours: number): boolean {
  return window.end - firstHeldAt < ageHours * HOUR_SECONDS;
}

function accountsOf(awards: readonly Award[]): string[] {
  return awards.slice(0, MAX_ACCOUNTS).map(({ holding }) => holding.account);
}

function percent(amount: bigint, { poolPerDay }: Program): string {
  const hundredths = (amount * MAX_BPS) / poolPerDay;
  return `${hundredths / 100n}.${String(hundredths % 100n).padStart(2, "0")} %`;
}

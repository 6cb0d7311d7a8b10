import type { Exclusion, Holding } from "./model.ts";
import { ZERO_ADDRESS } from "./model.ts";
import type { Program } from "./program.ts";
import { weightOf } from "./rules.ts";

const HOUR_SECONDS = 3_600;

/** Who takes part, and who does not and why; both in the order of the holdings. */
export interface Eligibility {
  readonly eligible: readonly Holding[];
  readonly out: readonly Exclusion[];
}

/**
 * Applies a program's exclusions and conditions. The zero address, the distributor and the tokens' own contracts never
 * take part: nobody could claim for them.
 * @param end of the epoch's window, unix seconds: ages count up to it
 */
export function judgeEligibility(
  program: Program,
  distributor: string,
  end: number,
  holdings: readonly Holding[],
): Eligibility {
  const excluded = new Map<string, string>([
    [ZERO_ADDRESS, "the zero address"],
    [program.token, "the token that is paid"],
    [program.holdings.token, "the token whose balances count"],
    [distributor, "the distributor"],
    ...program.exclusions.map(({ account, reason }) => [account, reason] as const),
  ]);
  const eligible: Holding[] = [];
  const out: Exclusion[] = [];
  for (const holding of holdings) {
    const reason = whyOut(program, excluded, end, holding);
    if (reason === null) eligible.push(holding);
    else out.push({ account: holding.account, reason });
  }
  return { eligible, out };
}

function whyOut(
  program: Program,
  excluded: ReadonlyMap<string, string>,
  end: number,
  holding: Holding,
): string | null {
  const { minBalance, minAgeHours } = program.eligibility;
  const named = excluded.get(holding.account);
  if (named !== undefined) return `excluded: ${named}`;
  if (holding.balance < minBalance) return `holds ${holding.balance}, less than ${minBalance}`;
  const ageSeconds = end - holding.firstHeldAt;
  if (ageSeconds < minAgeHours * HOUR_SECONDS) {
    const ageHours = Math.floor(ageSeconds / HOUR_SECONDS);
    return `holds for ${ageHours} h, less than ${minAgeHours} h`;
  }
  if (weightOf(program.rule, holding) === 0n) return "weighs nothing under the rule";
  return null;
}

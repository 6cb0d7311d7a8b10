import type { Holding } from "./model.ts";
import type { Rule } from "./program.ts";
import { draw } from "./raffle.ts";
import { sharesOf } from "./shares.ts";

/** The VRF's words that a raffle needs are not known. */
export class WordsMissingError extends Error {
  override readonly name = "WordsMissingError";
}

/**
 * Divides the pool among eligible accounts.
 * @param holdings ascending by account, so that of equal remainders the lower address gets the unit
 * @param words of the VRF, for a raffle; null while they are not known
 * @returns amounts in the order of the holdings; their sum is the pool, or 0 where nobody has a weight
 * @throws WordsMissingError for a raffle without words
 */
export function divide(
  pool: bigint,
  rule: Rule,
  holdings: readonly Holding[],
  words: readonly bigint[] | null,
): bigint[] {
  if (rule.kind !== "raffle") {
    return sharesOf(
      pool,
      holdings.map((holding) => weightOf(rule, holding)),
    );
  }
  if (words === null) throw new WordsMissingError("the raffle's random words are not known yet");
  const weights = holdings.map((holding) => weightOf(rule, holding));
  const drawn = draw(words, weights, rule.prizes.length);
  const prizes = rule.prizes.slice(0, drawn.length).map(BigInt);
  const amounts = holdings.map(() => 0n);
  sharesOf(pool, prizes).forEach((amount, i) => (amounts[drawn[i]!] = amount));
  return amounts;
}

/** What an account counts under a rule; 0 gets nothing. Accounts that hold nothing count nothing, but for flat and equal. */
export function weightOf(rule: Rule, { balance, balanceSeconds }: Holding): bigint {
  switch (rule.kind) {
    case "proRata":
      return balance;
    case "timeWeighted":
      return balanceSeconds;
    case "flat":
      return 1n;
    case "tiers":
      return BigInt(rule.tiers.findLast(({ from }) => balance >= from)?.weight ?? 0);
    case "raffle":
      if (rule.weighting === "equal") return 1n;
      return rule.weighting === "balance" ? balance : balanceSeconds;
  }
}

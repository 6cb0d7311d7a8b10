import type { EpochResult } from "../../keepers/payout/compute.ts";
import type { Program } from "../../keepers/payout/program.ts";
import { formatSeconds } from "../shared/format.ts";
import type { Payouts } from "./open.ts";
import { formatAmount, unitOf, type Unit } from "./units.ts";

/** Amounts and limits of a token on the distributor, in its smallest unit. */
export interface TokenFacts {
  readonly deposited: bigint;
  readonly approved: bigint;
  readonly perHour: bigint;
  readonly perDay: bigint;
  readonly perAccount: bigint;
  readonly perEpoch: bigint;
}

/**
 * Says what on the distributor stands in the way of an epoch: what would make it refuse the root, and what would delay
 * payments.
 */
export async function obstaclesTo(
  { connection, distributor }: Payouts,
  { poolPerDay, token }: Pick<Program, "token" | "poolPerDay">,
  { rows, totals }: Pick<EpochResult, "rows" | "totals">,
): Promise<string[]> {
  const listed = (await distributor.tokens()).map((one) => one.toLowerCase());
  if (!listed.includes(token)) {
    return [
      `it does not list the token ${token}: governance lists it with PayoutDistributor.setLimits`,
    ];
  }
  const [limits, state, unit] = await Promise.all([
    distributor.limitsOf(token),
    distributor.tokenState(token),
    unitOf(connection.ethers.provider, token),
  ]);
  const total = totals.find((one) => one.token === token)?.amount ?? 0n;
  const most = rows.reduce(
    (max, row) => (row.token === token && row.earned > max ? row.earned : max),
    0n,
  );
  const { approved, deposited } = state;
  const { perAccount, perDay, perEpoch, perHour } = limits;
  const facts = { approved, deposited, perAccount, perDay, perEpoch, perHour };
  return obstaclesIn(facts, { total, most, pool: poolPerDay, unit });
}

/** The same from figures. Pure. */
export function obstaclesIn(
  { approved, deposited, perAccount, perDay, perEpoch, perHour }: TokenFacts,
  of: { total: bigint; most: bigint; pool: bigint; unit: Unit },
): string[] {
  const words = (amount: bigint): string => formatAmount(amount, of.unit);
  const increase = of.total > approved ? of.total - approved : 0n;
  const obstacles: string[] = [];
  if (increase > perEpoch) {
    obstacles.push(
      `refused: the total rises by ${words(increase)}, the limit per epoch is ${words(perEpoch)}`,
    );
  }
  if (of.total > deposited) {
    obstacles.push(
      `refused until ${words(of.total - deposited)} more are deposited: ${words(deposited)} are there`,
    );
  }
  if (of.pool > perDay) {
    obstacles.push(
      `slow: a day's pool is ${words(of.pool)}, and at most ${words(perDay)} are paid in a day`,
    );
  } else if (of.pool > perHour) {
    const hours = Number((of.pool + perHour - 1n) / perHour);
    obstacles.push(
      `slow: at ${words(perHour)} an hour a day's pool takes ${formatSeconds(hours * 3_600)}`,
    );
  }
  if (of.most > perAccount) {
    const days = Number((of.most + perAccount - 1n) / perAccount);
    obstacles.push(
      `slow: the largest amount is ${words(of.most)}, and an account is paid at most ${words(perAccount)} in a day, so it takes ${days} d`,
    );
  }
  return obstacles;
}

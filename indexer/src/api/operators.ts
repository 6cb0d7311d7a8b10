import { asc, desc, eq, gte, sum } from "ponder";
import { db } from "ponder:api";
import {
  keyChange,
  offence,
  operator,
  operatorStake,
  participation,
  rewardClaim,
  slash,
  stakeEvent,
} from "ponder:schema";

import type { OperatorStatus } from "./operatorStatus.ts";
import { reputationOf } from "./reputation.ts";

/** How far back a reputation looks. */
const REPUTATION_SECONDS = 86_400;
const LATEST = 100;

type Row = Readonly<Record<string, unknown>>;

/**
 * Every registered operator, oldest first: keys, seat, stake, and its reputation of the last day.
 *
 * @param statuses What the operators say of themselves.
 * @param deviations Mean distance of their prices from the answers, in basis points, by lower-case account.
 */
export async function readOperators(
  statuses: readonly OperatorStatus[],
  deviations: ReadonlyMap<string, number>,
) {
  const since = Math.floor(Date.now() / 1000) - REPUTATION_SECONDS;
  const [rows, stakes, records] = await Promise.all([
    db.select().from(operator).orderBy(asc(operator.registeredAtBlock), asc(operator.account)),
    db.select().from(operatorStake),
    db
      .select({
        account: participation.account,
        reports: sum(participation.reports),
        signed: sum(participation.signed),
        latencySeconds: sum(participation.latencySeconds),
      })
      .from(participation)
      .where(gte(participation.startedAt, since))
      .groupBy(participation.account),
  ]);
  return rows.map((row) => {
    const status = statuses.find((one) => one.operator === row.account.toLowerCase());
    const stake = stakes.find((one) => one.account === row.account);
    const record = records.find((one) => one.account === row.account);
    const signed = Number(record?.signed ?? 0);
    return {
      account: row.account,
      active: row.active,
      index: row.index,
      seat: row.seat,
      joinsAt: row.joinsAt,
      leavesAt: row.leavesAt,
      keysChangeAt: row.keysChangeAt,
      endpoint: row.endpoint,
      keyX: row.keyX.toString(),
      keyY: row.keyY.toString(),
      proofX: row.proofX.toString(),
      proofY: row.proofY.toString(),
      registeredAt: row.registeredAt,
      transaction: row.transaction,
      staked: (stake?.staked ?? 0n).toString(),
      unbonding: (stake?.unbonding ?? 0n).toString(),
      slashed: (stake?.slashed ?? 0n).toString(),
      reputation: reputationOf({
        reports: Number(record?.reports ?? 0),
        signed,
        meanLatencySeconds: signed === 0 ? null : Number(record?.latencySeconds ?? 0) / signed,
        meanDeviationBps: deviations.get(row.account.toLowerCase()) ?? null,
      }),
      source: status?.source ?? null,
      seenAt: status === undefined ? null : Math.floor(status.updatedAtMs / 1000),
    };
  });
}

/** The latest of an operator's epochs, stake movements, slashes, keys and rewards, newest first. */
export async function readEconomics(account: `0x${string}`) {
  const [epochs, stake, slashes, offences, keys, rewards] = await Promise.all([
    db
      .select()
      .from(participation)
      .where(eq(participation.account, account))
      .orderBy(desc(participation.epoch))
      .limit(LATEST),
    db
      .select()
      .from(stakeEvent)
      .where(eq(stakeEvent.account, account))
      .orderBy(desc(stakeEvent.block), desc(stakeEvent.logIndex))
      .limit(LATEST),
    db
      .select()
      .from(slash)
      .where(eq(slash.account, account))
      .orderBy(desc(slash.block))
      .limit(LATEST),
    db
      .select()
      .from(offence)
      .where(eq(offence.account, account))
      .orderBy(desc(offence.block))
      .limit(LATEST),
    db
      .select()
      .from(keyChange)
      .where(eq(keyChange.account, account))
      .orderBy(desc(keyChange.block))
      .limit(LATEST),
    db
      .select()
      .from(rewardClaim)
      .where(eq(rewardClaim.account, account))
      .orderBy(desc(rewardClaim.epoch))
      .limit(LATEST),
  ]);
  return {
    epochs: epochs.map(present),
    stakeEvents: stake.map(present),
    slashes: slashes.map(present),
    offences: offences.map(present),
    keyChanges: keys.map(present),
    rewards: rewards.map(present),
  };
}

/** Amounts as decimal strings, without what every row repeats. */
function present(row: Row): Row {
  return Object.fromEntries(
    Object.entries(row)
      .filter(([name]) => !["account", "id", "logIndex"].includes(name))
      .map(([name, value]) => [name, typeof value === "bigint" ? value.toString() : value]),
  );
}

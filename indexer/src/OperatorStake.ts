import { ponder, type Context } from "ponder:registry";
import { operatorStake, slash, stakeEvent } from "ponder:schema";

import { logId, origin } from "./origin.ts";

type LogEvent = Parameters<typeof origin>[0];
type StakeRow = typeof operatorStake.$inferSelect;

const NOTHING = { staked: 0n, unbonding: 0n, releaseAt: 0, slashed: 0n };

ponder.on("OperatorStake:Staked", async ({ event, context }) => {
  const { account, amount, total } = event.args;
  await change(context, account, () => ({ staked: total }));
  await record(context, event, account, "staked", amount);
});

ponder.on("OperatorStake:UnstakeAnnounced", async ({ event, context }) => {
  const { account, amount, releaseAt, unbonding } = event.args;
  await change(context, account, ({ staked }) => ({
    staked: staked - amount,
    unbonding,
    releaseAt,
  }));
  await record(context, event, account, "unstaked", amount);
});

ponder.on("OperatorStake:Withdrawn", async ({ event, context }) => {
  const { account, amount } = event.args;
  await change(context, account, ({ unbonding }) => ({
    unbonding: unbonding - amount,
    releaseAt: 0,
  }));
  await record(context, event, account, "withdrawn", amount);
});

ponder.on("OperatorStake:Slashed", async ({ event, context }) => {
  const { account, amount, burned, reporter, reporterShare, staked, treasuryShare, unbonding } =
    event.args;
  await change(context, account, (row) => ({ staked, unbonding, slashed: row.slashed + amount }));
  await record(context, event, account, "slashed", amount);
  await context.db.insert(slash).values({
    id: logId(event),
    account,
    amount,
    reporter,
    reporterShare,
    burned,
    treasuryShare,
    ...origin(event),
  });
});

async function change(
  context: Context,
  account: `0x${string}`,
  next: (row: StakeRow) => Partial<StakeRow>,
): Promise<void> {
  const empty = { account, ...NOTHING };
  await context.db
    .insert(operatorStake)
    .values({ ...empty, ...next(empty) })
    .onConflictDoUpdate(next);
}

async function record(
  context: Context,
  event: LogEvent,
  account: `0x${string}`,
  kind: "staked" | "unstaked" | "withdrawn" | "slashed",
  amount: bigint,
): Promise<void> {
  await context.db.insert(stakeEvent).values({
    id: logId(event),
    account,
    kind,
    amount,
    logIndex: event.log.logIndex,
    ...origin(event),
  });
}

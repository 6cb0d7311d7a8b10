import { and, inArray, lte } from "ponder";
import { ponder, type Context } from "ponder:registry";
import {
  payoutAccount,
  payoutApproval,
  payoutApprovers,
  payoutClaim,
  payoutDeposit,
  payoutEpoch,
  payoutLimit,
  payoutPause,
  payoutProposal,
  payoutToken,
  payoutTotal,
  type PayoutSkip,
  type PayoutState,
} from "ponder:schema";

import { logId, origin } from "./origin.ts";
import { payoutMethodOf } from "./payoutMethod.ts";

/** By the number that the contract gives them. */
const SKIPS: readonly PayoutSkip[] = ["nothingOwed", "limitReached", "transferFailed"];
const EMPTY = { deposited: 0n, approved: 0n, paid: 0n };

type Hex = `0x${string}`;

ponder.on("PayoutDistributor:EpochProposed", async ({ event, context }) => {
  const { proposalId, epoch, attempt, root, totals, dataHash, uri, snapshotBlock } = event.args;
  await context.db.insert(payoutProposal).values({
    id: proposalId,
    ...{ epoch, attempt, state: "proposed", root, dataHash, uri },
    totals: totals.map(({ token, amount }) => ({
      token: token.toLowerCase() as Hex,
      amount: String(amount),
    })),
    snapshotBlock: Number(snapshotBlock),
    proposer: event.args.proposer,
    ...{ approvals: 0, challengeEndsAt: null, disputedBy: null, disputeReason: null },
    logIndex: event.log.logIndex,
    ...origin(event),
  });
});

ponder.on("PayoutDistributor:ProposalApproved", async ({ event, context }) => {
  const { proposalId, approver, approvals } = event.args;
  await context.db.update(payoutProposal, { id: proposalId }).set({ approvals });
  await context.db
    .insert(payoutApproval)
    .values({ proposal: proposalId, approver, approvals, ...origin(event) });
});

ponder.on("PayoutDistributor:ChallengeStarted", async ({ event, context }) => {
  const { proposalId, challengeEndsAt } = event.args;
  await context.db
    .update(payoutProposal, { id: proposalId })
    .set({ state: "approved", challengeEndsAt: Number(challengeEndsAt) });
});

ponder.on("PayoutDistributor:ProposalDisputed", async ({ event, context }) => {
  const { proposalId, by, reason } = event.args;
  await context.db
    .update(payoutProposal, { id: proposalId })
    .set({ state: "disputed", disputedBy: by, disputeReason: reason });
});

ponder.on("PayoutDistributor:EpochActivated", async ({ event, context }) => {
  const { epoch, proposalId, root } = event.args;
  const { dataHash, snapshotBlock } = await context.db
    .update(payoutProposal, { id: proposalId })
    .set({ state: "activated" });
  await endOpen(context, "superseded", ["proposed", "approved", "void"], epoch);
  await context.db
    .insert(payoutEpoch)
    .values({ epoch, proposal: proposalId, root, dataHash, snapshotBlock, ...origin(event) });
});

ponder.on("PayoutDistributor:TotalApproved", async ({ event, context }) => {
  const { epoch, token, total, previous } = event.args;
  await context.db.insert(payoutTotal).values({ epoch, token, total, previous });
  await context.db
    .insert(payoutToken)
    .values({ token, ...EMPTY, approved: total })
    .onConflictDoUpdate({ approved: total });
});

ponder.on("PayoutDistributor:ApproversChanged", async ({ event, context }) => {
  const { version, approvers, threshold } = event.args;
  await endOpen(context, "void", ["proposed", "approved"], null);
  await context.db.insert(payoutApprovers).values({
    ...{ version, threshold, ...origin(event) },
    accounts: approvers.map((account) => account.toLowerCase() as Hex),
  });
});

ponder.on("PayoutDistributor:LimitsChanged", async ({ event, context }) => {
  const { token, limits } = event.args;
  const { perHour, perDay, perAccount, perEpoch } = limits;
  const row = { perHour, perDay, perAccount, perEpoch, ...origin(event) };
  await context.db
    .insert(payoutLimit)
    .values({ token, ...row, listedAtBlock: row.block })
    .onConflictDoUpdate(row);
  await context.db
    .insert(payoutToken)
    .values({ token, ...EMPTY })
    .onConflictDoNothing();
});

ponder.on("PayoutDistributor:Deposited", async ({ event, context }) => {
  const { token, from, amount, deposited } = event.args;
  await setDeposited(context, token, deposited);
  await context.db.insert(payoutDeposit).values({
    ...{ id: logId(event), token, kind: "deposit", account: from, amount, deposited },
    ...{ logIndex: event.log.logIndex, ...origin(event) },
  });
});

ponder.on("PayoutDistributor:Withdrawn", async ({ event, context }) => {
  const { token, to, amount, deposited } = event.args;
  await setDeposited(context, token, deposited);
  await context.db.insert(payoutDeposit).values({
    ...{ id: logId(event), token, kind: "withdrawal", account: to, amount, deposited },
    ...{ logIndex: event.log.logIndex, ...origin(event) },
  });
});

ponder.on("PayoutDistributor:Claimed", async ({ event, context }) => {
  const { account, token, to, amount } = event.args;
  const { blockTime } = origin(event);
  await context.db.insert(payoutClaim).values({
    ...{ id: logId(event), account, token, to: to.toLowerCase() as Hex, amount, skipped: null },
    method: payoutMethodOf(event.transaction, event.log.address),
    ...{ logIndex: event.log.logIndex, ...origin(event) },
  });
  await context.db
    .insert(payoutAccount)
    .values({ account, token, paid: amount, payments: 1, beneficiary: null, paidAt: blockTime })
    .onConflictDoUpdate(({ paid, payments }) => ({
      ...{ paid: paid + amount, payments: payments + 1, paidAt: blockTime },
    }));
  await context.db
    .insert(payoutToken)
    .values({ token, ...EMPTY, paid: amount })
    .onConflictDoUpdate(({ paid }) => ({ paid: paid + amount }));
});

ponder.on("PayoutDistributor:PushSkipped", async ({ event, context }) => {
  const { account, token, amount, reason } = event.args;
  await context.db.insert(payoutClaim).values({
    ...{ id: logId(event), account, token, to: null, amount, method: "push" },
    skipped: SKIPS[reason] ?? null,
    ...{ logIndex: event.log.logIndex, ...origin(event) },
  });
});

ponder.on("PayoutDistributor:ClaimsReassigned", async ({ event, context }) => {
  const { account, token } = event.args;
  const given = event.args.beneficiary.toLowerCase() as Hex;
  const beneficiary = given === account.toLowerCase() ? null : given;
  await context.db
    .insert(payoutAccount)
    .values({ account, token, paid: 0n, payments: 0, beneficiary, paidAt: null })
    .onConflictDoUpdate({ beneficiary });
});

ponder.on("PayoutDistributor:Paused", async ({ event, context }) => {
  await context.db.insert(payoutPause).values({
    ...{ id: logId(event), kind: "paused", until: Number(event.args.until) },
    ...{ logIndex: event.log.logIndex, ...origin(event) },
  });
});

ponder.on("PayoutDistributor:Unpaused", async ({ event, context }) => {
  await context.db.insert(payoutPause).values({
    ...{ id: logId(event), kind: "unpaused", until: null },
    ...{ logIndex: event.log.logIndex, ...origin(event) },
  });
});

async function setDeposited(context: Context, token: Hex, deposited: bigint): Promise<void> {
  await context.db
    .insert(payoutToken)
    .values({ token, ...EMPTY, deposited })
    .onConflictDoUpdate({ deposited });
}

/**
 * Ends proposals that something else has overtaken. Rare, so that it may read the tables.
 *
 * @param epoch Only up to this one; null for all.
 */
async function endOpen(
  context: Context,
  state: PayoutState,
  open: PayoutState[],
  epoch: number | null,
): Promise<void> {
  const isOpen = inArray(payoutProposal.state, open);
  const rows = await context.db.sql
    .select({ id: payoutProposal.id })
    .from(payoutProposal)
    .where(epoch === null ? isOpen : and(isOpen, lte(payoutProposal.epoch, epoch)));
  for (const { id } of rows) await context.db.update(payoutProposal, { id }).set({ state });
}

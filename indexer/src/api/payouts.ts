import { asc, desc, eq, inArray, lt, max } from "ponder";
import { db } from "ponder:api";
import {
  payoutAccount,
  payoutApproval,
  payoutApprovers,
  payoutEpoch,
  payoutLimit,
  payoutProposal,
  payoutToken,
  payoutTotal,
} from "ponder:schema";

import { settings } from "../../ponder.config.ts";
import { openProofReader } from "../../proofs/client.ts";
import { readIndexedTime } from "./head.ts";
import { payoutChainReader } from "./payoutChain.ts";
import { encodeEpochCursor, type EpochsQuery } from "./payoutsQuery.ts";
import { fundingDays, stateAt } from "./payoutState.ts";

type Hex = `0x${string}`;
type EpochRow = typeof payoutEpoch.$inferSelect;
type TotalRow = typeof payoutTotal.$inferSelect;

const { chainId, payoutsFolder } = settings;
const { payouts } = settings.contracts;
const chain = payouts === undefined ? null : payoutChainReader(payouts.distributor);
const readProof = payoutsFolder === undefined ? null : openProofReader(payoutsFolder);

/**
 * What is paid out: tokens with their money and limits, who approves, and one page of epochs, newest first.
 *
 * @returns `next` is the cursor of the following page, null at the end.
 */
export async function readPayouts({ limit, before }: EpochsQuery) {
  const [tokens, approvers, rows, active, pausedUntil] = await Promise.all([
    readTokens(),
    readApprovers(),
    db
      .select()
      .from(payoutEpoch)
      .where(before === null ? undefined : lt(payoutEpoch.epoch, before))
      .orderBy(desc(payoutEpoch.epoch))
      .limit(limit + 1),
    activeEpoch(),
    chain?.pausedUntil() ?? null,
  ]);
  const page = rows.slice(0, limit);
  const totals = await readTotals(page.map(({ epoch }) => epoch));
  const last = page.at(-1);
  return {
    distributor: payouts?.distributor ?? null,
    ...{ activeEpoch: active, pausedUntil, approvers, tokens },
    epochs: page.map((row) => presentEpoch(row, totals)),
    next: rows.length > limit && last !== undefined ? encodeEpochCursor(last.epoch) : null,
  };
}

/** One epoch with its proposals; null where it was never proposed. */
export async function readPayoutEpoch(epoch: number) {
  const [[row], proposals, totals, time, config] = await Promise.all([
    db.select().from(payoutEpoch).where(eq(payoutEpoch.epoch, epoch)),
    db
      .select()
      .from(payoutProposal)
      .where(eq(payoutProposal.epoch, epoch))
      .orderBy(asc(payoutProposal.block), asc(payoutProposal.logIndex)),
    readTotals([epoch]),
    readIndexedTime(chainId),
    chain?.config() ?? null,
  ]);
  if (proposals.length === 0) return null;
  const ids = proposals.map(({ id }) => id);
  const approvals = await db
    .select()
    .from(payoutApproval)
    .where(inArray(payoutApproval.proposal, ids))
    .orderBy(asc(payoutApproval.block));
  const lifetime = config?.lifetimeSeconds ?? null;
  return {
    epoch,
    activation: row === undefined ? null : presentEpoch(row, totals),
    proposals: proposals.map(({ blockTime, block, logIndex, ...proposal }) => ({
      ...proposal,
      state: stateAt({ ...proposal, blockTime }, lifetime, time),
      ...{ proposedAt: blockTime, block, logIndex },
      expiresAt: lifetime === null ? null : blockTime + lifetime,
      data: dataPath(proposal.dataHash),
      approvedBy: approvals
        .filter((approval) => approval.proposal === proposal.id)
        .map(({ approver, transaction, blockTime: at }) => ({ approver, transaction, at })),
    })),
  };
}

/** What an unknown epoch is answered with. */
export async function knownEpochs() {
  const [[proposed], active] = await Promise.all([
    db.select({ epoch: max(payoutProposal.epoch) }).from(payoutProposal),
    activeEpoch(),
  ]);
  return { activeEpoch: active, latestProposed: proposed?.epoch ?? 0 };
}

/** What an account has under an epoch's root. */
export type AccountAnswer =
  | { readonly kind: "found"; readonly body: object }
  | { readonly kind: "unknown"; readonly body: object }
  /** The tree cannot be read here at the moment. */
  | { readonly kind: "unavailable"; readonly body: object };

/**
 * An account's leaves under an epoch's root, with proofs, what was claimed and what is still owed.
 *
 * @param account Lower case.
 */
export async function readPayoutAccount(epoch: number, account: Hex): Promise<AccountAnswer> {
  const [row] = await db.select().from(payoutEpoch).where(eq(payoutEpoch.epoch, epoch));
  if (row === undefined) {
    const body = { error: `epoch ${epoch} is not active, and never was`, ...(await knownEpochs()) };
    return { kind: "unknown", body };
  }
  const { root, dataHash } = row;
  if (readProof === null) {
    return { kind: "unknown", body: { error: "this index serves no publications", dataHash } };
  }
  const [answer, active] = await Promise.all([
    readProof({ dataHash, root, account }),
    activeEpoch(),
  ]);
  if (answer.kind === "missing") {
    const error = "the published file is not in this index's folder";
    return { kind: "unknown", body: { error, dataHash } };
  }
  if (answer.kind !== "found") {
    const error = `the published file cannot be used: ${answer.reason}`;
    return { kind: "unavailable", body: { error, dataHash } };
  }
  if (answer.leaves.length === 0) {
    const error = `${account} has nothing in epoch ${epoch}`;
    return { kind: "unknown", body: { error, activeEpoch: active, data: dataPath(dataHash) } };
  }
  const paid = await db.select().from(payoutAccount).where(eq(payoutAccount.account, account));
  const tokens = await Promise.all(
    answer.leaves.map(async ({ token, cumulative, earned, proof }) => {
      const known = paid.find((one) => one.token === token);
      const claimed = known?.paid ?? 0n;
      const amount = BigInt(cumulative);
      return {
        ...{ token, amount: cumulative, earned, claimed: String(claimed) },
        owed: String(amount > claimed ? amount - claimed : 0n),
        claimable: (await chain?.claimable(account, token as Hex, amount)) ?? null,
        beneficiary: known?.beneficiary ?? account,
        proof,
      };
    }),
  );
  return {
    kind: "found",
    body: { epoch, account, root, isActive: epoch === active, data: dataPath(dataHash), tokens },
  };
}

async function readTokens() {
  const rows = await db
    .select()
    .from(payoutLimit)
    .leftJoin(payoutToken, eq(payoutToken.token, payoutLimit.token))
    .orderBy(asc(payoutLimit.listedAtBlock), asc(payoutLimit.token));
  return await Promise.all(
    rows.map(async ({ payout_limit: limits, payout_token: state }) => {
      const { token } = limits;
      const { deposited, approved, paid } = state ?? { deposited: 0n, approved: 0n, paid: 0n };
      const [[latest], left] = await Promise.all([
        db
          .select()
          .from(payoutTotal)
          .where(eq(payoutTotal.token, token))
          .orderBy(desc(payoutTotal.epoch))
          .limit(1),
        chain?.left(token) ?? null,
      ]);
      const added = latest === undefined ? 0n : latest.total - latest.previous;
      return {
        token,
        ...{ deposited: String(deposited), approved: String(approved), paid: String(paid) },
        owed: String(approved - paid),
        free: String(deposited - approved),
        fundingDays: fundingDays(deposited - approved, added),
        limits: {
          perHour: String(limits.perHour),
          perDay: String(limits.perDay),
          perAccount: String(limits.perAccount),
          perEpoch: String(limits.perEpoch),
        },
        left,
      };
    }),
  );
}

async function readApprovers() {
  const [row] = await db
    .select()
    .from(payoutApprovers)
    .orderBy(desc(payoutApprovers.version))
    .limit(1);
  return row === undefined
    ? null
    : { version: row.version, threshold: row.threshold, accounts: row.accounts };
}

async function activeEpoch(): Promise<number> {
  const [row] = await db.select({ epoch: max(payoutEpoch.epoch) }).from(payoutEpoch);
  return row?.epoch ?? 0;
}

async function readTotals(epochs: readonly number[]): Promise<TotalRow[]> {
  if (epochs.length === 0) return [];
  return await db
    .select()
    .from(payoutTotal)
    .where(inArray(payoutTotal.epoch, [...epochs]))
    .orderBy(asc(payoutTotal.token));
}

function presentEpoch(row: EpochRow, totals: readonly TotalRow[]) {
  const { epoch, proposal, root, dataHash, snapshotBlock, transaction, block, blockTime } = row;
  return {
    ...{ epoch, proposal, root, dataHash, data: dataPath(dataHash), snapshotBlock },
    ...{ activatedAt: blockTime, transaction, block },
    totals: totals
      .filter((total) => total.epoch === epoch)
      .map(({ token, total, previous }) => ({
        ...{ token, total: String(total), added: String(total - previous) },
      })),
  };
}

function dataPath(dataHash: string): string {
  return `/payouts/data/${dataHash}.json`;
}

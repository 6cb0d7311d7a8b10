import { and, asc, desc, eq, lt, or } from "ponder";
import { db } from "ponder:api";
import {
  governanceSetting,
  guardianEvent,
  proposal,
  quorumShare,
  roleFunction,
  roleHolder,
  tokenSupply,
  vote,
  voter,
  votingPower,
} from "ponder:schema";

import { checkpointAt, statusOf, type Checkpoint } from "./proposalStatus.ts";
import { encodePosition, type Position } from "./vrfQuery.ts";

type ProposalRow = typeof proposal.$inferSelect;

const NEWEST = 5;
const GUARDIAN_EVENTS = 100;

/** What decides how a vote ends: supply and quorum by time. */
interface Electorate {
  readonly supply: readonly Checkpoint<bigint>[];
  readonly percent: readonly Checkpoint<number>[];
}

/** Settings, supply, and how many proposals there are. */
export async function readGovernance() {
  const [settings, supply, percent, proposals] = await Promise.all([
    db.select().from(governanceSetting).orderBy(asc(governanceSetting.name)),
    db.select().from(tokenSupply).orderBy(desc(tokenSupply.since)).limit(1),
    db.select().from(quorumShare).orderBy(desc(quorumShare.since)).limit(1),
    db.$count(proposal),
  ]);
  return {
    settings: Object.fromEntries(settings.map(({ name, value }) => [name, value])),
    supply: supply[0]?.supply.toString() ?? null,
    quorumPercent: percent[0]?.percent ?? null,
    proposals,
  };
}

/**
 * One page of proposals, newest first.
 *
 * @param page How many, and before which position.
 * @returns `next` is the cursor of the following page, null at the end.
 */
export async function readProposals({
  limit,
  before,
}: {
  readonly limit: number;
  readonly before: Position | null;
}) {
  const [rows, electorate] = await Promise.all([
    db
      .select()
      .from(proposal)
      .where(
        before === null
          ? undefined
          : or(
              lt(proposal.block, before.block),
              and(eq(proposal.block, before.block), lt(proposal.logIndex, before.logIndex)),
            ),
      )
      .orderBy(desc(proposal.block), desc(proposal.logIndex))
      .limit(limit + 1),
    readElectorate(),
  ]);
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  return {
    proposals: page.map((row) => presentProposal(row, electorate)),
    next: rows.length > limit && last !== undefined ? encodePosition(last) : null,
  };
}

/** One proposal with its votes, largest first; null when the index has none with this id. */
export async function readProposal(id: bigint) {
  const [[row], votes, electorate] = await Promise.all([
    db.select().from(proposal).where(eq(proposal.id, id)),
    db.select().from(vote).where(eq(vote.proposal, id)).orderBy(desc(vote.weight), asc(vote.voter)),
    readElectorate(),
  ]);
  if (row === undefined) return null;
  return {
    ...presentProposal(row, electorate),
    votes: votes.map(({ blockTime, reason, support, transaction, voter: account, weight }) => ({
      voter: account,
      support,
      weight: weight.toString(),
      reason,
      blockTime,
      transaction,
    })),
  };
}

/** Ids of the newest proposals, for whoever asked for one that does not exist. */
export async function newestProposals(): Promise<string[]> {
  const rows = await db
    .select({ id: proposal.id })
    .from(proposal)
    .orderBy(desc(proposal.block), desc(proposal.logIndex))
    .limit(NEWEST);
  return rows.map(({ id }) => id.toString());
}

/** Accounts with balance or votes, most votes first. */
export async function readVoters(limit: number) {
  const rows = await db
    .select()
    .from(voter)
    .orderBy(desc(voter.votes), desc(voter.balance), asc(voter.account))
    .limit(limit);
  return rows.map(presentVoter);
}

/** One account with its voting power over time, newest first; null when it never had any tokens or votes. */
export async function readVoter(account: `0x${string}`) {
  const [[row], power] = await Promise.all([
    db.select().from(voter).where(eq(voter.account, account)),
    db
      .select()
      .from(votingPower)
      .where(eq(votingPower.account, account))
      .orderBy(desc(votingPower.since)),
  ]);
  if (row === undefined) return null;
  return {
    ...presentVoter(row),
    power: power.map(({ block, since, transaction, votes }) => ({
      since,
      votes: votes.toString(),
      block,
      transaction,
    })),
  };
}

/** Who holds which role, and which functions a role may call. */
export async function readAccess() {
  const [holders, functions] = await Promise.all([
    db
      .select()
      .from(roleHolder)
      .orderBy(asc(roleHolder.contract), asc(roleHolder.role), asc(roleHolder.account)),
    db
      .select()
      .from(roleFunction)
      .orderBy(asc(roleFunction.target), asc(roleFunction.role), asc(roleFunction.selector)),
  ]);
  return { holders, functions };
}

/** What the guardian did and what was done with it, newest first. */
export async function readGuardian() {
  const rows = await db
    .select()
    .from(guardianEvent)
    .orderBy(desc(guardianEvent.block), desc(guardianEvent.logIndex))
    .limit(GUARDIAN_EVENTS);
  return rows.map((row) => ({
    kind: row.kind,
    holder: row.holder,
    feed: row.feed,
    target: row.target,
    proposal: row.proposal?.toString() ?? null,
    until: row.until,
    transaction: row.transaction,
    block: row.block,
    blockTime: row.blockTime,
  }));
}

async function readElectorate(): Promise<Electorate> {
  const [supply, percent] = await Promise.all([
    db.select().from(tokenSupply).orderBy(asc(tokenSupply.since)),
    db.select().from(quorumShare).orderBy(asc(quorumShare.since)),
  ]);
  return {
    supply: supply.map((row) => ({ since: row.since, value: row.supply })),
    percent: percent.map((row) => ({ since: row.since, value: row.percent })),
  };
}

function presentProposal(row: ProposalRow, { percent, supply }: Electorate) {
  const supplyThen = checkpointAt(supply, row.voteStart) ?? 0n;
  const quorum = (supplyThen * BigInt(checkpointAt(percent, row.voteStart) ?? 0)) / 100n;
  return {
    id: row.id.toString(),
    status: statusOf(row, quorum, Math.floor(Date.now() / 1000)),
    proposer: row.proposer,
    description: row.description,
    actions: row.actions,
    voteStart: row.voteStart,
    voteEnd: row.voteEnd,
    eta: row.eta,
    quorum: quorum.toString(),
    forVotes: row.forVotes.toString(),
    againstVotes: row.againstVotes.toString(),
    abstainVotes: row.abstainVotes.toString(),
    transaction: row.transaction,
    block: row.block,
    blockTime: row.blockTime,
    endTransaction: row.endTransaction,
    endTime: row.endTime,
  };
}

function presentVoter({ account, balance, delegate, votes }: typeof voter.$inferSelect) {
  return { account, balance: balance.toString(), delegate, votes: votes.toString() };
}

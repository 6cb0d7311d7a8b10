import { ponder, type Context } from "ponder:registry";
import { governanceSetting, proposal, quorumShare, vote, type VoteSupport } from "ponder:schema";

import { origin } from "./origin.ts";

/** By the number that GovernorCountingSimple gives it. */
const SUPPORTS: readonly VoteSupport[] = ["against", "for", "abstain"];

ponder.on("DodonaGovernor:ProposalCreated", async ({ event, context }) => {
  const { proposalId, proposer, targets, values, calldatas, voteStart, voteEnd } = event.args;
  await context.db.insert(proposal).values({
    id: proposalId,
    proposer,
    description: event.args.description,
    actions: targets.map((target, i) => ({
      target,
      value: String(values[i] ?? 0n),
      calldata: calldatas[i] ?? "0x",
    })),
    voteStart: Number(voteStart),
    voteEnd: Number(voteEnd),
    step: "created",
    eta: null,
    againstVotes: 0n,
    forVotes: 0n,
    abstainVotes: 0n,
    logIndex: event.log.logIndex,
    ...origin(event),
    endTransaction: null,
    endTime: null,
  });
});

ponder.on("DodonaGovernor:ProposalExtended", async ({ event, context }) => {
  const { proposalId, extendedDeadline } = event.args;
  await context.db.update(proposal, { id: proposalId }).set({ voteEnd: Number(extendedDeadline) });
});

ponder.on("DodonaGovernor:ProposalQueued", async ({ event, context }) => {
  const { proposalId, etaSeconds } = event.args;
  await context.db
    .update(proposal, { id: proposalId })
    .set({ step: "queued", eta: Number(etaSeconds) });
});

ponder.on("DodonaGovernor:ProposalExecuted", async ({ event, context }) => {
  const { blockTime, transaction } = origin(event);
  await context.db
    .update(proposal, { id: event.args.proposalId })
    .set({ step: "executed", endTransaction: transaction, endTime: blockTime });
});

ponder.on("DodonaGovernor:ProposalCanceled", async ({ event, context }) => {
  const { blockTime, transaction } = origin(event);
  await context.db
    .update(proposal, { id: event.args.proposalId })
    .set({ step: "cancelled", endTransaction: transaction, endTime: blockTime });
});

ponder.on("DodonaGovernor:VoteCast", async ({ event, context }) => {
  await countVote(context, event.args, origin(event));
});

ponder.on("DodonaGovernor:VoteCastWithParams", async ({ event, context }) => {
  await countVote(context, event.args, origin(event));
});

ponder.on("DodonaGovernor:QuorumNumeratorUpdated", async ({ event, context }) => {
  const percent = Number(event.args.newQuorumNumerator);
  await context.db
    .insert(quorumShare)
    .values({ since: Number(event.block.timestamp), percent })
    .onConflictDoUpdate({ percent });
});

ponder.on("DodonaGovernor:VotingDelaySet", async ({ event, context }) => {
  await setSetting(context, "votingDelay", event.args.newVotingDelay, origin(event));
});

ponder.on("DodonaGovernor:VotingPeriodSet", async ({ event, context }) => {
  await setSetting(context, "votingPeriod", event.args.newVotingPeriod, origin(event));
});

ponder.on("DodonaGovernor:ProposalThresholdSet", async ({ event, context }) => {
  await setSetting(context, "proposalThreshold", event.args.newProposalThreshold, origin(event));
});

ponder.on("DodonaGovernor:LateQuorumVoteExtensionSet", async ({ event, context }) => {
  await setSetting(context, "voteExtension", event.args.newVoteExtension, origin(event));
});

ponder.on("DodonaGovernor:ProposalGuardianSet", async ({ event, context }) => {
  await setSetting(context, "proposalGuardian", event.args.newProposalGuardian, origin(event));
});

ponder.on("Timelock:MinDelayChange", async ({ event, context }) => {
  await setSetting(context, "timelockDelay", event.args.newDuration, origin(event));
});

async function countVote(
  context: Context,
  cast: {
    readonly voter: `0x${string}`;
    readonly proposalId: bigint;
    readonly support: number;
    readonly weight: bigint;
    readonly reason: string;
  },
  from: ReturnType<typeof origin>,
): Promise<void> {
  const support = SUPPORTS[cast.support];
  if (support === undefined) throw new Error(`a vote of unknown side ${cast.support}`);
  const { proposalId, reason, voter, weight } = cast;
  await context.db
    .insert(vote)
    .values({ proposal: proposalId, voter, support, weight, reason, ...from });
  const column = `${support}Votes` as const;
  await context.db
    .update(proposal, { id: proposalId })
    .set((row) => ({ [column]: row[column] + weight }));
}

async function setSetting(
  context: Context,
  name: string,
  given: bigint | number | string,
  { blockTime: since, transaction }: ReturnType<typeof origin>,
): Promise<void> {
  const value = String(given);
  await context.db
    .insert(governanceSetting)
    .values({ name, value, since, transaction })
    .onConflictDoUpdate({ value, since, transaction });
}

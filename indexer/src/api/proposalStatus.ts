import type { ProposalStep } from "../../ponder.schema.ts";

/** A value from a time on. */
export interface Checkpoint<Value> {
  /** Unix seconds. */
  readonly since: number;
  readonly value: Value;
}

/** Where a proposal stands, in the words of the governor's states. */
export type ProposalStatus =
  "pending" | "active" | "defeated" | "succeeded" | "queued" | "executed" | "cancelled";

/** What decides where a proposal stands. Votes have 18 decimals. */
export interface Poll {
  readonly step: ProposalStep;
  /** The moment whose votes count; they can be cast after it. Unix seconds. */
  readonly voteStart: number;
  /** Last second of the vote. */
  readonly voteEnd: number;
  readonly forVotes: bigint;
  readonly againstVotes: bigint;
  readonly abstainVotes: bigint;
}

/**
 * The value that held at a time.
 *
 * @param checkpoints In ascending order.
 * @param time Unix seconds.
 * @returns null before the first.
 */
export function checkpointAt<Value>(
  checkpoints: readonly Checkpoint<Value>[],
  time: number,
): Value | null {
  return checkpoints.findLast(({ since }) => since <= time)?.value ?? null;
}

/**
 * State of a proposal as OpenZeppelin's Governor computes it with simple counting: it succeeds when votes for and
 * abstentions reach the quorum and more are for it than against it.
 *
 * @param quorum Votes, 18 decimals.
 * @param now Unix seconds, by the chain's clock.
 */
export function statusOf(poll: Poll, quorum: bigint, now: number): ProposalStatus {
  if (poll.step !== "created") return poll.step;
  if (now <= poll.voteStart) return "pending";
  if (now <= poll.voteEnd) return "active";
  const isQuorate = poll.forVotes + poll.abstainVotes >= quorum;
  return isQuorate && poll.forVotes > poll.againstVotes ? "succeeded" : "defeated";
}

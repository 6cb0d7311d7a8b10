import { TaskError } from "../shared/error.ts";
import { readEvents } from "../../deploy/logs.ts";
import type { Call, DecodedCall } from "./calls.ts";
import { decodeCall } from "./calls.ts";
import type { Governed } from "./open.ts";

/** States of a proposal in the governor's order. */
const STATES = [
  "pending",
  "active",
  "cancelled",
  "defeated",
  "succeeded",
  "queued",
  "expired",
  "executed",
] as const;

/** Where a proposal stands. */
export type State = (typeof STATES)[number];

/** A proposal as the chain has it. Times are unix seconds, votes have 18 decimals. */
export interface ProposalView {
  /** Place in the order of proposals, from 1: what people call it by. */
  number: number;
  id: bigint;
  state: State;
  proposer: string;
  /** null where the node does not give the event that holds it. */
  description: string | null;
  calls: DecodedCall[];
  votes: { for: bigint; against: bigint; abstain: bigint };
  /** Votes for and abstentions that are needed; null before voting starts. */
  quorum: bigint | null;
  votingStarts: number;
  votingEnds: number;
  /** When a queued proposal can be executed, null for any other. */
  executableFrom: number | null;
}

/**
 * Finds the proposal that a person names: its number, or its id in decimal or hexadecimal.
 *
 * @throws {TaskError} when there is none.
 */
export async function findProposal(governed: Governed, given: string): Promise<ProposalView> {
  const { governor } = governed.governance;
  const count = Number(await governor.proposalCount());
  const plain = given.replace(/^#/, "");
  const wanted = /^(\d{1,78}|0x[0-9a-fA-F]{1,64})$/.test(plain) ? BigInt(plain) : null;
  if (wanted === null) {
    throw new TaskError(`"${given}" is neither a proposal's number nor its id.`);
  }
  if (wanted >= 1n && wanted <= BigInt(count)) {
    return await readProposal(governed, Number(wanted));
  }
  for (let number = count; number > 0; number--) {
    const [id] = await governor.proposalDetailsAt(number - 1);
    if (id === wanted) return await readProposal(governed, number);
  }
  throw new TaskError(
    count === 0
      ? "There is no proposal yet."
      : `There is no proposal ${given}. Proposals have the numbers 1 to ${count}.`,
  );
}

/**
 * Reads a proposal.
 *
 * @param number From 1.
 */
export async function readProposal(governed: Governed, number: number): Promise<ProposalView> {
  const { catalog, governance, nowSeconds } = governed;
  const { governor } = governance;
  const [id, targets, values, datas] = await governor.proposalDetailsAt(number - 1);
  const [state, proposer, votes, snapshot, deadline, eta] = await Promise.all([
    governor.state(id),
    governor.proposalProposer(id),
    governor.proposalVotes(id),
    governor.proposalSnapshot(id),
    governor.proposalDeadline(id),
    governor.proposalEta(id),
  ]);
  const calls = targets.map((target, index): Call => ({
    target,
    value: values[index] ?? 0n,
    data: datas[index] ?? "0x",
  }));
  const word = STATES[Number(state)];
  if (word === undefined) throw new TaskError(`The governor answers state ${state}.`);
  return {
    number,
    id,
    state: word,
    proposer,
    description: await descriptionOf(governed, id),
    calls: calls.map((call) => decodeCall(call, catalog)),
    votes: { for: votes.forVotes, against: votes.againstVotes, abstain: votes.abstainVotes },
    quorum: Number(snapshot) < nowSeconds ? await governor.quorum(snapshot) : null,
    votingStarts: Number(snapshot),
    votingEnds: Number(deadline),
    executableFrom: word === "queued" ? Number(eta) : null,
  };
}

/** All proposals, newest first. */
export async function readProposals(governed: Governed): Promise<ProposalView[]> {
  const count = Number(await governed.governance.governor.proposalCount());
  const numbers = Array.from({ length: count }, (_, index) => count - index);
  return await Promise.all(numbers.map(async (number) => await readProposal(governed, number)));
}

/** First line of a proposal's description, without the mark of a heading. */
export function titleOf({
  calls,
  description,
}: Pick<ProposalView, "calls" | "description">): string {
  const title = description?.split("\n")[0]?.replace(/^#+\s*/, "");
  return title === undefined || title === "" ? (calls[0]?.words ?? "") : title;
}

// One task reads the chain once; proposals are then looked up.
const descriptions = new WeakMap<object, Promise<Map<bigint, string>>>();

async function descriptionOf(governed: Governed, id: bigint): Promise<string | null> {
  const { governance } = governed;
  const known = descriptions.get(governance) ?? readDescriptions(governed);
  descriptions.set(governance, known);
  return (await known).get(id) ?? null;
}

async function readDescriptions({
  connection,
  fromBlock,
  governance,
}: Governed): Promise<Map<bigint, string>> {
  const { governor } = governance;
  const { topicHash } = governor.interface.getEvent("ProposalCreated");
  const address = await governor.getAddress();
  const where = { address, fromBlock, topics: [topicHash] };
  try {
    const created = await readEvents(connection.ethers.provider, governor.interface, where);
    return new Map(
      created.map(({ event }) => [
        event.args.getValue("proposalId") as bigint,
        String(event.args.getValue("description")),
      ]),
    );
  } catch {
    // Public nodes limit how far back logs may be asked for; everything else is in the governor's storage.
    return new Map();
  }
}

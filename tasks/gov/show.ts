import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

import { readEvents } from "../../deploy/logs.ts";
import { named } from "../../deploy/catalog.ts";
import type { TaskSettings } from "../shared/action.ts";
import { note, print, printJson } from "../shared/action.ts";
import { formatFields, formatMoment, formatTable } from "../shared/format.ts";
import { formatTokens } from "../shared/tokens.ts";
import type { Governed } from "./open.ts";
import { openGoverned } from "./open.ts";
import type { ProposalView } from "./proposals.ts";
import { findProposal, readProposals, titleOf } from "./proposals.ts";
import { callLines } from "./propose.ts";

/** Prints everything about one proposal. */
export async function showProposal(
  args: { proposal: string; json: boolean },
  hre: HardhatRuntimeEnvironment,
  settings: TaskSettings,
): Promise<void> {
  const governed = await openGoverned(hre, settings);
  const proposal = await findProposal(governed, args.proposal);
  const vetoedBy = proposal.state === "cancelled" ? await vetoOf(governed, proposal.id) : null;
  if (args.json) return printJson({ ...proposal, title: titleOf(proposal), vetoedBy });
  const { nowSeconds } = governed;
  const { quorum, votes } = proposal;
  print(`Proposal ${proposal.number}: ${titleOf(proposal)}`);
  const why = proposal.description?.split("\n").slice(1).join("\n").trim() ?? "";
  if (why !== "") print(why);
  print("");
  formatFields([
    ["State", stateWords(proposal, vetoedBy)],
    ["Proposer", named(governed.catalog, proposal.proposer)],
    ["Voting starts", formatMoment(proposal.votingStarts, nowSeconds)],
    ["Voting ends", formatMoment(proposal.votingEnds, nowSeconds)],
    ...(proposal.executableFrom === null
      ? []
      : [["Executable from", formatMoment(proposal.executableFrom, nowSeconds)] as const]),
    ["For", formatTokens(votes.for)],
    ["Against", formatTokens(votes.against)],
    ["Abstain", formatTokens(votes.abstain)],
    ["Quorum", quorum === null ? "counted when voting starts" : quorumWords(proposal, quorum)],
    ["Id", proposal.id.toString()],
  ]).forEach(print);
  print("");
  print("Calls by the timelock");
  callLines(proposal.calls).forEach(print);
}

/** Prints all proposals, newest first. */
export async function listProposals(
  { json }: { json: boolean },
  hre: HardhatRuntimeEnvironment,
  settings: TaskSettings,
): Promise<void> {
  const governed = await openGoverned(hre, settings);
  const proposals = await readProposals(governed);
  if (json) {
    return printJson(proposals.map((proposal) => ({ ...proposal, title: titleOf(proposal) })));
  }
  if (proposals.length === 0) {
    return print(
      'There is no proposal yet. Make one with: npx hardhat gov propose --set-feed BTC/USD --heartbeat 60 --why "…"',
    );
  }
  formatTable(
    [
      { title: "NO", align: "right" },
      { title: "STATE", align: "left" },
      { title: "FOR", align: "right" },
      { title: "AGAINST", align: "right" },
      { title: "NEXT", align: "left" },
      { title: "TITLE", align: "left" },
    ],
    proposals.map((proposal) => [
      proposal.number.toString(),
      proposal.state,
      formatTokens(proposal.votes.for),
      formatTokens(proposal.votes.against),
      nextMoment(proposal, governed.nowSeconds),
      titleOf(proposal),
    ]),
  ).forEach(print);
  note("npx hardhat gov show NO tells more about one.");
}

function nextMoment(proposal: ProposalView, nowSeconds: number): string {
  const { executableFrom, state, votingEnds, votingStarts } = proposal;
  if (state === "pending") return `voting starts ${formatMoment(votingStarts, nowSeconds)}`;
  if (state === "active") return `voting ends ${formatMoment(votingEnds, nowSeconds)}`;
  if (executableFrom !== null) return `executable ${formatMoment(executableFrom, nowSeconds)}`;
  return state === "succeeded" ? "to be queued" : "–";
}

function stateWords({ state }: ProposalView, vetoedBy: string | null): string {
  return vetoedBy === null ? state : `${state} by the guardian ${vetoedBy}`;
}

function quorumWords({ votes }: ProposalView, quorum: bigint): string {
  const reached = votes.for + votes.abstain >= quorum;
  return `${formatTokens(quorum)} for or abstaining (${reached ? "reached" : "not reached"})`;
}

async function vetoOf(
  { connection, fromBlock, governance }: Governed,
  id: bigint,
): Promise<string | null> {
  const { guardian } = governance;
  const address = await guardian.getAddress();
  const topics = [guardian.interface.getEvent("ProposalVetoed").topicHash];
  try {
    const vetoes = await readEvents(connection.ethers.provider, guardian.interface, {
      ...{ address, fromBlock, topics },
    });
    const veto = vetoes.find(({ event }) => event.args.getValue("proposalId") === id);
    return veto === undefined ? null : String(veto.event.args.getValue("holder"));
  } catch {
    return null;
  }
}

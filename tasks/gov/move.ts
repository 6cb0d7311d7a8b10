import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

import type { TaskSettings } from "../shared/action.ts";
import { print, printJson } from "../shared/action.ts";
import { TaskError } from "../shared/error.ts";
import { formatFields, formatMoment } from "../shared/format.ts";
import { eventIn, sendCall, sentLines, withCheckpoints } from "../shared/send.ts";
import { hintsAfter } from "./hints.ts";
import type { Acting } from "./open.ts";
import { openActing } from "./open.ts";
import type { ProposalView, State } from "./proposals.ts";
import { findProposal, titleOf } from "./proposals.ts";
import { waitForChain } from "../shared/wait.ts";

interface Args {
  proposal: string;
  from: string | undefined;
  wait: boolean;
  json: boolean;
}

/** Puts a proposal that passed into the timelock. Anyone may. */
export async function queueProposal(
  args: Args,
  hre: HardhatRuntimeEnvironment,
  settings: TaskSettings,
): Promise<void> {
  const acting = await openActing(hre, settings, args.from);
  const { governor } = acting.governance;
  const proposal = await settled(acting, args, "succeeded");
  const { id, number } = proposal;
  const { receipt, sent } = await sendCall(acting, {
    what: `DodonaGovernor.queue(proposal ${number})`,
    to: await governor.getAddress(),
    simulate: async () => await governor["queue(uint256)"].staticCall(id),
    send: async () => await governor["queue(uint256)"](id),
  });
  const eta = Number(eventIn(governor.interface, receipt, "ProposalQueued")?.["etaSeconds"]);
  if (args.json) return printJson({ proposal: number, id, executableFrom: eta, ...sent });
  print(`Proposal ${number} is queued: ${titleOf(proposal)}`);
  const now = (await acting.connection.ethers.provider.getBlock(receipt.blockNumber))?.timestamp;
  formatFields([["Executable from", formatMoment(eta, now ?? acting.nowSeconds)]]).forEach(print);
  sentLines(sent).forEach(print);
  print(
    `Execute with: npx hardhat gov execute ${number} --network ${acting.connection.networkName}`,
  );
}

/** Has the timelock do what a queued proposal says. Anyone may. */
export async function executeProposal(
  args: Args,
  hre: HardhatRuntimeEnvironment,
  settings: TaskSettings,
): Promise<void> {
  const acting = await openActing(hre, settings, args.from);
  const { governor } = acting.governance;
  const proposal = await settled(acting, args, "queued");
  const { executableFrom, id, number } = proposal;
  if (executableFrom !== null && executableFrom > acting.nowSeconds) {
    if (args.wait) await waitForChain(acting, executableFrom, `proposal ${number} can be executed`);
    else {
      throw new TaskError(
        `Proposal ${number} can be executed from ${formatMoment(executableFrom, acting.nowSeconds)}. Wait for it with --wait.`,
      );
    }
  }
  const { sent } = await sendCall(acting, {
    what: `DodonaGovernor.execute(proposal ${number})`,
    to: await governor.getAddress(),
    simulate: async () => await governor["execute(uint256)"].staticCall(id),
    send: async () =>
      await governor["execute(uint256)"](
        id,
        await withCheckpoints(governor["execute(uint256)"].estimateGas(id)),
      ),
  });
  if (args.json) {
    return printJson({ proposal: number, id, state: "executed", calls: proposal.calls, ...sent });
  }
  print(`Proposal ${number} is executed: ${titleOf(proposal)}`);
  sentLines(sent).forEach(print);
  hintsAfter(proposal.calls, acting.connection.networkName).forEach(print);
}

/** Withdraws a proposal: its proposer may, until voting starts. */
export async function cancelProposal(
  args: Omit<Args, "wait">,
  hre: HardhatRuntimeEnvironment,
  settings: TaskSettings,
): Promise<void> {
  const first = await openActing(hre, settings, args.from);
  const { id, number, proposer, state } = await findProposal(first, args.proposal);
  const acting =
    args.from === undefined ? await openActing(hre, settings, await ownOr(first, proposer)) : first;
  if (acting.account !== proposer) {
    throw new TaskError(
      `Proposal ${number} is ${proposer}'s, who alone may cancel it. The guardian's holder can: npx hardhat guardian veto ${number}`,
    );
  }
  if (state !== "pending") {
    throw new TaskError(
      `Proposal ${number} is ${state}: a proposer may cancel only before voting starts. The guardian's holder can: npx hardhat guardian veto ${number}`,
    );
  }
  const { governor } = acting.governance;
  const { sent } = await sendCall(acting, {
    what: `DodonaGovernor.cancel(proposal ${number})`,
    to: await governor.getAddress(),
    simulate: async () => await governor["cancel(uint256)"].staticCall(id),
    send: async () => await governor["cancel(uint256)"](id),
  });
  if (args.json) return printJson({ proposal: number, id, state: "cancelled", ...sent });
  print(`Proposal ${number} is cancelled.`);
  sentLines(sent).forEach(print);
}

/** The proposer where this machine holds its account, else the account that was opened. */
async function ownOr(acting: Acting, proposer: string): Promise<string> {
  const own = await acting.connection.ethers.getSigners();
  return own.some(({ address }) => address === proposer) ? proposer : acting.account;
}

/** The proposal once it has the state, where waiting for the vote's end may bring it there. */
async function settled(
  acting: Acting,
  { proposal: given, wait }: Args,
  wanted: State,
): Promise<ProposalView> {
  for (;;) {
    const proposal = await findProposal(acting, given);
    const { number, state, votingEnds, votingStarts } = proposal;
    if (state === wanted) return proposal;
    const open = state === "pending" || state === "active";
    if (open && wait && wanted === "succeeded") {
      await waitForChain(acting, votingEnds + 1, `voting on proposal ${number} ends`);
      continue;
    }
    throw new TaskError(
      `Proposal ${number} is ${state}${whatNext(state, { number, votingEnds, votingStarts }, acting)}`,
    );
  }
}

function whatNext(
  state: State,
  {
    number,
    votingEnds,
    votingStarts,
  }: Pick<ProposalView, "number" | "votingEnds" | "votingStarts">,
  { nowSeconds }: Acting,
): string {
  switch (state) {
    case "pending":
      return `: voting starts at ${formatMoment(votingStarts, nowSeconds)}.`;
    case "active":
      return `: voting ends at ${formatMoment(votingEnds, nowSeconds)}. Wait for it with: npx hardhat gov queue ${number} --wait`;
    case "succeeded":
      return `. Queue it first: npx hardhat gov queue ${number}`;
    case "queued":
      return ` already. Execute it: npx hardhat gov execute ${number}`;
    case "defeated":
      return ": it did not get the votes. npx hardhat gov show says how many.";
    default:
      return ": nothing can be done with it any more.";
  }
}

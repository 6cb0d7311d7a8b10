import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

import { formatMoment } from "../shared/format.ts";
import type { TaskSettings } from "../shared/action.ts";
import { note, print, printJson } from "../shared/action.ts";
import { TaskError } from "../shared/error.ts";
import type { Sent } from "../shared/send.ts";
import { eventIn, sendCall, sentLines } from "../shared/send.ts";
import { formatTokens } from "../shared/tokens.ts";
import type { Acting, Who } from "./open.ts";
import { openAsVoter, openVoters } from "./open.ts";
import { findProposal, titleOf } from "./proposals.ts";
import { waitForChain } from "../shared/wait.ts";

/** What a vote may say, as the governor counts it. */
const SUPPORT = { against: 0, for: 1, abstain: 2 } as const;

type Support = keyof typeof SUPPORT;

/** A vote that was cast. */
interface Cast extends Sent {
  voter: string;
  support: Support;
  weight: bigint;
}

/** Votes on a proposal with one account or, by `--as all`, with all of the network's own voters. */
export async function vote(
  args: Who & {
    proposal: string;
    support: string;
    reason: string | undefined;
    wait: boolean;
    json: boolean;
  },
  hre: HardhatRuntimeEnvironment,
  settings: TaskSettings,
): Promise<void> {
  const support = supportOf(args.support);
  const voters =
    args.as === "all"
      ? await openVoters(hre, settings, "all")
      : [await openAsVoter(hre, settings, args)];
  const [first] = voters;
  if (first === undefined) throw new TaskError("There is no voter.");
  const { number, title } = await readyToVote(first, args.proposal, args.wait);
  const casts: Cast[] = [];
  for (const voter of voters)
    casts.push(await cast(voter, args.proposal, support, args.reason ?? ""));
  if (args.json)
    return printJson(
      args.as === "all" ? { proposal: number, votes: casts } : { proposal: number, ...casts[0] },
    );
  for (const { voter, weight } of casts) {
    print(`${voter} voted ${support} with ${formatTokens(weight)}: proposal ${number}, ${title}`);
  }
  if (casts.length === 1) casts.flatMap(sentLines).forEach(print);
}

/** Waits for the voting to start, or says when it does or that it is over. */
async function readyToVote(
  acting: Acting,
  given: string,
  wait: boolean,
): Promise<{ number: number; title: string }> {
  const proposal = await findProposal(acting, given);
  const { number, state, votingEnds, votingStarts } = proposal;
  const title = titleOf(proposal);
  if (state === "pending") {
    // The governor counts a block at the very second of the start as before it.
    if (wait) await waitForChain(acting, votingStarts + 1, `voting on proposal ${number} starts`);
    else {
      throw new TaskError(
        `Voting on proposal ${number} starts at ${formatMoment(votingStarts, acting.nowSeconds)}. Wait for it with --wait.`,
      );
    }
  } else if (state !== "active") {
    throw new TaskError(
      `Proposal ${number} is ${state}: voting ended at ${formatMoment(votingEnds, acting.nowSeconds)}.`,
    );
  }
  return { number, title };
}

async function cast(
  acting: Acting,
  given: string,
  support: Support,
  reason: string,
): Promise<Cast> {
  const { governor } = acting.governance;
  const { id, number } = await findProposal(acting, given);
  if (await governor.hasVoted(id, acting.account)) {
    throw new TaskError(`${acting.account} has voted on proposal ${number} already.`);
  }
  const bound = [id, SUPPORT[support], reason] as const;
  const { receipt, sent } = await sendCall(acting, {
    what: `DodonaGovernor.castVote(proposal ${number}, ${support})`,
    to: await governor.getAddress(),
    simulate: async () => await governor.castVoteWithReason.staticCall(...bound),
    send: async () => await governor.castVoteWithReason(...bound),
  });
  const counted = eventIn(governor.interface, receipt, "VoteCast")?.["weight"];
  const weight = typeof counted === "bigint" ? counted : 0n;
  if (weight === 0n) {
    note(`${acting.account} had no voting power when the voting started: the vote counts nothing.`);
  }
  return { voter: acting.account, support, weight, ...sent };
}

function supportOf(given: string): Support {
  if (given in SUPPORT) return given as Support;
  throw new TaskError(`"${given}" is no vote: say for, against or abstain.`);
}

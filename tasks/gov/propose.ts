import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

import type { TaskSettings } from "../shared/action.ts";
import { note, print, printJson } from "../shared/action.ts";
import { TaskError } from "../shared/error.ts";
import { formatFields, formatMoment } from "../shared/format.ts";
import { eventIn, sendCall, sentLines } from "../shared/send.ts";
import { formatTokens } from "../shared/tokens.ts";
import type { Wishes } from "./action.ts";
import { actionsOf } from "./actions.ts";
import type { DecodedCall } from "./calls.ts";
import { decodeCall } from "./calls.ts";
import type { Acting, Who } from "./open.ts";
import { openAsVoter } from "./open.ts";
import type { Simulation } from "./simulate.ts";
import { simulate } from "./simulate.ts";

/**
 * Makes a proposal out of what a person wishes: shows the calls that it consists of, tries them on a fork, and proposes
 * them only if they pass or the person insists.
 */
export async function propose(
  args: Who & { why: string | undefined; force: boolean; dryRun: boolean; json: boolean },
  wishes: Wishes,
  hre: HardhatRuntimeEnvironment,
  settings: TaskSettings,
): Promise<void> {
  if (args.why === undefined || args.why.trim() === "") {
    throw new TaskError('Say why with --why "…": voters read it.');
  }
  const acting = await openAsVoter(hre, settings, args);
  const actions = await actionsOf(wishes, acting);
  const calls = actions.map(({ call }) => decodeCall(call, acting.catalog));
  const title = actions.map(({ title: one }) => one).join("; ");
  const description = `# ${title}\n\n${args.why.trim()}`;
  note(`Proposal: ${title}`);
  callLines(calls).forEach(note);
  const simulation = await simulate(hre, acting, calls);
  note(simulationLine(simulation));
  if (!simulation.passes && !args.force) {
    throw new TaskError(
      `Execution would fail at call ${simulation.call}: ${simulation.reason}. Propose it all the same with --force.`,
    );
  }
  const shown = { title, description, calls, simulation };
  if (args.dryRun) {
    if (args.json) return printJson({ proposal: null, ...shown });
    return print("Nothing was sent (--dry-run).");
  }
  await requireThreshold(acting);
  const { governor } = acting.governance;
  const bound = [
    calls.map(({ target }) => target),
    calls.map(({ value }) => value),
    calls.map(({ data }) => data),
    description,
  ] as const;
  const { receipt, sent } = await sendCall(acting, {
    what: `DodonaGovernor.propose(${title})`,
    to: await governor.getAddress(),
    simulate: async () => await governor.propose.staticCall(...bound),
    send: async () => await governor.propose(...bound),
  });
  const created = eventIn(governor.interface, receipt, "ProposalCreated");
  const id = BigInt(String(created?.["proposalId"]));
  const votingStarts = Number(created?.["voteStart"]);
  const votingEnds = Number(created?.["voteEnd"]);
  const number = await numberOf(acting, id);
  if (args.json) {
    return printJson({ proposal: { number, id, votingStarts, votingEnds }, ...shown, ...sent });
  }
  const now = (await acting.connection.ethers.provider.getBlock(receipt.blockNumber))?.timestamp;
  print(`Proposal ${number}: ${title}`);
  formatFields([
    ["Id", id.toString()],
    ["Voting starts", formatMoment(votingStarts, now ?? acting.nowSeconds)],
    ["Voting ends", formatMoment(votingEnds, now ?? acting.nowSeconds)],
  ]).forEach(print);
  sentLines(sent).forEach(print);
  print(`Vote with: npx hardhat gov vote ${number} for --network ${acting.connection.networkName}`);
}

/** Lines that list calls, each with what it is in words and where it goes. */
export function callLines(calls: readonly DecodedCall[]): string[] {
  return calls.flatMap(({ target, words }, index) => [
    `  ${index + 1}. ${words}`,
    `     to ${target}`,
  ]);
}

function simulationLine(simulation: Simulation): string {
  return simulation.passes
    ? `Simulated on a fork: it passes and uses ${simulation.gasUsed.toLocaleString("en-US")} gas.`
    : `Simulated on a fork: call ${simulation.call} fails: ${simulation.reason}.`;
}

async function requireThreshold({ account, governance, nowSeconds }: Acting): Promise<void> {
  const { governor } = governance;
  const [votes, threshold] = await Promise.all([
    governor.getVotes(account, nowSeconds - 1),
    governor.proposalThreshold(),
  ]);
  if (votes >= threshold) return;
  throw new TaskError(
    `${account} has ${formatTokens(votes)} of votes and a proposer needs ${formatTokens(threshold)}. ` +
      "Choose another account with --as or --from; votes come by: npx hardhat gov delegate",
  );
}

async function numberOf({ governance }: Acting, id: bigint): Promise<number> {
  const { governor } = governance;
  for (let number = Number(await governor.proposalCount()); number > 0; number--) {
    const [known] = await governor.proposalDetailsAt(number - 1);
    if (known === id) return number;
  }
  throw new TaskError(`The governor does not know proposal ${id}.`);
}

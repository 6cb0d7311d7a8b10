import { emptyTask, task } from "hardhat/config";
import { ArgumentType } from "hardhat/types/arguments";
import type { TaskDefinition } from "hardhat/types/tasks";

import type { TaskSettings } from "./shared/action.ts";
import { runAction } from "./shared/action.ts";

const optional = <Name extends string>(name: Name, description: string) => ({
  name,
  description,
  type: ArgumentType.STRING_WITHOUT_DEFAULT as const,
  defaultValue: undefined,
});
const JSON_FLAG = { name: "json", description: "Print one JSON document on stdout" } as const;
const WAIT = { name: "wait", description: "Wait for the moment, up to ten minutes" } as const;
const PROPOSAL = { name: "proposal", description: "Number or id of the proposal" } as const;
const FROM = optional("from", "Sending account: address or index");
const AS = optional("as", "Voter: number among the network's accounts that have votes");
const example = (text: string, command: string): string =>
  `${text}, e.g. npx hardhat gov ${command}`;

/** `npx hardhat gov …`: propose, vote, queue, execute, cancel, show, list, delegate. */
export function govTasks(settings: TaskSettings): TaskDefinition[] {
  return [
    emptyTask("gov", "Propose, decide and carry out changes of the network").build(),
    proposeTask(settings),
    voteTask(settings),
    moveTask("queue", "Put a proposal that passed into the timelock", settings),
    moveTask("execute", "Carry out a queued proposal", settings),
    task(["gov", "cancel"], example("Withdraw an own proposal", "cancel 1 --network local"))
      .addPositionalArgument(PROPOSAL)
      .addOption(FROM)
      .addFlag(JSON_FLAG)
      .setInlineAction(
        async (args, hre) =>
          await runAction(async () => {
            const { cancelProposal } = await import("./gov/move.ts");
            await cancelProposal(args, hre, settings);
          }),
      )
      .build(),
    task(["gov", "show"], example("Show one proposal", "show 1 --network local"))
      .addPositionalArgument(PROPOSAL)
      .addFlag(JSON_FLAG)
      .setInlineAction(
        async (args, hre) =>
          await runAction(async () => {
            const { showProposal } = await import("./gov/show.ts");
            await showProposal(args, hre, settings);
          }),
      )
      .build(),
    task(["gov", "list"], example("List all proposals", "list --network local"))
      .addFlag(JSON_FLAG)
      .setInlineAction(
        async (args, hre) =>
          await runAction(async () => {
            const { listProposals } = await import("./gov/show.ts");
            await listProposals(args, hre, settings);
          }),
      )
      .build(),
    task(
      ["gov", "delegate"],
      example(
        "Lend an account's votes to another or to itself",
        "delegate self --from 14 --network local",
      ),
    )
      .addPositionalArgument({ name: "to", description: "Address or index, or self" })
      .addOption(FROM)
      .addFlag(JSON_FLAG)
      .setInlineAction(
        async (args, hre) =>
          await runAction(async () => {
            const { delegate } = await import("./gov/delegate.ts");
            await delegate(args, hre, settings);
          }),
      )
      .build(),
  ];
}

function proposeTask(settings: TaskSettings): TaskDefinition {
  return task(
    ["gov", "propose"],
    example(
      "Propose changes; several options make one proposal",
      'propose --set-feed BTC/USD --heartbeat 60 --why "fewer transactions" --network local',
    ),
  )
    .addOption(optional("why", "Reason, which voters read"))
    .addOption(optional("setFeed", "Feeds whose parameters change, separated by commas"))
    .addOption(optional("createFeed", "Feed to create, BASE/QUOTE"))
    .addOption(optional("like", "Feed whose parameters a new one takes (default the first)"))
    .addOption(optional("resetFeed", "Feed to empty"))
    .addOption(optional("heartbeat", "Longest time between two reports, s"))
    .addOption(optional("deviationBps", "Change that makes a report due, bps"))
    .addOption(optional("cosignToleranceBps", "Furthest from a cosigner's own price, bps"))
    .addOption(optional("bandBps", "Half-width of the breaker's band, bps"))
    .addOption(optional("tau", "Time constant of the moving average, s"))
    .addOption(optional("cooldown", "Time that an out-of-band answer must hold, s"))
    .addOption(optional("minReports", "Reports that confirm an out-of-band answer"))
    .addOption(optional("dormancy", "Silence after which governance must reset the feed, s"))
    .addOption(optional("minVenues", "Venues that an operator needs"))
    .addOption(optional("history", "Rounds kept for getRoundData"))
    .addOption(optional("setOperators", "Active operators in order of their signer bits: A,B,C"))
    .addOption(optional("registerKey", "Public key of randomness to register, SEC 1 hex"))
    .addOption(optional("operator", "Account that a new key of randomness belongs to"))
    .addOption(optional("setKey", "Hash of the key of randomness whose terms change"))
    .addOption(optional("deregisterKey", "Hash of the key of randomness to retire"))
    .addOption(optional("maxGasPriceGwei", "Terms of the key: price ceiling, gwei"))
    .addOption(optional("premiumEther", "Terms of the key: fee per request, ether"))
    .addOption(optional("bondShareEther", "Terms of the key: bond lost by a refund, ether"))
    .addOption(optional("minStake", "Least stake of an operator, DODONA"))
    .addOption(optional("equivocationBps", "Penalty for two observations of a slot, bps of stake"))
    .addOption(optional("wrongMediansBps", "Penalty for a report of wrong medians, bps of stake"))
    .addOption(optional("epochBudget", "What an epoch pays to all operators at most, DODONA"))
    .addOption(optional("send", "Amount that the treasury sends, ether or tokens"))
    .addOption(
      optional(
        "to",
        "Who gets what is sent, withdrawn or reassigned: address, index or a contract",
      ),
    )
    .addOption(optional("token", "Token that is sent or withdrawn: DODONA, native or an address"))
    .addOption(
      optional("setLimits", "Token whose payouts are limited: DODONA, native or an address"),
    )
    .addOption(optional("perHour", "Most that is paid out in an hour, whole tokens"))
    .addOption(optional("perDay", "Most that is paid out in a day"))
    .addOption(optional("perAccount", "Most that is paid out to an account in a day"))
    .addOption(optional("perEpoch", "Most that an epoch adds"))
    .addOption(optional("setApprovers", "Approvers of payouts: A,B,C"))
    .addOption(optional("threshold", "Approvals that a proposal of payouts needs"))
    .addOption(optional("withdraw", "Amount of deposits for payouts that is taken back"))
    .addOption(optional("reassign", "Account whose claims of payouts go to another, for lost keys"))
    .addOption(optional("appointGuardian", "Account that becomes the guardian's holder"))
    .addFlag({ name: "dismissGuardian", description: "Remove the guardian's holder" })
    .addFlag({ name: "renewGuardian", description: "Start the guardian's term anew" })
    .addOption(optional("unpause", "Contracts whose pause ends, by name, separated by commas"))
    .addOption(
      optional("call", "Any call: target:signature:arguments, the target by name or address"),
    )
    .addOption(optional("value", "Ether that goes with --call"))
    .addOption(AS)
    .addOption(FROM)
    .addFlag({ name: "dryRun", description: "Show and simulate, send nothing" })
    .addFlag({ name: "force", description: "Propose even what would fail now" })
    .addFlag(JSON_FLAG)
    .setInlineAction(
      async (args, hre) =>
        await runAction(async () => {
          const [{ propose }, { parseParams }] = await Promise.all([
            import("./gov/propose.ts"),
            import("./feeds/create.ts"),
          ]);
          await propose(args, { ...args, params: parseParams(args) }, hre, settings);
        }),
    )
    .build();
}

function voteTask(settings: TaskSettings): TaskDefinition {
  return task(["gov", "vote"], example("Vote on a proposal", "vote 1 for --as 0 --network local"))
    .addPositionalArgument(PROPOSAL)
    .addPositionalArgument({ name: "support", description: "for, against or abstain" })
    .addOption(optional("reason", "Why; it is written on chain"))
    .addOption(optional("as", "Voter: number among the network's accounts that have votes, or all"))
    .addOption(FROM)
    .addFlag(WAIT)
    .addFlag(JSON_FLAG)
    .setInlineAction(
      async (args, hre) =>
        await runAction(async () => {
          const { vote } = await import("./gov/vote.ts");
          await vote(args, hre, settings);
        }),
    )
    .build();
}

function moveTask(
  action: "queue" | "execute",
  description: string,
  settings: TaskSettings,
): TaskDefinition {
  return task(["gov", action], example(description, `${action} 1 --wait --network local`))
    .addPositionalArgument(PROPOSAL)
    .addOption(FROM)
    .addFlag(WAIT)
    .addFlag(JSON_FLAG)
    .setInlineAction(
      async (args, hre) =>
        await runAction(async () => {
          const { executeProposal, queueProposal } = await import("./gov/move.ts");
          await (action === "queue" ? queueProposal : executeProposal)(args, hre, settings);
        }),
    )
    .build();
}

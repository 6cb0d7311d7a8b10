import { emptyTask, task } from "hardhat/config";
import { ArgumentType } from "hardhat/types/arguments";
import type { TaskDefinition } from "hardhat/types/tasks";

import { payoutsMoneyTasks } from "./payoutsMoney.ts";
import { ACCEPT_FINDINGS, example, FOLDER } from "./payouts/options.ts";
import type { TaskSettings } from "./shared/action.ts";
import { runAction } from "./shared/action.ts";
import { FROM, JSON_FLAG, number, optional } from "./vrf/options.ts";

const PROGRAM = { name: "program", description: "Program file" } as const;

/** `npx hardhat payouts …`: from a program file to people who are paid, and the proofs of both. */
export function payoutsTasks(settings: TaskSettings): TaskDefinition[] {
  return [
    emptyTask("payouts", "Pay people every day, and prove that it was right").build(),
    task(
      ["payouts", "preview"],
      example(
        "Show whom a program's next epoch pays, who is out and why, and what would hold it",
        "preview program.json --top 20",
      ),
    )
      .addPositionalArgument(PROGRAM)
      .addOption(number("top", "Recipients that are shown; 0 for all", 10))
      .addOption(optional("account", "Say where this account stands, and why"))
      .addOption(FOLDER)
      .addFlag(JSON_FLAG)
      .setInlineAction(
        async (args, hre) =>
          await runAction(async () => {
            const { previewProgram } = await import("./payouts/preview.ts");
            await previewProgram(args, hre, settings);
          }),
      )
      .build(),
    task(
      ["payouts", "propose"],
      example(
        "Propose the next epoch by hand, as the keeper does",
        "propose program.json --from 6",
      ),
    )
      .addPositionalArgument(PROGRAM)
      .addOption(
        optional("uri", "Where others find the file, with {hash} (default the index's API)"),
      )
      .addFlag(ACCEPT_FINDINGS)
      .addOption(FROM)
      .addOption(FOLDER)
      .addFlag(JSON_FLAG)
      .setInlineAction(
        async (args, hre) =>
          await runAction(async () => {
            const { proposeEpoch } = await import("./payouts/propose.ts");
            await proposeEpoch(args, hre, settings);
          }),
      )
      .build(),
    task(
      ["payouts", "approve"],
      example(
        "Compute a proposal again, and approve it if it is the same",
        "approve --program program.json --from 8",
      ),
    )
      .addPositionalArgument({
        name: "proposal",
        description: "Id of the proposal (default the only one that is open)",
        type: ArgumentType.STRING_WITHOUT_DEFAULT,
        defaultValue: undefined,
      })
      .addOption(optional("program", "Your own copy of the program file"))
      .addOption(optional("keyFile", 'Approver\'s key: JSON {"payouts": "0x…"}, mode 0600'))
      .addFlag({ name: "signatureOnly", description: "Print the signature; send nothing" })
      .addOption(optional("signature", "Bring a signature that --approver made; computes nothing"))
      .addOption(optional("approver", "Whose signature is brought"))
      .addFlag(ACCEPT_FINDINGS)
      .addOption(FROM)
      .addOption(FOLDER)
      .addFlag(JSON_FLAG)
      .setInlineAction(
        async (args, hre) =>
          await runAction(async () => {
            const { approveProposal } = await import("./payouts/approve.ts");
            await approveProposal(args, hre, settings);
          }),
      )
      .build(),
    task(
      ["payouts", "release"],
      example(
        "Let an epoch go on that the keepers hold for a person",
        'release 7 --why "the exchange moved its wallet"',
      ),
    )
      .addPositionalArgument({ name: "epoch", description: "Epoch", type: ArgumentType.INT })
      .addOption(optional("why", "Why it may go on; goes into the audit log"))
      .addOption(optional("by", "Who says so (default this machine's user)"))
      .addFlag(JSON_FLAG)
      .setInlineAction(
        async (args, hre) =>
          await runAction(async () => {
            const { releaseEpoch } = await import("./payouts/release.ts");
            await releaseEpoch(args, hre, settings);
          }),
      )
      .build(),
    task(
      ["payouts", "activate"],
      example("Make the epoch that is ready the one that pays; anyone may", "activate"),
    )
      .addOption(FROM)
      .addFlag(JSON_FLAG)
      .setInlineAction(
        async (args, hre) =>
          await runAction(async () => {
            const { activateEpoch } = await import("./payouts/activate.ts");
            await activateEpoch(args, hre, settings);
          }),
      )
      .build(),
    task(
      ["payouts", "status"],
      example("Show epochs, approvals, holds, money and limits", "status"),
    )
      .addFlag(JSON_FLAG)
      .setInlineAction(
        async (args, hre) =>
          await runAction(async () => {
            const { payoutStatus } = await import("./payouts/status.ts");
            await payoutStatus(args, hre, settings);
          }),
      )
      .build(),
    ...payoutsMoneyTasks(settings),
  ];
}

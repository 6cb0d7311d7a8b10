import { emptyTask, task } from "hardhat/config";
import { ArgumentType } from "hardhat/types/arguments";
import type { TaskDefinition } from "hardhat/types/tasks";

import { example, FOLDER, RECOMPUTE } from "./payouts/options.ts";
import type { TaskSettings } from "./shared/action.ts";
import { runAction } from "./shared/action.ts";
import { FROM, JSON_FLAG, number, optional } from "./vrf/options.ts";

const FLAGS_FROM_HOLDER = optional(
  "from",
  "Sending account: address or index (default the guardian's holder)",
);

/** Tasks that pay, prove and stop: `payouts claim`, `push`, `verify`, `audit`, `pause`, `raffle …`. */
export function payoutsMoneyTasks(settings: TaskSettings): TaskDefinition[] {
  return [
    task(
      ["payouts", "claim"],
      example(
        "Claim what an account is owed",
        "claim --for 0x90f79bf6eb2c4f870365e785982e1f101e93b906",
      ),
    )
      .addOption(optional("for", "Account that earned it (default the sending account)"))
      .addOption(optional("to", "Pay to this address instead; only the account itself may"))
      .addOption(optional("token", "Token (default all that it earned)"))
      .addOption(RECOMPUTE)
      .addOption(FROM)
      .addOption(FOLDER)
      .addFlag(JSON_FLAG)
      .setInlineAction(
        async (args, hre) =>
          await runAction(async () => {
            const { claimPayout } = await import("./payouts/claim.ts");
            await claimPayout(args, hre, settings);
          }),
      )
      .build(),
    task(
      ["payouts", "push"],
      example("Pay everybody who is owed something, in batches", "push --batch 100"),
    )
      .addOption(optional("token", "Token (default the only one that was earned)"))
      .addOption(number("batch", "Recipients of one transaction", 100))
      .addOption(
        optional("min", "Leave out who is owed less, in the token's smallest unit (default 1)"),
      )
      .addOption(RECOMPUTE)
      .addOption(FROM)
      .addOption(FOLDER)
      .addFlag(JSON_FLAG)
      .setInlineAction(
        async (args, hre) =>
          await runAction(async () => {
            const { pushPayouts } = await import("./payouts/push.ts");
            await pushPayouts(args, hre, settings);
          }),
      )
      .build(),
    task(
      ["payouts", "verify"],
      example("Compute an epoch again from chain data; fails where the root differs", "verify 7"),
    )
      .addPositionalArgument({ name: "epoch", description: "Epoch", type: ArgumentType.INT })
      .addOption(optional("program", "Program file (default the one published with the epoch)"))
      .addFlag({ name: "fromFirst", description: "Compute all epochs before it again, too" })
      .addOption(FOLDER)
      .addFlag(JSON_FLAG)
      .setInlineAction(
        async (args, hre) =>
          await runAction(async () => {
            const { verifyPayout } = await import("./payouts/verify.ts");
            await verifyPayout(args, hre, settings);
          }),
      )
      .build(),
    task(
      ["payouts", "audit"],
      example("Prove that the keeper's audit log is whole", "audit --entries"),
    )
      .addFlag({ name: "entries", description: "Print the log, too" })
      .addOption(FOLDER)
      .addFlag(JSON_FLAG)
      .setInlineAction(
        async (args, hre) =>
          await runAction(async () => {
            const { auditPayouts } = await import("./payouts/audit.ts");
            await auditPayouts(args, hre, settings);
          }),
      )
      .build(),
    task(
      ["payouts", "pause"],
      example("Stop claims, pushes and activations for 72 hours, as the guardian", "pause"),
    )
      .addOption(FLAGS_FROM_HOLDER)
      .addFlag(JSON_FLAG)
      .setInlineAction(
        async (args, hre) =>
          await runAction(async () => {
            const { pausePayouts } = await import("./payouts/pause.ts");
            await pausePayouts(args, hre, settings);
          }),
      )
      .build(),
    emptyTask(["payouts", "raffle"], "Get a raffle's random words").build(),
    task(
      ["payouts", "raffle", "create"],
      example(
        "Deploy the contract through which a raffle's words are asked for",
        "raffle create --start-day 2026-11-01 --epoch-hour 6 --sub 0x12ab…",
      ),
    )
      .addOption(optional("startDay", "The program's startDay"))
      .addOption(number("epochHour", "The program's epochHour, UTC", 0))
      .addOption(optional("sub", "Subscription of the sending account that pays"))
      .addOption(optional("key", "Hash of the proving key (default the first active one)"))
      .addOption(optional("confirmations", "Blocks to wait (default the coordinator's fewest)"))
      .addOption(FROM)
      .addFlag(JSON_FLAG)
      .setInlineAction(
        async (args, hre) =>
          await runAction(async () => {
            const { createRaffle } = await import("./payouts/raffle.ts");
            await createRaffle(args, hre, settings);
          }),
      )
      .build(),
    task(
      ["payouts", "raffle", "ask"],
      example("Ask for the words of the day that has ended; anyone may", "raffle ask program.json"),
    )
      .addPositionalArgument({ name: "program", description: "Program file" })
      .addOption(FROM)
      .addFlag(JSON_FLAG)
      .setInlineAction(
        async (args, hre) =>
          await runAction(async () => {
            const { askRaffle } = await import("./payouts/raffle.ts");
            await askRaffle(args, hre, settings);
          }),
      )
      .build(),
  ];
}

import { emptyTask, task } from "hardhat/config";
import type { TaskDefinition } from "hardhat/types/tasks";

import type { TaskSettings } from "./shared/action.ts";
import { runAction } from "./shared/action.ts";
import { example, FROM, JSON_FLAG, optional } from "./vrf/options.ts";

const KEY = optional("key", "Hash of the proving key (default the account's only one)");
const TO = optional("to", "Who is paid (default the sending account)");

/** Tasks of who proves random words: `vrf bond …`, `vrf rewards`. */
export function vrfOperatorTasks(settings: TaskSettings): TaskDefinition[] {
  return [
    emptyTask(["vrf", "bond"], "Deposit and withdraw the bond of a proving key").build(),
    task(
      ["vrf", "bond", "deposit"],
      example("Add to the bond of a proving key; anyone may", "bond deposit --ether 10"),
    )
      .addOption(optional("ether", "Amount in the chain's coin"))
      .addOption(KEY)
      .addOption(FROM)
      .addFlag(JSON_FLAG)
      .setInlineAction(
        async (args, hre) =>
          await runAction(async () => {
            const { depositBond } = await import("./vrf/bond.ts");
            await depositBond(args, hre, settings);
          }),
      )
      .build(),
    task(
      ["vrf", "bond", "announce"],
      example(
        "Announce that bond will be withdrawn, as the operator",
        "bond announce --ether 5 --from 1",
      ),
    )
      .addOption(optional("ether", "Amount; 0 ends an earlier announcement"))
      .addOption(KEY)
      .addOption(FROM)
      .addFlag(JSON_FLAG)
      .setInlineAction(
        async (args, hre) =>
          await runAction(async () => {
            const { announceBond } = await import("./vrf/bond.ts");
            await announceBond(args, hre, settings);
          }),
      )
      .build(),
    task(
      ["vrf", "bond", "withdraw"],
      example(
        "Take announced bond once its wait is over, as the operator",
        "bond withdraw --from 1",
      ),
    )
      .addOption(KEY)
      .addOption(TO)
      .addOption(FROM)
      .addFlag(JSON_FLAG)
      .setInlineAction(
        async (args, hre) =>
          await runAction(async () => {
            const { withdrawBond } = await import("./vrf/bond.ts");
            await withdrawBond(args, hre, settings);
          }),
      )
      .build(),
    task(
      ["vrf", "rewards"],
      example("Show what proving keys have earned, or take it", "rewards --collect --from 1"),
    )
      .addFlag({
        name: "collect",
        description: "Collect from subscriptions and withdraw, as the operator",
      })
      .addOption(KEY)
      .addOption(TO)
      .addOption(FROM)
      .addFlag(JSON_FLAG)
      .setInlineAction(
        async (args, hre) =>
          await runAction(async () => {
            const { rewards } = await import("./vrf/rewards.ts");
            await rewards(args, hre, settings);
          }),
      )
      .build(),
  ];
}

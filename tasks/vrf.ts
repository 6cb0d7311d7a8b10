import { emptyTask, task } from "hardhat/config";
import type { TaskDefinition } from "hardhat/types/tasks";

import type { TaskSettings } from "./shared/action.ts";
import { runAction } from "./shared/action.ts";
import { example, JSON_FLAG, number, optional } from "./vrf/options.ts";
import { vrfOperatorTasks } from "./vrfOperator.ts";
import { vrfSubscriptionTasks } from "./vrfSubscription.ts";

const ID = { name: "id", description: "Request id, decimal or with 0x" } as const;

/** `npx hardhat vrf …`: request, status, verify, replay, keys, subscriptions, and the tasks of payers and operators. */
export function vrfTasks(settings: TaskSettings): TaskDefinition[] {
  return [
    emptyTask("vrf", "Request, follow and check random words").build(),
    task(
      ["vrf", "request"],
      example(
        "Request random words through a sample consumer and wait for them",
        "request --words 3",
      ),
    )
      .addOption(number("words", "Number of words, 1 to 500", 1))
      .addOption(optional("confirmations", "Blocks to wait (default the coordinator's fewest)"))
      .addOption(number("callbackGas", "Gas for the consumer's callback", 200_000))
      .addOption(optional("key", "Hash of the proving key (default the first active one)"))
      .addOption(
        optional(
          "sub",
          "Subscription that pays (default, on a local chain: one is made and funded)",
        ),
      )
      .addOption(optional("from", "Sending account: address or index (default the first)"))
      .addOption(number("timeout", "Seconds to wait for the words", 60))
      .addFlag(JSON_FLAG)
      .setInlineAction(
        async (args, hre) =>
          await runAction(async () => {
            const { requestWords } = await import("./vrf/request.ts");
            await requestWords(args, hre, settings);
          }),
      )
      .build(),
    task(
      ["vrf", "status"],
      example("Say where a request stands and why it waits", "status 0x12ab…"),
    )
      .addPositionalArgument(ID)
      .addFlag(JSON_FLAG)
      .setInlineAction(
        async (args, hre) =>
          await runAction(async () => {
            const { requestStatus } = await import("./vrf/status.ts");
            await requestStatus(args, hre, settings);
          }),
      )
      .build(),
    task(
      ["vrf", "verify"],
      example("Check a request's proof and words again, from public data alone", "verify 0x12ab…"),
    )
      .addPositionalArgument(ID)
      .addFlag(JSON_FLAG)
      .setInlineAction(
        async (args, hre) =>
          await runAction(async () => {
            const { verifyWords } = await import("./vrf/verify.ts");
            await verifyWords(args, hre, settings);
          }),
      )
      .build(),
    task(
      ["vrf", "replay"],
      example("Take a request that was given up back into its operator's queue", "replay 0x12ab…"),
    )
      .addPositionalArgument(ID)
      .addFlag(JSON_FLAG)
      .setInlineAction(
        async (args, hre) =>
          await runAction(async () => {
            const { replayRequest } = await import("./vrf/replay.ts");
            await replayRequest(args, hre, settings);
          }),
      )
      .build(),
    task(["vrf", "keys"], example("List proving keys with terms and bond", "keys"))
      .addFlag(JSON_FLAG)
      .setInlineAction(
        async (args, hre) =>
          await runAction(async () => {
            const { listKeys } = await import("./vrf/keys.ts");
            await listKeys(args, hre, settings);
          }),
      )
      .build(),
    task(
      ["vrf", "subscriptions"],
      example("List subscriptions with balance and consumers", "subscriptions"),
    )
      .addFlag(JSON_FLAG)
      .setInlineAction(
        async (args, hre) =>
          await runAction(async () => {
            const { listSubscriptions } = await import("./vrf/subscriptions.ts");
            await listSubscriptions(args, hre, settings);
          }),
      )
      .build(),
    ...vrfSubscriptionTasks(settings),
    ...vrfOperatorTasks(settings),
  ];
}

import { emptyTask, task } from "hardhat/config";
import type { TaskDefinition } from "hardhat/types/tasks";

import type { TaskSettings } from "./shared/action.ts";
import { runAction } from "./shared/action.ts";
import { example, FROM, JSON_FLAG, optional } from "./vrf/options.ts";

const ID = { name: "id", description: "Subscription id, decimal or with 0x" } as const;
const CONSUMER = {
  name: "consumer",
  description: "Address of the contract that requests",
} as const;

/** Tasks of who pays for random words: `vrf fund`, `vrf subscription …`. */
export function vrfSubscriptionTasks(settings: TaskSettings): TaskDefinition[] {
  return [
    task(
      ["vrf", "fund"],
      example("Add native coin to a subscription; anyone may", "fund 0x12ab… --ether 1.5"),
    )
      .addPositionalArgument(ID)
      .addOption(optional("ether", "Amount in the chain's coin"))
      .addOption(FROM)
      .addFlag(JSON_FLAG)
      .setInlineAction(
        async (args, hre) =>
          await runAction(async () => {
            const { fundSubscription } = await import("./vrf/subscription.ts");
            await fundSubscription(args, hre, settings);
          }),
      )
      .build(),
    emptyTask(
      ["vrf", "subscription"],
      "Create, show, hand over and end a subscription, and choose its consumers",
    ).build(),
    task(
      ["vrf", "subscription", "create"],
      example("Create a subscription of the sending account", "subscription create --fund 1.5"),
    )
      .addOption(optional("fund", "Amount that it is funded with (default nothing)"))
      .addOption(FROM)
      .addFlag(JSON_FLAG)
      .setInlineAction(
        async (args, hre) =>
          await runAction(async () => {
            const { createSubscription } = await import("./vrf/subscription.ts");
            await createSubscription(args, hre, settings);
          }),
      )
      .build(),
    task(
      ["vrf", "subscription", "show"],
      example("Show a subscription", "subscription show 0x12ab…"),
    )
      .addPositionalArgument(ID)
      .addFlag(JSON_FLAG)
      .setInlineAction(
        async (args, hre) =>
          await runAction(async () => {
            const { showSubscription } = await import("./vrf/subscription.ts");
            await showSubscription(args, hre, settings);
          }),
      )
      .build(),
    task(
      ["vrf", "subscription", "add-consumer"],
      example(
        "Let a contract request from a subscription, as its owner",
        "subscription add-consumer 0x12ab… 0x5fbd…",
      ),
    )
      .addPositionalArgument(ID)
      .addPositionalArgument(CONSUMER)
      .addOption(FROM)
      .addFlag(JSON_FLAG)
      .setInlineAction(
        async (args, hre) =>
          await runAction(async () => {
            const { addConsumer } = await import("./vrf/manage.ts");
            await addConsumer(args, hre, settings);
          }),
      )
      .build(),
    task(
      ["vrf", "subscription", "remove-consumer"],
      example(
        "Stop a contract from requesting from a subscription, as its owner",
        "subscription remove-consumer 0x12ab… 0x5fbd…",
      ),
    )
      .addPositionalArgument(ID)
      .addPositionalArgument(CONSUMER)
      .addOption(FROM)
      .addFlag(JSON_FLAG)
      .setInlineAction(
        async (args, hre) =>
          await runAction(async () => {
            const { removeConsumer } = await import("./vrf/manage.ts");
            await removeConsumer(args, hre, settings);
          }),
      )
      .build(),
    task(
      ["vrf", "subscription", "cancel"],
      example(
        "End a subscription and pay its balance out, as its owner",
        "subscription cancel 0x12ab…",
      ),
    )
      .addPositionalArgument(ID)
      .addOption(optional("to", "Who is paid (default the owner)"))
      .addOption(FROM)
      .addFlag(JSON_FLAG)
      .setInlineAction(
        async (args, hre) =>
          await runAction(async () => {
            const { cancelSubscription } = await import("./vrf/manage.ts");
            await cancelSubscription(args, hre, settings);
          }),
      )
      .build(),
    task(
      ["vrf", "subscription", "transfer"],
      example(
        "Offer a subscription to another account, as its owner",
        "subscription transfer 0x12ab… 0x7099…",
      ),
    )
      .addPositionalArgument(ID)
      .addPositionalArgument({ name: "account", description: "New owner; zero ends an offer" })
      .addOption(FROM)
      .addFlag(JSON_FLAG)
      .setInlineAction(
        async (args, hre) =>
          await runAction(async () => {
            const { transferSubscription } = await import("./vrf/manage.ts");
            await transferSubscription(args, hre, settings);
          }),
      )
      .build(),
    task(
      ["vrf", "subscription", "accept"],
      example(
        "Take a subscription that was offered to the sending account",
        "subscription accept 0x12ab… --from 1",
      ),
    )
      .addPositionalArgument(ID)
      .addOption(FROM)
      .addFlag(JSON_FLAG)
      .setInlineAction(
        async (args, hre) =>
          await runAction(async () => {
            const { acceptSubscription } = await import("./vrf/manage.ts");
            await acceptSubscription(args, hre, settings);
          }),
      )
      .build(),
  ];
}

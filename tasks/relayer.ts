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
const ACCOUNT = optional("account", "One account of the relayer (default all of the chain)");
const example = (text: string, command: string): string =>
  `${text}, e.g. npx hardhat relayer ${command}`;

/** `npx hardhat relayer …`: status, topup, cancel, pause, resume. All speak to relayers through their database. */
export function relayerTasks(settings: TaskSettings): TaskDefinition[] {
  return [
    emptyTask("relayer", "Look at and steer the relayers of a chain").build(),
    task(
      ["relayer", "status"],
      example("Show accounts, queue and what is held up", "status --network local"),
    )
      .addFlag(JSON_FLAG)
      .setInlineAction(
        async (args, hre) =>
          await runAction(async () => {
            const { relayerStatus } = await import("./relayer/status.ts");
            await relayerStatus(args, hre, settings);
          }),
      )
      .build(),
    task(
      ["relayer", "topup"],
      example(
        "Fill an account from the treasury, within the daily cap",
        "topup --account 0x90f79bf6eb2c4f870365e785982e1f101e93b906 --ether 1.5 --network local",
      ),
    )
      .addOption(optional("account", "Account to fill (default the relayer's only one)"))
      .addOption(optional("ether", "Amount in ether (default: up to the target)"))
      .addFlag(JSON_FLAG)
      .setInlineAction(
        async (args, hre) =>
          await runAction(async () => {
            const { topUpAccount } = await import("./relayer/topup.ts");
            await topUpAccount(args, hre, settings);
          }),
      )
      .build(),
    task(
      ["relayer", "cancel"],
      example(
        "Cancel an intent that is not mined yet",
        'cancel payout:31337:7 --reason "wrong amount" --network local',
      ),
    )
      .addPositionalArgument({ name: "intent", description: "Key or id of the intent" })
      .addOption(optional("reason", "Why; it becomes the intent's reason"))
      .addFlag(JSON_FLAG)
      .setInlineAction(
        async (args, hre) =>
          await runAction(async () => {
            const { cancelIntent } = await import("./relayer/steer.ts");
            await cancelIntent(args, hre, settings);
          }),
      )
      .build(),
    task(
      ["relayer", "pause"],
      example(
        "Give out no new nonces until resumed; what is pending goes on",
        'pause --reason "node upgrade" --network local',
      ),
    )
      .addOption(ACCOUNT)
      .addOption(optional("reason", "Why; shown by status"))
      .addFlag(JSON_FLAG)
      .setInlineAction(
        async (args, hre) =>
          await runAction(async () => {
            const { pauseRelayer } = await import("./relayer/steer.ts");
            await pauseRelayer(args, hre, settings);
          }),
      )
      .build(),
    task(["relayer", "resume"], example("End a pause", "resume --network local"))
      .addOption(ACCOUNT)
      .addFlag(JSON_FLAG)
      .setInlineAction(
        async (args, hre) =>
          await runAction(async () => {
            const { resumeRelayer } = await import("./relayer/steer.ts");
            await resumeRelayer(args, hre, settings);
          }),
      )
      .build(),
  ];
}

import { emptyTask, task } from "hardhat/config";
import { ArgumentType } from "hardhat/types/arguments";
import type { TaskDefinition } from "hardhat/types/tasks";

import type { TaskSettings } from "./shared/action.ts";
import { runAction } from "./shared/action.ts";

const FROM = {
  name: "from" as const,
  description: "Sending account: address or index (default the guardian's holder)",
  type: ArgumentType.STRING_WITHOUT_DEFAULT as const,
  defaultValue: undefined,
};
const JSON_FLAG = { name: "json", description: "Print one JSON document on stdout" } as const;
const example = (text: string, command: string): string =>
  `${text}, e.g. npx hardhat guardian ${command}`;

/** `npx hardhat guardian …`: trip, pause, dispute, veto. */
export function guardianTasks(settings: TaskSettings): TaskDefinition[] {
  return [
    emptyTask("guardian", "Stop things at once, as the guardian's holder").build(),
    task(["guardian", "trip"], example("Stop a feed for 72 hours", "trip BTC/USD --network local"))
      .addPositionalArgument({ name: "feed", description: "Feed id, for example BTC/USD" })
      .addOption(FROM)
      .addFlag(JSON_FLAG)
      .setInlineAction(
        async (args, hre) =>
          await runAction(async () => {
            const { guardianTrip } = await import("./guardian/act.ts");
            await guardianTrip(args, hre, settings);
          }),
      )
      .build(),
    task(
      ["guardian", "pause"],
      example("Stop part of a contract for 72 hours", "pause VRFCoordinator --network local"),
    )
      .addPositionalArgument({ name: "contract", description: "Name or address of the contract" })
      .addOption(FROM)
      .addFlag(JSON_FLAG)
      .setInlineAction(
        async (args, hre) =>
          await runAction(async () => {
            const { guardianPause } = await import("./guardian/act.ts");
            await guardianPause(args, hre, settings);
          }),
      )
      .build(),
    task(
      ["guardian", "dispute"],
      example(
        "Drop a proposed root of payouts",
        'dispute 0x… --why "it pays the wrong accounts" --network local',
      ),
    )
      .addPositionalArgument({ name: "proposal", description: "Id of the proposal, or its epoch" })
      .addOption({
        name: "why",
        description: "Reason; it is written on chain",
        type: ArgumentType.STRING_WITHOUT_DEFAULT,
        defaultValue: undefined,
      })
      .addOption(FROM)
      .addFlag(JSON_FLAG)
      .setInlineAction(
        async (args, hre) =>
          await runAction(async () => {
            const { guardianDispute } = await import("./guardian/dispute.ts");
            await guardianDispute(args, hre, settings);
          }),
      )
      .build(),
    task(["guardian", "veto"], example("Cancel a proposal for good", "veto 1 --network local"))
      .addPositionalArgument({ name: "proposal", description: "Number or id of the proposal" })
      .addOption(FROM)
      .addFlag(JSON_FLAG)
      .setInlineAction(
        async (args, hre) =>
          await runAction(async () => {
            const { guardianVeto } = await import("./guardian/act.ts");
            await guardianVeto(args, hre, settings);
          }),
      )
      .build(),
  ];
}

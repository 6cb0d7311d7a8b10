import { emptyTask, task } from "hardhat/config";
import type { TaskDefinition } from "hardhat/types/tasks";

import type { TaskSettings } from "./shared/action.ts";
import { runAction } from "./shared/action.ts";

/** `npx hardhat access show`. */
export function accessTasks(settings: TaskSettings): TaskDefinition[] {
  return [
    emptyTask("access", "See who can do what").build(),
    task(
      ["access", "show"],
      "List every role with its holders, delays and functions, e.g. npx hardhat access show --network local",
    )
      .addFlag({ name: "json", description: "Print one JSON document on stdout" })
      .setInlineAction(
        async (args, hre) =>
          await runAction(async () => {
            const { showAccess } = await import("./access/show.ts");
            await showAccess(args, hre, settings);
          }),
      )
      .build(),
  ];
}

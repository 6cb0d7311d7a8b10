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
const FEED = { name: "feed", description: "Feed id, for example BTC/USD" } as const;
const example = (text: string, command: string): string =>
  `${text}, e.g. npx hardhat feeds ${command}`;

/** `npx hardhat feeds …`: list, read, history, watch, create, trip, reset. */
export function feedsTasks(settings: TaskSettings): TaskDefinition[] {
  return [
    emptyTask("feeds", "Read and govern price feeds").build(),
    task(["feeds", "list"], example("List all feeds", "list --network local"))
      .addFlag(JSON_FLAG)
      .setInlineAction(
        async (args, hre) =>
          await runAction(async () => {
            const { listFeeds } = await import("./feeds/list.ts");
            await listFeeds(args, hre, settings);
          }),
      )
      .build(),
    task(["feeds", "read"], example("Read one feed", "read BTC/USD --network local"))
      .addPositionalArgument(FEED)
      .addFlag(JSON_FLAG)
      .setInlineAction(
        async (args, hre) =>
          await runAction(async () => {
            const { readFeed } = await import("./feeds/read.ts");
            await readFeed(args, hre, settings);
          }),
      )
      .build(),
    task(
      ["feeds", "history"],
      example("List a feed's past rounds", "history BTC/USD --limit 5 --network local"),
    )
      .addPositionalArgument(FEED)
      .addOption(optional("from", "First time: unix seconds or a date like 2026-11-21T10:00Z"))
      .addOption(optional("to", "Last time, likewise"))
      .addOption({
        name: "limit",
        description: "Rounds shown, newest first, 1 to 1000",
        type: ArgumentType.INT,
        defaultValue: 20,
      })
      .addFlag(JSON_FLAG)
      .setInlineAction(
        async (args, hre) =>
          await runAction(async () => {
            const { feedHistory } = await import("./feeds/history.ts");
            await feedHistory(args, hre, settings);
          }),
      )
      .build(),
    task(
      ["feeds", "watch"],
      example("Follow feeds until Ctrl-C (--json: a line a change)", "watch --network local"),
    )
      .addPositionalArgument({
        name: "feed",
        description: "Feed id; all feeds when absent",
        type: ArgumentType.STRING_WITHOUT_DEFAULT,
        defaultValue: undefined,
      })
      .addOption({
        name: "interval",
        description: "Seconds between two looks, 0.1 to 3600",
        type: ArgumentType.FLOAT,
        defaultValue: 1,
      })
      .addFlag(JSON_FLAG)
      .setInlineAction(
        async (args, hre) =>
          await runAction(async () => {
            const { watchFeeds } = await import("./feeds/watch.ts");
            await watchFeeds(args, hre, settings);
          }),
      )
      .build(),
    createTask(settings),
    governTask("trip", "Stop a feed for 72 hours, as the guardian", settings),
    governTask("reset", "Empty a feed, so that the next report seeds it, as governance", settings),
  ];
}

function createTask(settings: TaskSettings): TaskDefinition {
  return task(
    ["feeds", "create"],
    example(
      "Create a feed and its proxy, as governance",
      "create SOL/USD --like BTC/USD --deviation-bps 50 --network local",
    ),
  )
    .addPositionalArgument({ name: "feed", description: "Id of the new feed, BASE/QUOTE" })
    .addOption(optional("like", "Feed whose parameters are taken (default the first)"))
    .addOption(optional("from", "Sending account: address or index"))
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
    .addFlag(JSON_FLAG)
    .setInlineAction(
      async ({ feed, from, json, like, ...params }, hre) =>
        await runAction(async () => {
          const { createFeed, parseParams } = await import("./feeds/create.ts");
          await createFeed({ feed, from, json, like, params: parseParams(params) }, hre, settings);
        }),
    )
    .build();
}

function governTask(
  action: "trip" | "reset",
  description: string,
  settings: TaskSettings,
): TaskDefinition {
  return task(["feeds", action], example(description, `${action} BTC/USD --network local`))
    .addPositionalArgument(FEED)
    .addOption(optional("from", "Sending account: address or index"))
    .addFlag(JSON_FLAG)
    .setInlineAction(
      async (args, hre) =>
        await runAction(async () => {
          const { resetFeed, tripFeed } = await import("./feeds/govern.ts");
          await (action === "trip" ? tripFeed : resetFeed)(args, hre, settings);
        }),
    )
    .build();
}

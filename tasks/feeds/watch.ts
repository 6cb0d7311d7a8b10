import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

import type { TaskSettings } from "../shared/action.ts";
import { print, printJson } from "../shared/action.ts";
import { TaskError } from "../shared/error.ts";
import { colourStatus } from "../shared/colour.ts";
import { openToRead } from "../shared/open.ts";
import { feedTable, findFeed, readFeeds } from "./state.ts";

const CLEAR_LINE = "\x1b[K";

/**
 * Follows feeds until Ctrl-C. A terminal shows one table that stays in place; elsewhere a new table is printed
 * whenever a round or a status changes; with --json one JSON array a line.
 */
export async function watchFeeds(
  args: { feed: string | undefined; interval: number; json: boolean },
  hre: HardhatRuntimeEnvironment,
  settings: TaskSettings,
): Promise<void> {
  if (!(args.interval >= 0.1 && args.interval <= 3_600)) {
    throw new TaskError("--interval must be from 0.1 to 3600 seconds.");
  }
  const opened = await openToRead(hre, settings);
  const stop = new AbortController();
  const onSignal = (): void => stop.abort();
  process.once("SIGINT", onSignal);
  process.once("SIGTERM", onSignal);
  const live = process.stdout.isTTY && !args.json;
  let shown = 0;
  let last = "";
  while (!stop.signal.aborted) {
    const all = await readFeeds(opened);
    const feeds = args.feed === undefined ? all : [findFeed(args.feed, all)];
    const state = feeds.map(({ id, round, status }) => `${id} ${round} ${status}`).join();
    if (live) {
      const lines = feedTable(feeds).map(colourStatus);
      if (shown > 0) process.stdout.write(`\x1b[${shown}A`);
      for (const line of lines) print(line + CLEAR_LINE);
      shown = lines.length;
    } else if (state !== last) {
      if (args.json) printJson(feeds);
      else feedTable(feeds).forEach(print);
    }
    last = state;
    await pause(args.interval * 1_000, stop.signal);
  }
  process.off("SIGINT", onSignal);
  process.off("SIGTERM", onSignal);
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener("abort", end);
  });
}

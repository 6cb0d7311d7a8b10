import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

import type { TaskSettings } from "../shared/action.ts";
import { print, printJson } from "../shared/action.ts";
import { colourStatus } from "../shared/colour.ts";
import { openToRead } from "../shared/open.ts";
import { feedTable, readFeeds } from "./state.ts";

/** Prints every feed: a table, or a JSON array of feeds. */
export async function listFeeds(
  { json }: { json: boolean },
  hre: HardhatRuntimeEnvironment,
  settings: TaskSettings,
): Promise<void> {
  const feeds = await readFeeds(await openToRead(hre, settings));
  if (json) return printJson(feeds);
  if (feeds.length === 0)
    return print("There is no feed yet. Create one with: npx hardhat feeds create");
  feedTable(feeds).map(colourStatus).forEach(print);
}

import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

import { PARAM_BOUNDS } from "../../deploy/parameters/read.ts";
import type { TaskSettings } from "../shared/action.ts";
import { print, printJson } from "../shared/action.ts";
import { colourStatus } from "../shared/colour.ts";
import { formatFields, formatPrice, formatSeconds, formatTime } from "../shared/format.ts";
import { openToRead } from "../shared/open.ts";
import { feedKey, findFeed, quoteOf, readFeeds } from "./state.ts";

/** Prints one feed with all its parameters. */
export async function readFeed(
  { feed: given, json }: { feed: string; json: boolean },
  hre: HardhatRuntimeEnvironment,
  settings: TaskSettings,
): Promise<void> {
  const opened = await openToRead(hre, settings);
  const feed = findFeed(given, await readFeeds(opened));
  const until = Number(await opened.contracts.priceFeeds.trippedUntil(feedKey(feed.id)));
  const trippedUntil = feed.status === "tripped" ? until : null;
  if (json) return printJson({ ...feed, trippedUntil });
  const quote = quoteOf(feed.id);
  const { answer, updatedAt } = feed;
  formatFields([
    ["Feed", feed.id],
    ["Answer", answer === null ? "none yet" : formatPrice(answer, quote, 8)],
    ["Raw", answer === null ? "–" : `${answer} (8 decimals)`],
    ["Updated", updatedAt === null ? "–" : formatTime(updatedAt)],
    ["Age", feed.ageSeconds === null ? "–" : formatSeconds(feed.ageSeconds)],
    ["Round", feed.round.toString()],
    ["Status", feed.status],
    ...(trippedUntil === null ? [] : [["Tripped until", formatTime(trippedUntil)] as const]),
    ["Set", feed.setId.toString()],
    ["Proxy", feed.proxy ?? "none"],
    ...PARAM_BOUNDS.map(
      ({ meaning, name, unit }) =>
        [name, `${feed.params[name]}${unit === "" ? "" : ` ${unit}`} (${meaning})`] as const,
    ),
  ])
    .map(colourStatus)
    .forEach(print);
}

import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

import type { TaskSettings } from "../shared/action.ts";
import { print, printJson } from "../shared/action.ts";
import { formatTime } from "../shared/format.ts";
import { openToSend } from "../shared/open.ts";
import { requirePower } from "../shared/power.ts";
import { eventIn, sendCall, sentLines } from "../shared/send.ts";
import { feedKey, findFeed, readFeeds } from "./state.ts";

interface Args {
  feed: string;
  from: string | undefined;
  json: boolean;
}

/** Stops a feed for 72 hours, as the guardian. */
export async function tripFeed(
  { feed: given, from, json }: Args,
  hre: HardhatRuntimeEnvironment,
  settings: TaskSettings,
): Promise<void> {
  const opened = await openToSend(hre, settings, from ?? null);
  const { priceFeeds } = opened.contracts;
  const { id } = findFeed(given, await readFeeds(opened));
  await requirePower(opened, {
    target: opened.deployment.addresses.priceFeeds,
    selector: priceFeeds.interface.getFunction("trip").selector,
    instead: `guardian trip ${id}`,
  });
  const { receipt, sent } = await sendCall(opened, {
    what: `PriceFeeds.trip(${id})`,
    to: opened.deployment.addresses.priceFeeds,
    simulate: async () => await priceFeeds.trip.staticCall(feedKey(id)),
    send: async () => await priceFeeds.trip(feedKey(id)),
  });
  const until = Number(eventIn(priceFeeds.interface, receipt, "FeedTripped")?.["until"]);
  if (json) return printJson({ feed: id, status: "tripped", trippedUntil: until, ...sent });
  print(
    `${id} is tripped until ${formatTime(until)}. It serves its last answer and takes no new one.`,
  );
  sentLines(sent).forEach(print);
}

/** Empties a feed, as governance: the next valid report seeds it anew. */
export async function resetFeed(
  { feed: given, from, json }: Args,
  hre: HardhatRuntimeEnvironment,
  settings: TaskSettings,
): Promise<void> {
  const opened = await openToSend(hre, settings, from ?? null);
  const { priceFeeds } = opened.contracts;
  const { id } = findFeed(given, await readFeeds(opened));
  await requirePower(opened, {
    target: opened.deployment.addresses.priceFeeds,
    selector: priceFeeds.interface.getFunction("reset").selector,
    instead: `gov propose --reset-feed ${id} --why "…"`,
  });
  const { sent } = await sendCall(opened, {
    what: `PriceFeeds.reset(${id})`,
    to: opened.deployment.addresses.priceFeeds,
    simulate: async () => await priceFeeds.reset.staticCall(feedKey(id)),
    send: async () => await priceFeeds.reset(feedKey(id)),
  });
  if (json) return printJson({ feed: id, status: "empty", ...sent });
  print(`${id} is empty: reads revert until the next valid report.`);
  sentLines(sent).forEach(print);
}

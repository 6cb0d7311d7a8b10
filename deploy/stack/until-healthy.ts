import { setTimeout as delay } from "node:timers/promises";

import { type ApiFeed, readFeeds } from "./api.ts";
import { chooseFallback } from "./fallback.ts";
import { allHealthy, type FeedHealth, judge } from "./health.ts";
import { operatorCount, quorum } from "./layout.ts";
import { isIndexReady, type KeeperStatus, readKeepers } from "./payouts.ts";
import type { Stack } from "./stack.ts";
import { type OperatorStatus, StatusReader } from "./status.ts";

const pollMs = 250;

function sourceOf(feed: ApiFeed, statuses: readonly OperatorStatus[]): string | null {
  return feed.source ?? statuses[0]?.source ?? null;
}

/**
 * Runs until every feed that has its minimum of venues has two new rounds in the index, then reports.
 * @returns Exit code: 0 when healthy, 1 when the time ran out.
 */
export async function runUntilHealthy(
  stack: Stack,
  startedAtMs: number,
  signal: AbortSignal,
): Promise<number> {
  if (stack.options.only === "payouts") return payoutsUntilHealthy(stack, startedAtMs, signal);
  const deadline = startedAtMs + stack.options.timeoutSeconds * 1000;
  const readyAtMs = Date.now();
  const reader = new StatusReader(stack.file.databaseUrl, stack.file.addresses.priceFeeds);
  const fallback = chooseFallback(stack);
  let feeds: ApiFeed[] = [];
  let statuses: OperatorStatus[] = [];
  let health: FeedHealth[] = [];
  let healthy = false;
  try {
    while (!healthy && Date.now() < deadline && !signal.aborted) {
      feeds = await readFeeds(stack.file.apiUrl).catch(() => feeds);
      statuses = await reader.read(Math.max(startedAtMs, readyAtMs - 5_000)).catch(() => statuses);
      await fallback(statuses);
      health = judge(feeds, statuses, stack.roundsAtStart, quorum);
      healthy = allHealthy(health, statuses.length, operatorCount);
      if (!healthy) await delay(pollMs);
    }
  } finally {
    await reader.close();
  }
  const result = {
    healthy,
    seconds: Math.round((Date.now() - startedAtMs) / 100) / 10,
    feeds: feeds.map((feed) => ({
      id: feed.id,
      answer: feed.answer,
      updatedAt: feed.updatedAt,
      round: feed.round,
      signers: feed.signers,
      source: sourceOf(feed, statuses),
      reason: health.find((entry) => entry.id === feed.id)?.reason ?? null,
    })),
    addresses: stack.file.addresses,
    urls: {
      rpc: stack.file.rpcUrl,
      api: stack.file.apiUrl,
      graphql: `${stack.file.apiUrl}/graphql`,
    },
  };
  await stack.stop();
  process.stdout.write(
    stack.options.json ? `${JSON.stringify(result)}\n` : summary(result, health),
  );
  return healthy ? 0 : 1;
}

/** The same for payouts alone: healthy once the index is up to date and every keeper has looked at the chain. */
async function payoutsUntilHealthy(
  stack: Stack,
  startedAtMs: number,
  signal: AbortSignal,
): Promise<number> {
  const deadline = startedAtMs + stack.options.timeoutSeconds * 1000;
  const { addresses, apiUrl, program, rpcUrl } = stack.file;
  let keepers: KeeperStatus[] = [];
  let isIndexed = false;
  let healthy = false;
  while (!healthy && Date.now() < deadline && !signal.aborted) {
    [keepers, isIndexed] = await Promise.all([readKeepers(stack), isIndexReady(apiUrl)]);
    healthy = isIndexed && keepers.every((keeper) => keeper.healthy);
    if (!healthy) await delay(pollMs);
  }
  const result = {
    healthy,
    seconds: Math.round((Date.now() - startedAtMs) / 100) / 10,
    feeds: [],
    payouts: { program, index: isIndexed, keepers },
    addresses,
    urls: { rpc: rpcUrl, api: apiUrl, graphql: `${apiUrl}/graphql` },
  };
  const parts = [
    { id: "index", healthy: isIndexed, reason: "does not serve payouts yet" },
    ...keepers.map((keeper) => ({ ...keeper, id: keeper.name, reason: keeper.waiting })),
  ];
  await stack.stop();
  process.stdout.write(stack.options.json ? `${JSON.stringify(result)}\n` : summary(result, parts));
  return healthy ? 0 : 1;
}

function summary(
  result: { healthy: boolean; seconds: number },
  health: readonly Pick<FeedHealth, "id" | "healthy" | "reason">[],
): string {
  const lines = health.map(
    (feed) => `  ${feed.id.padEnd(10)} ${feed.healthy ? "healthy" : (feed.reason ?? "")}`,
  );
  const title = result.healthy
    ? `Healthy after ${result.seconds} s`
    : `Not healthy after ${result.seconds} s`;
  return `${title}\n${lines.join("\n")}\n`;
}

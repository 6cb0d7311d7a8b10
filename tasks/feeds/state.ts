import { decodeBytes32String, encodeBytes32String } from "ethers";

import { PARAM_BOUNDS } from "../../deploy/parameters/read.ts";
import type { FeedParams } from "../../deploy/parameters/read.ts";
import type { IPriceFeeds } from "../../types/ethers-contracts/interfaces/IPriceFeeds.ts";
import { TaskError } from "../shared/error.ts";
import { formatBps, formatPrice, formatSeconds, formatTable } from "../shared/format.ts";
import type { Opened } from "../shared/open.ts";

const STATUSES = ["empty", "live", "suspended", "tripped", "dormant"] as const;

/** What a feed serves and why; the words that the API uses too. */
export type Status = (typeof STATUSES)[number];

/** A feed as the chain has it. Prices have 8 decimals; times are unix seconds. */
export interface FeedView {
  id: string;
  answer: bigint | null;
  decimals: 8;
  updatedAt: number | null;
  ageSeconds: number | null;
  round: number;
  status: Status;
  setId: number;
  lastReportAt: number | null;
  proxy: string | null;
  params: FeedParams;
}

/** Every feed of the active set, all at one block. */
export async function readFeeds({
  contracts,
  connection,
  deployment,
}: Opened): Promise<FeedView[]> {
  const { priceFeeds } = contracts;
  const block = await connection.ethers.provider.getBlock("latest");
  if (block === null) throw new TaskError("The node has no block.");
  const at = { blockTag: block.number };
  const { setId, feeds } = await priceFeeds.snapshot(at);
  // No set was ever activated: there is no feed, and describeSet would revert.
  if (setId === 0n) return [];
  const described = await priceFeeds.describeSet(setId, at);
  // A node whose clock lags, or a chain that stands still, must not make an answer look young.
  const nowSeconds = Math.max(block.timestamp, Math.floor(Date.now() / 1_000));
  return described.feeds.map((name, index) => {
    const feed = feeds[index];
    const given = described.params[index];
    if (feed === undefined || given === undefined) throw new TaskError("The set lacks a feed.");
    const id = decodeBytes32String(name);
    const status = STATUSES[Number(feed.status)] ?? "empty";
    const hasAnswer = status !== "empty" && feed.answer > 0n;
    const updatedAt = Number(feed.updatedAt);
    return {
      id,
      answer: hasAnswer ? feed.answer : null,
      decimals: 8,
      updatedAt: hasAnswer ? updatedAt : null,
      ageSeconds: hasAnswer ? Math.max(0, nowSeconds - updatedAt) : null,
      round: Number(feed.round),
      status,
      setId: Number(setId),
      lastReportAt: feed.lastReportAt === 0n ? null : Number(feed.lastReportAt),
      proxy: deployment.addresses.proxies[id] ?? null,
      params: paramsFrom(given),
    };
  });
}

/** Parameters as the contract returns them, as numbers. */
export function paramsFrom(given: IPriceFeeds.ParamsStruct): FeedParams {
  return Object.fromEntries(
    PARAM_BOUNDS.map(({ name }) => [name, Number(given[name])]),
  ) as unknown as FeedParams;
}

/**
 * Finds the feed that a person names: "BTC/USD", "BTC-USD", any letter case.
 *
 * @throws {TaskError} that lists the feeds there are.
 */
export function findFeed<T extends { id: string }>(given: string, feeds: readonly T[]): T {
  const wanted = given.toUpperCase().replace("-", "/");
  const found =
    feeds.find(({ id }) => id === given) ?? feeds.find(({ id }) => id.toUpperCase() === wanted);
  if (found === undefined) {
    const existing = feeds.length === 0 ? "none" : feeds.map(({ id }) => id).join(", ");
    throw new TaskError(`There is no feed "${given}". Feeds: ${existing}.`);
  }
  return found;
}

/** A feed id as the contract takes it. */
export function feedKey(id: string): string {
  return encodeBytes32String(id);
}

/** The quote currency: what a feed's answers are counted in. */
export function quoteOf(id: string): string {
  return id.slice(id.indexOf("/") + 1);
}

/** Lines of the table of feeds. */
export function feedTable(feeds: readonly FeedView[]): string[] {
  return formatTable(
    [
      { title: "FEED", align: "left" },
      { title: "ANSWER", align: "right" },
      { title: "AGE", align: "right" },
      { title: "ROUND", align: "right" },
      { title: "STATUS", align: "left" },
      { title: "DEVIATION", align: "right" },
      { title: "HEARTBEAT", align: "right" },
      { title: "PROXY", align: "left" },
    ],
    feeds.map((feed) => [
      feed.id,
      feed.answer === null ? "–" : formatPrice(feed.answer, quoteOf(feed.id)),
      feed.ageSeconds === null ? "–" : formatSeconds(feed.ageSeconds),
      feed.round.toString(),
      feed.status,
      formatBps(feed.params.deviationBps),
      formatSeconds(feed.params.heartbeat),
      feed.proxy ?? "–",
    ]),
  );
}

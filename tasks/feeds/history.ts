import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

import { revertOf } from "../../deploy/reverts.ts";
import type { IPriceFeeds } from "../../types/ethers-contracts/interfaces/IPriceFeeds.ts";
import type { TaskSettings } from "../shared/action.ts";
import { note, print, printJson } from "../shared/action.ts";
import { TaskError } from "../shared/error.ts";
import { formatPrice, formatTable, formatTime } from "../shared/format.ts";
import { openToRead } from "../shared/open.ts";
import type { FeedView } from "./state.ts";
import { feedKey, findFeed, quoteOf, readFeeds } from "./state.ts";

/** One published answer: 8 decimals, unix seconds. */
interface Round {
  round: number;
  answer: bigint;
  updatedAt: number;
}

interface Range {
  from: number;
  to: number;
  limit: number;
}

const MAX_LIMIT = 1_000;
const API_TIMEOUT_MS = 5_000;
const CALLS_AT_ONCE = 32;

/** Prints a feed's rounds, newest first: from the indexer where one runs, else from the contract's own ring. */
export async function feedHistory(
  args: {
    feed: string;
    from: string | undefined;
    to: string | undefined;
    limit: number;
    json: boolean;
  },
  hre: HardhatRuntimeEnvironment,
  settings: TaskSettings,
): Promise<void> {
  const range = {
    from: args.from === undefined ? 0 : parseTime(args.from, "--from"),
    to: args.to === undefined ? Number.MAX_SAFE_INTEGER : parseTime(args.to, "--to"),
    limit: args.limit,
  };
  if (range.from > range.to) throw new TaskError("--from lies after --to.");
  if (range.limit < 1 || range.limit > MAX_LIMIT) {
    throw new TaskError(`--limit must be from 1 to ${MAX_LIMIT}.`);
  }
  const opened = await openToRead(hre, settings);
  const feed = findFeed(args.feed, await readFeeds(opened));
  const { apiUrl } = opened.deployment;
  const indexed = apiUrl === null ? null : await roundsOfApi(apiUrl, feed.id, range);
  const rounds = indexed ?? (await roundsOfRing(opened.contracts.priceFeeds, feed, range));
  const source = indexed === null ? "contract" : "api";
  if (args.json) return printJson({ feed: feed.id, decimals: 8, source, rounds });
  if (rounds.length === 0) return print(`No round of ${feed.id} is known in this range.`);
  formatTable(
    [
      { title: "ROUND", align: "right" },
      { title: "ANSWER", align: "right" },
      { title: "UPDATED", align: "left" },
    ],
    rounds.map(({ answer, round, updatedAt }) => [
      round.toString(),
      formatPrice(answer, quoteOf(feed.id), 8),
      formatTime(updatedAt),
    ]),
  ).forEach(print);
  if (source === "contract") {
    note(`From the contract, which keeps ${feed.params.history} rounds of ${feed.id}.`);
  }
}

/**
 * A time as people write it: unix seconds, or a date that JavaScript reads ("2026-11-21T10:00Z").
 *
 * @returns Unix seconds.
 * @throws {TaskError} naming the option.
 */
export function parseTime(text: string, option: string): number {
  if (/^\d{1,10}$/.test(text)) return Number(text);
  const ms = Date.parse(text);
  if (Number.isNaN(ms)) {
    throw new TaskError(
      `${option} "${text}" is neither unix seconds nor a date like 2026-11-21T10:00Z.`,
    );
  }
  return Math.floor(ms / 1_000);
}

async function roundsOfApi(apiUrl: string, feedId: string, range: Range): Promise<Round[] | null> {
  const query = new URLSearchParams({ from: range.from.toString(), limit: range.limit.toString() });
  if (range.to !== Number.MAX_SAFE_INTEGER) query.set("to", range.to.toString());
  const url = `${apiUrl.replace(/\/$/, "")}/feeds/${feedId.replace("/", "-")}/history?${query.toString()}`;
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(API_TIMEOUT_MS) });
    if (!response.ok) throw new Error(`status ${response.status}`);
    const body = (await response.json()) as {
      rounds: { round: number; answer: string; updatedAt: number }[];
    };
    return body.rounds.map(({ answer, round, updatedAt }) => ({
      round,
      answer: BigInt(answer),
      updatedAt,
    }));
  } catch (error) {
    note(`The indexer at ${apiUrl} does not answer (${(error as Error).message}).`);
    return null;
  }
}

async function roundsOfRing(
  priceFeeds: IPriceFeeds,
  feed: FeedView,
  { from, limit, to }: Range,
): Promise<Round[]> {
  const found: Round[] = [];
  const oldest = Math.max(1, feed.round - Math.max(1, feed.params.history) + 1);
  for (let top = feed.answer === null ? 0 : feed.round; top >= oldest; top -= CALLS_AT_ONCE) {
    const numbers = Array.from(
      { length: Math.min(CALLS_AT_ONCE, top - oldest + 1) },
      (_, i) => top - i,
    );
    const batch = await Promise.all(numbers.map((round) => roundAt(priceFeeds, feed.id, round)));
    for (const round of batch) {
      if (round === null || round.updatedAt < from) return found;
      if (round.updatedAt <= to) found.push(round);
      if (found.length === limit) return found;
    }
  }
  return found;
}

async function roundAt(
  priceFeeds: IPriceFeeds,
  feedId: string,
  round: number,
): Promise<Round | null> {
  try {
    const { answer, updatedAt } = await priceFeeds.getRoundData(feedKey(feedId), round);
    return { round, answer, updatedAt: Number(updatedAt) };
  } catch (error) {
    // The ring moved on while it was read, or it was made smaller.
    if (revertOf(priceFeeds.interface, error)?.name === "RoundNotKept") return null;
    throw error;
  }
}

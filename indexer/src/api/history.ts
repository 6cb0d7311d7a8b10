import { db } from "ponder:api";
import { round } from "ponder:schema";
import { and, desc, eq, gte, lt, lte, sql } from "ponder";

import { encodeCursor, type HistoryQuery } from "./query.ts";

/**
 * One page of a feed's rounds or OHLC buckets, newest first.
 *
 * @param feed Feed id.
 * @param query What the request asks for.
 * @returns `next` is the cursor of the following page, null at the end. A bucket's edges are multiples of the
 * interval in unix time; a bucket without rounds is left out; all rounds of a listed bucket between `from` and `to` count.
 */
export async function readHistory(feed: string, query: HistoryQuery) {
  return query.intervalSeconds === null
    ? readRounds(feed, query)
    : readBuckets(feed, query, query.intervalSeconds);
}

async function readRounds(feed: string, { from, to, limit, before }: HistoryQuery) {
  const rows = await db
    .select()
    .from(round)
    .where(and(...range(feed, from, to), ...(before === null ? [] : [lt(round.round, before)])))
    .orderBy(desc(round.round))
    .limit(limit + 1);
  const page = rows.slice(0, limit);
  return {
    feed,
    decimals: 8,
    interval: null,
    rounds: page.map((row) => ({
      round: row.round,
      answer: row.answer.toString(),
      updatedAt: row.slot,
      setId: row.setId,
      signers: row.signers,
      values: row.values,
      transaction: row.transaction,
      block: row.block,
      blockTime: row.blockTime,
      gasUsed: row.gasUsed,
      gasPerFeed: row.gasPerFeed,
    })),
    next: next(rows.length > limit, page.at(-1)?.round, null),
  };
}

async function readBuckets(
  feed: string,
  { from, to, limit, before }: HistoryQuery,
  intervalSeconds: number,
) {
  // The interval is a checked integer. Inlined, since a parameter would make SELECT and GROUP BY two expressions.
  const width = sql.raw(String(intervalSeconds));
  const start = sql<string>`(${round.slot} / ${width}) * ${width}`;
  const rows = await db
    .select({
      start,
      open: sql<string>`(array_agg(${round.answer} ORDER BY ${round.round} ASC))[1]::text`,
      high: sql<string>`max(${round.answer})::text`,
      low: sql<string>`min(${round.answer})::text`,
      close: sql<string>`(array_agg(${round.answer} ORDER BY ${round.round} DESC))[1]::text`,
      rounds: sql<string>`count(*)`,
    })
    .from(round)
    .where(and(...range(feed, from, to), ...(before === null ? [] : [lt(round.slot, before)])))
    .groupBy(start)
    .orderBy(desc(start))
    .limit(limit + 1);
  const page = rows.slice(0, limit).map((row) => ({
    start: Number(row.start),
    open: row.open,
    high: row.high,
    low: row.low,
    close: row.close,
    rounds: Number(row.rounds),
  }));
  return {
    feed,
    decimals: 8,
    interval: intervalSeconds,
    buckets: page,
    next: next(rows.length > limit, page.at(-1)?.start, intervalSeconds),
  };
}

function range(feed: string, from: number, to: number) {
  return [eq(round.feed, feed), gte(round.slot, from), lte(round.slot, to)];
}

function next(more: boolean, last: number | undefined, intervalSeconds: number | null) {
  return more && last !== undefined ? encodeCursor(last, intervalSeconds) : null;
}

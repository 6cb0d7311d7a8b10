import type { FeedParams, FeedStatus } from "../../ponder.schema.ts";
import type { PriceSource } from "./operatorStatus.ts";

/** Row of the table `feed`, as far as the API shows it. */
export interface FeedRow {
  readonly id: string;
  readonly feedId: string;
  readonly status: FeedStatus;
  readonly answer: bigint;
  readonly average: bigint;
  readonly round: number;
  readonly updatedAt: number;
  readonly lastReportAt: number;
  readonly trippedUntil: number;
  readonly setId: number | null;
  readonly signers: readonly string[];
  readonly transaction: string | null;
  readonly gasUsed: number | null;
  readonly gasPerFeed: number | null;
  readonly params: FeedParams;
}

/** Item of GET /feeds. Prices are decimal integers with 8 decimals, times unix seconds. */
export interface FeedItem {
  readonly id: string;
  readonly answer: string | null;
  readonly decimals: 8;
  readonly updatedAt: number | null;
  readonly ageSeconds: number | null;
  readonly round: number;
  readonly status: FeedStatus | "dormant";
  readonly setId: number | null;
  readonly signers: readonly string[];
  readonly heartbeat: number;
  readonly deviationBps: number;
  readonly gasUsed: number | null;
  readonly gasPerFeed: number | null;
  readonly transaction: string | null;
  readonly source: PriceSource | null;
  readonly reason: string | null;
}

/**
 * The public form of a feed.
 *
 * @param row State from the index.
 * @param words Source and reason of the operators.
 * @param nowSeconds Unix seconds.
 */
export function presentFeed(
  row: FeedRow,
  words: { readonly source: PriceSource | null; readonly reason: string | null },
  nowSeconds: number,
): FeedItem {
  const empty = row.status === "empty";
  return {
    id: row.id,
    answer: empty ? null : row.answer.toString(),
    decimals: 8,
    updatedAt: empty ? null : row.updatedAt,
    ageSeconds: empty ? null : Math.max(0, nowSeconds - row.updatedAt),
    round: row.round,
    status: statusAt(row, nowSeconds),
    setId: row.setId,
    signers: row.signers,
    heartbeat: row.params.heartbeat,
    deviationBps: row.params.deviationBps,
    gasUsed: row.gasUsed,
    gasPerFeed: row.gasPerFeed,
    transaction: row.transaction,
    ...words,
  };
}

/** Status that the contract's readers see at a time: a feed that was silent beyond its limit is dormant. */
export function statusAt(
  row: Pick<FeedRow, "status" | "lastReportAt" | "params">,
  nowSeconds: number,
): FeedStatus | "dormant" {
  if (row.status === "empty") return "empty";
  return nowSeconds - row.lastReportAt > row.params.dormancy ? "dormant" : row.status;
}

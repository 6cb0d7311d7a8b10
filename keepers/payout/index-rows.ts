import type pg from "pg";

import { isMissingTable } from "../shared/database.ts";
import { SourceBehindError } from "./source.ts";
import type { Transfer } from "./transfers.ts";

/** Runs a query: a client within a transaction, so that all answers are of one moment. */
export type RowReader = Pick<pg.ClientBase, "query">;

/** A transfer as the index has it. */
export interface IndexedTransfer extends Transfer {
  readonly blockHash: string;
}

/** Place of a transfer among those of its token. */
export interface RowPlace {
  readonly block: number;
  readonly logIndex: number;
}

/** Index of block numbers within a checkpoint of Ponder's: 10 digits time, 16 chain id, 16 block, then the rest. */
const BLOCK_DIGITS = [26, 42] as const;

interface SqlTransfer {
  readonly block: string;
  readonly block_time: string;
  readonly block_hash: string;
  readonly log_index: number;
  readonly from: string;
  readonly to: string;
  readonly value: string;
}

/**
 * Reads how far the index is.
 * @throws SourceBehindError while there is no index of this chain, or it is not ready
 */
export async function readCheckpoint(reader: RowReader, chainId: number): Promise<number> {
  const found = await orBehind(
    reader.query<{ latest_checkpoint: string; ready: string | null }>(
      `SELECT latest_checkpoint, (SELECT value->>'is_ready' FROM chain._ponder_meta LIMIT 1) AS ready
         FROM chain._ponder_checkpoint WHERE chain_id = $1`,
      [chainId],
    ),
  );
  const [row] = found.rows;
  if (row?.ready !== "1") throw new SourceBehindError(`the index of chain ${chainId} is not ready`);
  return Number(row.latest_checkpoint.slice(...BLOCK_DIGITS));
}

/**
 * Reads from which block on a token's transfers are indexed.
 * @throws SourceBehindError where they are not
 */
export async function readStartBlock(reader: RowReader, token: string): Promise<number> {
  const { rows } = await orBehind(
    reader.query<{ start_block: string }>(
      "SELECT start_block FROM chain.payout_source WHERE token = $1",
      [token],
    ),
  );
  const [row] = rows;
  if (row !== undefined) return Number(row.start_block);
  throw new SourceBehindError(
    `the index does not contain the transfers of ${token}: its configuration has to name the token in contracts.payouts.tokens`,
  );
}

/** @returns hash of the block that a transfer is in; null when the index has no such transfer any more */
export async function readRowHash(
  reader: RowReader,
  token: string,
  { block, logIndex }: RowPlace,
): Promise<string | null> {
  const { rows } = await reader.query<{ block_hash: string }>(
    "SELECT block_hash FROM chain.payout_transfer WHERE token = $1 AND block = $2 AND log_index = $3",
    [token, block, logIndex],
  );
  return rows[0]?.block_hash ?? null;
}

/**
 * Reads the next transfers of a token.
 * @param after of them, the last that was read
 * @param toBlock last block that is wanted
 * @param limit largest number of transfers
 * @returns in the order of the chain; fewer than `limit` when there are no more
 */
export async function readTransfers(
  reader: RowReader,
  token: string,
  after: RowPlace,
  toBlock: number,
  limit: number,
): Promise<IndexedTransfer[]> {
  const { rows } = await reader.query<SqlTransfer>(
    `SELECT block, block_time, block_hash, log_index, "from", "to", value FROM chain.payout_transfer
      WHERE token = $1 AND block <= $2 AND (block, log_index) > ($3, $4)
      ORDER BY block, log_index LIMIT $5`,
    [token, toBlock, after.block, after.logIndex, limit],
  );
  return rows.map((row) => ({
    ...{ block: Number(row.block), time: Number(row.block_time), blockHash: row.block_hash },
    ...{ logIndex: row.log_index, from: row.from, to: row.to, value: BigInt(row.value) },
  }));
}

/** Views come with the index's first build that is ready, and these with one that indexes payouts. */
async function orBehind<T>(query: Promise<T>): Promise<T> {
  try {
    return await query;
  } catch (error) {
    if (!isMissingTable(error)) throw error;
    throw new SourceBehindError("there is no index with payouts in this database yet");
  }
}

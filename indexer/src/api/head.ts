import { sql } from "ponder";
import { db, publicClients } from "ponder:api";

import { decodeCheckpoint } from "./checkpoint.ts";

/** How far the index is: its latest block and the chain's. */
export interface Head {
  readonly chainId: number;
  readonly ready: boolean;
  readonly block: number | null;
  /** Unix seconds. */
  readonly blockTime: number | null;
  /** null while the RPC endpoint does not answer. */
  readonly chainBlock: number | null;
  readonly lagBlocks: number | null;
}

/**
 * Time of the latest indexed block: the clock that the chain's deadlines are judged by.
 *
 * @param chainId Chain of the index.
 * @returns Unix seconds; 0 before the first block.
 */
export async function readIndexedTime(chainId: number): Promise<number> {
  const { rows } = await db.execute<{ latest_checkpoint: string }>(
    sql`SELECT latest_checkpoint FROM _ponder_checkpoint WHERE chain_id = ${chainId}`,
  );
  const [row] = rows;
  return row === undefined ? 0 : decodeCheckpoint(row.latest_checkpoint).blockTime;
}

/**
 * Compares the index with the chain.
 *
 * @param chainId Chain of the index.
 */
export async function readHead(chainId: number): Promise<Head> {
  const [stored, chainBlock] = await Promise.all([
    db.execute<{ latest_checkpoint: string; ready: string | null }>(sql`
      SELECT latest_checkpoint, (SELECT value->>'is_ready' FROM _ponder_meta LIMIT 1) AS ready
        FROM _ponder_checkpoint WHERE chain_id = ${chainId}`),
    publicClients.network.getBlockNumber({ cacheTime: 0 }).then(Number, () => null),
  ]);
  const [row] = stored.rows;
  const at = row === undefined ? null : decodeCheckpoint(row.latest_checkpoint);
  return {
    chainId,
    ready: row?.ready === "1",
    block: at?.block ?? null,
    blockTime: at?.blockTime ?? null,
    chainBlock,
    lagBlocks: at === null || chainBlock === null ? null : Math.max(0, chainBlock - at.block),
  };
}

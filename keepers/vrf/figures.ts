import type { Queryable } from "../shared/database.ts";
import { onIndex } from "./store.ts";

/** What the metrics show of the index and of the relayer's ledger. */

/** A request that the index saw fulfilled. */
export interface Fulfilled {
  readonly block: number;
  /** From the request's block to the fulfilment's, by their times. */
  readonly seconds: number;
  readonly success: boolean;
}

/** @returns fulfilments of the key in blocks above `afterBlock`, oldest first, at most 1,000 */
export async function readFulfilled(
  db: Queryable,
  keyHash: string,
  schema: string,
  afterBlock: number,
): Promise<Fulfilled[]> {
  const { rows } = await onIndex(
    db.query<{ end_block: string; seconds: string; success: boolean | null }>(
      `SELECT end_block, end_time - block_time AS seconds, success FROM "${schema}".vrf_request
       WHERE status = 'fulfilled' AND key_hash = $1 AND end_block > $2 ORDER BY end_block LIMIT 1000`,
      [keyHash, afterBlock],
    ),
  );
  return rows.map((row) => ({
    block: Number(row.end_block),
    seconds: Number(row.seconds),
    success: row.success === true,
  }));
}

/** What randomness cost in the last 24 hours, and what the relayer's accounts hold; wei. */
export interface Spending {
  readonly dayWei: bigint;
  readonly balanceWei: bigint;
}

/** Sums up the relayer's ledger of a chain. */
export async function readSpending(db: Queryable, chainId: number): Promise<Spending> {
  const { rows } = await db.query<{ day: string; balance: string }>(
    `SELECT
       (SELECT coalesce(sum(t.gas_used * t.effective_gas_price_wei), 0) FROM dodona.transactions t
        JOIN dodona.intents i ON i.id = t.intent_id
        WHERE t.chain_id = $1 AND i.lane = 'randomness' AND t.mined_at > now() - interval '1 day') AS day,
       (SELECT coalesce(sum(balance_wei), 0) FROM dodona.accounts WHERE chain_id = $1) AS balance`,
    [chainId],
  );
  return { dayWei: BigInt(rows[0]?.day ?? 0), balanceWei: BigInt(rows[0]?.balance ?? 0) };
}

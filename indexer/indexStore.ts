import type { Queryable } from "../keepers/shared/database.ts";

import { decodeCheckpoint } from "./src/api/checkpoint.ts";

const SYNC_SCHEMA = "ponder_sync";

/** Final blocks and checkpoint of an index, as far as the database has them. */
export interface StoredProgress {
  readonly finalized: number | null;
  readonly seen: { readonly number: number; readonly hash: string } | null;
}

/**
 * Reads how far an index has come.
 *
 * @param client Connection to its database.
 * @param schema Schema of the build.
 * @param chainId Chain of the index.
 * @param head Only blocks up to this number are looked at.
 */
export async function readProgress(
  client: Queryable,
  schema: string,
  chainId: number,
  head: number,
): Promise<StoredProgress> {
  let finalized: number | null = null;
  let seen: StoredProgress["seen"] = null;
  if (await tableExists(client, schema, "_ponder_checkpoint")) {
    const { rows } = await client.query<{ finalized_checkpoint: string }>(
      `SELECT finalized_checkpoint FROM "${schema}"._ponder_checkpoint WHERE chain_id = $1`,
      [chainId],
    );
    const [row] = rows;
    if (row !== undefined) finalized = decodeCheckpoint(row.finalized_checkpoint).block;
  }
  if (await tableExists(client, SYNC_SCHEMA, "blocks")) {
    const { rows } = await client.query<{ number: string; hash: string }>(
      `SELECT number, hash FROM ${SYNC_SCHEMA}.blocks
         WHERE chain_id = $1 AND number <= $2 ORDER BY number DESC LIMIT 1`,
      [chainId, head],
    );
    const [row] = rows;
    if (row !== undefined) seen = { number: Number(row.number), hash: row.hash };
  }
  return { finalized, seen };
}

/**
 * Removes an index and everything that Ponder has kept of its chain, so that the next start begins anew.
 *
 * @param client Transaction of the only launcher of this build.
 * @param schema Schema of the build.
 * @param chainId Chain whose stored blocks and logs are forgotten.
 */
export async function dropIndex(client: Queryable, schema: string, chainId: number): Promise<void> {
  await client.query(`DROP SCHEMA IF EXISTS "${schema}" CASCADE`);
  const { rows } = await client.query<{ table_name: string }>(
    `SELECT c.table_name FROM information_schema.columns c
       JOIN information_schema.tables t USING (table_schema, table_name)
      WHERE c.table_schema = $1 AND c.column_name = 'chain_id' AND t.table_type = 'BASE TABLE'`,
    [SYNC_SCHEMA],
  );
  for (const { table_name: table } of rows) {
    await client.query(`DELETE FROM ${SYNC_SCHEMA}."${table}" WHERE chain_id = $1`, [chainId]);
  }
}

/**
 * Number of connections that a Ponder process of this build holds open. None means that none is alive.
 *
 * @param client Connection to the same server.
 * @param schema Schema of the build: Ponder names its connections after it.
 */
export async function countPonderConnections(client: Queryable, schema: string): Promise<number> {
  const { rows } = await client.query<{ count: string }>(
    `SELECT count(*) FROM pg_stat_activity
      WHERE datname = current_database() AND application_name = ANY($1)`,
    [["internal", "user", "readonly"].map((pool) => `${schema}_${pool}`)],
  );
  return Number(rows[0]?.count ?? 0);
}

/**
 * Opens the lock that a killed Ponder left behind; it would wait 25 s for it. Only right when no other process of this
 * build is alive.
 *
 * @returns Whether there was a lock.
 */
export async function releaseStaleLock(client: Queryable, schema: string): Promise<boolean> {
  if (!(await tableExists(client, schema, "_ponder_meta"))) return false;
  const { rowCount } = await client.query(
    `UPDATE "${schema}"._ponder_meta SET value = jsonb_set(value, '{is_locked}', '0')
      WHERE key = 'app' AND value->>'is_locked' = '1'`,
  );
  return (rowCount ?? 0) > 0;
}

async function tableExists(client: Queryable, schema: string, table: string): Promise<boolean> {
  const { rows } = await client.query<{ found: boolean }>(
    "SELECT to_regclass($1) IS NOT NULL AS found",
    [`"${schema}"."${table}"`],
  );
  return rows[0]?.found === true;
}

import type { Queryable } from "../shared/database.ts";
import { genesisOf, nextEntry, type AuditEntry, type AuditEvent, type AuditLog } from "./audit.ts";

/** The end of a log. */
export interface AuditHead {
  /** 0 for an empty log. */
  readonly sequence: number;
  readonly head: string;
}

/**
 * Locks a log for the rest of the transaction and reads its end: what is appended in the same transaction follows it.
 * @param client of a transaction
 */
export async function lockAudit(client: Queryable, log: AuditLog): Promise<AuditHead> {
  await client.query("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", [
    `payout audit ${log.chainId} ${log.distributor}`,
  ]);
  return readAuditHead(client, log);
}

/** Reads the end of a log. */
export async function readAuditHead(db: Queryable, log: AuditLog): Promise<AuditHead> {
  const { rows } = await db.query<{ sequence: string; hash: string }>(
    `SELECT sequence, hash FROM dodona.payout_audit WHERE chain_id = $1 AND distributor = $2
     ORDER BY sequence DESC LIMIT 1`,
    [log.chainId, log.distributor],
  );
  const [row] = rows;
  return row === undefined
    ? { sequence: 0, head: genesisOf(log) }
    : { sequence: Number(row.sequence), head: row.hash };
}

/**
 * Appends to a log. The state that an entry tells of belongs into the same transaction.
 * @param client of a transaction
 */
export async function appendAudit(
  client: Queryable,
  log: AuditLog,
  event: AuditEvent,
  atMs: number,
): Promise<AuditEntry> {
  const entry = nextEntry(await lockAudit(client, log), event, atMs);
  await client.query(
    `INSERT INTO dodona.payout_audit
       (chain_id, distributor, sequence, at_ms, epoch, kind, content, previous_hash, hash)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
    [
      ...[log.chainId, log.distributor, entry.sequence, entry.atMs, entry.epoch],
      ...[entry.kind, entry.content, entry.previousHash, entry.hash],
    ],
  );
  return entry;
}

/** @returns a log, or its entries after `afterSequence`, ascending */
export async function readAudit(
  db: Queryable,
  log: AuditLog,
  afterSequence = 0,
): Promise<AuditEntry[]> {
  const { rows } = await db.query<{
    sequence: string;
    at_ms: string;
    epoch: string;
    kind: string;
    content: string;
    previous_hash: string;
    hash: string;
  }>(
    `SELECT sequence, at_ms, epoch, kind, content, previous_hash, hash FROM dodona.payout_audit
     WHERE chain_id = $1 AND distributor = $2 AND sequence > $3 ORDER BY sequence`,
    [log.chainId, log.distributor, afterSequence],
  );
  return rows.map((row) => ({
    ...{ sequence: Number(row.sequence), atMs: Number(row.at_ms), epoch: Number(row.epoch) },
    ...{ kind: row.kind, content: row.content },
    ...{ previousHash: row.previous_hash, hash: row.hash },
  }));
}

import type { Queryable } from "../shared/database.ts";
import type { IntentStatus, Lane } from "../shared/intents.ts";
import type { Attempt, Content, OpenSlot, QueuedIntent, Rank } from "./model.ts";
import type { WatchedSlot } from "./settle.ts";

/** Reading side of the ledger. Numbers of Postgres arrive as text: bigint columns become bigint or a safe number here. */

/** An account of the ledger. */
export interface AccountKey {
  chainId: number;
  /** Lower case. */
  address: string;
}

const queueWindow = 256;

// The newest of a group, by ordinal, then by arrival; finds one row by index.
const newestOf = (intent: string): string => `
  LEFT JOIN LATERAL (
    SELECT n.ordinal, n.id FROM dodona.intents n
    WHERE n.chain_id = ${intent}.chain_id AND n.group_key = ${intent}.group_key
      AND n.status IN ('queued', 'sent', 'confirmed')
    ORDER BY n.ordinal DESC, n.id DESC LIMIT 1
  ) newest ON true`;

interface ContentRow {
  id: string;
  cancel_reason: string | null;
  group_key: string | null;
  ordinal: string;
  expires_at: Date | null;
  status: IntentStatus;
  newest_ordinal: string | null;
  newest_id: string | null;
}

/** @returns the account's next nonce; undefined when the ledger does not know it. */
export async function readNextNonce(
  db: Queryable,
  account: AccountKey,
): Promise<number | undefined> {
  const found = await db.query<{ next_nonce: string }>(
    "SELECT next_nonce FROM dodona.accounts WHERE chain_id = $1 AND address = $2",
    [account.chainId, account.address],
  );
  return found.rows[0] === undefined ? undefined : Number(found.rows[0].next_nonce);
}

/** An account as the ledger has it. */
export interface AccountRow {
  nextNonce: number;
  /** Why somebody has paused it or the whole chain; null when nobody has. */
  paused: string | null;
  quarantines: number;
  quarantinedUntilMs: number | null;
  quarantineReason: string | null;
  /** The database's clock: the one that all processes share. */
  nowMs: number;
}

/** @returns undefined when the ledger does not know the account */
export async function readAccount(
  db: Queryable,
  account: AccountKey,
): Promise<AccountRow | undefined> {
  const found = await db.query<{
    next_nonce: string;
    paused: string | null;
    quarantines: number;
    quarantined_until: Date | null;
    quarantine_reason: string | null;
    now_ms: string;
  }>(
    `SELECT a.next_nonce, a.quarantines, a.quarantined_until, a.quarantine_reason, ${pauseOf("a")} AS paused,
            extract(epoch FROM clock_timestamp()) * 1000 AS now_ms
     FROM dodona.accounts a WHERE a.chain_id = $1 AND a.address = $2`,
    [account.chainId, account.address],
  );
  const row = found.rows[0];
  if (row === undefined) return undefined;
  return {
    nextNonce: Number(row.next_nonce),
    paused: row.paused,
    quarantines: row.quarantines,
    quarantinedUntilMs: row.quarantined_until?.getTime() ?? null,
    quarantineReason: row.quarantine_reason,
    nowMs: Number(row.now_ms),
  };
}

/** @returns SQL of the reason why an account is paused, null when it is not. */
export function pauseOf(account: string): string {
  return `(SELECT p.reason FROM dodona.pauses p WHERE p.chain_id = ${account}.chain_id
    AND p.account IN ('*', ${account}.address) ORDER BY p.account LIMIT 1)`;
}

/** @returns the head of the chain's queue: by lane, oldest first, at most 256, and as many that name their account. */
export async function readQueue(db: Queryable, chainId: number): Promise<QueuedIntent[]> {
  type Row = ContentRow & {
    lane: Lane;
    account: string | null;
    value_wei: string;
    gas_limit: string;
  };
  const found = await db.query<Row>(
    `SELECT i.id, i.group_key, i.ordinal, i.expires_at, i.status, i.cancel_reason, i.lane, i.account, i.value_wei,
            i.gas_limit, newest.ordinal AS newest_ordinal, newest.id AS newest_id
     FROM (
       (SELECT * FROM dodona.intents WHERE chain_id = $1 AND status = 'queued' AND account IS NULL
        ORDER BY lane_rank, id LIMIT ${queueWindow})
       UNION ALL
       -- Apart, so that no flood of others keeps a treasury from filling the accounts that send them.
       (SELECT * FROM dodona.intents WHERE chain_id = $1 AND status = 'queued' AND account IS NOT NULL
        ORDER BY account, id LIMIT ${queueWindow})
     ) i ${newestOf("i")}`,
    [chainId],
  );
  return found.rows.map((row) => ({
    ...toContent(row),
    lane: row.lane,
    account: row.account,
    valueWei: BigInt(row.value_wei),
    gasLimit: BigInt(row.gas_limit),
  }));
}

/** @returns the account's pending and vacant nonces (the lowest 256 of each), ascending; `nextBroadcastMs` is 0. */
export async function readOpenSlots(db: Queryable, account: AccountKey): Promise<OpenSlot[]> {
  type Row = Omit<ContentRow, "id"> & {
    id: string;
    nonce: string;
    slot_status: OpenSlot["status"];
    intent_id: string | null;
    attempt_id: string | null;
    hash: string;
    carried_id: string | null;
    max_fee_wei: string;
    tip_wei: string;
    gas_limit: string;
    value_wei: string;
    signed_at_block: string;
    created_at: Date;
    broadcast_at: Date | null;
    error: string | null;
  };
  const found = await db.query<Row>(
    `SELECT t.id, t.nonce, t.status AS slot_status, t.intent_id, t.attempt_id,
            a.hash, a.intent_id AS carried_id, a.max_fee_wei, a.tip_wei, a.gas_limit, a.value_wei, a.signed_at_block,
            a.created_at, a.broadcast_at, a.error,
            i.group_key, i.ordinal, i.expires_at, i.status, i.cancel_reason, newest.ordinal AS newest_ordinal, newest.id AS newest_id
     FROM (
       (SELECT * FROM dodona.transactions WHERE chain_id = $1 AND account = $2 AND status = 'pending'
        ORDER BY nonce LIMIT ${queueWindow})
       UNION ALL
       (SELECT * FROM dodona.transactions WHERE chain_id = $1 AND account = $2 AND status = 'vacant'
        ORDER BY nonce LIMIT ${queueWindow})
     ) t
     LEFT JOIN dodona.attempts a ON a.id = t.attempt_id
     LEFT JOIN dodona.intents i ON i.id = t.intent_id ${newestOf("i")}
     ORDER BY t.nonce`,
    [account.chainId, account.address],
  );
  return found.rows.map((row) => {
    const attempt: Attempt | null =
      row.attempt_id === null
        ? null
        : {
            id: BigInt(row.attempt_id),
            hash: row.hash,
            intentId: row.carried_id === null ? null : BigInt(row.carried_id),
            fees: { maxFeeWei: BigInt(row.max_fee_wei), tipWei: BigInt(row.tip_wei) },
            gasLimit: BigInt(row.gas_limit),
            valueWei: BigInt(row.value_wei),
            signedAtBlock: Number(row.signed_at_block),
            createdMs: row.created_at.getTime(),
            accepted: row.broadcast_at !== null,
            error: row.error,
          };
    return {
      id: BigInt(row.id),
      nonce: Number(row.nonce),
      status: row.slot_status,
      content: row.intent_id === null ? null : toContent({ ...row, id: row.intent_id }),
      attempt,
      nextBroadcastMs: 0,
    };
  });
}

/**
 * @param nonce next nonce on the chain
 * @returns nonces that the chain may have changed: open ones below it, mined ones that are not final, and settled ones
 * that are not below it any more
 */
export async function readWatchedSlots(
  db: Queryable,
  account: AccountKey,
  nonce: number,
): Promise<WatchedSlot[]> {
  type Row = {
    id: string;
    nonce: string;
    status: WatchedSlot["status"];
    missing_since_block: string | null;
    attempts: Array<{ id: string; hash: string }> | null;
  };
  const found = await db.query<Row>(
    `SELECT t.id, t.nonce, t.status, t.missing_since_block, (
       SELECT json_agg(json_build_object('id', a.id::text, 'hash', a.hash) ORDER BY (a.id = t.winner_id) DESC NULLS LAST, a.id DESC)
       FROM dodona.attempts a WHERE a.transaction_id = t.id) AS attempts
     FROM (
       SELECT * FROM dodona.transactions
       WHERE chain_id = $1 AND account = $2 AND nonce < $3 AND status IN ('pending', 'mined', 'vacant')
       UNION ALL
       SELECT * FROM dodona.transactions
       WHERE chain_id = $1 AND account = $2 AND nonce >= $3 AND status IN ('mined', 'final', 'foreign')
     ) t
     ORDER BY t.nonce LIMIT ${2 * queueWindow}`,
    [account.chainId, account.address, nonce],
  );
  return found.rows.map((row) => ({
    id: BigInt(row.id),
    nonce: Number(row.nonce),
    status: row.status,
    missingSinceBlock: row.missing_since_block === null ? null : Number(row.missing_since_block),
    attempts: (row.attempts ?? []).map((attempt) => ({
      id: BigInt(attempt.id),
      hash: attempt.hash,
    })),
  }));
}

/** @returns how many nonces from this one on the ledger has rows for. */
export async function countSlots(
  db: Queryable,
  account: AccountKey,
  nonce: number,
): Promise<number> {
  const found = await db.query<{ count: string }>(
    "SELECT count(*) AS count FROM dodona.transactions WHERE chain_id = $1 AND account = $2 AND nonce >= $3",
    [account.chainId, account.address, nonce],
  );
  return Number(found.rows[0]?.count ?? 0);
}

/** @returns the signed bytes of attempts, 0x hex, by id. */
export async function readRaw(
  db: Queryable,
  attemptIds: readonly bigint[],
): Promise<Map<bigint, string>> {
  if (attemptIds.length === 0) return new Map();
  const found = await db.query<{ id: string; raw: Buffer }>(
    "SELECT id, raw FROM dodona.attempts WHERE id = ANY($1)",
    [attemptIds.map(String)],
  );
  return new Map(found.rows.map((row) => [BigInt(row.id), `0x${row.raw.toString("hex")}`]));
}

/** @returns number and age of the oldest intent by status (queued, sent) and lane. */
export async function readBacklog(
  db: Queryable,
  chainId: number,
): Promise<Array<{ status: IntentStatus; lane: Lane; count: number; oldestSeconds: number }>> {
  const found = await db.query<{ status: IntentStatus; lane: Lane; count: string; oldest: string }>(
    `SELECT status, lane, count(*) AS count, extract(epoch FROM now() - min(created_at)) AS oldest
     FROM dodona.intents WHERE chain_id = $1 AND status IN ('queued', 'sent') GROUP BY status, lane`,
    [chainId],
  );
  return found.rows.map((row) => ({
    status: row.status,
    lane: row.lane,
    count: Number(row.count),
    oldestSeconds: Number(row.oldest),
  }));
}

function toContent(row: ContentRow): Content {
  const newest: Rank | null =
    row.newest_id === null || row.newest_ordinal === null
      ? null
      : { id: BigInt(row.newest_id), ordinal: BigInt(row.newest_ordinal) };
  return {
    id: BigInt(row.id),
    group: row.group_key,
    ordinal: BigInt(row.ordinal),
    expiresAtMs: row.expires_at === null ? null : row.expires_at.getTime(),
    status: row.status,
    cancelReason: row.cancel_reason,
    newest,
  };
}

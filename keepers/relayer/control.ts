import type { Queryable } from "../shared/database.ts";
import { intentChannel, type IntentStatus, type Lane } from "../shared/intents.ts";

/** What a person may do to running relayers, all through rows of the database. */

/** Who or what a pause is for. */
export const wholeChain = "*";

/**
 * Stops the allocation of new nonces, at once and in all processes; what is pending is still replaced and watched.
 * @param account lower case, or `wholeChain`
 */
export async function pause(
  db: Queryable,
  chainId: number,
  account: string,
  reason: string,
): Promise<void> {
  await db.query(
    `INSERT INTO dodona.pauses (chain_id, account, reason) VALUES ($1, $2, $3)
     ON CONFLICT (chain_id, account) DO UPDATE SET reason = excluded.reason`,
    [chainId, account, reason],
  );
  await wakeRelayers(db, chainId);
}

/** Ends a pause. @returns whether there was one */
export async function resume(db: Queryable, chainId: number, account: string): Promise<boolean> {
  const gone = await db.query("DELETE FROM dodona.pauses WHERE chain_id = $1 AND account = $2", [
    chainId,
    account,
  ]);
  await wakeRelayers(db, chainId);
  return gone.rowCount === 1;
}

/** What a cancellation met. */
export interface Cancellation {
  intentId: bigint;
  key: string;
  /** The status before: queued is never sent now; sent may still be mined by the bytes that are out. */
  was: IntentStatus;
}

/**
 * Asks for an intent not to be executed. A queued one fails at once; the nonce of a sent one goes to the next intent or
 * to a cancelling transaction, at higher fees: if its own bytes win all the same, it is confirmed.
 * @param which key or id
 * @returns undefined when there is no such intent
 */
export async function cancel(
  db: Queryable,
  which: string,
  reason: string,
): Promise<Cancellation | undefined> {
  const found = await db.query<{ id: string; key: string; was: IntentStatus; chain_id: string }>(
    `UPDATE dodona.intents i SET
       cancel_reason = CASE WHEN old.status IN ('queued', 'sent') THEN $2 ELSE i.cancel_reason END,
       status = CASE WHEN old.status = 'queued' THEN 'failed' ELSE i.status END,
       reason = CASE WHEN old.status = 'queued' THEN 'cancelled: ' || $2 ELSE i.reason END, updated_at = now()
     FROM (SELECT id, status FROM dodona.intents WHERE key = $1 OR id::text = $1
           ORDER BY key = $1 DESC LIMIT 1 FOR UPDATE) old
     WHERE i.id = old.id RETURNING i.id, i.key, i.chain_id, old.status AS was`,
    [which, reason],
  );
  const row = found.rows[0];
  if (row === undefined) return undefined;
  await wakeRelayers(db, Number(row.chain_id));
  return { intentId: BigInt(row.id), key: row.key, was: row.was };
}

/** An account as `relayer status` shows it. */
export interface AccountState {
  chainId: number;
  address: string;
  balanceWei: bigint;
  nextNonce: number;
  /** Nonces that are signed and not mined. */
  pending: number;
  /** Seconds since a relayer wrote to it. */
  seenSeconds: number;
  /** Why nothing new is sent; null when it is. */
  heldReason: string | null;
  quarantinedUntil: Date | null;
  isTreasury: boolean;
}

/** A chain as `relayer status` shows it. */
export interface RelayerState {
  accounts: AccountState[];
  pauses: Array<{ chainId: number; account: string; reason: string; pausedAt: Date }>;
  backlog: Array<{
    chainId: number;
    lane: Lane;
    status: IntentStatus;
    count: number;
    oldestSeconds: number;
  }>;
  topUps: Array<{ chainId: number; askedTodayWei: bigint; capWei: bigint; treasury: string }>;
  /** Intents that failed in the last hour, newest first, at most 10. */
  failures: Array<{ chainId: number; key: string; reason: string; ageSeconds: number }>;
}

/** Reads what the relayers of all chains, or of one, are doing. */
export async function readRelayerState(
  db: Queryable,
  chainId: number | null,
): Promise<RelayerState> {
  const accounts = await db.query<{
    chain_id: string;
    address: string;
    balance_wei: string;
    next_nonce: string;
    pending: string;
    seen: string;
    held_reason: string | null;
    quarantined_until: Date | null;
    is_treasury: boolean;
  }>(
    `SELECT a.chain_id, a.address, a.balance_wei, a.next_nonce, a.held_reason,
            extract(epoch FROM now() - a.updated_at) AS seen,
            CASE WHEN a.quarantined_until > now() THEN a.quarantined_until END AS quarantined_until,
            (SELECT count(*) FROM dodona.transactions t
             WHERE t.chain_id = a.chain_id AND t.account = a.address AND t.status = 'pending') AS pending,
            y.address IS NOT NULL AS is_treasury
     FROM dodona.accounts a LEFT JOIN dodona.treasuries y ON y.chain_id = a.chain_id AND y.address = a.address
     WHERE $1::bigint IS NULL OR a.chain_id = $1 ORDER BY a.chain_id, is_treasury, a.address`,
    [chainId],
  );
  const pauses = await db.query<{
    chain_id: string;
    account: string;
    reason: string;
    paused_at: Date;
  }>(
    `SELECT chain_id, account, reason, paused_at FROM dodona.pauses
     WHERE $1::bigint IS NULL OR chain_id = $1 ORDER BY chain_id, account`,
    [chainId],
  );
  const backlog = await db.query<{
    chain_id: string;
    lane: Lane;
    status: IntentStatus;
    count: string;
    oldest: string;
  }>(
    `SELECT chain_id, lane, status, count(*) AS count, extract(epoch FROM now() - min(created_at)) AS oldest
     FROM dodona.intents WHERE status IN ('queued', 'sent') AND ($1::bigint IS NULL OR chain_id = $1)
     GROUP BY chain_id, lane, lane_rank, status ORDER BY chain_id, lane_rank, status`,
    [chainId],
  );
  const topUps = await db.query<{
    chain_id: string;
    address: string;
    cap: string;
    asked: string | null;
  }>(
    `SELECT y.chain_id, y.address, y.daily_cap_wei AS cap, d.asked_wei AS asked
     FROM dodona.treasuries y LEFT JOIN dodona.topup_days d
       ON d.chain_id = y.chain_id AND d.day = (now() AT TIME ZONE 'UTC')::date
     WHERE $1::bigint IS NULL OR y.chain_id = $1 ORDER BY y.chain_id`,
    [chainId],
  );
  const failures = await db.query<{
    chain_id: string;
    key: string;
    reason: string | null;
    age: string;
  }>(
    `SELECT chain_id, key, reason, extract(epoch FROM now() - updated_at) AS age FROM dodona.intents
     WHERE status = 'failed' AND updated_at > now() - interval '1 hour' AND ($1::bigint IS NULL OR chain_id = $1)
     ORDER BY updated_at DESC LIMIT 10`,
    [chainId],
  );
  return {
    accounts: accounts.rows.map((row) => ({
      chainId: Number(row.chain_id),
      address: row.address,
      balanceWei: BigInt(row.balance_wei),
      nextNonce: Number(row.next_nonce),
      pending: Number(row.pending),
      seenSeconds: Math.floor(Number(row.seen)),
      heldReason: row.held_reason,
      quarantinedUntil: row.quarantined_until,
      isTreasury: row.is_treasury,
    })),
    pauses: pauses.rows.map((row) => ({
      chainId: Number(row.chain_id),
      account: row.account,
      reason: row.reason,
      pausedAt: row.paused_at,
    })),
    backlog: backlog.rows.map((row) => ({
      chainId: Number(row.chain_id),
      lane: row.lane,
      status: row.status,
      count: Number(row.count),
      oldestSeconds: Math.floor(Number(row.oldest)),
    })),
    topUps: topUps.rows.map((row) => ({
      chainId: Number(row.chain_id),
      askedTodayWei: BigInt(row.asked ?? 0),
      capWei: BigInt(row.cap),
      treasury: row.address,
    })),
    failures: failures.rows.map((row) => ({
      chainId: Number(row.chain_id),
      key: row.key,
      reason: row.reason ?? "no reason",
      ageSeconds: Math.floor(Number(row.age)),
    })),
  };
}

async function wakeRelayers(db: Queryable, chainId: number): Promise<void> {
  await db.query("SELECT pg_notify($1, $2)", [intentChannel, String(chainId)]);
}

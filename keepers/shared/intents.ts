import type { Queryable } from "./database.ts";

/** Lanes in the order in which the relayer serves them. */
export const lanes = ["feeds", "randomness", "payouts", "admin"] as const;
/** Priority lane of an intent. */
export type Lane = (typeof lanes)[number];

/** Where an intent stands. The last four are ends; a reorg may move confirmed and failed back to sent. */
export type IntentStatus = "queued" | "sent" | "confirmed" | "failed" | "superseded" | "expired";

/** A transaction that a keeper wants to have on chain. */
export interface NewIntent {
  chainId: number;
  /** Unique business key: the same key is never executed twice, whoever asks and how often. */
  key: string;
  lane: Lane;
  /** The newest ordinal of a group replaces older ones that are queued or pending; null stands alone. */
  group: string | null;
  ordinal: bigint;
  to: string;
  /** Calldata, 0x-prefixed hex. */
  data: string;
  /** Wei sent along. */
  value: bigint;
  gasLimit: bigint;
  /** After this wall-clock time it is dropped or cancelled; null never. */
  expiresAtMs: number | null;
  /** The only account that may send it, where it matters who does; the relayer chooses when absent. */
  account?: string;
}

/** An intent as it stands. */
export interface IntentState {
  id: bigint;
  status: IntentStatus;
  reason: string | null;
  /** Hash of the transaction that carried it into a block, once mined. */
  transactionHash: string | null;
}

/** Channel on which the relayer is told of new intents; the payload is the chain id. */
export const intentChannel = "dodona_intents";

const insert = `
  WITH added AS (
    INSERT INTO dodona.intents
      (chain_id, key, lane, group_key, ordinal, to_address, data, value_wei, gas_limit, expires_at, account)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
    ON CONFLICT (key) DO NOTHING
    RETURNING id
  )
  SELECT id FROM added, pg_notify('${intentChannel}', $1::bigint::text)`;

/**
 * Hands a transaction to the relayer. Call it with the client of the transaction that stores the keeper's own state, so
 * that both are there or neither is. The relayer wakes up when that transaction commits.
 * @returns the intent's id; the id of the existing one when the key is known (which is left as it is)
 * @throws RangeError when a field is out of range
 */
export async function enqueueIntent(client: Queryable, intent: NewIntent): Promise<bigint> {
  if (!/^0x[0-9a-fA-F]{40}$/.test(intent.to))
    throw new RangeError(`intent ${intent.key}: to is not an address`);
  if (!/^0x([0-9a-fA-F]{2})*$/.test(intent.data))
    throw new RangeError(`intent ${intent.key}: data is not hex bytes`);
  if (intent.gasLimit < 21_000n)
    throw new RangeError(`intent ${intent.key}: gas limit below 21000`);
  if (intent.value < 0n) throw new RangeError(`intent ${intent.key}: negative value`);
  const added = await client.query<{ id: string }>(insert, [
    intent.chainId,
    intent.key,
    intent.lane,
    intent.group,
    intent.ordinal.toString(),
    intent.to.toLowerCase(),
    Buffer.from(intent.data.slice(2), "hex"),
    intent.value.toString(),
    intent.gasLimit.toString(),
    intent.expiresAtMs === null ? null : new Date(intent.expiresAtMs),
    intent.account?.toLowerCase() ?? null,
  ]);
  const row = added.rows[0] ?? (await findByKey(client, intent.key));
  if (row === undefined) throw new Error(`intent ${intent.key} was neither added nor found`);
  return BigInt(row.id);
}

/**
 * Takes an intent back that nobody needs any more. One that is queued fails at once; the nonce of one that is sent goes to
 * another transaction, and if its own bytes win all the same it is confirmed. One that has ended stays as it is.
 * @returns whether there was something to take back
 */
export async function withdrawIntent(
  client: Queryable,
  key: string,
  reason: string,
): Promise<boolean> {
  const changed = await client.query(
    `WITH withdrawn AS (
       UPDATE dodona.intents SET cancel_reason = $2, updated_at = now(),
         status = CASE WHEN status = 'queued' THEN 'failed' ELSE status END,
         reason = CASE WHEN status = 'queued' THEN 'cancelled: ' || $2 ELSE reason END
       WHERE key = $1 AND status IN ('queued', 'sent') AND cancel_reason IS NULL RETURNING chain_id
     )
     SELECT pg_notify('${intentChannel}', chain_id::text) FROM withdrawn`,
    [key, reason],
  );
  return changed.rowCount === 1;
}

/**
 * Reads where an intent stands.
 * @returns undefined when no intent has this key
 */
export async function readIntent(client: Queryable, key: string): Promise<IntentState | undefined> {
  const found = await client.query<{
    id: string;
    status: IntentStatus;
    reason: string | null;
    hash: string | null;
  }>("SELECT id, status, reason, transaction_hash AS hash FROM dodona.intents WHERE key = $1", [
    key,
  ]);
  const row = found.rows[0];
  if (row === undefined) return undefined;
  return { id: BigInt(row.id), status: row.status, reason: row.reason, transactionHash: row.hash };
}

async function findByKey(client: Queryable, key: string): Promise<{ id: string } | undefined> {
  const found = await client.query<{ id: string }>("SELECT id FROM dodona.intents WHERE key = $1", [
    key,
  ]);
  return found.rows[0];
}

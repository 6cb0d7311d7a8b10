import type { PoolClient } from "pg";
import { intentChannel } from "../shared/intents.ts";
import type { Receipt } from "./settle.ts";

/** What the chain has made of a nonce, with the reason of a revert. */
export type Verdict =
  | {
      type: "mined";
      slotId: bigint;
      attemptId: bigint;
      receipt: Receipt;
      final: boolean;
      reason: string;
      blockMs: number;
    }
  | { type: "reopened"; slotId: bigint; head: number }
  | { type: "missing"; slotId: bigint; sinceBlock: number }
  | { type: "foreign"; slotId: bigint };

/**
 * Writes what the chain has made of a nonce, and what follows for its intents. Call under the account's row lock.
 * @param maxRequeues how often an intent that lost its nonce is queued again before it fails
 */
export async function applyVerdict(
  client: PoolClient,
  verdict: Verdict,
  chainId: number,
  maxRequeues: number,
): Promise<void> {
  const requeue = (id: string | null, reason: string): Promise<void> =>
    requeueIntent(client, id, reason, chainId, maxRequeues);
  if (verdict.type === "mined") return applyMined(client, verdict, requeue);
  if (verdict.type === "reopened") return reopen(client, verdict.slotId, verdict.head);
  if (verdict.type === "missing") {
    await client.query("UPDATE dodona.transactions SET missing_since_block = $2 WHERE id = $1", [
      verdict.slotId,
      verdict.sinceBlock,
    ]);
    return;
  }
  const lost = await client.query<{ intent_id: string | null }>(
    `UPDATE dodona.transactions t SET status = 'foreign', intent_id = NULL
     FROM dodona.transactions old WHERE t.id = $1 AND old.id = t.id AND t.status IN ('pending', 'vacant', 'mined')
     RETURNING old.intent_id`,
    [verdict.slotId],
  );
  await requeue(lost.rows[0]?.intent_id ?? null, "its nonce went to a transaction of someone else");
}

async function applyMined(
  client: PoolClient,
  verdict: Extract<Verdict, { type: "mined" }>,
  requeue: (id: string | null, reason: string) => Promise<void>,
): Promise<void> {
  const { receipt } = verdict;
  const updated = await client.query<{ old_intent: string | null; carried: string | null }>(
    `UPDATE dodona.transactions t
     SET status = $3, winner_id = a.id, block_number = $4, block_hash = $5, succeeded = $6, gas_used = $7,
         effective_gas_price_wei = $8, missing_since_block = NULL, mined_at = coalesce(t.mined_at, now()), block_at = $9,
         intent_id = CASE WHEN $3 = 'final' THEN a.intent_id ELSE t.intent_id END,
         attempt_id = CASE WHEN $3 = 'final' THEN a.id ELSE t.attempt_id END
     FROM dodona.transactions old, dodona.attempts a
     WHERE t.id = $1 AND old.id = t.id AND a.id = $2 AND t.status IN ('pending', 'vacant', 'mined')
     RETURNING old.intent_id AS old_intent, a.intent_id AS carried`,
    [
      verdict.slotId,
      verdict.attemptId,
      verdict.final ? "final" : "mined",
      receipt.blockNumber,
      receipt.blockHash,
      receipt.succeeded,
      receipt.gasUsed.toString(),
      receipt.effectiveGasPriceWei.toString(),
      new Date(verdict.blockMs),
    ],
  );
  const row = updated.rows[0];
  if (row === undefined) return;
  if (row.carried !== null) {
    const status = receipt.succeeded ? "confirmed" : "failed";
    await client.query(
      `UPDATE dodona.intents SET transaction_hash = $2, updated_at = now(),
         status = CASE WHEN $3 THEN $4 ELSE status END, reason = CASE WHEN $3 THEN $5 ELSE reason END
       WHERE id = $1`,
      [row.carried, receipt.hash, verdict.final, status, verdict.reason],
    );
  }
  if (verdict.final && row.old_intent !== row.carried) {
    await requeue(row.old_intent, "an earlier transaction with its nonce was mined");
  }
}

async function reopen(client: PoolClient, slotId: bigint, head: number): Promise<void> {
  const slot = await client.query<{
    was: string;
    intent_id: string | null;
    live: boolean | null;
  }>(
    `SELECT t.status AS was, t.intent_id, i.expires_at IS NULL OR i.expires_at > now() AS live
     FROM dodona.transactions t LEFT JOIN dodona.intents i ON i.id = t.intent_id
     WHERE t.id = $1 AND t.status IN ('mined', 'final', 'foreign') FOR UPDATE OF t`,
    [slotId],
  );
  const row = slot.rows[0];
  if (row === undefined) return;
  const carries = row.intent_id !== null && row.live === true;
  // Bytes that were not final may still be in a pool; those of a reset chain are nowhere, nor is their intent wanted.
  const status = row.was === "mined" || carries ? "pending" : "vacant";
  await client.query(
    `UPDATE dodona.transactions
     SET status = $2, winner_id = NULL, block_number = NULL, block_hash = NULL, succeeded = NULL, gas_used = NULL,
         effective_gas_price_wei = NULL, mined_at = NULL, block_at = NULL, missing_since_block = NULL,
         intent_id = CASE WHEN $2 = 'vacant' THEN NULL ELSE intent_id END
     WHERE id = $1`,
    [slotId, status],
  );
  // Its age starts anew: it was not too cheap, it was taken out.
  await client.query(
    `UPDATE dodona.attempts a SET signed_at_block = $2
     FROM dodona.transactions t WHERE t.id = $1 AND a.id = t.attempt_id`,
    [slotId, head],
  );
  await client.query(
    `UPDATE dodona.intents SET transaction_hash = NULL
     WHERE transaction_hash IN (SELECT hash FROM dodona.attempts WHERE transaction_id = $1)`,
    [slotId],
  );
  await client.query(
    `UPDATE dodona.intents SET status = $2, reason = $3, updated_at = now()
     WHERE id = $1 AND status IN ('sent', 'confirmed', 'failed')`,
    [
      row.intent_id,
      carries ? "sent" : "expired",
      "the chain dropped the block with its transaction",
    ],
  );
}

async function requeueIntent(
  client: PoolClient,
  id: string | null,
  reason: string,
  chainId: number,
  maxRequeues: number,
): Promise<void> {
  await client.query(
    `UPDATE dodona.intents
     SET status = CASE WHEN requeues < $3 THEN 'queued' ELSE 'failed' END, requeues = requeues + 1, reason = $2,
         updated_at = now()
     WHERE id = $1 AND status = 'sent'`,
    [id, reason, maxRequeues],
  );
  await client.query("SELECT pg_notify($1, $2)", [intentChannel, String(chainId)]);
}

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
  | { type: "foreign"; slotId: bigint; newestAttemptId: bigint | null };

/**
 * Writes what the chain has made of nonces, and what follows for their intents. Call under the account's row lock.
 * @param maxRequeues how often an intent that lost its nonce is queued again before it fails
 */
export async function applyVerdicts(
  client: PoolClient,
  verdicts: readonly Verdict[],
  chainId: number,
  maxRequeues: number,
): Promise<void> {
  const requeue = (id: string | null, reason: string): Promise<void> =>
    requeueIntent(client, id, reason, chainId, maxRequeues);
  const mined = verdicts.filter((verdict) => verdict.type === "mined");
  if (mined.length > 0) await applyMined(client, mined, requeue);
  for (const verdict of verdicts) await applyOne(client, verdict, requeue);
}

async function applyOne(
  client: PoolClient,
  verdict: Verdict,
  requeue: (id: string | null, reason: string) => Promise<void>,
): Promise<void> {
  if (verdict.type === "mined") return;
  if (verdict.type === "reopened") return reopen(client, verdict.slotId, verdict.head);
  if (verdict.type === "missing") {
    await client.query("UPDATE dodona.transactions SET missing_since_block = $2 WHERE id = $1", [
      verdict.slotId,
      verdict.sinceBlock,
    ]);
    return;
  }
  // What was signed for the nonce since the chain was read is not what was looked for: the next look is about it.
  const lost = await client.query<{ intent_id: string | null }>(
    `UPDATE dodona.transactions t SET status = 'foreign', intent_id = NULL
     FROM dodona.transactions old WHERE t.id = $1 AND old.id = t.id AND t.status IN ('pending', 'vacant', 'mined')
       AND (SELECT max(id) FROM dodona.attempts WHERE transaction_id = t.id) IS NOT DISTINCT FROM $2
     RETURNING old.intent_id`,
    [verdict.slotId, verdict.newestAttemptId],
  );
  await requeue(lost.rows[0]?.intent_id ?? null, "its nonce went to a transaction of someone else");
}

/** All that are mined at once: this is most of what a relayer under load writes. */
async function applyMined(
  client: PoolClient,
  verdicts: ReadonlyArray<Extract<Verdict, { type: "mined" }>>,
  requeue: (id: string | null, reason: string) => Promise<void>,
): Promise<void> {
  const column = <T>(value: (verdict: (typeof verdicts)[number]) => T): T[] => verdicts.map(value);
  const updated = await client.query<{
    slot_id: string;
    old_intent: string | null;
    carried: string | null;
  }>(
    `UPDATE dodona.transactions t
     SET status = CASE WHEN v.final THEN 'final' ELSE 'mined' END, winner_id = a.id, block_number = v.block_number,
         block_hash = v.block_hash, succeeded = v.succeeded, gas_used = v.gas_used, effective_gas_price_wei = v.price,
         missing_since_block = NULL, mined_at = coalesce(t.mined_at, now()), block_at = v.block_at,
         intent_id = CASE WHEN v.final THEN a.intent_id ELSE t.intent_id END,
         attempt_id = CASE WHEN v.final THEN a.id ELSE t.attempt_id END
     FROM unnest($1::bigint[], $2::bigint[], $3::boolean[], $4::bigint[], $5::text[], $6::boolean[], $7::bigint[],
                 $8::numeric[], $9::timestamptz[])
          AS v (slot_id, attempt_id, final, block_number, block_hash, succeeded, gas_used, price, block_at)
     JOIN dodona.transactions old ON old.id = v.slot_id
     JOIN dodona.attempts a ON a.id = v.attempt_id
     WHERE t.id = v.slot_id AND t.status IN ('pending', 'vacant', 'mined')
     RETURNING t.id AS slot_id, old.intent_id AS old_intent, a.intent_id AS carried`,
    [
      column((one) => one.slotId.toString()),
      column((one) => one.attemptId.toString()),
      column((one) => one.final),
      column((one) => one.receipt.blockNumber),
      column((one) => one.receipt.blockHash),
      column((one) => one.receipt.succeeded),
      column((one) => one.receipt.gasUsed.toString()),
      column((one) => one.receipt.effectiveGasPriceWei.toString()),
      column((one) => new Date(one.blockMs)),
    ],
  );
  const bySlot = new Map(verdicts.map((verdict) => [verdict.slotId.toString(), verdict]));
  const carried = updated.rows.filter((row) => row.carried !== null);
  const of = <T>(value: (verdict: (typeof verdicts)[number]) => T): T[] =>
    carried.map((row) => value(bySlot.get(row.slot_id)!));
  await client.query(
    `UPDATE dodona.intents i SET transaction_hash = v.hash, updated_at = now(),
       status = CASE WHEN v.final THEN v.status ELSE i.status END,
       reason = CASE WHEN v.final THEN v.reason ELSE i.reason END
     FROM unnest($1::bigint[], $2::text[], $3::boolean[], $4::text[], $5::text[]) AS v (id, hash, final, status, reason)
     WHERE i.id = v.id`,
    [
      carried.map((row) => row.carried),
      of((one) => one.receipt.hash),
      of((one) => one.final),
      of((one) => (one.receipt.succeeded ? "confirmed" : "failed")),
      of((one) => one.reason),
    ],
  );
  for (const row of updated.rows) {
    if (bySlot.get(row.slot_id)?.final === true && row.old_intent !== row.carried)
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

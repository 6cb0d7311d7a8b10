import type { PoolClient } from "pg";
import type { Database, Queryable } from "../shared/database.ts";
import type { Action, Drop } from "./decide.ts";
import type { Settings } from "./model.ts";
import type { Standing } from "./quarantine.ts";
import type { Signer, Unsigned } from "./signer.ts";
import { pauseOf, type AccountKey } from "./store.ts";
import { applyVerdicts, type Verdict } from "./verdict.ts";

/** Writing side of the ledger: every write happens under the account's row lock and its fencing number. */

/** Another process has taken the account over. */
export class FenceLostError extends Error {
  override readonly name = "FenceLostError";
}

/** The account's signer did not sign; nothing was reserved. */
export class SignerError extends Error {
  override readonly name = "SignerError";
}

/** Bytes that are in the ledger and may be sent. */
export interface Signed {
  attemptId: bigint;
  /** null: a cancellation. */
  intentId: bigint | null;
  nonce: number;
  hash: string;
  raw: string;
  purpose: string;
}

type SignAction = Extract<Action, { type: "sign" }>;

interface IntentRow {
  id: string;
  to_address: string;
  data: Buffer;
  value_wei: string;
  gas_limit: string;
}

/**
 * Takes an account over, adding it when it is new. Call while holding its advisory lock.
 * @param firstNonce for a new account: the nonce after the last that the chain and its pool know
 * @returns the fencing number under which this process may write from now on
 */
export async function takeOver(
  db: Queryable,
  account: AccountKey,
  firstNonce: number,
): Promise<bigint> {
  const taken = await db.query<{ fence: string }>(
    `INSERT INTO dodona.accounts (chain_id, address, next_nonce, fence) VALUES ($1, $2, $3, 1)
     ON CONFLICT (chain_id, address) DO UPDATE SET fence = dodona.accounts.fence + 1, updated_at = now()
     RETURNING fence`,
    [account.chainId, account.address, firstNonce],
  );
  return BigInt(taken.rows[0]?.fence ?? 0);
}

/** Opens the writing side for one account under one fencing number. */
export function openLedger(
  db: Database,
  account: AccountKey,
  fence: bigint,
  signer: Signer,
  settings: Pick<Settings, "cancelGas" | "maxRequeues">,
): Ledger {
  const key = [account.chainId, account.address];

  async function locked<T>(
    fn: (client: PoolClient, nextNonce: number, paused: boolean) => Promise<T>,
  ): Promise<T> {
    return db.transaction(async (client) => {
      const row = await client.query<{ next_nonce: string; fence: string; paused: boolean }>(
        `SELECT a.next_nonce, a.fence, ${pauseOf("a")} IS NOT NULL AS paused FROM dodona.accounts a
         WHERE a.chain_id = $1 AND a.address = $2 FOR UPDATE`,
        key,
      );
      const found = row.rows[0];
      if (found === undefined || BigInt(found.fence) !== fence) {
        throw new FenceLostError(`account ${account.address} was taken over by another process`);
      }
      return fn(client, Number(found.next_nonce), found.paused);
    });
  }

  /** New bytes for a nonce that has a row; null when the state is no longer the one the decision was about. */
  async function replaceOne(
    client: PoolClient,
    action: SignAction & { slotId: bigint },
    head: number,
  ): Promise<Signed | null> {
    const free = await client.query(
      `SELECT 1 FROM dodona.transactions
       WHERE id = $1 AND status IN ('pending', 'vacant') AND attempt_id IS NOT DISTINCT FROM $2 FOR UPDATE`,
      [action.slotId, action.formerAttemptId],
    );
    if (free.rowCount === 0) return null;
    const unsigned = await unsignedOf(client, action, action.slotId);
    if (unsigned === null) return null;
    if (action.drop !== null) await dropIntent(client, action.drop);
    const [signed] = await storeSigned(client, [{ action, slotId: action.slotId, unsigned }], head);
    return signed ?? null;
  }

  /** Bytes for the account's next nonces: all intents at once, since this is what bounds the throughput. */
  async function addNew(
    client: PoolClient,
    actions: readonly SignAction[],
    nextNonce: number,
    head: number,
  ): Promise<Signed[]> {
    const ids = actions.flatMap(({ intentId }) => (intentId === null ? [] : [intentId.toString()]));
    // What another process is about to send is skipped, not waited for.
    const taken = await client.query<IntentRow>(
      `WITH free AS (
         SELECT id FROM dodona.intents
         WHERE id = ANY($1) AND status = 'queued' AND cancel_reason IS NULL ORDER BY id FOR UPDATE SKIP LOCKED)
       UPDATE dodona.intents i SET status = 'sent', reason = NULL, updated_at = now()
       FROM free WHERE i.id = free.id RETURNING i.id, i.to_address, i.data, i.value_wei, i.gas_limit`,
      [ids],
    );
    const rows = new Map(taken.rows.map((row) => [row.id, row]));
    const given = actions
      .filter(({ intentId }) => rows.has(String(intentId)))
      .map((action, index) => ({ ...action, nonce: nextNonce + index }));
    if (given.length === 0) return [];
    const slots = await client.query<{ id: string; nonce: string }>(
      `INSERT INTO dodona.transactions (chain_id, account, nonce, status, intent_id)
       SELECT $1, $2, nonce, 'pending', intent_id FROM unnest($3::bigint[], $4::bigint[]) AS new (nonce, intent_id)
       RETURNING id, nonce`,
      [...key, given.map(({ nonce }) => nonce), given.map(({ intentId }) => String(intentId))],
    );
    const slotIds = new Map(slots.rows.map((row) => [Number(row.nonce), BigInt(row.id)]));
    await client.query(
      "UPDATE dodona.accounts SET next_nonce = $3, updated_at = now() WHERE chain_id = $1 AND address = $2",
      [...key, nextNonce + given.length],
    );
    const toSign = given.map((action) => ({
      action,
      slotId: slotIds.get(action.nonce)!,
      unsigned: toUnsigned(rows.get(String(action.intentId))!, action),
    }));
    return storeSigned(client, toSign, head);
  }

  /** Signs and stores; the bytes are not sent before the transaction has committed. */
  async function storeSigned(
    client: PoolClient,
    toSign: ReadonlyArray<{ action: SignAction; slotId: bigint; unsigned: Unsigned }>,
    head: number,
  ): Promise<Signed[]> {
    const bytes = await Promise.all(
      toSign.map(({ unsigned }) =>
        signer.sign(unsigned).catch((error: unknown) => {
          throw new SignerError(error instanceof Error ? error.message : String(error));
        }),
      ),
    );
    const column = <T>(value: (one: (typeof toSign)[number], index: number) => T): T[] =>
      toSign.map(value);
    const stored = await client.query<{ id: string; transaction_id: string }>(
      `INSERT INTO dodona.attempts (transaction_id, intent_id, hash, raw, gas_limit, value_wei, max_fee_wei, tip_wei,
                                    purpose, signed_at_block)
       SELECT *, $10::bigint FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::bytea[], $5::bigint[], $6::numeric[],
                                         $7::numeric[], $8::numeric[], $9::text[])
       -- The same bytes again, after the chain was reset: signatures are deterministic.
       ON CONFLICT (hash) DO UPDATE SET created_at = now(), broadcast_at = NULL, error = NULL,
                                        purpose = excluded.purpose, signed_at_block = excluded.signed_at_block
       RETURNING id, transaction_id`,
      [
        column(({ slotId }) => slotId.toString()),
        column(({ action }) => action.intentId?.toString() ?? null),
        column((_, index) => bytes[index]!.hash),
        column((_, index) => Buffer.from(bytes[index]!.raw.slice(2), "hex")),
        column(({ unsigned }) => unsigned.gasLimit.toString()),
        column(({ unsigned }) => unsigned.valueWei.toString()),
        column(({ action }) => action.fees.maxFeeWei.toString()),
        column(({ action }) => action.fees.tipWei.toString()),
        column(({ action }) => action.purpose),
        head,
      ],
    );
    const attemptIds = new Map(stored.rows.map((row) => [row.transaction_id, row.id]));
    await client.query(
      `UPDATE dodona.transactions t
       SET status = 'pending', intent_id = new.intent_id, attempt_id = new.attempt_id, missing_since_block = NULL
       FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS new (id, intent_id, attempt_id) WHERE t.id = new.id`,
      [
        column(({ slotId }) => slotId.toString()),
        column(({ action }) => action.intentId?.toString() ?? null),
        column(({ slotId }) => attemptIds.get(slotId.toString())),
      ],
    );
    return toSign.map(({ action, slotId }, index) => ({
      attemptId: BigInt(attemptIds.get(slotId.toString())!),
      intentId: action.intentId,
      nonce: action.nonce,
      ...bytes[index]!,
      purpose: action.purpose,
    }));
  }

  function toUnsigned(row: IntentRow, action: SignAction): Unsigned {
    return {
      chainId: account.chainId,
      nonce: action.nonce,
      fees: action.fees,
      to: row.to_address,
      data: `0x${row.data.toString("hex")}`,
      valueWei: BigInt(row.value_wei),
      gasLimit: BigInt(row.gas_limit),
    };
  }

  /** What to sign; marks the intent as sent. null when it is no longer queued, nor the one this nonce carries. */
  async function unsignedOf(
    client: PoolClient,
    action: SignAction,
    slotId: bigint,
  ): Promise<Unsigned | null> {
    if (action.intentId === null) {
      return {
        chainId: account.chainId,
        nonce: action.nonce,
        fees: action.fees,
        to: account.address,
        data: "0x",
        valueWei: 0n,
        gasLimit: settings.cancelGas,
      };
    }
    const taken = await client.query<IntentRow>(
      `UPDATE dodona.intents SET status = 'sent', reason = NULL, updated_at = now()
       WHERE id = $1 AND cancel_reason IS NULL AND (status = 'queued' OR (status = 'sent' AND EXISTS (
         SELECT 1 FROM dodona.transactions WHERE id = $2 AND intent_id = $1)))
       RETURNING id, to_address, data, value_wei, gas_limit`,
      [action.intentId, slotId],
    );
    const row = taken.rows[0];
    return row === undefined ? null : toUnsigned(row, action);
  }

  return {
    sign: (actions, head) =>
      locked(async (client, nextNonce, paused) => {
        const signed: Signed[] = [];
        const added: SignAction[] = [];
        for (const action of actions) {
          if (action.type === "drop") await dropIntent(client, action.drop, "queued");
          if (action.type === "vacate") await vacate(client, action);
          if (action.type !== "sign") continue;
          const { slotId } = action;
          if (slotId === null) added.push(action);
          else {
            const one = await replaceOne(client, { ...action, slotId }, head);
            if (one !== null) signed.push(one);
          }
        }
        // The decision was about other nonces, or somebody has paused the account in between.
        if (paused || added[0]?.nonce !== nextNonce) return signed;
        return [...signed, ...(await addNew(client, added, nextNonce, head))];
      }),
    settle: (verdicts) =>
      locked(async (client) => {
        await applyVerdicts(client, verdicts, account.chainId, settings.maxRequeues);
      }),
    align: (chainNonce, head) =>
      locked(async (client, nextNonce) => {
        if (chainNonce > nextNonce) {
          await client.query(
            "UPDATE dodona.accounts SET next_nonce = $3 WHERE chain_id = $1 AND address = $2",
            [...key, chainNonce],
          );
        }
        await client.query(
          `INSERT INTO dodona.transactions (chain_id, account, nonce, status)
           SELECT $1, $2, n, 'vacant' FROM generate_series($3::bigint, $4::bigint - 1) n
           ON CONFLICT (chain_id, account, nonce) DO NOTHING`,
          [...key, chainNonce, nextNonce],
        );
        await client.query(
          `UPDATE dodona.attempts a SET signed_at_block = $3 FROM dodona.transactions t
           WHERE t.chain_id = $1 AND t.account = $2 AND t.status IN ('pending', 'vacant')
             AND a.id = t.attempt_id AND a.signed_at_block > $3`,
          [...key, head],
        );
      }),
    note: (balanceWei, heldReason, standing) =>
      locked(async (client) => {
        await client.query(
          `UPDATE dodona.accounts
           SET balance_wei = $3, held_reason = $4, quarantines = $5, quarantined_until = $6, quarantine_reason = $7,
               updated_at = now()
           WHERE chain_id = $1 AND address = $2`,
          [
            ...key,
            balanceWei.toString(),
            heldReason,
            standing.quarantines,
            standing.untilMs === null ? null : new Date(standing.untilMs),
            standing.reason,
          ],
        );
      }),
  };
}

/** Writes for one account; each throws FenceLostError once another process owns it. */
export interface Ledger {
  /**
   * Carries out drop, vacate and sign actions in one transaction; what no longer fits the state is left out. New nonces
   * are given out without a gap, whatever is left out, and not while the account is paused.
   * @param head newest block, from which the age of the bytes counts
   * @returns the bytes to send, already stored
   */
  sign(actions: readonly Action[], head: number): Promise<Signed[]>;
  /** Records what the chain has made of nonces, and what follows for their intents. */
  settle(verdicts: readonly Verdict[]): Promise<void>;
  /**
   * Moves past nonces that others used, adds those that a chain behind the ledger has free again as vacant, and starts
   * the age of open bytes anew where the chain is lower than when they were signed.
   */
  align(chainNonce: number, head: number): Promise<void>;
  /** Records balance, why nothing new is sent (null: all well), and what is held against the account. */
  note(balanceWei: bigint, heldReason: string | null, standing: Standing): Promise<void>;
}

/** Records what a node said about bytes: `error` null means that it took them. Needs no lock: it changes no decision's base. */
export async function noteBroadcast(
  db: Queryable,
  attemptId: bigint,
  error: string | null,
): Promise<void> {
  await db.query(
    `UPDATE dodona.attempts SET error = $2::text,
       broadcast_at = CASE WHEN $2::text IS NULL THEN coalesce(broadcast_at, now()) ELSE broadcast_at END
     WHERE id = $1`,
    [attemptId, error],
  );
}

/** @param only status that it may have; another process may have sent what was queued when this was decided */
async function dropIntent(client: PoolClient, drop: Drop, only?: "queued"): Promise<void> {
  await client.query(
    `UPDATE dodona.intents SET status = $2, reason = $3, updated_at = now()
     WHERE id = $1 AND status = ANY($4)`,
    [drop.intentId, drop.status, drop.reason, only === undefined ? ["queued", "sent"] : [only]],
  );
}

async function vacate(
  client: PoolClient,
  action: Extract<Action, { type: "vacate" }>,
): Promise<void> {
  const vacated = await client.query(
    `UPDATE dodona.transactions SET status = 'vacant', intent_id = NULL
     WHERE id = $1 AND attempt_id = $2 AND status = 'pending'`,
    [action.slotId, action.formerAttemptId],
  );
  if (vacated.rowCount === 1) await dropIntent(client, action.drop);
}

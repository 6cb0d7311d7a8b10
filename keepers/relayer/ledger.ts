import type { PoolClient } from "pg";
import type { Database, Queryable } from "../shared/database.ts";
import type { Action, Drop } from "./decide.ts";
import type { Settings } from "./model.ts";
import type { Signer, Unsigned } from "./signer.ts";
import type { AccountKey } from "./store.ts";
import { applyVerdict, type Verdict } from "./verdict.ts";

/** Writing side of the ledger: every write happens under the account's row lock and its fencing number. */

/** Another process has taken the account over. */
export class FenceLostError extends Error {
  override readonly name = "FenceLostError";
}

/** Bytes that are in the ledger and may be sent. */
export interface Signed {
  attemptId: bigint;
  nonce: number;
  hash: string;
  raw: string;
  purpose: string;
}

type SignAction = Extract<Action, { type: "sign" }>;

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

  async function locked<T>(fn: (client: PoolClient, nextNonce: number) => Promise<T>): Promise<T> {
    return db.transaction(async (client) => {
      const row = await client.query<{ next_nonce: string; fence: string }>(
        "SELECT next_nonce, fence FROM dodona.accounts WHERE chain_id = $1 AND address = $2 FOR UPDATE",
        key,
      );
      const found = row.rows[0];
      if (found === undefined || BigInt(found.fence) !== fence) {
        throw new FenceLostError(`account ${account.address} was taken over by another process`);
      }
      return fn(client, Number(found.next_nonce));
    });
  }

  /** The account's bytes for one nonce; null when the state is no longer the one the decision was about. */
  async function signOne(
    client: PoolClient,
    action: SignAction,
    head: number,
  ): Promise<Signed | null> {
    let slotId = action.slotId;
    if (slotId !== null) {
      const free = await client.query(
        `SELECT 1 FROM dodona.transactions
         WHERE id = $1 AND status IN ('pending', 'vacant') AND attempt_id IS NOT DISTINCT FROM $2 FOR UPDATE`,
        [slotId, action.formerAttemptId],
      );
      if (free.rowCount === 0) return null;
    }
    const unsigned = await unsignedOf(client, action, slotId);
    if (unsigned === null) return null;
    if (action.drop !== null) await dropIntent(client, action.drop);
    if (slotId === null) {
      const added = await client.query<{ id: string }>(
        `INSERT INTO dodona.transactions (chain_id, account, nonce, status, intent_id)
         VALUES ($1, $2, $3, 'pending', $4) RETURNING id`,
        [...key, action.nonce, action.intentId],
      );
      slotId = BigInt(added.rows[0]?.id ?? 0);
    }
    const { raw, hash } = await signer.sign(unsigned);
    const attempt = await client.query<{ id: string }>(
      `INSERT INTO dodona.attempts (transaction_id, intent_id, hash, raw, gas_limit, value_wei, max_fee_wei, tip_wei,
                                    purpose, signed_at_block)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
       -- The same bytes again, after the chain was reset: signatures are deterministic.
       ON CONFLICT (hash) DO UPDATE SET created_at = now(), broadcast_at = NULL, error = NULL,
                                        purpose = excluded.purpose, signed_at_block = excluded.signed_at_block
       RETURNING id`,
      [
        slotId,
        action.intentId,
        hash,
        Buffer.from(raw.slice(2), "hex"),
        unsigned.gasLimit.toString(),
        unsigned.valueWei.toString(),
        action.fees.maxFeeWei.toString(),
        action.fees.tipWei.toString(),
        action.purpose,
        head,
      ],
    );
    const attemptId = BigInt(attempt.rows[0]?.id ?? 0);
    await client.query(
      `UPDATE dodona.transactions
       SET status = 'pending', intent_id = $2, attempt_id = $3, missing_since_block = NULL WHERE id = $1`,
      [slotId, action.intentId, attemptId],
    );
    return { attemptId, nonce: action.nonce, hash, raw, purpose: action.purpose };
  }

  /** What to sign; marks the intent as sent. null when it is no longer queued, nor the one this nonce carries. */
  async function unsignedOf(
    client: PoolClient,
    action: SignAction,
    slotId: bigint | null,
  ): Promise<Unsigned | null> {
    const common = { chainId: account.chainId, nonce: action.nonce, fees: action.fees };
    if (action.intentId === null) {
      return {
        ...common,
        to: account.address,
        data: "0x",
        valueWei: 0n,
        gasLimit: settings.cancelGas,
      };
    }
    const taken = await client.query<{
      to_address: string;
      data: Buffer;
      value_wei: string;
      gas_limit: string;
    }>(
      `UPDATE dodona.intents SET status = 'sent', reason = NULL, updated_at = now()
       WHERE id = $1 AND (status = 'queued' OR (status = 'sent' AND EXISTS (
         SELECT 1 FROM dodona.transactions WHERE id = $2 AND intent_id = $1)))
       RETURNING to_address, data, value_wei, gas_limit`,
      [action.intentId, slotId],
    );
    const row = taken.rows[0];
    if (row === undefined) return null;
    const data = `0x${row.data.toString("hex")}`;
    return {
      ...common,
      to: row.to_address,
      data,
      valueWei: BigInt(row.value_wei),
      gasLimit: BigInt(row.gas_limit),
    };
  }

  return {
    sign: (actions, head) =>
      locked(async (client, nextNonce) => {
        const signed: Signed[] = [];
        let nonce = nextNonce;
        for (const action of actions) {
          if (action.type === "drop") await dropIntent(client, action.drop);
          if (action.type === "vacate") await vacate(client, action);
          if (action.type !== "sign" || (action.slotId === null && action.nonce !== nonce))
            continue;
          const one = await signOne(client, action, head);
          if (one === null) continue;
          signed.push(one);
          if (action.slotId === null) nonce++;
        }
        if (nonce !== nextNonce) {
          await client.query(
            "UPDATE dodona.accounts SET next_nonce = $3, updated_at = now() WHERE chain_id = $1 AND address = $2",
            [...key, nonce],
          );
        }
        return signed;
      }),
    settle: (verdicts) =>
      locked(async (client) => {
        for (const verdict of verdicts) {
          await applyVerdict(client, verdict, account.chainId, settings.maxRequeues);
        }
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
    note: (balanceWei, heldReason) =>
      locked(async (client) => {
        await client.query(
          `UPDATE dodona.accounts SET balance_wei = $3, held_reason = $4, updated_at = now()
           WHERE chain_id = $1 AND address = $2`,
          [...key, balanceWei.toString(), heldReason],
        );
      }),
  };
}

/** Writes for one account; each throws FenceLostError once another process owns it. */
export interface Ledger {
  /**
   * Carries out drop, vacate and sign actions in one transaction; what no longer fits the state is left out.
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
  /** Records balance and why nothing is sent (null: all well). */
  note(balanceWei: bigint, heldReason: string | null): Promise<void>;
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

async function dropIntent(client: PoolClient, drop: Drop): Promise<void> {
  await client.query(
    `UPDATE dodona.intents SET status = $2, reason = $3, updated_at = now()
     WHERE id = $1 AND status IN ('queued', 'sent')`,
    [drop.intentId, drop.status, drop.reason],
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

import type { PoolClient } from "pg";
import type { Database, Queryable } from "../shared/database.ts";
import type { Action } from "./decide.ts";
import type { Settings } from "./model.ts";
import type { Standing } from "./quarantine.ts";
import type { Signer } from "./signers/signer.ts";
import { openSigning, type Signed } from "./signing.ts";
import { pauseOf, type AccountKey } from "./store.ts";
import { applyVerdicts, type Verdict } from "./verdict.ts";

/** Writing side of the ledger: every write happens under the account's row lock and its fencing number. */

/** Another process has taken the account over. */
export class FenceLostError extends Error {
  override readonly name = "FenceLostError";
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
  const signing = openSigning(account, signer, settings);

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

  return {
    sign: (actions, head) =>
      locked((client, nextNonce, paused) =>
        signing.carryOut(client, { nextNonce, paused }, actions, head),
      ),
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

import type { PoolClient } from "pg";
import type { Action, Drop } from "./decide.ts";
import type { Settings } from "./model.ts";
import type { Signer, Unsigned } from "./signers/signer.ts";
import type { AccountKey } from "./store.ts";

/** What decisions become in the ledger: nonces, signed bytes, intents that end. */

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

/** Carries decisions out, inside a transaction that holds the account's row lock. */
export interface Signing {
  /**
   * Carries out drop, vacate and sign actions; what no longer fits the state is left out.
   * @param account next nonce and pause, as the locked row has them
   * @param head newest block, from which the age of the bytes counts
   * @returns the bytes to send once the transaction has committed
   */
  carryOut(
    client: PoolClient,
    account: { nextNonce: number; paused: boolean },
    actions: readonly Action[],
    head: number,
  ): Promise<Signed[]>;
}

/** Opens the signing of one account. */
export function openSigning(
  account: AccountKey,
  signer: Signer,
  settings: Pick<Settings, "cancelGas">,
): Signing {
  const key = [account.chainId, account.address];

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
    async carryOut(client, { nextNonce, paused }, actions, head) {
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
    },
  };
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

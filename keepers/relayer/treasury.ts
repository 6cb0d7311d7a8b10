import type { PoolClient } from "pg";
import type { Clock } from "../shared/clock.ts";
import type { Database, Queryable } from "../shared/database.ts";
import { enqueueIntent } from "../shared/intents.ts";
import type { Logger } from "../shared/log.ts";
import type { Chain } from "../shared/rpc.ts";
import { byWei } from "./words.ts";

/** When accounts are filled, and how far. */
export interface TreasuryRules {
  /** Balance below which an account is filled. */
  belowWei: bigint;
  targetWei: bigint;
  /** Most that is asked for in a day (UTC), of all accounts of the chain together. */
  dailyCapWei: bigint;
}

/** What became of a wish for a top-up. */
export type TopUp =
  | { type: "asked"; intentId: bigint; valueWei: bigint }
  /** One is under way, or its effect was not yet in the balance. */
  | { type: "underWay" }
  | { type: "capped"; askedWei: bigint; capWei: bigint };

/** A balance and the block that it is of. */
export interface Balance {
  wei: bigint;
  block: number;
}

const lookEveryMs = 2_000;

/**
 * Asks for a transfer from the treasury to an account: an intent of lane admin that only the treasury may send, written
 * in one transaction with the day's sum. Whoever asks and however often: while one is under way there is no second, and
 * the database refuses a sum above the cap.
 * @param balance from before this call; one that is older than the last top-up's block leads to nothing
 */
export async function requestTopUp(
  db: Database,
  chainId: number,
  treasury: string,
  account: string,
  valueWei: bigint,
  dailyCapWei: bigint,
  balance: Balance,
): Promise<TopUp> {
  try {
    return await db.transaction(async (client) => {
      // One after the other: the row of the day is only there once the first was asked for.
      await client.query("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", [
        `dodona top-up ${chainId}`,
      ]);
      const last = await readLast(client, chainId, account);
      if (last !== null && (last.open || (last.block ?? 0) > balance.block))
        return { type: "underWay" };
      const day = await client.query<{ day: string }>(
        `INSERT INTO dodona.topup_days (chain_id, day, asked_wei, cap_wei)
         VALUES ($1, (now() AT TIME ZONE 'UTC')::date, $2, $3)
         ON CONFLICT (chain_id, day) DO UPDATE
           SET asked_wei = dodona.topup_days.asked_wei + excluded.asked_wei, cap_wei = excluded.cap_wei
         RETURNING day::text`,
        [chainId, valueWei.toString(), dailyCapWei.toString()],
      );
      const intentId = await enqueueIntent(client, {
        chainId,
        key: `topup:${chainId}:${account}:${last === null ? 1n : last.id + 1n}`,
        lane: "admin",
        group: null,
        ordinal: 0n,
        to: account,
        data: "0x",
        value: valueWei,
        gasLimit: 21_000n,
        expiresAtMs: null,
        account: treasury,
      });
      await client.query(
        `INSERT INTO dodona.topups (chain_id, treasury, account, value_wei, intent_id, day)
         VALUES ($1, $2, $3, $4, $5, $6)`,
        [chainId, treasury, account, valueWei.toString(), intentId.toString(), day.rows[0]?.day],
      );
      return { type: "asked", intentId, valueWei };
    });
  } catch (error) {
    if (!(
      error instanceof Error &&
      "constraint" in error &&
      error.constraint === "topup_daily_cap"
    ))
      throw error;
    return { type: "capped", askedWei: await readAsked(db.pool, chainId), capWei: dailyCapWei };
  }
}

/** @returns what was asked for today (UTC). */
export async function readAsked(db: Queryable, chainId: number): Promise<bigint> {
  const found = await db.query<{ asked_wei: string }>(
    "SELECT asked_wei FROM dodona.topup_days WHERE chain_id = $1 AND day = (now() AT TIME ZONE 'UTC')::date",
    [chainId],
  );
  return BigInt(found.rows[0]?.asked_wei ?? 0);
}

/** @returns an account's balance at the newest block. */
export async function readBalance(chain: Chain, account: string): Promise<Balance> {
  const block = (await chain.send("eth_blockNumber", [])) as string;
  const wei = (await chain.send("eth_getBalance", [account, block])) as string;
  return { wei: BigInt(wei), block: Number(block) };
}

/** Keeps accounts filled until the signal aborts. Several processes may do so at the same time. */
export async function runTreasury(
  deps: { db: Database; chain: Chain; clock: Clock; log: Logger },
  treasury: string,
  accounts: readonly string[],
  rules: TreasuryRules,
  signal: AbortSignal,
): Promise<void> {
  const { db, chain, clock, log } = deps;
  const { chainId } = chain;
  let noted = false;
  // Said once, not every two seconds.
  const complaints = new Map<string, string>();

  async function look(account: string): Promise<void> {
    const balance = await readBalance(chain, account);
    if (balance.wei >= rules.belowWei) return void complaints.delete(account);
    const valueWei = rules.targetWei - balance.wei;
    const topUp = await requestTopUp(
      db,
      chainId,
      treasury,
      account,
      valueWei,
      rules.dailyCapWei,
      balance,
    );
    if (topUp.type === "asked")
      log.info({ chainId, account, value: byWei(topUp.valueWei) }, "asked for a top-up");
    const complaint = topUp.type === "capped" ? `${byWei(topUp.askedWei)} asked for today` : "";
    if (complaint !== "" && complaints.get(account) !== complaint) {
      complaints.set(account, complaint);
      log.warn(
        { chainId, account, complaint, cap: byWei(rules.dailyCapWei) },
        "no top-up: daily cap",
      );
    }
  }

  while (!signal.aborted) {
    try {
      if (!noted) await noteTreasury(db.pool, chainId, treasury, rules);
      noted = true;
      for (const account of accounts) await look(account);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      log.debug({ chainId, reason }, "balances not looked at");
    }
    await clock.sleep(lookEveryMs, signal);
  }
}

/** Lets tasks know the treasury and its rules. */
async function noteTreasury(
  db: Queryable,
  chainId: number,
  address: string,
  rules: TreasuryRules,
): Promise<void> {
  await db.query(
    `INSERT INTO dodona.treasuries (chain_id, address, below_wei, target_wei, daily_cap_wei) VALUES ($1, $2, $3, $4, $5)
     ON CONFLICT (chain_id) DO UPDATE SET address = excluded.address, below_wei = excluded.below_wei,
       target_wei = excluded.target_wei, daily_cap_wei = excluded.daily_cap_wei, updated_at = now()`,
    [
      chainId,
      address,
      rules.belowWei.toString(),
      rules.targetWei.toString(),
      rules.dailyCapWei.toString(),
    ],
  );
}

/** The account's newest top-up; `open` until it is mined for good or has ended otherwise. */
async function readLast(
  client: PoolClient,
  chainId: number,
  account: string,
): Promise<{ id: bigint; open: boolean; block: number | null } | null> {
  const found = await client.query<{ id: string; open: boolean; block: string | null }>(
    `SELECT u.id, i.status IN ('queued', 'sent') AS open, t.block_number AS block
     FROM dodona.topups u JOIN dodona.intents i ON i.id = u.intent_id
     LEFT JOIN dodona.attempts a ON a.hash = i.transaction_hash
     LEFT JOIN dodona.transactions t ON t.id = a.transaction_id
     WHERE u.chain_id = $1 AND u.account = $2 ORDER BY u.id DESC LIMIT 1`,
    [chainId, account],
  );
  const row = found.rows[0];
  if (row === undefined) return null;
  return {
    id: BigInt(row.id),
    open: row.open,
    block: row.block === null ? null : Number(row.block),
  };
}

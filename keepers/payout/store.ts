import type { Queryable } from "../shared/database.ts";
import { enqueueIntent, type IntentStatus } from "../shared/intents.ts";
import { appendAudit } from "./audit-store.ts";
import type { AuditLog } from "./audit.ts";
import { holdOf, type StepState } from "./decide.ts";

/** Reading and writing of the keeper's own tables. A log of audit names the distributor everywhere. */

/** A step that is handed to the relayer. */
export interface NewStep {
  readonly epoch: number;
  readonly step: StepState["step"];
  readonly subject: string;
  readonly attempt: number;
  readonly data: string;
  readonly gasLimit: bigint;
  /** The only account that may send it; undefined where it does not matter who does. */
  readonly account?: string | undefined;
  readonly expiresAtMs: number | null;
}

/** Reads the steps of an epoch with what became of their intents. */
export async function readSteps(
  db: Queryable,
  { chainId, distributor }: AuditLog,
  epoch: number,
): Promise<StepState[]> {
  const { rows } = await db.query<{
    step: StepState["step"];
    subject: string;
    attempt: number;
    created_at: Date;
    status: IntentStatus | null;
    reason: string | null;
  }>(
    `SELECT s.step, s.subject, s.attempt, s.created_at, i.status, i.reason
     FROM dodona.payout_steps s LEFT JOIN dodona.intents i ON i.key = s.intent_key
     WHERE s.chain_id = $1 AND s.distributor = $2 AND s.epoch = $3`,
    [chainId, distributor, epoch],
  );
  return rows.map(({ step, subject, attempt, created_at: createdAt, status, reason }) => ({
    ...{ step, subject, attempt, createdAtMs: createdAt.getTime() },
    // An intent that is gone was pruned after its end.
    status: status ?? "expired",
    reason: status === null ? "its intent is not in the relayer's ledger" : reason,
  }));
}

/**
 * Hands a step to the relayer, once: of several processes that come with the same attempt one stores it.
 * @param client of a transaction
 * @returns whether it was stored now
 */
export async function recordStep(
  client: Queryable,
  { chainId, distributor }: AuditLog,
  given: NewStep,
): Promise<boolean> {
  const { epoch, step, subject, attempt, data, gasLimit, account, expiresAtMs } = given;
  const parts = [chainId, distributor, epoch, step, ...(subject === "" ? [] : [subject]), attempt];
  const key = `payout:${parts.join(":").replaceAll(" ", ":")}`;
  const { rowCount } = await client.query(
    `INSERT INTO dodona.payout_steps
       (chain_id, distributor, epoch, step, subject, attempt, intent_key)
     VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING`,
    [chainId, distributor, epoch, step, subject, attempt, key],
  );
  if (rowCount === 0) return false;
  await enqueueIntent(client, {
    ...{ chainId, key, lane: "payouts" as const, group: null, ordinal: BigInt(epoch) },
    ...{ to: distributor, data, value: 0n, gasLimit, expiresAtMs },
    ...(account === undefined ? {} : { account }),
  });
  return true;
}

/** A hold as it stands. */
export interface HoldState {
  readonly epoch: number;
  readonly hold: string;
  readonly reasons: readonly string[];
  readonly releasedBy: string | null;
}

/** Reads the holds of an epoch. */
export async function readHolds(
  db: Queryable,
  { chainId, distributor }: AuditLog,
  epoch: number,
): Promise<HoldState[]> {
  const { rows } = await db.query<{ hold: string; reasons: string[]; released_by: string | null }>(
    `SELECT hold, reasons, released_by FROM dodona.payout_holds
     WHERE chain_id = $1 AND distributor = $2 AND epoch = $3 ORDER BY created_at`,
    [chainId, distributor, epoch],
  );
  return rows.map(({ hold, reasons, released_by: releasedBy }) => ({
    ...{ epoch, hold, reasons, releasedBy },
  }));
}

/**
 * Holds an epoch for a person.
 * @param client of a transaction
 * @returns whether it was not held for these reasons before
 */
export async function writeHold(
  client: Queryable,
  log: AuditLog,
  epoch: number,
  reasons: readonly string[],
  nowMs: number,
): Promise<boolean> {
  const hold = holdOf(epoch, reasons);
  const { rowCount } = await client.query(
    `INSERT INTO dodona.payout_holds (chain_id, distributor, epoch, hold, reasons)
     VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING`,
    [log.chainId, log.distributor, epoch, hold, reasons],
  );
  if (rowCount === 0) return false;
  await appendAudit(client, log, { epoch, kind: "held", content: { hold, reasons } }, nowMs);
  return true;
}

/**
 * Lets a held epoch go on. The name and the reason go into the audit log.
 * @param client of a transaction
 * @returns whether there was such a hold, not released before
 */
export async function releaseHold(
  client: Queryable,
  log: AuditLog,
  { epoch, hold }: Pick<HoldState, "epoch" | "hold">,
  by: string,
  reason: string,
  nowMs: number,
): Promise<boolean> {
  const { rowCount } = await client.query(
    `UPDATE dodona.payout_holds SET released_by = $5, release_reason = $6, released_at = now()
     WHERE chain_id = $1 AND distributor = $2 AND epoch = $3 AND hold = $4 AND released_by IS NULL`,
    [log.chainId, log.distributor, epoch, hold, by, reason],
  );
  if (rowCount === 0) return false;
  const content = { hold, by, reason };
  await appendAudit(client, log, { epoch, kind: "released", content }, nowMs);
  return true;
}

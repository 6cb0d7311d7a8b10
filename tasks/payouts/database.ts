import { openDatabase, type Database } from "../../keepers/shared/database.ts";
import type { AuditLog } from "../../keepers/payout/audit.ts";
import { TaskError } from "../shared/error.ts";
import { databaseUrlOf, silentLog } from "../vrf/open.ts";
import type { Payouts } from "./open.ts";

/** Which audit log, and which holds, are this distributor's. */
export function auditOf({ address, deployment }: Payouts): AuditLog {
  return { chainId: deployment.chainId, distributor: address };
}

/**
 * Does something with the keepers' database: that of the running stack, else the one named by DATABASE_URL.
 *
 * @returns null where there is none, or none that payout keepers have used.
 */
export async function withDatabase<T>(
  payouts: Payouts,
  work: (db: Database) => Promise<T>,
): Promise<T | null> {
  const url = databaseUrlOf(payouts);
  if (url === null) return null;
  const db = openDatabase(url, silentLog(), { maxConnections: 2 });
  try {
    const { rows } = await db.pool.query<{ found: string | null }>(
      "SELECT to_regclass('dodona.payout_audit') AS found",
    );
    return rows[0]?.found === null || rows[0] === undefined ? null : await work(db);
  } catch (error) {
    if (isUnreachable(error)) {
      throw new TaskError(`The keepers' database does not answer: ${(error as Error).message}`);
    }
    throw error;
  } finally {
    await db.close();
  }
}

/** The same where it cannot be done without. @throws {TaskError} that says how to name it */
export async function requireDatabase<T>(
  payouts: Payouts,
  what: string,
  work: (db: Database) => Promise<T>,
): Promise<T> {
  const done = await withDatabase(payouts, async (db) => ({ value: await work(db) }));
  if (done !== null) return done.value;
  throw new TaskError(
    `${what} is in the payout keeper's database: set DATABASE_URL to its URL, or run this beside a running stack.`,
  );
}

function isUnreachable(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code } = error as { code?: unknown };
  const isRefused = ["ECONNREFUSED", "ENOTFOUND", "ETIMEDOUT", "3D000", "28P01", "28000"];
  return typeof code === "string" && isRefused.includes(code);
}

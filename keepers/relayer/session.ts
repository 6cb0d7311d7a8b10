import type { Client } from "pg";
import type { Clock } from "../shared/clock.ts";
import type { Database } from "../shared/database.ts";
import { intentChannel } from "../shared/intents.ts";
import type { Logger } from "../shared/log.ts";
import type { AccountKey } from "./store.ts";

/** A connection of its own that listens for intents and holds the accounts' locks. */
export interface Session {
  /** Aborts when the connection is lost, and with it the locks. */
  readonly lost: AbortSignal;
  /**
   * Tries to become the only process that works on an account.
   * The lock only keeps processes from getting in each other's way: safety comes from the fencing number.
   */
  tryLock(account: AccountKey): Promise<boolean>;
}

const firstBackoffMs = 50;
const maxBackoffMs = 2_000;
const heartbeatMs = 3_000;
const heartbeatTimeoutMs = 5_000;

/**
 * Keeps a session open until `signal` aborts; runs `body` for each, and again with a new one after a lost connection.
 * `body` has to return soon after `session.lost` or `signal` aborts.
 * @param onIntent called with the chain id of each notification, and with null once after connecting
 */
export async function holdSession(
  deps: { db: Database; clock: Clock; log: Logger },
  signal: AbortSignal,
  onIntent: (chainId: number | null) => void,
  body: (session: Session) => Promise<void>,
): Promise<void> {
  let backoffMs = firstBackoffMs;
  while (!signal.aborted) {
    let client: Client | undefined;
    try {
      client = await deps.db.connect();
      const lost = new AbortController();
      const end = (): void => lost.abort(new Error("database session lost"));
      client.on("error", end);
      client.on("end", end);
      client.on("notification", (message) => onIntent(Number(message.payload)));
      await client.query(`LISTEN ${intentChannel}`);
      backoffMs = firstBackoffMs;
      onIntent(null);
      await Promise.all([body(openSession(client, lost)), beat(client, lost, deps.clock, signal)]);
    } catch (error) {
      if (!signal.aborted) {
        deps.log.warn(
          { reason: error instanceof Error ? error.message : String(error), backoffMs },
          "no database session",
        );
      }
    } finally {
      // Ending a connection that is half open would wait for ever.
      if (client !== undefined)
        await Promise.race([client.end().catch(() => undefined), deps.clock.sleep(500)]);
    }
    await deps.clock.sleep(backoffMs, signal);
    backoffMs = Math.min(2 * backoffMs, maxBackoffMs);
  }
}

function openSession(client: Client, lost: AbortController): Session {
  let last: Promise<unknown> = Promise.resolve();
  return {
    lost: lost.signal,
    async tryLock(account) {
      // One after the other: accounts share the connection.
      const asked = last.then(() =>
        client.query<{ locked: boolean }>(
          "SELECT pg_try_advisory_lock(hashtextextended($1, 0)) AS locked",
          [`dodona relayer ${account.chainId} ${account.address}`],
        ),
      );
      last = asked.catch(() => undefined);
      const row = await asked;
      return row.rows[0]?.locked === true;
    },
  };
}

/** Finds out that the other side is gone without a word. */
async function beat(
  client: Client,
  lost: AbortController,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  const stop = AbortSignal.any([lost.signal, signal]);
  while (!stop.aborted) {
    await clock.sleep(heartbeatMs, stop);
    if (stop.aborted) return;
    const timeout = AbortSignal.timeout(heartbeatTimeoutMs);
    const silent = new Promise<"silent">((resolve) =>
      timeout.addEventListener("abort", () => resolve("silent")),
    );
    const answer = await Promise.race([
      client.query("SELECT 1").catch(() => "silent" as const),
      silent,
    ]);
    if (answer === "silent") lost.abort(new Error("database session does not answer"));
  }
}

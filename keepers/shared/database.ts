import { readdirSync, readFileSync } from "node:fs";
import pg from "pg";
import { ConfigError } from "./config.ts";
import { systemClock } from "./clock.ts";
import { endpointName, type Logger } from "./log.ts";

/** Anything that runs a query: the pool, or the client of a transaction. */
export type Queryable = pg.Pool | pg.ClientBase;

/** The keepers' Postgres. */
export interface Database {
  /** For single statements. A statement on a connection that a restart cut fails once; the next one reconnects. */
  readonly pool: pg.Pool;
  /** A connection outside the pool, for LISTEN and session locks; the caller ends it and handles its "error" event. */
  connect(): Promise<pg.Client>;
  /**
   * Runs `fn` between BEGIN and COMMIT on one connection, ROLLBACK when it throws. Until the transaction has begun, a
   * lost or refused connection is retried with backoff for `patienceMs`; after that an error is the caller's, who does
   * not know whether a lost COMMIT happened and reads the state again.
   */
  transaction<T>(fn: (client: pg.PoolClient) => Promise<T>): Promise<T>;
  /** Ends all connections. */
  close(): Promise<void>;
}

const firstBackoffMs = 25;
const maxBackoffMs = 1_000;
const connectTimeoutMs = 5_000;
const statementTimeoutMs = 15_000;
const migrationLock = 4_466_021_201n;
const migrationsFolder = new URL("./migrations/", import.meta.url);

/**
 * Opens a pool of connections. Nothing is sent before the first query.
 * @param url postgres://user:password@host:port/database; only its host and port appear in logs and errors
 * @param options `maxConnections` of the pool (10); `patienceMs` a transaction waits for Postgres to come back (20 s)
 * @throws ConfigError when the URL does not parse
 */
export function openDatabase(
  url: string,
  log: Logger,
  options: { maxConnections?: number; patienceMs?: number } = {},
): Database {
  if (!URL.canParse(url)) throw new ConfigError("the database URL does not parse");
  const name = endpointName(url);
  const patienceMs = options.patienceMs ?? 20_000;
  const connection: pg.ClientConfig = {
    connectionString: url,
    connectionTimeoutMillis: connectTimeoutMs,
    keepAlive: true,
    application_name: "dodona",
  };
  const pool = new pg.Pool({
    ...connection,
    max: options.maxConnections ?? 10,
    statement_timeout: statementTimeoutMs,
    query_timeout: statementTimeoutMs + 5_000,
    idle_in_transaction_session_timeout: statementTimeoutMs,
  });
  // Without this listener a Postgres restart would end the process: idle clients emit "error" when they are cut.
  pool.on("error", (error) =>
    log.warn({ database: name, reason: error.message }, "idle database connection lost"),
  );

  async function begin(): Promise<pg.PoolClient> {
    const deadlineMs = systemClock.nowMs() + patienceMs;
    for (let backoffMs = firstBackoffMs; ; backoffMs = Math.min(2 * backoffMs, maxBackoffMs)) {
      let client: pg.PoolClient | undefined;
      try {
        client = await pool.connect();
        // A client in use that is cut emits "error" as well; its query rejects anyway.
        if (client.listenerCount("error") === 0) client.on("error", ignore);
        await client.query("BEGIN");
        return client;
      } catch (error) {
        client?.release(true);
        if (!isConnectionError(error) || systemClock.nowMs() > deadlineMs) throw error;
        log.warn(
          { database: name, reason: messageOf(error), backoffMs },
          "database not reachable, trying again",
        );
        await systemClock.sleep(backoffMs);
      }
    }
  }

  return {
    pool,
    async connect() {
      const client = new pg.Client(connection);
      client.on("error", ignore);
      try {
        await client.connect();
      } catch (error) {
        client.end().catch(ignore);
        throw error;
      }
      return client;
    },
    async transaction(fn) {
      const client = await begin();
      try {
        const result = await fn(client);
        await client.query("COMMIT");
        client.release();
        return result;
      } catch (error) {
        const broken = isConnectionError(error);
        const rolledBack =
          !broken &&
          (await client.query("ROLLBACK").then(
            () => true,
            () => false,
          ));
        client.release(!rolledBack);
        throw error;
      }
    },
    async close() {
      await pool.end();
    },
  };
}

/**
 * Brings the schema `dodona` up to date: runs every file of keepers/shared/migrations in the order of its number, each
 * once, all in one transaction under an advisory lock, so that processes may call it at the same time.
 * @returns the names of the files that were run now
 */
export async function migrate(db: Database): Promise<string[]> {
  const files = readdirSync(migrationsFolder)
    .filter((file) => /^\d{3}_\w+\.sql$/.test(file))
    .sort();
  return db.transaction(async (client) => {
    await client.query("SELECT pg_advisory_xact_lock($1)", [migrationLock]);
    await client.query("CREATE SCHEMA IF NOT EXISTS dodona");
    await client.query(
      "CREATE TABLE IF NOT EXISTS dodona.migrations (name text PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())",
    );
    const applied = await client.query<{ name: string }>("SELECT name FROM dodona.migrations");
    const known = new Set(applied.rows.map((row) => row.name));
    const missing = files.filter((file) => !known.has(file));
    for (const file of missing) {
      try {
        await client.query(readFileSync(new URL(file, migrationsFolder), "utf8"));
      } catch (error) {
        throw new Error(`migration ${file} failed: ${messageOf(error)}`, { cause: error });
      }
      await client.query("INSERT INTO dodona.migrations (name) VALUES ($1)", [file]);
    }
    return missing;
  });
}

/** @returns whether an error says that the connection, not the statement, failed: worth trying again. */
export function isConnectionError(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error instanceof AggregateError && error.errors.some(isConnectionError)) return true;
  const code = "code" in error ? String(error.code) : "";
  // Class 08: connection exceptions; 57P01…57P03: shutting down, crashed, starting; 25P03: idle transaction ended.
  if (/^(08...|57P0[1-3]|25P03|ECONN\w+|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENOTFOUND)$/.test(code))
    return true;
  return /Connection terminated|connection timeout|Client has encountered a connection error|timeout exceeded when trying to connect|Query read timeout/i.test(
    error.message,
  );
}

/** @returns whether an error says that a table or its schema does not exist: whoever creates it has not run yet. */
export function isMissingTable(error: unknown): error is Error {
  // 42P01: undefined table; 3F000: undefined schema.
  return error instanceof Error && "code" in error && /^(42P01|3F000)$/.test(String(error.code));
}

function messageOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(messageOf).join("; ");
  return error instanceof Error ? error.message : String(error);
}

function ignore(): void {
  // The failed query carries the error.
}

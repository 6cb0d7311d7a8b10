import type pg from "pg";

import { systemClock } from "../keepers/shared/clock.ts";
import type { Database } from "../keepers/shared/database.ts";
import { RetryableError, type Scope } from "../keepers/shared/lifecycle.ts";
import type { Logger } from "../keepers/shared/log.ts";

const PATIENCE_MS = 10_000;
const STEP_MS = 250;
const RECONNECT_MS = 1_000;

/** Proof that this process is the only launcher of a build. */
export interface SoleLaunch {
  release(): Promise<void>;
}

/**
 * Takes the session lock of a build and keeps it, also over a restart of Postgres. If another launcher takes it
 * meanwhile, this process ends.
 *
 * @param database Database of the index.
 * @param schema Schema of the build.
 * @param scope Ended when the lock is lost for good.
 * @param log For what happens to the lock.
 * @throws RetryableError when another launcher holds the lock for 10 s.
 */
export async function holdSoleLaunch(
  database: Database,
  schema: string,
  scope: Scope,
  log: Logger,
): Promise<SoleLaunch> {
  let client = await acquire(database, schema, scope.signal);
  let isReleased = false;

  const watch = (watched: pg.Client) => {
    // A cut connection says so several times, by "error" and by "end".
    let isLost = false;
    const lost = () => {
      if (isLost || isReleased) return;
      isLost = true;
      void regain();
    };
    watched.on("error", lost);
    watched.on("end", lost);
  };
  const regain = async (): Promise<void> => {
    log.warn({ schema }, "lost the connection that holds the launcher's lock; taking it again");
    while (!isReleased && !scope.signal.aborted) {
      try {
        client = await acquire(database, schema, scope.signal);
        watch(client);
        return;
      } catch (error) {
        if (error instanceof RetryableError) {
          log.error(error.message);
          scope.stop(error.message);
          return;
        }
        await systemClock.sleep(RECONNECT_MS, scope.signal);
      }
    }
  };
  watch(client);
  return {
    async release() {
      isReleased = true;
      await client.end().catch(() => undefined);
    },
  };
}

async function acquire(
  database: Database,
  schema: string,
  signal: AbortSignal,
): Promise<pg.Client> {
  const client = await database.connect();
  const ignore = () => undefined;
  client.on("error", ignore);
  try {
    const deadlineMs = systemClock.nowMs() + PATIENCE_MS;
    for (;;) {
      const { rows } = await client.query<{ taken: boolean }>(
        "SELECT pg_try_advisory_lock(hashtextextended($1, 0)) AS taken",
        [`dodona indexer ${schema}`],
      );
      if (rows[0]?.taken === true) return client;
      if (signal.aborted || systemClock.nowMs() >= deadlineMs) {
        throw new RetryableError(`another indexer of this build (schema ${schema}) is running`);
      }
      await systemClock.sleep(STEP_MS, signal);
    }
  } catch (error) {
    await client.end().catch(ignore);
    throw error;
  }
}

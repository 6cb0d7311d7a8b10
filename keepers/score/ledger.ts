import type { Database } from "../shared/database.ts";
import type { IntentStatus } from "../shared/intents.ts";
import { enqueueIntent } from "../shared/intents.ts";
import type { NewIntent } from "../shared/intents.ts";
import type { Target } from "./chain.ts";
import { keyOf } from "./chain.ts";
import type { Progress } from "./decide.ts";

/** What was asked of the relayer. The intents themselves are the keeper's memory: it has no table of its own. */
export interface ScoreLedger {
  /** The latest attempt of each epoch that was asked for. */
  progress(epochs: readonly number[]): Promise<Map<number, Progress>>;
  /** Hands an attempt to the relayer; an attempt that is known stays as it is. */
  ask(intent: NewIntent): Promise<void>;
}

/** @param maxAttempts Attempts that are looked for. */
export function createScoreLedger(db: Database, target: Target, maxAttempts: number): ScoreLedger {
  return {
    async progress(epochs) {
      const attempts = Array.from({ length: maxAttempts }, (_, index) => index + 1);
      const places = new Map(
        epochs.flatMap((epoch) =>
          attempts.map((attempt) => [keyOf(epoch, attempt, target), { epoch, attempt }] as const),
        ),
      );
      const { rows } = await db.pool.query<Row>(
        "SELECT key, status, reason, updated_at FROM dodona.intents WHERE key = ANY($1)",
        [[...places.keys()]],
      );
      const latest = new Map<number, Progress>();
      for (const { key, reason, status, updated_at: changed } of rows) {
        const place = places.get(key);
        if (place === undefined) continue;
        const { attempt, epoch } = place;
        if ((latest.get(epoch)?.attempt ?? 0) > attempt) continue;
        latest.set(epoch, { attempt, status, reason, changedMs: changed.getTime() });
      }
      return latest;
    },

    ask: (intent) =>
      db.transaction(async (client) => {
        await enqueueIntent(client, intent);
      }),
  };
}

interface Row {
  key: string;
  status: IntentStatus;
  reason: string | null;
  updated_at: Date;
}

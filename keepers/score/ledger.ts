import { readProgress, type Progress } from "../shared/attempts.ts";
import type { Database } from "../shared/database.ts";
import { enqueueIntent, type NewIntent } from "../shared/intents.ts";
import { keyOf, type Target } from "./chain.ts";

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
    progress: (epochs) =>
      readProgress(db.pool, epochs, maxAttempts, (epoch, attempt) => keyOf(epoch, attempt, target)),

    ask: (intent) =>
      db.transaction(async (client) => {
        await enqueueIntent(client, intent);
      }),
  };
}

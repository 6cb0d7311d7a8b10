import { readProgress, type Progress } from "../shared/attempts.ts";
import { isMissingTable, type Database } from "../shared/database.ts";
import { enqueueIntent, type NewIntent } from "../shared/intents.ts";
import { keyOf, type Target } from "./chain.ts";
import { nameOf, type Candidate } from "./decide.ts";

/** What the attest keeper reads and writes in Postgres: the index's reports, and intents, which are all its memory. */
export interface AttestStore {
  /** Reports of slots from one on, up to a block, newest first; none while there is no index yet. */
  reports(fromSlot: number, toBlock: number): Promise<Candidate[]>;
  /** The latest attempt of each report that was asked for, by `nameOf`. */
  progress(reports: readonly Candidate[]): Promise<Map<string, Progress>>;
  /** Hands an attempt to the relayer; one that is known stays as it is. */
  ask(intent: NewIntent): Promise<void>;
}

/** Reports that are looked at; a period's newest are as good as its others. */
const AT_ONCE = 100;

/** @param maxAttempts Attempts that are looked for. */
export function createAttestStore(db: Database, target: Target, maxAttempts: number): AttestStore {
  return {
    async reports(fromSlot, toBlock) {
      try {
        const { rows } = await db.pool.query<ReportRow>(
          `SELECT set_id, slot, entries, transaction FROM chain.report
           WHERE slot >= $1 AND block <= $2 ORDER BY slot DESC, block DESC LIMIT ${AT_ONCE}`,
          [fromSlot, toBlock],
        );
        return rows.map(({ entries, set_id: setId, slot, transaction }) => ({
          ...{ setId: Number(setId), slot: Number(slot), transaction },
          feeds: entries.map(({ feed }) => feed),
        }));
      } catch (error) {
        if (isMissingTable(error)) return [];
        throw error;
      }
    },

    async progress(reports) {
      const latest = await readProgress(db.pool, reports, maxAttempts, (report, attempt) =>
        keyOf(report, attempt, target),
      );
      return new Map([...latest].map(([report, progress]) => [nameOf(report), progress]));
    },

    ask: (intent) =>
      db.transaction(async (client) => {
        await enqueueIntent(client, intent);
      }),
  };
}

interface ReportRow {
  set_id: string;
  slot: string;
  entries: { feed: string }[];
  transaction: string;
}

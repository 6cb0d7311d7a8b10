import type { Queryable } from "./database.ts";
import type { IntentStatus } from "./intents.ts";

/** The latest of the transactions that were asked for one after the other, until one does what it is for. */
export interface Progress {
  /** 1 for the first. */
  readonly attempt: number;
  readonly status: IntentStatus;
  readonly reason: string | null;
  /** When the status became what it is, unix milliseconds. */
  readonly changedMs: number;
}

/**
 * Reads how far things are of which each attempt is an intent: the intents are all the memory of it.
 * @param maxAttempts attempts that are looked for
 * @param keyOf key of an attempt's intent
 * @returns the latest attempt of each thing that was asked for
 */
export async function readProgress<T>(
  client: Queryable,
  things: readonly T[],
  maxAttempts: number,
  keyOf: (thing: T, attempt: number) => string,
): Promise<Map<T, Progress>> {
  const attempts = Array.from({ length: maxAttempts }, (_, index) => index + 1);
  const places = new Map(
    things.flatMap((thing) =>
      attempts.map((attempt) => [keyOf(thing, attempt), { thing, attempt }] as const),
    ),
  );
  const { rows } = await client.query<IntentRow>(
    "SELECT key, status, reason, updated_at FROM dodona.intents WHERE key = ANY($1)",
    [[...places.keys()]],
  );
  const latest = new Map<T, Progress>();
  for (const { key, reason, status, updated_at: changed } of rows) {
    const place = places.get(key);
    if (place === undefined) continue;
    const { attempt, thing } = place;
    if ((latest.get(thing)?.attempt ?? 0) > attempt) continue;
    latest.set(thing, { attempt, status, reason, changedMs: changed.getTime() });
  }
  return latest;
}

interface IntentRow {
  key: string;
  status: IntentStatus;
  reason: string | null;
  updated_at: Date;
}

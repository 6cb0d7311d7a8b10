import type { Logger } from "../shared/log.ts";
import type { Coordinate } from "./model.ts";
import { openQueue } from "./queue.ts";

/** What was taken back into the queue. */
export interface Replayed {
  /** Why it had been given up. */
  readonly reason: string;
  /** The attempt that follows. */
  readonly attempt: number;
}

/**
 * Takes a request that was given up back into its key's queue, where a running keeper finds it.
 * @param keyHash key that the request asked for
 * @returns one entry for each block in which the request was given up; none when it was not
 */
export async function replay(
  deps: {
    readonly databaseUrl: string;
    readonly coordinate: Coordinate;
    readonly keyHash: string;
    readonly log: Logger;
  },
  requestId: bigint,
): Promise<Replayed[]> {
  const queue = await openQueue(deps.databaseUrl, deps.coordinate, deps.keyHash, null, deps.log);
  try {
    const letters = await queue.replay(requestId);
    return letters.map(({ reason, attempt }) => ({ reason, attempt: attempt + 1 }));
  } finally {
    await queue.stop();
  }
}

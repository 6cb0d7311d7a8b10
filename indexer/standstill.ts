import type { Clock } from "../keepers/shared/clock.ts";
import type { ChainReader } from "./chain.ts";

/** What is asked of a running Ponder. */
export interface Watched {
  readonly chain: Pick<ChainReader, "head">;
  /** Highest block that Ponder says it has indexed; null when it does not answer. */
  readonly indexed: () => Promise<number | null>;
  readonly clock: Clock;
  /** So long the index may lag without moving. */
  readonly patienceMs: number;
  readonly pollMs: number;
}

/**
 * Waits until Ponder stands still: the chain has blocks that the index lacks, and for `patienceMs` none was added. A chain
 * that does not answer, or has no new blocks, is not Ponder's fault.
 * @returns what was seen, or null when the signal ended the wait
 */
export async function standstill(
  { chain, clock, indexed, patienceMs, pollMs }: Watched,
  signal: AbortSignal,
): Promise<string | null> {
  let last: number | null = null;
  let movedMs = clock.nowMs();
  while (!signal.aborted) {
    await clock.sleep(pollMs, signal);
    if (signal.aborted) break;
    const [head, block] = await Promise.all([chain.head().catch(() => null), indexed()]);
    const nowMs = clock.nowMs();
    const isMissing = head !== null && (block === null || block < head);
    if (!isMissing || (block !== null && block !== last)) {
      [last, movedMs] = [block, nowMs];
      continue;
    }
    if (nowMs - movedMs < patienceMs) continue;
    const at = block === null ? "does not answer" : `stands at block ${block}`;
    return `the index ${at}, for ${Math.round((nowMs - movedMs) / 1000)} s, while the chain is at block ${head}`;
  }
  return null;
}

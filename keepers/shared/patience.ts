import type { Clock } from "./clock.ts";
import type { Logger } from "./log.ts";

const RETRY_MS = 3_000;

/**
 * Reads what a process needs before it can begin, every few seconds until it is there. Says once for each reason what it
 * waits for.
 * @param read rejects with the reason
 * @returns null when the process shall end
 */
export async function readPatiently<T>(
  read: () => Promise<T>,
  { clock, log }: { readonly clock: Clock; readonly log: Logger },
  signal: AbortSignal,
): Promise<T | null> {
  let said = "";
  while (!signal.aborted) {
    try {
      return await read();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      if (reason !== said) log.warn(`waiting: ${reason}`);
      said = reason;
    }
    await clock.sleep(RETRY_MS, signal);
  }
  return null;
}

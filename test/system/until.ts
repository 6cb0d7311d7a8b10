import { setTimeout as delay } from "node:timers/promises";

import type { Stack } from "../../deploy/stack/stack.ts";

/**
 * Waits until a condition holds on a network that runs; fails with what was last seen.
 * @param check True, or what is there instead. A promise that is rejected counts as seen, an error thrown ends the wait.
 */
export async function until(
  stack: Stack,
  what: string,
  seconds: number,
  check: () => Promise<string | true>,
  pollMs: number,
): Promise<void> {
  const deadline = Date.now() + seconds * 1_000;
  let last = "nothing seen";
  while (Date.now() < deadline) {
    const seen = await Promise.race([check(), stack.broken]).catch((error: unknown) =>
      String(error),
    );
    if (seen === true) return;
    last = seen;
    await delay(pollMs);
  }
  throw new Error(`${what}: not within ${seconds} s (${last})`);
}

import { setTimeout as sleep } from "node:timers/promises";

import { note } from "./action.ts";
import { TaskError } from "./error.ts";
import { formatSeconds } from "./format.ts";
import type { Opened } from "./open.ts";

const POLL_MS = 250;
/** Beyond this a person comes back later. */
const LONGEST_SECONDS = 600;

/**
 * Waits until the chain's time has come.
 *
 * @param what What happens then, for people.
 * @throws {TaskError} when that is more than ten minutes off.
 */
export async function waitForChain(
  { connection }: Opened,
  unixSeconds: number,
  what: string,
): Promise<void> {
  const { provider } = connection.ethers;
  const nowSeconds = async (): Promise<number> =>
    (await provider.getBlock("latest"))?.timestamp ?? 0;
  const missing = unixSeconds - (await nowSeconds());
  if (missing <= 0) return;
  if (missing > LONGEST_SECONDS) {
    throw new TaskError(`It takes ${formatSeconds(missing)} until ${what}: come back then.`);
  }
  note(`Wait ${formatSeconds(missing)} until ${what}`);
  const givesUpAtMs = performance.now() + (LONGEST_SECONDS + missing) * 1_000;
  while ((await nowSeconds()) < unixSeconds) {
    if (performance.now() > givesUpAtMs) throw new TaskError("The chain's time does not go on.");
    await sleep(POLL_MS);
  }
}

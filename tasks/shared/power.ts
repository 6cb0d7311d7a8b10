import type { Opened } from "./open.ts";
import { TaskError } from "./error.ts";

/** What a task is about to call, and what to do instead without the power to. */
export interface Wanted {
  target: string;
  selector: string;
  /** Arguments of the command that does it through governance or the guardian. */
  instead: string;
}

/**
 * Refuses a call that the account may not make, and says which command leads there. Where named accounts govern, the
 * contract itself refuses.
 *
 * @throws {TaskError}
 */
export async function requirePower(
  { account, connection, contracts }: Opened & { account: string },
  { instead, selector, target }: Wanted,
): Promise<void> {
  if (contracts.governance === null) return;
  const [isAllowed] = await contracts.accessManager.canCall(account, target, selector);
  if (isAllowed) return;
  throw new TaskError(
    `${account} may not do this: governance has the power. Use: npx hardhat ${instead} --network ${connection.networkName}`,
  );
}

import { TaskError } from "../shared/error.ts";
import type { KeyView } from "./keys.ts";
import { readKeys } from "./keys.ts";
import type { Randomness } from "./open.ts";

/**
 * The proving key that a command is about: the named one, else the account's only one, else the only one.
 *
 * @throws {TaskError} when that is none, or not clear; it names those that exist.
 */
export async function chooseKey(
  randomness: Randomness,
  given: string | undefined,
  account: string,
): Promise<KeyView> {
  const keys = await readKeys(randomness);
  const known = keys.map(({ keyHash }) => keyHash).join(", ") || "none";
  if (given !== undefined) {
    const named = keys.find(({ keyHash }) => keyHash.toLowerCase() === given.toLowerCase());
    if (named === undefined)
      throw new TaskError(`There is no proving key ${given}. Keys: ${known}.`);
    return named;
  }
  const own = keys.filter(({ operator }) => operator === account);
  const [only, ...others] = own.length > 0 ? own : keys;
  if (only === undefined || others.length > 0) {
    throw new TaskError(`Name a proving key with --key. Keys: ${known}.`);
  }
  return only;
}

/** @throws {TaskError} when another account operates the key. */
export function requireOperator({ keyHash, operator }: KeyView, account: string): void {
  if (operator === account) return;
  throw new TaskError(
    `Proving key ${keyHash} belongs to operator ${operator}, not to ${account}. Choose the account with --from.`,
  );
}

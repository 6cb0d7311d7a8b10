import { existsSync, renameSync, writeFileSync } from "node:fs";

import type { Contracts } from "../../deploy/contracts.ts";
import { LOCAL_NETWORK } from "../../deploy/deployments.ts";
import { readKeys } from "../../deploy/operators.ts";
import { readStackFile } from "../../deploy/stack/stack-file.ts";
import type { OperatorKeys } from "../../keepers/feed/signing/keys.ts";
import { generateKeys, parseKeys, publicKeys } from "../../keepers/feed/signing/keys.ts";
import { toHex } from "../../keepers/feed/signing/bytes.ts";
import { TaskError } from "../shared/error.ts";

/** Files of an operator whose process runs on this machine. */
export interface KeyPlace {
  /** Keys that it was started with. */
  readonly keyFile: string;
  /** Keys that follow them; its process looks for this file. */
  readonly nextKeyFile: string;
}

/** Where the running stack has an operator's keys; null for an operator that is not of this machine. */
export function keyPlaceOf(stackFile: string, network: string, account: string): KeyPlace | null {
  if (network !== LOCAL_NETWORK) return null;
  const operators = readStackFile(stackFile)?.operators ?? [];
  return operators.find((one) => one.account.toLowerCase() === account.toLowerCase()) ?? null;
}

/**
 * Puts an operator's next keys where its process looks for them. Keys are on disk before anything is sent: what the chain
 * takes for an operator's must never be lost. A rotation that is over ends here: its file takes the place of the one before.
 *
 * @param given Keys to be used; null makes new ones, or takes those that an earlier try has left.
 * @throws {TaskError} while the last rotation has not come through to the set.
 */
export async function placeNextKeys(
  { keyFile, nextKeyFile }: KeyPlace,
  given: OperatorKeys | null,
  { operators, priceFeeds }: Contracts,
  account: string,
): Promise<OperatorKeys> {
  if (existsSync(nextKeyFile)) {
    const present = await readKeys(nextKeyFile);
    const { x } = publicKeys(present).secp256k1.toAffine();
    const [registered] = await operators.operator(account);
    if (registered.x !== x) {
      if (given === null) return present;
    } else {
      const { setId } = await priceFeeds.currentSet();
      const [, keysOfSet] = await priceFeeds.describeSet(setId);
      if (!keysOfSet.some(([keyX]) => keyX === x)) {
        throw new TaskError(
          `The keys before these are not in the active set yet: try again in a few seconds.`,
        );
      }
      renameSync(nextKeyFile, keyFile);
    }
  }
  const keys = given ?? parseKeys(generateKeys());
  const content = { secp256k1: toHex(keys.secp256k1), grumpkin: toHex(keys.grumpkin) };
  // Whole or not at all: the process may look at any moment.
  writeFileSync(`${nextKeyFile}.new`, `${JSON.stringify(content)}\n`, { mode: 0o600 });
  renameSync(`${nextKeyFile}.new`, nextKeyFile);
  return keys;
}

import { randomBytes } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { existsSync } from "node:fs";

import { readSecretFile } from "../../keepers/shared/config.ts";
import { note } from "../shared/action.ts";
import { TaskError } from "../shared/error.ts";

/** A field element of 248 bits. */
const SECRET_BYTES = 31;

/**
 * The account's secret, from a file that only its user can read; made where there is none.
 *
 * @throws {TaskError} when the file holds something else.
 */
export async function readSecret(file: string): Promise<bigint> {
  if (!existsSync(file)) {
    await writeFile(file, `0x${randomBytes(SECRET_BYTES).toString("hex")}\n`, { mode: 0o600 });
    note(`Your secret is in ${file}. Keep it: without it nobody can continue your record.`);
  }
  const text = readSecretFile(file);
  if (!/^0x[0-9a-f]{62}$/.test(text)) throw new TaskError(`${file} does not hold a secret.`);
  return BigInt(text);
}

import { readFile, stat } from "node:fs/promises";
import path from "node:path";

const NAME = /^0x[0-9a-f]{64}\.json$/;
/** A million rows; larger files are no publications. */
const MAX_BYTES = 256 * 1024 * 1024;

/** @returns whether a name is one of a publication: 0x, 64 lower-case hex digits and .json */
export function isPublicationName(name: string): boolean {
  return NAME.test(name);
}

/**
 * Reads a file of the folder.
 *
 * @param name As {@link isPublicationName} wants it, so that it never leads out of the folder.
 * @returns null when there is none
 * @throws RangeError for another name, or a file that is too large
 */
export async function readPublicationFile(
  folder: string,
  name: string,
): Promise<Uint8Array<ArrayBuffer> | null> {
  if (!isPublicationName(name)) throw new RangeError(`not a publication's name: ${name}`);
  const file = path.join(folder, name);
  try {
    const found = await stat(file);
    if (!found.isFile()) return null;
    if (found.size > MAX_BYTES) throw new RangeError(`${name} has ${found.size} bytes`);
    return new Uint8Array(await readFile(file));
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "ENOENT" || code === "ENOTDIR") return null;
    throw error;
  }
}

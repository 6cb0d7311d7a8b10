import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";

/** Recorded frames lie beside the project, not in it. */
const RECORDINGS = join(import.meta.dirname, "../../../../../../shared/data/ws");

/**
 * Frames as a venue sent them.
 *
 * @param file Such as "okx_v5".
 * @returns Texts in order of receipt, or null (and says so) where the recordings are not on this machine.
 */
export function recordedFrames(file: string): string[] | null {
  const path = join(RECORDINGS, `${file}.jsonl.gz`);
  if (!existsSync(path)) {
    console.log(`      skipped: no recorded frames at ${path}`);
    return null;
  }
  return gunzipSync(readFileSync(path))
    .toString("utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as { dir: string; raw: string })
    .filter(({ dir }) => dir === "recv")
    .map(({ raw }) => raw);
}

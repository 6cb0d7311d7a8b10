import { createHash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";

/** SHA-256 in hex. */
export function sha256(...parts: readonly (Uint8Array | string)[]): string {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest("hex");
}

/** Hash of what things are made of, unambiguous in where one ends and the next begins. */
export function contentKey(parts: readonly (Uint8Array | string)[]): string {
  return sha256(parts.map((part) => sha256(part)).join(""));
}

/** Writes a file that nobody ever sees half written. */
export function writeWhole(file: string, content: Uint8Array | string): void {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  const draft = `${file}.${process.pid}.${Date.now()}`;
  fs.writeFileSync(draft, content);
  fs.renameSync(draft, file);
}

/** A file's content, null where there is none. */
export function readIfThere(file: string): Buffer | null {
  try {
    return fs.readFileSync(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
}

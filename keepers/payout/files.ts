import { randomUUID } from "node:crypto";
import { mkdir, open, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";

import { readBounded } from "../shared/bounded.ts";
import { hashOf } from "./canonical.ts";

const MAX_BYTES = 256 * 1024 * 1024;
const TIMEOUT_MS = 30_000;

/** Publications by the hash of their bytes: one file each, in one folder. */
export interface PublicationFiles {
  /**
   * Writes bytes so that a crash leaves the whole file or none.
   * @returns path of the file
   */
  write(bytes: Uint8Array, dataHash: string): Promise<string>;
  /** @returns the bytes with this hash, from the folder or else from one of the mirrors; null when nobody has them */
  read(dataHash: string, signal?: AbortSignal): Promise<Uint8Array | null>;
}

/** @returns the name of a publication's file */
export function fileNameOf(dataHash: string): string {
  return `${dataHash}.json`;
}

/**
 * Opens a folder of publications.
 * @param mirrors base URLs that publications may be fetched from; only these are ever asked, whatever a proposal names
 */
export function openPublicationFiles(
  folder: string,
  mirrors: readonly string[] = [],
): PublicationFiles {
  const write = async (bytes: Uint8Array, dataHash: string): Promise<string> => {
    if (hashOf(bytes) !== dataHash) throw new RangeError(`the bytes' hash is not ${dataHash}`);
    await mkdir(folder, { recursive: true });
    const path = join(folder, fileNameOf(dataHash));
    const temporary = join(folder, `.${randomUUID()}.tmp`);
    try {
      const file = await open(temporary, "wx", 0o644);
      try {
        await file.writeFile(bytes);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(temporary, path);
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
    // The name is durable once the folder is.
    const entry = await open(folder, "r");
    try {
      await entry.sync();
    } finally {
      await entry.close();
    }
    return path;
  };

  return {
    write,
    async read(dataHash, signal) {
      if (!/^0x[0-9a-f]{64}$/.test(dataHash)) throw new RangeError(`not a hash: ${dataHash}`);
      const local = await readLocal(join(folder, fileNameOf(dataHash)));
      if (local !== null && hashOf(local) === dataHash) return local;
      for (const mirror of mirrors) {
        const url = `${mirror.replace(/\/+$/, "")}/${fileNameOf(dataHash)}`;
        const bytes = await download(url, signal);
        if (bytes === null || hashOf(bytes) !== dataHash) continue;
        await write(bytes, dataHash);
        return bytes;
      }
      return null;
    },
  };
}

async function readLocal(path: string): Promise<Uint8Array | null> {
  try {
    return new Uint8Array(await readFile(path));
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
    throw error;
  }
}

async function download(url: string, signal?: AbortSignal): Promise<Uint8Array | null> {
  const timeout = AbortSignal.timeout(TIMEOUT_MS);
  try {
    const response = await fetch(url, {
      signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
    });
    if (!response.ok || response.body === null) return null;
    return new Uint8Array(await readBounded(response, MAX_BYTES));
  } catch {
    return null;
  }
}

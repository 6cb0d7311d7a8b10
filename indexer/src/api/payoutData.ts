import type { Context } from "hono";

import { settings } from "../../ponder.config.ts";
import { isPublicationName, readPublicationFile } from "../../proofs/files.ts";
import { createLru } from "../../proofs/lru.ts";
import { hashOf } from "../../proofs/publication.ts";
import { BadRequest } from "./query.ts";

const CACHE_BYTES = 64 * 1024 * 1024;
const HASH_CHARACTERS = 66;
const files = createLru<Uint8Array<ArrayBuffer>>(CACHE_BYTES);

/**
 * Serves a publication by its hash: the bytes are checked against it, and never change.
 *
 * @param name Hash with .json.
 * @throws BadRequest for any other name
 */
export async function servePayoutData(c: Context, name: string): Promise<Response> {
  if (!isPublicationName(name)) {
    throw new BadRequest(
      `file "${name}" is not allowed; give 0x, 64 lower-case hex digits and .json`,
    );
  }
  const hash = name.slice(0, HASH_CHARACTERS);
  const headers = {
    "cache-control": "public, max-age=31536000, immutable",
    "content-type": "application/json",
    etag: `"${hash}"`,
    "x-content-type-options": "nosniff",
  };
  const bytes = await readChecked(name, hash);
  if (bytes === null) return c.json({ error: `no publication ${hash} here` }, 404);
  if (c.req.header("if-none-match") === headers.etag) return c.body(null, 304, headers);
  return c.body(bytes, 200, headers);
}

/** @returns null where there is no such file, or its bytes have another hash */
async function readChecked(name: string, hash: string): Promise<Uint8Array<ArrayBuffer> | null> {
  const { payoutsFolder } = settings;
  if (payoutsFolder === undefined) return null;
  const known = files.get(hash);
  if (known !== undefined) return known;
  const bytes = await readPublicationFile(payoutsFolder, name);
  if (bytes === null || hashOf(bytes) !== hash) return null;
  files.set(hash, bytes, bytes.length);
  return bytes;
}

import { keccak } from "../shared/merkle/keccak.ts";

/** What canonical JSON can hold; a bigint becomes a string of its decimal digits. */
export type Canonical =
  | string
  | number
  | boolean
  | bigint
  | null
  | undefined
  | readonly Canonical[]
  | { readonly [key: string]: Canonical };

/**
 * JSON with one form per value: keys in ascending order, no white space, integers only, undefined fields left out.
 * @throws RangeError for numbers that are not safe integers
 */
export function canonicalJson(value: Canonical): string {
  if (typeof value === "bigint") return `"${value}"`;
  if (typeof value === "number" && !Number.isSafeInteger(value)) {
    throw new RangeError(`not a safe integer: ${value}`);
  }
  if (value === null || value === undefined) return "null";
  if (typeof value !== "object") return JSON.stringify(value);
  if (Array.isArray(value)) return `[${(value as Canonical[]).map(canonicalJson).join(",")}]`;
  const fields = Object.entries(value as { readonly [key: string]: Canonical })
    .filter(([, field]) => field !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, field]) => `${JSON.stringify(key)}:${canonicalJson(field)}`);
  return `{${fields.join(",")}}`;
}

/** @returns keccak256 of bytes, or of a text's UTF-8, 0x-prefixed hex */
export function hashOf(content: Uint8Array | string): string {
  const bytes = typeof content === "string" ? Buffer.from(content, "utf8") : content;
  return `0x${Buffer.from(keccak(bytes)).toString("hex")}`;
}

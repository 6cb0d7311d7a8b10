import type { Position } from "./vrfQuery.ts";
import { decodePosition } from "./vrfQuery.ts";
import { BadRequest, integer } from "./query.ts";

const KEYS = ["limit", "cursor"];
const MAX_LIMIT = 1000;
const DEFAULT_LIMIT = 100;
const MAX_SLOT = 2 ** 32 - 1;

/**
 * Reads the query of GET /attestations.
 *
 * @throws BadRequest that names the parameter and what it may be.
 */
export function parseAttestationsQuery(query: Readonly<Record<string, string>>): {
  readonly limit: number;
  readonly before: Position | null;
} {
  const unknown = Object.keys(query).find((key) => !KEYS.includes(key));
  if (unknown !== undefined) {
    throw new BadRequest(`unknown parameter ${unknown}; allowed are ${KEYS.join(", ")}`);
  }
  const { cursor, limit } = query;
  return {
    limit: integer("limit", limit, 1, MAX_LIMIT, DEFAULT_LIMIT),
    before: cursor === undefined ? null : decodePosition(cursor),
  };
}

/**
 * Reads a slot.
 *
 * @throws BadRequest
 */
export function parseSlot(text: string): number {
  return integer("slot", text, 1, MAX_SLOT, 0);
}

import { BadRequest, integer } from "./query.ts";
import { decodePosition, type Position } from "./vrfQuery.ts";

const MAX_LIMIT = 1000;
const DEFAULT_LIMIT = 100;

/**
 * Reads the query of GET /governance/proposals.
 *
 * @throws BadRequest that names the parameter and what it may be.
 */
export function parseProposalsQuery(query: Readonly<Record<string, string>>): {
  readonly limit: number;
  readonly before: Position | null;
} {
  onlyKnown(query, ["limit", "cursor"]);
  const cursor = query["cursor"];
  return {
    limit: integer("limit", query["limit"], 1, MAX_LIMIT, DEFAULT_LIMIT),
    before: cursor === undefined ? null : decodePosition(cursor),
  };
}

/**
 * Reads the query of GET /governance/voters.
 *
 * @throws BadRequest that names the parameter and what it may be.
 */
export function parseVotersQuery(query: Readonly<Record<string, string>>): number {
  onlyKnown(query, ["limit"]);
  return integer("limit", query["limit"], 1, MAX_LIMIT, DEFAULT_LIMIT);
}

/**
 * Reads an account.
 *
 * @param text 0x and 40 hex digits, in any letter case.
 * @returns Lower case, as tables have it.
 * @throws BadRequest
 */
export function parseAccount(text: string): `0x${string}` {
  if (!/^0x[0-9a-fA-F]{40}$/.test(text)) {
    throw new BadRequest(`account "${text}" is not allowed; give 0x and 40 hex digits`);
  }
  return text.toLowerCase() as `0x${string}`;
}

function onlyKnown(query: Readonly<Record<string, string>>, keys: readonly string[]): void {
  const unknown = Object.keys(query).find((key) => !keys.includes(key));
  if (unknown === undefined) return;
  throw new BadRequest(`unknown parameter ${unknown}; allowed are ${keys.join(", ")}`);
}

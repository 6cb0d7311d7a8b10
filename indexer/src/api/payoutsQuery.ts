import { BadRequest, integer } from "./query.ts";

const KEYS = ["limit", "cursor"];
const MAX_LIMIT = 1000;
const DEFAULT_LIMIT = 100;
const MAX_EPOCH = 2 ** 32 - 1;

/** A page of epochs. */
export interface EpochsQuery {
  readonly limit: number;
  /** Only epochs below this one. */
  readonly before: number | null;
}

/**
 * Reads the query of GET /payouts.
 *
 * @throws BadRequest that names the parameter and what it may be.
 */
export function parseEpochsQuery(query: Readonly<Record<string, string>>): EpochsQuery {
  const unknown = Object.keys(query).find((key) => !KEYS.includes(key));
  if (unknown !== undefined) {
    throw new BadRequest(`unknown parameter ${unknown}; allowed are ${KEYS.join(", ")}`);
  }
  const { cursor } = query;
  const match = cursor === undefined ? null : /^e(\d{1,10})$/.exec(cursor);
  if (cursor !== undefined && match === null) {
    throw new BadRequest(`cursor "${cursor}" is not one; take "next" of the page before`);
  }
  return {
    limit: integer("limit", query["limit"], 1, MAX_LIMIT, DEFAULT_LIMIT),
    before: match === null ? null : Number(match[1]),
  };
}

/** Cursor that continues below an epoch. */
export function encodeEpochCursor(epoch: number): string {
  return `e${epoch}`;
}

/**
 * Reads the number of an epoch.
 *
 * @throws BadRequest
 */
export function parseEpoch(text: string): number {
  return integer("epoch", text, 1, MAX_EPOCH, 0);
}

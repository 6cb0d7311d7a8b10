import type { VrfStatus } from "../../ponder.schema.ts";
import { BadRequest, integer } from "./query.ts";

const KEYS = ["status", "sub", "limit", "cursor"] as const;
const STATUSES: readonly VrfStatus[] = ["pending", "fulfilled", "refunded"];
const MAX_LIMIT = 1000;
const DEFAULT_LIMIT = 100;
const MAX_UINT256 = 2n ** 256n - 1n;

/** Position of a request in the chain: only requests before it are wanted. */
export interface Position {
  readonly block: number;
  readonly logIndex: number;
}

/** What a list of requests asks for. */
export interface RequestsQuery {
  readonly status: VrfStatus | null;
  readonly subId: bigint | null;
  readonly limit: number;
  readonly before: Position | null;
}

/**
 * Reads the query of GET /vrf/requests.
 *
 * @param query Parameters as they stand in the URL.
 * @throws BadRequest that names the parameter and what it may be.
 */
export function parseRequestsQuery(query: Readonly<Record<string, string>>): RequestsQuery {
  const unknown = Object.keys(query).find((key) => !KEYS.some((known) => known === key));
  if (unknown !== undefined) {
    throw new BadRequest(`unknown parameter ${unknown}; allowed are ${KEYS.join(", ")}`);
  }
  const { status, sub, cursor } = query;
  return {
    status: status === undefined ? null : parseStatus(status),
    subId: sub === undefined ? null : parseId("sub", sub),
    limit: integer("limit", query["limit"], 1, MAX_LIMIT, DEFAULT_LIMIT),
    before: cursor === undefined ? null : decodePosition(cursor),
  };
}

/**
 * Reads the id of a request or a subscription.
 *
 * @param name What errors call it.
 * @param text Decimal digits, or 0x and hex digits.
 * @throws BadRequest for anything but an unsigned 256-bit integer.
 */
export function parseId(name: string, text: string): bigint {
  const value = /^(\d{1,78}|0x[0-9a-fA-F]{1,64})$/.test(text) ? BigInt(text) : null;
  if (value === null || value > MAX_UINT256) {
    throw new BadRequest(
      `${name} "${text}" is not allowed; give an unsigned 256-bit integer, decimal or with 0x`,
    );
  }
  return value;
}

/** Cursor that continues before a request. */
export function encodePosition({ block, logIndex }: Position): string {
  return `v${block}.${logIndex}`;
}

/**
 * Reads a cursor of {@link encodePosition}.
 *
 * @throws BadRequest
 */
export function decodePosition(text: string): Position {
  const match = /^v(\d{1,15})\.(\d{1,9})$/.exec(text);
  if (match === null) {
    throw new BadRequest(`cursor "${text}" is not one; take "next" of the page before`);
  }
  return { block: Number(match[1]), logIndex: Number(match[2]) };
}

function parseStatus(text: string): VrfStatus {
  const status = STATUSES.find((known) => known === text);
  if (status === undefined) {
    throw new BadRequest(`status "${text}" is not allowed; give one of ${STATUSES.join(", ")}`);
  }
  return status;
}

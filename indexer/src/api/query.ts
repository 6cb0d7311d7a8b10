/** A request that cannot be answered; the message says what is allowed. */
export class BadRequest extends Error {}

const UNITS: Readonly<Record<string, number>> = { "": 1, s: 1, m: 60, h: 3600, d: 86_400 };
const MAX_INTERVAL_SECONDS = 31 * 86_400;
const MAX_LIMIT = 1000;
const DEFAULT_LIMIT = 100;
const MAX_TIME = 2 ** 32 - 1;
const KEYS = ["interval", "from", "to", "limit", "cursor"] as const;

/** What a history request asks for. */
export interface HistoryQuery {
  /** Length of an OHLC bucket; null for single rounds. */
  readonly intervalSeconds: number | null;
  /** First slot, unix seconds. */
  readonly from: number;
  /** Last slot, unix seconds. */
  readonly to: number;
  readonly limit: number;
  /** Only rounds, or starts of buckets, below this number. */
  readonly before: number | null;
}

/**
 * Reads the query of a history request.
 *
 * @param query Parameters as they stand in the URL.
 * @throws BadRequest that names the parameter and what it may be.
 */
export function parseHistoryQuery(query: Readonly<Record<string, string>>): HistoryQuery {
  const unknown = Object.keys(query).find((key) => !KEYS.some((known) => known === key));
  if (unknown !== undefined) {
    throw new BadRequest(`unknown parameter ${unknown}; allowed are ${KEYS.join(", ")}`);
  }
  const from = integer("from", query["from"], 0, MAX_TIME, 0);
  const to = integer("to", query["to"], 0, MAX_TIME, MAX_TIME);
  if (from > to) throw new BadRequest(`from ${from} is after to ${to}; both are unix seconds`);
  const intervalSeconds = query["interval"] === undefined ? null : parseInterval(query["interval"]);
  return {
    intervalSeconds,
    from,
    to,
    limit: integer("limit", query["limit"], 1, MAX_LIMIT, DEFAULT_LIMIT),
    before: query["cursor"] === undefined ? null : decodeCursor(query["cursor"], intervalSeconds),
  };
}

/**
 * Reads the length of a bucket.
 *
 * @param text Seconds ("60") or a number with s, m, h or d ("5m").
 * @returns Seconds, 1 to 31 days.
 * @throws BadRequest
 */
export function parseInterval(text: string): number {
  const match = /^(\d{1,9})([smhd]?)$/.exec(text);
  const seconds = Number(match?.[1]) * (UNITS[match?.[2] ?? ""] ?? NaN);
  if (!(seconds >= 1 && seconds <= MAX_INTERVAL_SECONDS)) {
    throw new BadRequest(
      `interval "${text}" is not allowed; give seconds or a number with s, m, h or d, from 1s to 31d, for example 60, 5m or 1h`,
    );
  }
  return seconds;
}

/**
 * Cursor that continues below the last item of a page.
 *
 * @param last Round, or start of the bucket, of the page's last item.
 * @param intervalSeconds The bucket's length, null for rounds.
 */
export function encodeCursor(last: number, intervalSeconds: number | null): string {
  return intervalSeconds === null ? `r${last}` : `b${intervalSeconds}.${last}`;
}

/**
 * Reads a cursor.
 *
 * @param text As `next` gave it.
 * @param intervalSeconds Interval of this request, which must be that of the page before.
 * @throws BadRequest
 */
export function decodeCursor(text: string, intervalSeconds: number | null): number {
  const match = /^(?:r|b(\d{1,9})\.)(\d{1,10})$/.exec(text);
  const interval = match?.[1] === undefined ? null : Number(match[1]);
  if (match === null || interval !== intervalSeconds) {
    throw new BadRequest(
      `cursor "${text}" does not belong to this request; take "next" of the page before, with the same interval`,
    );
  }
  return Number(match[2]);
}

/**
 * Finds the feed that a URL names.
 *
 * @param given "BTC/USD", "BTC-USD", or the bytes32; letter case does not matter.
 * @param feeds All feeds.
 */
export function findFeed<Row extends { readonly id: string; readonly feedId: string }>(
  given: string,
  feeds: readonly Row[],
): Row | undefined {
  const wanted = given.toUpperCase();
  return (
    feeds.find(({ id }) => id === given) ??
    feeds.find(({ id }) => id.toUpperCase() === wanted) ??
    feeds.find(({ id }) => id.toUpperCase().replaceAll("/", "-") === wanted) ??
    feeds.find(({ feedId }) => feedId.toUpperCase() === wanted)
  );
}

/**
 * Reads an integer parameter.
 *
 * @param text As it stands in the URL; `otherwise` when absent.
 * @throws BadRequest that names the parameter and its bounds.
 */
export function integer(
  name: string,
  text: string | undefined,
  min: number,
  max: number,
  otherwise: number,
): number {
  if (text === undefined) return otherwise;
  const value = /^\d{1,10}$/.test(text) ? Number(text) : NaN;
  if (!(value >= min && value <= max)) {
    throw new BadRequest(`${name} "${text}" is not allowed; give an integer from ${min} to ${max}`);
  }
  return value;
}

import { InvalidArgumentError } from "commander";

/** Unix seconds beyond this are milliseconds by mistake. */
const MAX_UNIX_SECONDS = 1e11;

/**
 * Reads a time: unix seconds or ISO 8601, UTC unless it names a zone.
 *
 * @returns Unix seconds.
 * @throws InvalidArgumentError with what is expected.
 */
export function parseTime(text: string): number {
  if (/^\d+$/.test(text)) {
    const seconds = Number(text);
    if (seconds > MAX_UNIX_SECONDS) throw new InvalidArgumentError("expected seconds, not more.");
    return seconds;
  }
  const zoned = /T\d/.test(text) && !/(Z|[+-]\d\d:?\d\d)$/.test(text) ? `${text}Z` : text;
  const ms = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(zoned) : Number.NaN;
  if (!Number.isFinite(ms)) {
    throw new InvalidArgumentError("expected unix seconds or a date such as 2023-03-04T17:00.");
  }
  return Math.floor(ms / 1000);
}

/**
 * Makes a reader of whole numbers.
 *
 * @throws InvalidArgumentError naming the bounds.
 */
export function wholeNumber(low: number, high: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < low || value > high) {
      throw new InvalidArgumentError(`expected a whole number from ${low} to ${high}.`);
    }
    return value;
  };
}

/**
 * Reads basis points, "1000", or percent, "10%".
 *
 * @returns Basis points, 1 to 10,000.
 */
export function parseBps(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(%?)$/.exec(text);
  const bps = match === null ? Number.NaN : Number(match[1]) * (match[2] === "%" ? 100 : 1);
  const rounded = Math.round(bps);
  if (!(rounded >= 1 && rounded <= 10_000) || Math.abs(bps - rounded) > 1e-9) {
    throw new InvalidArgumentError(
      "expected basis points from 1 to 10000, or percent such as 10%.",
    );
  }
  return rounded;
}

/**
 * Collects stated rates, "USDT=1".
 *
 * @param known Those read so far.
 */
export function collectRates(text: string, known: Record<string, number>): Record<string, number> {
  const match = /^([A-Z0-9]+)=(\d+(?:\.\d+)?)$/.exec(text);
  const rate = Number(match?.[2]);
  if (match?.[1] === undefined || !(rate > 0)) {
    throw new InvalidArgumentError("expected CURRENCY=RATE, such as USDT=1.");
  }
  return { ...known, [match[1]]: rate };
}

import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { gunzipSync } from "node:zlib";

/** Length of a recorded bar, seconds. */
export const BAR_SECONDS = 60;

/** Recorded one-minute bars of one market, in columns so that a week of many pairs stays small. */
export interface BarSeries {
  readonly venue: string;
  readonly base: string;
  readonly quote: string;
  /** Bar opens, unix seconds, strictly ascending. */
  readonly openTs: Float64Array;
  readonly close: Float64Array;
  /** Traded volume in base; 0 is a bar without a trade. */
  readonly volume: Float64Array;
}

const COLUMNS = ["ts", "open", "high", "low", "close", "volume"] as const;
/** Quote symbols of recorded pairs, longest first, so that BTCUSDT is not read as quoted in USD. */
const QUOTES = ["USDT", "USDC", "USD", "EUR", "GBP", "BTC", "ETH"] as const;
/** Unix seconds beyond this are milliseconds by mistake. */
const MAX_UNIX_SECONDS = 1e11;

/** A market as a file name tells it. */
export interface NamedMarket {
  readonly venue: string;
  readonly base: string;
  readonly quote: string;
}

/**
 * Splits a joined pair such as "BTCUSDT".
 *
 * @returns Base and quote, or null when it does not end in a known quote.
 */
export function splitPair(symbol: string): { base: string; quote: string } | null {
  if (!/^[A-Z0-9]+$/.test(symbol)) return null;
  const quote = QUOTES.find((known) => symbol.endsWith(known) && symbol.length > known.length);
  return quote === undefined ? null : { base: symbol.slice(0, -quote.length), quote };
}

/**
 * Reads the market from a file name: VENUE_PAIR.csv[.gz], or PAIR_VENUE_ANYTHING.csv[.gz], which recordings of single
 * markets use: the last part between underscores is the pair, or exactly one of them is.
 *
 * @returns null for a name that tells no market.
 */
export function marketOfFile(name: string): NamedMarket | null {
  const stem = /^(.+)\.csv(?:\.gz)?$/.exec(name)?.[1];
  if (stem === undefined) return null;
  const parts = stem.split("_");
  const pairs = parts.map(splitPair);
  const found = pairs.filter((pair) => pair !== null).length;
  const index = pairs.findLastIndex((pair) => pair !== null);
  const pair = pairs[index] ?? null;
  if (pair === null || (found > 1 && index < parts.length - 1)) return null;
  const venue = index === 0 ? (parts[1] ?? "") : parts.slice(0, index).join("_");
  return venue === "" ? null : { venue, ...pair };
}

/**
 * Parses one file of bars. Columns after the first six are ignored; rows may come in any order.
 *
 * @param text Whole file: header line, then one bar a line.
 * @param file Name for errors.
 * @throws Error naming file and line of the first row that is not a bar.
 */
export function parseBars(
  text: string,
  file: string,
): Pick<BarSeries, "openTs" | "close" | "volume"> {
  const lines = text.split("\n");
  const header = (lines[0] ?? "")
    .replace(/^\uFEFF/, "")
    .trim()
    .split(",");
  if (COLUMNS.some((column, index) => header[index]?.trim() !== column)) {
    throw new Error(`${file} line 1: the header must be ${COLUMNS.join(",")}`);
  }
  const rows: [ts: number, close: number, volume: number, line: number][] = [];
  for (let index = 1; index < lines.length; index += 1) {
    const line = lines[index]!.trim();
    if (line === "") continue;
    const fields = line.split(",");
    const problem = rowProblem(fields, header.length);
    if (problem !== null) throw new Error(`${file} line ${index + 1}: ${problem}`);
    rows.push([Number(fields[0]), Number(fields[4]), Number(fields[5]), index + 1]);
  }
  rows.sort((a, b) => a[0] - b[0]);
  for (let index = 1; index < rows.length; index += 1) {
    if (rows[index]![0] === rows[index - 1]![0]) {
      const line = Math.max(rows[index]![3], rows[index - 1]![3]);
      throw new Error(`${file} line ${line}: a second bar at ${rows[index]![0]}`);
    }
  }
  return {
    openTs: Float64Array.from(rows, (row) => row[0]),
    close: Float64Array.from(rows, (row) => row[1]),
    volume: Float64Array.from(rows, (row) => row[2]),
  };
}

function rowProblem(fields: readonly string[], width: number): string | null {
  if (fields.length !== width) return `${fields.length} fields, the header has ${width}`;
  for (let index = 0; index < COLUMNS.length; index += 1) {
    const field = fields[index]!;
    const value = Number(field);
    if (field.trim() === "" || !Number.isFinite(value)) {
      return `${COLUMNS[index]} is not a number: "${field}"`;
    }
    if (value < 0) return `${COLUMNS[index]} is negative: ${field}`;
  }
  const ts = Number(fields[0]);
  if (!Number.isInteger(ts) || ts === 0) return `ts is not a unix time in seconds: "${fields[0]}"`;
  if (ts > MAX_UNIX_SECONDS) return `ts is not in seconds: "${fields[0]}"`;
  // Some recorders fill minutes without a trade with zeros; a trade at zero is none.
  if (Number(fields[4]) === 0 && Number(fields[5]) > 0) return "a trade at price zero";
  return null;
}

/** What a folder holds. */
export interface Recording {
  readonly series: BarSeries[];
  /** Every market that the folder names, also those that were not asked for. */
  readonly markets: NamedMarket[];
  /** Files that look like tables but tell no market. */
  readonly ignored: string[];
}

/**
 * Reads the recorded bars of a folder.
 *
 * @param dir Folder of VENUE_PAIR.csv[.gz] files.
 * @param wanted Which markets to read; all by default.
 * @returns Series in the order of file names; several files of one market become one series.
 * @throws Error when the folder cannot be read or has no usable file, or for a malformed file or row, naming it.
 */
export function readRecording(
  dir: string,
  wanted: (market: NamedMarket) => boolean = () => true,
): Recording {
  const files = listTables(dir);
  const named = files.flatMap((name) => {
    const market = marketOfFile(name);
    return market === null ? [] : [{ name, market }];
  });
  if (named.length === 0) {
    throw new Error(
      `${dir} has no usable files: bars are read from VENUE_PAIR.csv or VENUE_PAIR.csv.gz, e.g. kraken_BTCUSD.csv.gz`,
    );
  }
  const merged = new Map<string, BarSeries>();
  for (const { name, market } of named) {
    if (!wanted(market)) continue;
    const file = path.join(dir, name);
    const bars = parseBars(readTable(file), file);
    const key = `${market.venue} ${market.base}/${market.quote}`;
    const known = merged.get(key);
    merged.set(key, known === undefined ? { ...market, ...bars } : join(known, bars, file));
  }
  return {
    series: [...merged.values()],
    markets: named.map(({ market }) => market),
    ignored: files.filter((name) => marketOfFile(name) === null),
  };
}

function listTables(dir: string): string[] {
  try {
    return readdirSync(dir)
      .filter((name) => /\.csv(\.gz)?$/.test(name))
      .sort();
  } catch (error) {
    throw new Error(`cannot read the folder ${dir}: ${(error as Error).message}`);
  }
}

function readTable(file: string): string {
  try {
    const bytes = readFileSync(file);
    return (file.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString("utf8");
  } catch (error) {
    throw new Error(`cannot read ${file}: ${(error as Error).message}`);
  }
}

function join(
  known: BarSeries,
  more: Pick<BarSeries, "openTs" | "close" | "volume">,
  file: string,
): BarSeries {
  const [first, second] =
    (known.openTs[0] ?? 0) <= (more.openTs[0] ?? 0) ? [known, more] : [more, known];
  const last = first.openTs[first.openTs.length - 1];
  const next = second.openTs[0];
  if (last !== undefined && next !== undefined && next <= last) {
    throw new Error(`${file} overlaps another file of the same market at ${next}`);
  }
  return {
    venue: known.venue,
    base: known.base,
    quote: known.quote,
    openTs: Float64Array.from([...first.openTs, ...second.openTs]),
    close: Float64Array.from([...first.close, ...second.close]),
    volume: Float64Array.from([...first.volume, ...second.volume]),
  };
}

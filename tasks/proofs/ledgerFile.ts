import { readFile } from "node:fs/promises";

import type { Fill } from "../../circuits/model/ledger.ts";
import { TaskError } from "../shared/error.ts";

/** A ledger as its file has it. What a .csv cannot say is null. */
export interface LedgerFile {
  account: string | null;
  instrument: string | null;
  /** In units of value. */
  capital: bigint | null;
  /** Unix milliseconds at which the first period begins; null is the first fill's time. */
  startMs: number | null;
  /** Since the first fill ever, in the order of their numbers. */
  fills: readonly Fill[];
  /** As the ingestion service signed them, oldest first; null where the caller signs. */
  batches: readonly SignedBatch[] | null;
}

/** Fills of a period that the ingestion service committed to. */
export interface SignedBatch {
  /** Fills. */
  count: number;
  /** Unix milliseconds. */
  endMs: number;
  /** Field element that the service chose. */
  salt: bigint;
  /** 65 bytes in hex. */
  signature: string;
}

const COLUMNS = ["side", "quantity", "price", "fee", "time"] as const;
type Row = Record<(typeof COLUMNS)[number], unknown>;

/**
 * Reads a ledger. Amounts are whole numbers: quantity in the instrument's smallest units, price the value of one such unit,
 * fee in units of value, negative for a rebate. Times are unix milliseconds or ISO 8601.
 *
 * A .csv has the header side,quantity,price,fee,time, in any order. A .json is
 * `{ account?, instrument, capital, start?, fills: [{ side, quantity, price, fee, time }], batches?: [{ count, end, salt, signature }] }`.
 *
 * @throws {TaskError} naming the line or field that is wrong.
 */
export async function readLedger(file: string): Promise<LedgerFile> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    throw new TaskError(`Cannot read ${file}: ${(error as Error).message}.`);
  }
  return file.endsWith(".json") ? ofJson(text, file) : ofCsv(text, file);
}

function ofCsv(text: string, file: string): LedgerFile {
  const [header = "", ...lines] = text.split(/\r?\n/).filter((line) => line.trim() !== "");
  const names = header.split(",").map((name) => name.trim().toLowerCase());
  const missing = COLUMNS.find((name) => !names.includes(name));
  if (missing !== undefined) {
    throw new TaskError(`${file}: the header lacks "${missing}"; it is ${COLUMNS.join(",")}.`);
  }
  const fills = lines.map((line, index) => {
    const cells = line.split(",").map((cell) => cell.trim());
    const at = (name: string): string => cells[names.indexOf(name)] ?? "";
    const row = Object.fromEntries(COLUMNS.map((name) => [name, at(name)])) as Row;
    return fillOf(row, `${file}:${index + 2}`);
  });
  return {
    ...{ account: null, instrument: null, capital: null, startMs: null, batches: null },
    fills,
  };
}

function ofJson(text: string, file: string): LedgerFile {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new TaskError(`${file} is not JSON: ${(error as Error).message}.`);
  }
  const { account, batches, capital, fills, instrument, start } = recordAt(json, file);
  if (!Array.isArray(fills)) throw new TaskError(`${file}: fills must be a list.`);
  if (batches !== undefined && !Array.isArray(batches)) {
    throw new TaskError(`${file}: batches must be a list.`);
  }
  return {
    account: account === undefined ? null : textAt(account, `${file}: account`),
    instrument: instrument === undefined ? null : textAt(instrument, `${file}: instrument`),
    capital: capital === undefined ? null : wholeAt(capital, `${file}: capital`),
    startMs: start === undefined ? null : timeAt(start, `${file}: start`),
    fills: fills.map((fill, index) => {
      const where = `${file}: fills[${index}]`;
      return fillOf(recordAt(fill, where) as unknown as Row, where);
    }),
    batches:
      batches === undefined
        ? null
        : batches.map((batch, index) => {
            const where = `${file}: batches[${index}]`;
            const { count, end, salt, signature } = recordAt(batch, where);
            return {
              count: Number(wholeAt(count, `${where}.count`)),
              endMs: timeAt(end, `${where}.end`),
              salt: wholeAt(salt, `${where}.salt`),
              signature: textAt(signature, `${where}.signature`),
            };
          }),
  };
}

function fillOf({ fee, price, quantity, side, time }: Row, where: string): Fill {
  const word = String(side).toLowerCase();
  if (word !== "buy" && word !== "sell") {
    throw new TaskError(`${where}: side must be buy or sell, not ${JSON.stringify(side)}.`);
  }
  return {
    side: word,
    quantity: wholeAt(quantity, `${where}: quantity`),
    price: wholeAt(price, `${where}: price`),
    fee: wholeAt(fee, `${where}: fee`),
    timeMs: timeAt(time, `${where}: time`),
  };
}

/** A whole number: as a number, or in quotes where it is large; negative for a rebate. */
export function wholeAt(given: unknown, where: string): bigint {
  if (typeof given === "number" && Number.isSafeInteger(given)) return BigInt(given);
  if (typeof given === "string" && /^(-?\d{1,78}|0x[0-9a-fA-F]{1,64})$/.test(given)) {
    return BigInt(given);
  }
  throw new TaskError(
    `${where} must be a whole number, not ${JSON.stringify(given) ?? "missing"}.`,
  );
}

function timeAt(given: unknown, where: string): number {
  const text = String(given);
  const ms = /^\d{1,15}$/.test(text) ? Number(text) : Date.parse(text);
  if (Number.isSafeInteger(ms) && ms >= 0) return ms;
  throw new TaskError(`${where} must be unix milliseconds or ISO 8601, not ${text}.`);
}

function textAt(given: unknown, where: string): string {
  if (typeof given === "string" && given !== "") return given;
  throw new TaskError(`${where} must be a text.`);
}

function recordAt(given: unknown, where: string): Record<string, unknown> {
  if (typeof given !== "object" || given === null || Array.isArray(given)) {
    throw new TaskError(`${where} must be an object.`);
  }
  return given as Record<string, unknown>;
}

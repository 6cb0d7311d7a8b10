import fs from "node:fs";
import path from "node:path";
import { gunzipSync } from "node:zlib";

import type { Fill } from "../../circuits/model/ledger.ts";

/** Recorded fills lie beside the project, not in it. */
const FILE = path.resolve(
  import.meta.dirname,
  "../../../shared/data/trades/bitmex_fills_2021_h1.csv.gz",
);

/** Fills of an account by instrument, and where they are from. */
export interface Recorded {
  readonly source: string;
  readonly fills: ReadonlyMap<string, readonly Fill[]>;
}

/**
 * A real account's fills of half a year; where they are absent, invented ones of as many, so that the same can be tested.
 * Prices are in satoshi for one contract: contracts of this kind are worth price × multiplier.
 */
export function recordedFills(): Recorded {
  if (!fs.existsSync(FILE)) return { source: "invented", fills: inventedFills() };
  const [header, ...rows] = gunzipSync(fs.readFileSync(FILE)).toString().trim().split("\n");
  const columns = header!.trim().split(",");
  const fills = new Map<string, Fill[]>();
  for (const row of rows) {
    const cells = row.trim().split(",");
    const cell = (name: string): string => cells[columns.indexOf(name)]!;
    const one: Fill = {
      side: cell("side") === "Buy" ? "buy" : "sell",
      quantity: BigInt(cell("lastQty")),
      price: wholeProduct(cell("lastPx"), BigInt(cell("configured_multiplier_raw"))),
      fee: 0n,
      timeMs: Date.parse(cell("event_time")),
    };
    const instrument = cell("symbol");
    fills.set(instrument, [...(fills.get(instrument) ?? []), one]);
  }
  return { source: path.basename(FILE), fills };
}

/** A decimal number times a whole one. @throws if the product is not whole */
function wholeProduct(decimal: string, factor: bigint): bigint {
  const [whole = "0", fraction = ""] = decimal.split(".");
  const product = BigInt(whole + fraction) * factor;
  const unit = 10n ** BigInt(fraction.length);
  if (product % unit !== 0n) throw new Error(`${decimal} × ${factor} is not whole`);
  return product / unit;
}

/** Six instruments of 497 fills each that walk up and down, go short and long, and close exactly now and then. */
function inventedFills(): Map<string, Fill[]> {
  return new Map(
    ["A", "B", "C", "D", "E", "F"].map((name, seed) => {
      let state = seed + 1;
      const next = (below: number): number => {
        state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
        return (state >>> 8) % below;
      };
      let timeMs = 1_612_000_000_000;
      let price = 50_000;
      const fills = Array.from({ length: 497 }, (): Fill => {
        timeMs += next(3_600_000);
        price += next(1_001) - 500;
        const side = next(2) === 0 ? "buy" : "sell";
        return { side, quantity: BigInt(1 + next(40)), price: BigInt(price), fee: 0n, timeMs };
      });
      return [`${name}USD`, fills];
    }),
  );
}

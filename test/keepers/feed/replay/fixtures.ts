import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { gzipSync } from "node:zlib";

import type { DueParams } from "../../../../keepers/feed/price/due.ts";
import type { BarSeries } from "../../../../keepers/feed/replay/bars.ts";

/** First bar of the fixtures opens here; its end is the first step. */
export const OPEN_TS = 1_700_000_040;

/** Parameters as on the local chain. */
export const PARAMS: DueParams = {
  heartbeat: 10,
  deviationBps: 20,
  bandBps: 1_000,
  tau: 3_600,
  cooldown: 120,
  minReports: 3,
  dormancy: 604_800,
};

/**
 * A market with one bar a minute from OPEN_TS on; null is a minute without a bar.
 *
 * @param name "kraken BTC/USD"
 */
export function series(
  name: string,
  closes: readonly (number | null)[],
  volume: (index: number) => number = () => 1,
): BarSeries {
  const [venue, base, quote] = name.split(/[ /]/) as [string, string, string];
  const rows = closes.flatMap((close, index) =>
    close === null ? [] : [[OPEN_TS + index * 60, close, volume(index)] as const],
  );
  return {
    venue,
    base,
    quote,
    openTs: Float64Array.from(rows, ([ts]) => ts),
    close: Float64Array.from(rows, ([, close]) => close),
    volume: Float64Array.from(rows, ([, , size]) => size),
  };
}

/** File content for bars "ts,close,volume". */
export function csv(
  ...bars: readonly (readonly [ts: number, close: number, volume: number])[]
): string {
  const rows = bars.map(
    ([ts, close, volume]) => `${ts},${close},${close},${close},${close},${volume}`,
  );
  return ["ts,open,high,low,close,volume", ...rows, ""].join("\n");
}

/** A temporary folder with files; names ending in .gz are compressed. */
export function folder(files: Readonly<Record<string, string>>): {
  dir: string;
  remove: () => void;
} {
  const dir = mkdtempSync(path.join(os.tmpdir(), "dodona-replay-"));
  for (const [name, text] of Object.entries(files)) {
    writeFileSync(path.join(dir, name), name.endsWith(".gz") ? gzipSync(text) : text);
  }
  return { dir, remove: () => rmSync(dir, { recursive: true }) };
}

import { stamp } from "./plan.ts";
import type { MarketReport, Silence } from "./silences.ts";
import type { Stretch, Summary } from "./summary.ts";

/** More incidents of one kind than this are counted, not listed. */
const MAX_LISTED = 12;

/** Everything that is told to a person about a finished replay. */
export interface Told {
  readonly feedId: string;
  readonly from: number;
  readonly to: number;
  readonly step: number;
  readonly summary: Summary;
  readonly usedSteps: ReadonlyMap<string, number>;
  readonly stretches: readonly Stretch[];
  readonly markets: readonly MarketReport[];
  readonly last: { readonly answer: number | null; readonly status: string };
}

/**
 * Renders a replay as text for a terminal.
 *
 * @returns Lines without a final newline.
 */
export function renderReplay(told: Told): string {
  const { summary, last } = told;
  const answer = last.answer === null ? "no answer" : `answer ${last.answer}`;
  const parts = [
    `${told.feedId}, ${stamp(told.from)} to ${stamp(told.to)}, every ${told.step} s`,
    "",
    ...table([
      ["steps", "published", "missing", "suspended", "longest gap"],
      [
        String(summary.steps),
        String(summary.published),
        String(summary.missing),
        String(summary.suspended),
        duration(summary.maxGapSeconds),
      ],
    ]),
    "",
    ...table([
      ["venue", "used in steps"],
      ...[...told.usedSteps].map(([venue, used]) => [
        venue,
        `${used} (${((100 * used) / Math.max(1, summary.steps)).toFixed(1)} %)`,
      ]),
    ]),
    "",
    ...table([
      ["market", "bars with trades", "silent minutes", "outages"],
      ...told.markets.map((market) => [
        `${market.venue} ${market.pair}`,
        String(market.trades),
        String(market.silentMinutes),
        String(market.silences.length),
      ]),
    ]),
    "",
    ...outages(told.markets.flatMap((market) => market.silences)),
    ...stretches(told.stretches),
    `At the end: ${last.status}, ${answer}.`,
  ];
  return parts.join("\n");
}

function outages(silences: readonly Silence[]): string[] {
  if (silences.length === 0) return ["No market was silent beyond its limit."];
  const longest = [...silences].sort((a, b) => b.seconds - a.seconds).slice(0, MAX_LISTED);
  const shown = longest.length < silences.length ? `, the ${longest.length} longest` : "";
  return [
    `Markets silent beyond their limit: ${silences.length}${shown}:`,
    ...longest.map(
      ({ venue, pair, from, to, seconds }) =>
        `  ${venue} ${pair}  ${stamp(from)} to ${stamp(to)}  ${duration(seconds)}`,
    ),
  ];
}

function stretches(all: readonly Stretch[]): string[] {
  if (all.length === 0) return ["The feed had a price and was live at every step."];
  const shown = all.slice(0, MAX_LISTED);
  const more = all.length > shown.length ? [`  and ${all.length - shown.length} more`] : [];
  return [
    `Times when the feed was not live or had no price: ${all.length}:`,
    ...shown.map(({ what, from, to }) => `  ${what}  ${stamp(from)} to ${stamp(to)}`),
    ...more,
  ];
}

/** "4 h 38 min", "3 min", "45 s". */
export function duration(seconds: number): string {
  if (seconds < 120) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 120) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 72 ? `${hours} h ${minutes % 60} min` : `${(hours / 24).toFixed(1)} days`;
}

function table(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? "").length)),
  );
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}

import { styleText } from "node:util";

import Table from "cli-table3";

import type { ApiAttestations, ApiFeed, ApiRandomness } from "./api.ts";
import type { OperatorStatus } from "./status.ts";

const decimals = 8;

/** A price in dollars from its integer form, with digits that suit its size. */
export function formatPrice(answerE8: string): string {
  const value = Number(BigInt(answerE8)) / 10 ** decimals;
  const digits = value >= 100 ? 2 : value >= 1 ? 4 : 6;
  return value.toLocaleString("en-US", {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
}

function formatAge(seconds: number): string {
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7_200) return `${Math.floor(seconds / 60)} min`;
  return `${Math.floor(seconds / 3_600)} h`;
}

function medianE8(values: readonly bigint[]): bigint | undefined {
  const sorted = [...values].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  return sorted[Math.floor((sorted.length - 1) / 2)];
}

/** Distance of the operators' own median from the published answer, in basis points. */
function deviation(feed: ApiFeed, statuses: readonly OperatorStatus[]): string {
  const prices = statuses.flatMap((status) => {
    const price = status.feeds[feed.id]?.priceE8;
    return price === null || price === undefined ? [] : [BigInt(price)];
  });
  const median = medianE8(prices);
  if (median === undefined || feed.answer === null || feed.answer === "0") return "-";
  const answer = BigInt(feed.answer);
  const tenths = Number(((median - answer) * 100_000n) / answer);
  return `${tenths > 0 ? "+" : ""}${(tenths / 10).toFixed(1)} bps`;
}

type Color = Parameters<typeof styleText>[0];

function statusColor(status: string): Color {
  if (status === "live") return "green";
  return status === "empty" ? "gray" : "red";
}

/**
 * The table of feeds.
 * @param nowSeconds Unix time.
 * @param color False for a terminal that shows no colours.
 */
export function renderFeeds(
  feeds: readonly ApiFeed[],
  statuses: readonly OperatorStatus[],
  operators: number,
  nowSeconds: number,
  color: boolean,
): string {
  const paint = (style: Color, text: string) =>
    color ? styleText(style, text, { validateStream: false }) : text;
  const table = new Table({
    head: ["feed", "answer (USD)", "age", "round", "signers", "status", "deviation", "gas"].map(
      (title) => paint("bold", title),
    ),
    colAligns: ["left", "right", "right", "right", "right", "left", "right", "right"],
    style: { head: [], border: [], compact: true },
  });
  for (const feed of feeds) {
    const age = feed.updatedAt === null ? undefined : Math.max(0, nowSeconds - feed.updatedAt);
    const late = age !== undefined && age > 2 * feed.heartbeat;
    table.push([
      feed.id,
      feed.answer === null ? "-" : formatPrice(feed.answer),
      age === undefined ? "-" : paint(late ? "red" : "reset", formatAge(age)),
      String(feed.round),
      feed.signers.length === 0 ? "-" : `${feed.signers.length} of ${operators}`,
      paint(statusColor(feed.status), feed.status),
      deviation(feed, statuses),
      feed.gasUsed === null ? "-" : feed.gasUsed.toLocaleString("en-US"),
    ]);
  }
  const notes = feeds.filter((feed) => feed.reason !== null && feed.status !== "live");
  const lines = notes.map((feed) => paint("dim", `  ${feed.id}: ${feed.reason}`));
  return [table.toString(), ...lines].join("\n");
}

/** Where randomness stands, in one line. */
export function randomnessLine({ coordinator, requests }: ApiRandomness): string {
  const refunded = requests.refunded === 0 ? "" : `, ${requests.refunded} refunded`;
  return `Randomness: ${requests.pending} pending, ${requests.fulfilled} fulfilled${refunded}; coordinator ${coordinator ?? "none"}`;
}

/**
 * Where attestations stand, in one line.
 * @param nowSeconds Unix time.
 */
export function attestationsLine(
  { latest, priceAttestations, reports }: ApiAttestations,
  nowSeconds: number,
): string {
  if (priceAttestations === null) return "Proofs: none";
  if (latest === null) return `Proofs: no round attested yet; contract ${priceAttestations}`;
  const age = formatAge(Math.max(0, nowSeconds - latest.slot));
  return `Proofs: ${reports} rounds attested, the latest of ${latest.feeds.join(", ")} ${age} ago; contract ${priceAttestations}`;
}

/** Where the prices come from, in words; the simulator is never to be overlooked. */
export function sourceLine(statuses: readonly OperatorStatus[], color: boolean): string {
  const sources = [...new Set(statuses.map((status) => status.source))];
  if (sources.includes("simulated")) {
    const text = " SIMULATED PRICES: no exchange could be reached ";
    return color ? styleText(["bgYellow", "black"], text, { validateStream: false }) : text.trim();
  }
  if (sources.includes("replay")) return "Prices: replay of recorded bars";
  return sources.includes("live") ? "Prices: live from exchanges" : "Prices: waiting for venues";
}

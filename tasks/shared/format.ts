/**
 * A price for people: grouped thousands, decimals cut where they stop meaning something.
 *
 * @param priceE8 Price with 8 decimals.
 * @param quote Appended as the unit, for example "USD".
 * @param decimals Decimals shown, 0 to 8; by the price's size when absent. The rest is cut, never rounded up.
 */
export function formatPrice(priceE8: bigint, quote: string, decimals?: number): string {
  const whole = priceE8 / 100_000_000n;
  const shown = decimals ?? (whole >= 1_000n ? 2 : whole >= 1n ? 4 : 8);
  const fraction = (priceE8 % 100_000_000n).toString().padStart(8, "0").slice(0, shown);
  const grouped = whole.toString().replace(/\B(?=(\d{3})+$)/g, ",");
  return `${grouped}${shown === 0 ? "" : `.${fraction}`} ${quote}`;
}

/** A duration for people, in its two largest units: "12 s", "3 min 4 s", "2 h 5 min", "7 d". */
export function formatSeconds(seconds: number): string {
  const units: [string, number][] = [
    ["d", 86_400],
    ["h", 3_600],
    ["min", 60],
    ["s", 1],
  ];
  const first = units.findIndex(([, size]) => seconds >= size);
  if (first < 0) return "0 s";
  let rest = seconds;
  const parts: string[] = [];
  for (const [unit, size] of units.slice(first, first + 2)) {
    const count = Math.floor(rest / size);
    rest %= size;
    if (count > 0) parts.push(`${count} ${unit}`);
  }
  return parts.join(" ");
}

/** Basis points as a percentage: 20 is "0.20 %". */
export function formatBps(bps: number): string {
  return `${(bps / 100).toFixed(2)} %`;
}

/** Unix seconds as UTC: "2026-11-21 01:02:03 UTC". */
export function formatTime(unixSeconds: number): string {
  return `${new Date(unixSeconds * 1_000).toISOString().slice(0, 19).replace("T", " ")} UTC`;
}

/** A moment for people: its date and how far it is from the chain's time. */
export function formatMoment(unixSeconds: number, nowSeconds: number): string {
  const distance = Math.abs(unixSeconds - nowSeconds);
  const relative =
    distance === 0
      ? "now"
      : unixSeconds > nowSeconds
        ? `in ${formatSeconds(distance)}`
        : `${formatSeconds(distance)} ago`;
  return `${formatTime(unixSeconds)} (${relative})`;
}

/** A long hexadecimal value by its ends: "0x1234…cdef". */
export function shortHex(hex: string): string {
  return hex.length <= 14 ? hex : `${hex.slice(0, 8)}…${hex.slice(-4)}`;
}

/** One column of a table. */
export interface Column {
  title: string;
  align: "left" | "right";
}

/**
 * Lines of a table: a heading and the rows, columns aligned and two spaces apart.
 *
 * @param rows Cells by column; a missing cell is empty.
 */
export function formatTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
): string[] {
  const widths = columns.map(({ title }, index) =>
    Math.max(title.length, ...rows.map((row) => (row[index] ?? "").length)),
  );
  const line = (cells: readonly string[]): string =>
    columns
      .map(({ align }, index) => {
        const cell = cells[index] ?? "";
        const width = widths[index] ?? 0;
        return align === "right" ? cell.padStart(width) : cell.padEnd(width);
      })
      .join("  ")
      .trimEnd();
  return [line(columns.map(({ title }) => title)), ...rows.map(line)];
}

/** Lines of names and values, values aligned. */
export function formatFields(
  fields: readonly (readonly [name: string, value: string])[],
): string[] {
  const width = Math.max(...fields.map(([name]) => name.length));
  return fields.map(([name, value]) => `${name.padEnd(width)}  ${value}`.trimEnd());
}

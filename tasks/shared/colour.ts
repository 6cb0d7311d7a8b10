import { styleText } from "node:util";

const COLOURS = {
  live: "green",
  suspended: "yellow",
  tripped: "red",
  dormant: "red",
  empty: "gray",
} as const;

/** Colours the status words of a line, on a terminal that shows colours. */
export function colourStatus(line: string): string {
  return line.replace(/\b(live|suspended|tripped|dormant|empty)\b/, (word) =>
    styleText(COLOURS[word as keyof typeof COLOURS], word, { stream: process.stdout }),
  );
}

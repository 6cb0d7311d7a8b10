import type { ReplayLine } from "./replay.ts";

/** A replay in five numbers. */
export interface Summary {
  readonly steps: number;
  /** Steps with a new answer since the step before. */
  readonly published: number;
  /** Steps without a price. */
  readonly missing: number;
  /** Steps that ended Suspended. */
  readonly suspended: number;
  /** Longest time without a new answer between the first step and the last, both of them counted as its ends. */
  readonly maxGapSeconds: number;
}

/** A time in which something was the same, in steps. */
export interface Stretch {
  readonly what: string;
  readonly from: number;
  readonly to: number;
}

/** Adds up lines one by one, in constant memory but for the stretches it names. */
export interface Summarizer {
  add(line: ReplayLine): void;
  summary(): Summary;
  /** Steps in which each venue was used. */
  usedSteps(): ReadonlyMap<string, number>;
  /** Times when the feed was not live or had no price, in order. */
  stretches(): readonly Stretch[];
}

/** Creates an empty summarizer. */
export function createSummarizer(): Summarizer {
  let steps = 0;
  let published = 0;
  let missing = 0;
  let suspended = 0;
  let maxGapSeconds = 0;
  let lastPublished: number | null = null;
  let last: number | null = null;
  const used = new Map<string, number>();
  const stretches: Stretch[] = [];
  const open = new Map<string, Stretch>();
  const follow = (what: string, now: boolean, ts: number): void => {
    const known = open.get(what);
    if (now) open.set(what, { what, from: known?.from ?? ts, to: ts });
    else if (known !== undefined) {
      stretches.push(known);
      open.delete(what);
    }
  };
  return {
    add(line) {
      steps += 1;
      last = line.ts;
      lastPublished ??= line.ts;
      if (line.published) published += 1;
      maxGapSeconds = Math.max(maxGapSeconds, line.ts - lastPublished);
      if (line.published) lastPublished = line.ts;
      if (line.price === null) missing += 1;
      if (line.status === "suspended") suspended += 1;
      follow("no price", line.price === null, line.ts);
      follow("suspended", line.status === "suspended", line.ts);
      follow("dormant", line.status === "dormant", line.ts);
      for (const [venue, verdict] of Object.entries(line.venues)) {
        used.set(venue, (used.get(venue) ?? 0) + Number(verdict === "used"));
      }
    },
    summary: () => ({ steps, published, missing, suspended, maxGapSeconds }),
    usedSteps: () => used,
    stretches: () =>
      [...stretches, ...(last === null ? [] : open.values())].sort((a, b) => a.from - b.from),
  };
}

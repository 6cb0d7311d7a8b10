import type { Progress } from "./store.ts";

/** Where a piece of evidence stands. */
export type Step =
  /** It is to be brought, for the first time or again. */
  | { readonly kind: "bring"; readonly attempt: number }
  /** The relayer has it, or the chain not deep enough. */
  | { readonly kind: "waiting" }
  /** The last attempt failed a moment ago. */
  | { readonly kind: "pausing"; readonly untilMs: number }
  /** Nothing is left to do, and why. `lost`: somebody should look. */
  | { readonly kind: "settled"; readonly reason: string; readonly lost: boolean };

/** What there is to know about a piece of evidence. */
export interface Situation {
  readonly slot: number;
  /** Null while it was never brought. */
  readonly progress: Progress | null;
  /** For how many blocks the chain has it punished, by whomever it was brought; null if it has not. */
  readonly punishedBlocks: number | null;
}

/** The chain's time and rules. */
export interface Rules {
  /** Of the newest block, unix seconds. */
  readonly blockTime: number;
  readonly evidencePeriod: number;
  readonly maxAttempts: number;
  /** Blocks after which a reorg is not expected to take a slash back. */
  readonly confirmations: number;
}

const FIRST_PAUSE_MS = 5_000;
const LONGEST_PAUSE_MS = 600_000;

/**
 * Says what is to be done about a piece of evidence. Pure: the same situation gives the same step.
 * @param nowMs Own clock, unix milliseconds.
 */
export function stepOf(
  { slot, progress, punishedBlocks }: Situation,
  rules: Rules,
  nowMs: number,
): Step {
  if (punishedBlocks !== null) {
    const isFinal = punishedBlocks >= rules.confirmations;
    return isFinal ? { kind: "settled", reason: "slashed", lost: false } : { kind: "waiting" };
  }
  if (rules.blockTime > slot + rules.evidencePeriod) {
    const reason = `expired ${slot + rules.evidencePeriod}, block time ${rules.blockTime}`;
    return { kind: "settled", reason, lost: true };
  }
  if (progress === null || progress.intent === null) {
    return { kind: "bring", attempt: (progress?.attempt ?? 0) + 1 };
  }
  const { status, reason, changedMs } = progress.intent;
  if (status === "queued" || status === "sent") return { kind: "waiting" };
  // Failed, or confirmed and yet not punished: a node that is behind, or a reorg that the relayer will notice.
  if (progress.attempt >= rules.maxAttempts) {
    const given = `given up after ${progress.attempt} attempts: ${reason ?? status}`;
    return { kind: "settled", reason: given, lost: true };
  }
  const untilMs = changedMs + pauseMs(progress.attempt);
  if (nowMs < untilMs) return { kind: "pausing", untilMs };
  return { kind: "bring", attempt: progress.attempt + 1 };
}

/** Oldest slot of which evidence may still be taken. */
export function oldestSlot({ blockTime, evidencePeriod }: Rules): number {
  return Math.max(0, blockTime - evidencePeriod);
}

/** 5, 10, 20, … s, at most ten minutes. */
export function pauseMs(failures: number): number {
  return Math.min(FIRST_PAUSE_MS * 2 ** Math.min(failures - 1, 16), LONGEST_PAUSE_MS);
}

import type { Progress } from "../shared/attempts.ts";

/** An operator's part in the reports of an epoch, as the index counted it. */
export interface Participation {
  /** Lower case. */
  readonly account: string;
  /** Reports of sets that it belonged to. */
  readonly reports: number;
  /** Those of them that it signed. */
  readonly signed: number;
}

/** What is posted for an epoch: accounts ascend, as the contract asks. */
export interface Weights {
  readonly accounts: readonly string[];
  /** Basis points, 1 to 10,000. */
  readonly weights: readonly number[];
}

/** What there is to know about an epoch. */
export interface Situation {
  /** As the contract has it; dropped ones are over too. */
  readonly isPosted: boolean;
  /** What is to be posted; null while the index has not counted all of the epoch. */
  readonly weights: Weights | null;
  /** Null while it was never asked for. */
  readonly progress: Progress | null;
}

/** What holds for all epochs. */
export interface World {
  /** What an epoch posted now would share, in the token's smallest unit. */
  readonly shareable: bigint;
  readonly isPaused: boolean;
  readonly maxAttempts: number;
}

/** Where an epoch stands. */
export type Step =
  | { readonly kind: "post"; readonly attempt: number; readonly weights: Weights }
  /** Somebody else's turn, and whose. */
  | { readonly kind: "waiting"; readonly for: "index" | "funds" | "pause" | "relayer" }
  /** The last attempt failed a moment ago. */
  | { readonly kind: "pausing"; readonly untilMs: number }
  | { readonly kind: "posted" }
  /** Nobody signed anything: there is nothing to share. */
  | { readonly kind: "idle" }
  | { readonly kind: "givenUp"; readonly reason: string };

const FULL_WEIGHT = 10_000;
/** The contract's limit. */
const MAX_ACCOUNTS = 64;
const FIRST_PAUSE_MS = 2_000;
const LONGEST_PAUSE_MS = 60_000;

/**
 * An epoch's weights: of each operator that was active in it, the reports that it signed out of those of its sets, in basis
 * points, rounded down. Who signed too little for one basis point is left out.
 * @param active Accounts that the registry knows as active in the epoch, lower case.
 */
export function weightsOf(
  participation: readonly Participation[],
  active: ReadonlySet<string>,
): Weights {
  const shares = participation
    .filter(({ account, reports }) => reports > 0 && active.has(account))
    .map(({ account, reports, signed }) => ({
      account,
      weight: Math.min(FULL_WEIGHT, Math.floor((signed * FULL_WEIGHT) / reports)),
    }))
    .filter(({ weight }) => weight > 0)
    // The best, should there ever be more than the contract takes.
    .toSorted((a, b) => b.weight - a.weight || order(a.account, b.account))
    .slice(0, MAX_ACCOUNTS)
    .toSorted((a, b) => order(a.account, b.account));
  return {
    accounts: shares.map(({ account }) => account),
    weights: shares.map(({ weight }) => weight),
  };
}

/**
 * Says what is to be done about an epoch. Pure: the same situation gives the same step.
 * @param nowMs Own clock, unix milliseconds.
 */
export function stepOf(
  { isPosted, progress, weights }: Situation,
  world: World,
  nowMs: number,
): Step {
  if (isPosted) return { kind: "posted" };
  if (progress?.status === "queued" || progress?.status === "sent")
    return { kind: "waiting", for: "relayer" };
  if (weights === null) return { kind: "waiting", for: "index" };
  if (weights.accounts.length === 0) return { kind: "idle" };
  if (world.isPaused) return { kind: "waiting", for: "pause" };
  if (world.shareable === 0n) return { kind: "waiting", for: "funds" };
  if (progress === null) return { kind: "post", attempt: 1, weights };
  // Failed, or confirmed and yet not posted: a node that is behind, or a reorg that the relayer will notice.
  const { attempt, changedMs, reason, status } = progress;
  if (attempt >= world.maxAttempts) {
    return { kind: "givenUp", reason: `${attempt} attempts: ${reason ?? status}` };
  }
  const untilMs = changedMs + Math.min(FIRST_PAUSE_MS * 2 ** (attempt - 1), LONGEST_PAUSE_MS);
  if (nowMs < untilMs) return { kind: "pausing", untilMs };
  return { kind: "post", attempt: attempt + 1, weights };
}

/**
 * Epochs that may be posted, oldest first.
 * @param current The epoch that runs.
 * @param within How many epochs after its end one may be posted.
 */
export function openEpochs(current: number, within: number): number[] {
  const first = Math.max(0, current - within);
  return Array.from({ length: current - first }, (_, index) => first + index);
}

function order(a: string, b: string): number {
  return BigInt(a) < BigInt(b) ? -1 : 1;
}

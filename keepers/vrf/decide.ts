import { requestKey } from "./job.ts";
import type { Coordinate, Delivery, PendingRequest, VrfRequest } from "./model.ts";

/** What the chain and the configuration allow; counts of blocks. */
export interface Limits {
  /** A request may be fulfilled up to this many blocks after its own, then only refunded. */
  readonly deadlineBlocks: number;
  /** From this age on the hash of a request's block is stored by transaction; null where the chain keeps hashes. */
  readonly storeHashAfterBlocks: number | null;
  /** Up to this age BLOCKHASH still answers. */
  readonly hashWindowBlocks: number;
  /** Deliveries of one request before it is given up. */
  readonly maxAttempts: number;
}

/** Everything that is decided from. */
export interface Situation {
  readonly coordinate: Coordinate;
  /** Newest block of the chain. */
  readonly head: number;
  /** How far the index is; null while it does not answer. */
  readonly index: { readonly ready: boolean; readonly block: number } | null;
  /** Highest block that was acted on, or the head at the start: with an older index nothing is decided. */
  readonly actedBlock: number;
  readonly requests: readonly PendingRequest[];
  /** Reasons of what was given up, by request key. */
  readonly dead: ReadonlyMap<string, string>;
  readonly limits: Limits;
}

/** Where a pending request stands. */
export type Step =
  | { readonly kind: "confirming"; readonly blocksLeft: number }
  | { readonly kind: "due"; readonly attempt: number }
  | { readonly kind: "delivering"; readonly status: "queued" | "sent" }
  /** Mined, but the index has not reached that block. */
  | { readonly kind: "settling"; readonly block: number }
  /** The last delivery failed; the next one waits. */
  | { readonly kind: "pausing"; readonly untilBlock: number; readonly reason: string }
  | { readonly kind: "lost"; readonly attempt: number; readonly reason: string }
  | { readonly kind: "dead"; readonly reason: string };

/** What the keeper does next. Every action may be repeated: it is the same job, letter or intent again. */
export type Action =
  | { readonly kind: "enqueue"; readonly request: VrfRequest; readonly attempt: number }
  | {
      readonly kind: "giveUp";
      readonly request: VrfRequest;
      readonly attempt: number;
      readonly reason: string;
    }
  | { readonly kind: "storeBlockhash"; readonly block: number; readonly blockHash: string };

/** What to do now, and how many requests wait for what. */
export interface Decision {
  /** Why nothing may be decided at the moment; null when it may. */
  readonly blocked: string | null;
  readonly actions: readonly Action[];
  /** Pending requests by the step that they are at. */
  readonly waiting: Readonly<Record<Step["kind"], number>>;
}

/** First block in which a request may be fulfilled. */
export function earliestBlock({ block, confirmations }: VrfRequest): number {
  return block + Math.max(1, confirmations);
}

/** Last block in which a request may be fulfilled. */
export function deadlineBlock({ block }: Pick<VrfRequest, "block">, limits: Limits): number {
  return block + limits.deadlineBlocks;
}

/**
 * Says where a pending request stands.
 * @param indexBlock highest block whose events the index holds
 */
export function stepOf(
  { request, delivery }: PendingRequest,
  deadReason: string | undefined,
  { head, indexBlock }: { readonly head: number; readonly indexBlock: number },
  limits: Limits,
): Step {
  if (deadReason !== undefined) return { kind: "dead", reason: deadReason };
  // What is sent now is mined in the next block at the earliest.
  const blocksLeft = Math.max(0, earliestBlock(request) - (head + 1));
  if (blocksLeft > 0) return { kind: "confirming", blocksLeft };
  const deadline = deadlineBlock(request, limits);
  const isLate = head + 1 > deadline;
  if (delivery === null) {
    if (!isLate) return { kind: "due", attempt: 1 };
    const reason = `block ${deadline} was the last that could fulfil it, and the chain is at ${head}: whoever likes may refund it`;
    return { kind: "lost", attempt: 1, reason };
  }
  if (delivery.status === "queued" || delivery.status === "sent") {
    return { kind: "delivering", status: delivery.status };
  }
  if (delivery.block !== null && delivery.block > indexBlock) {
    return { kind: "settling", block: delivery.block };
  }
  const { attempt } = delivery;
  const reason = failureOf(delivery);
  if (isLate) {
    return { kind: "lost", attempt, reason: `not fulfilled by block ${deadline}: ${reason}` };
  }
  if (attempt >= limits.maxAttempts) {
    return { kind: "lost", attempt, reason: `given up after ${attempt} deliveries: ${reason}` };
  }
  const untilBlock = (delivery.block ?? request.block) + pauseBlocks(attempt);
  if (head < untilBlock) return { kind: "pausing", untilBlock, reason };
  return { kind: "due", attempt: attempt + 1 };
}

/** Decides what is missing. Pure: the same situation gives the same actions, in the order of the requests. */
export function decide(situation: Situation): Decision {
  const { coordinate, head, index, actedBlock, requests, dead, limits } = situation;
  const waiting: Record<Step["kind"], number> = {
    ...{ confirming: 0, due: 0, delivering: 0, settling: 0, pausing: 0, lost: 0, dead: 0 },
  };
  const blocked = whyBlocked(index, Math.min(actedBlock, head));
  const actions: Action[] = [];
  const hashes = new Map<number, string>();
  for (const pending of requests) {
    const { request } = pending;
    const reason = dead.get(requestKey(coordinate, request));
    const step = stepOf(pending, reason, { head, indexBlock: index?.block ?? 0 }, limits);
    waiting[step.kind]++;
    if (blocked !== null) continue;
    if (step.kind === "due") {
      actions.push({ kind: "enqueue", request, attempt: step.attempt });
    } else if (step.kind === "lost") {
      const { attempt, reason: lost } = step;
      actions.push({ kind: "giveUp", request, attempt, reason: lost });
    }
    if (step.kind !== "lost" && step.kind !== "dead" && isHashLeaving(request, head, limits)) {
      hashes.set(request.block, request.blockHash);
    }
  }
  for (const [block, blockHash] of hashes)
    actions.push({ kind: "storeBlockhash", block, blockHash });
  return { blocked, actions, waiting };
}

function whyBlocked(index: Situation["index"], neededBlock: number): string | null {
  if (index === null) return "the index does not answer";
  if (!index.ready) return "the index is not ready";
  if (index.block >= neededBlock) return null;
  return `the index is at block ${index.block} and has to reach ${neededBlock}`;
}

function isHashLeaving({ block }: VrfRequest, head: number, limits: Limits): boolean {
  const { storeHashAfterBlocks, hashWindowBlocks } = limits;
  if (storeHashAfterBlocks === null) return false;
  const age = head + 1 - block;
  return age >= storeHashAfterBlocks && age <= hashWindowBlocks;
}

/** 1, 2, 4, … blocks, at most 32. */
function pauseBlocks(attempt: number): number {
  return 2 ** Math.min(attempt - 1, 5);
}

function failureOf({ status, reason, block }: Delivery): string {
  if (status === "confirmed") {
    return `its transaction in block ${block ?? "?"} left it out`;
  }
  return reason ?? `its transaction ${status === "failed" ? "failed" : `was ${status}`}`;
}

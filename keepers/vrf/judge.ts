import { deadlineBlock, earliestBlock, type Limits } from "./decide.ts";
import type { JobContent } from "./job.ts";
import type { IndexedRequest } from "./store.ts";

/** What is known when a job is taken up. */
export interface JobView {
  readonly head: number;
  /** Hash of the chain's block at the request's height; null when the node has none. */
  readonly canonicalHash: string | null;
  /** What the index says of the request; undefined when it has no such request. */
  readonly indexed: IndexedRequest | undefined;
  /** The attempt of the stored proof for this request and block; undefined when there is none. */
  readonly storedAttempt: number | undefined;
  readonly limits: Limits;
}

/** What happens to a job. */
export type Verdict =
  | { readonly kind: "serve" }
  /** Nothing is left to do. */
  | { readonly kind: "done"; readonly reason: string }
  /** A reorg removed the request: the job is deleted, so that the request can come back. */
  | { readonly kind: "gone"; readonly reason: string }
  /** Tried again after a pause. */
  | { readonly kind: "later"; readonly reason: string }
  /** Given up. */
  | { readonly kind: "dead"; readonly reason: string };

/** Judges a job by what the chain says now: it may have waited for long. */
export function judge({ request, attempt }: JobContent, view: JobView): Verdict {
  const { head, canonicalHash, indexed, storedAttempt, limits } = view;
  if (canonicalHash === null) {
    return { kind: "later", reason: `the node does not know block ${request.block} at the moment` };
  }
  if (canonicalHash !== request.blockHash) {
    return {
      kind: "gone",
      reason: `a reorganisation replaced block ${request.block}, which held the request`,
    };
  }
  if (storedAttempt !== undefined && storedAttempt >= attempt) {
    return { kind: "done", reason: "handed over to the relayer before" };
  }
  const isSame = indexed?.blockHash === request.blockHash;
  if (isSame && indexed.status !== "pending") {
    return { kind: "done", reason: `the request is ${indexed.status}` };
  }
  const deadline = deadlineBlock(request, limits);
  if (head + 1 > deadline) {
    return {
      kind: "dead",
      reason: `block ${deadline} was the last that could fulfil it, and the chain is at ${head}: whoever likes may refund it`,
    };
  }
  const earliest = earliestBlock(request);
  if (head + 1 < earliest) {
    return {
      kind: "later",
      reason: `the chain went back to block ${head}; words are accepted from block ${earliest}`,
    };
  }
  return { kind: "serve" };
}

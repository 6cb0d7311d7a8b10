import { createHash } from "node:crypto";

import { z } from "zod";

import type { Coordinate, VrfRequest } from "./model.ts";

/** Names of the queue of one proving key: processes that hold the key share it. */
export interface QueueNames {
  readonly work: string;
  /** Jobs that were given up, each with its reason. */
  readonly dead: string;
}

/**
 * Names the queues of a proving key.
 * @param keyHash 32 bytes in hex
 */
export function queueNames({ chainId, coordinator }: Coordinate, keyHash: string): QueueNames {
  const work = `vrf/${chainId}/${coordinator.slice(2)}/${keyHash.slice(2, 18)}`.toLowerCase();
  return { work, dead: `${work}/dead` };
}

/**
 * Business key of a request in a block. The same id in another block is another key, since the proof covers the block's
 * hash.
 */
export function requestKey(
  { chainId, coordinator }: Coordinate,
  { requestId, blockHash }: Pick<VrfRequest, "requestId" | "blockHash">,
): string {
  return `vrf:${chainId}:${coordinator}:${requestId}:${blockHash}`.toLowerCase();
}

/** Key of the intent of an attempt; the first one's is the request's own. */
export function attemptKey(key: string, attempt: number): string {
  return attempt === 1 ? key : `${key}:${attempt}`;
}

/** Key of an intent that carries several attempts: a digest of theirs, whatever their order. */
export function batchKey(
  { chainId, coordinator }: Coordinate,
  attempts: readonly string[],
): string {
  const digest = createHash("sha256")
    .update([...attempts].sort().join("\n"))
    .digest("hex");
  return `vrf:${chainId}:${coordinator}:batch:${digest}`.toLowerCase();
}

/**
 * Id of the job of an attempt: computed, so that any number of processes that ask for it ask for one job, and a finished
 * one in the archive is not made again.
 * @returns UUID of version 8
 */
export function jobId(key: string, attempt: number): string {
  const digest = createHash("sha256").update(attemptKey(key, attempt)).digest();
  digest[6] = (digest[6]! & 0x0f) | 0x80;
  digest[8] = (digest[8]! & 0x3f) | 0x80;
  const hex = digest.subarray(0, 16).toString("hex");
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    hex.slice(12, 16),
    hex.slice(16, 20),
    hex.slice(20),
  ].join("-");
}

const wholeNumber = z
  .string()
  .regex(/^\d{1,78}$/)
  .transform(BigInt);
const hash = z.string().regex(/^0x[0-9a-f]{64}$/);

const jobSchema = z.strictObject({
  attempt: z.int().min(1),
  /** Why it was given up; only on dead letters. */
  reason: z.string().optional(),
  request: z.strictObject({
    requestId: wholeNumber,
    block: z.int().min(0),
    blockHash: hash,
    blockTime: z.int().min(0),
    keyHash: hash,
    subId: wholeNumber,
    sender: z.string().regex(/^0x[0-9a-f]{40}$/),
    callbackGasLimit: z.int().min(0),
    numWords: z.int().min(0),
    confirmations: z.int().min(0),
    terms: wholeNumber,
  }),
});

/** What a job is about. */
export interface JobContent {
  readonly request: VrfRequest;
  readonly attempt: number;
}

/** A job's content as JSON; bigints as decimal strings. */
export function encodeJob(content: JobContent, reason?: string): object {
  const { request, attempt } = content;
  return {
    attempt,
    ...(reason === undefined ? {} : { reason }),
    request: {
      ...request,
      requestId: String(request.requestId),
      subId: String(request.subId),
      terms: String(request.terms),
    },
  };
}

/** @throws when the data is not what `encodeJob` wrote */
export function decodeJob(data: unknown): JobContent & { readonly reason: string | null } {
  const { reason, ...content } = jobSchema.parse(data);
  return { ...content, reason: reason ?? null };
}

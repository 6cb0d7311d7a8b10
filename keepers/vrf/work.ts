import type { Db } from "pg-boss";

import type { Clock } from "../shared/clock.ts";
import type { Queryable } from "../shared/database.ts";
import { enqueueIntent } from "../shared/intents.ts";
import type { Logger } from "../shared/log.ts";
import { planBatches, type BatchLimits } from "./batch.ts";
import { encodeFulfilment, type CoordinatorReader } from "./coordinator.ts";
import { deadlineBlock, type Limits } from "./decide.ts";
import { batchKey, attemptKey, decodeJob, requestKey, type JobContent } from "./job.ts";
import { judge, type Verdict } from "./judge.ts";
import type { VrfMetrics } from "./metrics.ts";
import type { Coordinate } from "./model.ts";
import type { ProofPool } from "./pool.ts";
import { alphaOf, type RequestProof } from "./prove.ts";
import type { HeldJob, JobQueue } from "./queue.ts";
import { nextDelivery, proofName, readIndexed, readProofs, storeProofs } from "./store.ts";

/** What a worker needs. */
export interface WorkDeps {
  readonly coordinate: Coordinate;
  readonly pool: Pick<ProofPool, "prove">;
  readonly reader: Pick<CoordinatorReader, "head" | "blockHashes">;
  readonly queue: JobQueue;
  /** For reading; writes go through the job's transaction. */
  readonly db: Queryable;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: VrfMetrics;
  readonly limits: Limits;
  /** The coordinator's bound of what a fulfilment takes beside callback and words. */
  readonly overheadGas: number;
  readonly batch: BatchLimits;
  readonly blockTimeMs: number;
  readonly indexSchema: string;
}

/** Tries of a job that fails by itself, not for a node or a database that is away. */
const MAX_TRIES = 5;

interface Ready extends JobContent {
  readonly job: HeldJob;
  readonly proof: RequestProof;
  readonly alpha: Uint8Array;
  readonly callbackGasLimit: number;
  readonly numWords: number;
  readonly proofBytes: number;
}

/**
 * Creates the handler of jobs: judges each by what the chain says now, proves what is to be served, and stores proofs and
 * intents in the transaction that ends the jobs.
 * @returns a function that throws when chain or database cannot be read: then nothing was done
 */
export function createWorker(deps: WorkDeps): (jobs: HeldJob[], tx: Db) => Promise<void> {
  const { coordinate, reader, queue, clock, log, metrics, limits } = deps;

  async function settle(
    job: HeldJob,
    content: JobContent,
    verdict: Verdict,
    tx: Db,
  ): Promise<void> {
    if (verdict.kind === "serve") return;
    const { kind, reason } = verdict;
    const about = { request: String(content.request.requestId), block: content.request.block };
    metrics.job(kind);
    switch (kind) {
      case "done":
        return queue.complete([job], { outcome: kind, reason }, tx);
      case "gone":
        log.info({ ...about, reason }, "request dropped");
        return queue.forget(job, tx);
      case "later":
        return queue.retry(job, reason, tx);
      case "dead":
        log.warn({ ...about, reason }, "request given up");
        await queue.bury(content, reason, tx);
        return queue.complete([job], { outcome: kind, reason }, tx);
    }
  }

  async function prove(
    { job, request, attempt }: JobContent & { job: HeldJob },
    pi: Uint8Array | undefined,
  ): Promise<Ready> {
    const alpha = alphaOf(coordinate, request);
    const proof = await deps.pool.prove(alpha, pi ?? null);
    metrics.proof(proof.seconds);
    const { callbackGasLimit, numWords } = request;
    const proofBytes = proof.calldata.length;
    return { job, request, attempt, alpha, proof, callbackGasLimit, numWords, proofBytes };
  }

  async function handOver(ready: readonly Ready[], head: number, tx: Db): Promise<void> {
    const client = asClient(tx);
    for (const { items, gasLimit } of planBatches(ready, deps.overheadGas, deps.batch)) {
      const keys = items.map((item) =>
        attemptKey(requestKey(coordinate, item.request), item.attempt),
      );
      const [first] = items;
      if (first === undefined) continue;
      const isAlone = items.length === 1;
      const deadline = Math.min(...items.map(({ request }) => deadlineBlock(request, limits)));
      const intentKey = isAlone ? keys[0]! : batchKey(coordinate, keys);
      await enqueueIntent(client, {
        chainId: coordinate.chainId,
        key: intentKey,
        lane: "randomness",
        // The same request in another block has another proof, which replaces this one.
        group: isAlone ? groupOf(coordinate, first.request.requestId) : null,
        ordinal: await nextDelivery(client),
        to: coordinate.coordinator,
        data: encodeFulfilment(
          items.map(({ request, proof }) => ({ request, proof: proof.calldata })),
        ),
        value: 0n,
        gasLimit: BigInt(gasLimit),
        expiresAtMs: clock.nowMs() + (deadline - head) * deps.blockTimeMs,
      });
      const proofs = items.map(({ request, alpha, proof, attempt }) => ({
        ...{ request, alpha, attempt, intentKey },
        ...{ pi: proof.pi, output: proof.output },
      }));
      const stored = await storeProofs(client, coordinate, proofs);
      if (stored !== items.length) {
        throw new Error("another process has handed over one of these requests; looks again");
      }
      const served = items.map(({ job }) => job);
      await queue.complete(served, { outcome: "served", intent: intentKey }, tx);
      for (let i = 0; i < served.length; i++) metrics.job("serve");
      metrics.handedOver(items.length);
      log.info(
        { requests: items.map(({ request }) => String(request.requestId)), gasLimit },
        "proofs handed to the relayer",
      );
    }
  }

  return async (jobs, tx) => {
    const contents = jobs.map((job) => ({ job, ...decodeJob(job.data) }));
    const requests = contents.map(({ request }) => request);
    const [head, hashes, indexed, stored] = await Promise.all([
      reader.head(),
      reader.blockHashes(requests.map(({ block }) => block)),
      readIndexed(
        deps.db,
        requests.map(({ requestId }) => requestId),
        deps.indexSchema,
      ),
      readProofs(deps.db, coordinate, requests),
    ]);
    const judged = contents.map((content) => {
      const { request } = content;
      const known = stored.get(proofName(request));
      const verdict = judge(content, {
        head,
        canonicalHash: hashes.get(request.block) ?? null,
        indexed: indexed.get(request.requestId),
        storedAttempt: known?.attempt,
        limits,
      });
      const proof = verdict.kind === "serve" ? prove(content, known?.pi) : null;
      // Awaited below, one after the other: until then a failure waits for its turn.
      proof?.catch(() => undefined);
      return { content, verdict, proof };
    });
    const ready: Ready[] = [];
    for (const { content, verdict, proof } of judged) {
      if (proof === null) {
        await settle(content.job, content, verdict, tx);
        continue;
      }
      try {
        ready.push(await proof);
      } catch (error) {
        const reason = `no proof: ${error instanceof Error ? error.message : String(error)}`;
        const kind = content.job.retryCount + 1 < MAX_TRIES ? "later" : "dead";
        await settle(content.job, content, { kind, reason }, tx);
      }
    }
    await handOver(ready, head, tx);
  };
}

/** Group of a request's deliveries: the relayer sends only the newest. */
function groupOf({ chainId, coordinator }: Coordinate, requestId: bigint): string {
  return `vrf:${chainId}:${coordinator}:${requestId}`;
}

/** A transaction of the job queue for functions that only send queries. */
function asClient(tx: Db): Queryable {
  const query = (text: string, values?: unknown[]): Promise<unknown> => tx.executeSql(text, values);
  // The queue's transaction hands through what its pg client answers.
  return { query } as unknown as Queryable;
}

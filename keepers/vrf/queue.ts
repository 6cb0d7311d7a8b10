import { PgBoss, type Db, type JobWithMetadata } from "pg-boss";

import type { Logger } from "../shared/log.ts";
import type { Coordinate } from "./model.ts";
import {
  decodeJob,
  encodeJob,
  jobId,
  queueNames,
  requestKey,
  type JobContent,
  type QueueNames,
} from "./job.ts";

/** Timing of the queue. */
export interface QueueSettings {
  /** A job whose worker has not finished it by then is given to another. */
  readonly expireSeconds: number;
  /** For how long finished jobs stay in the archive. */
  readonly archiveDays: number;
}

/** A job that a worker holds. */
export type HeldJob = JobWithMetadata<object>;

/** A job that was given up. */
export interface DeadLetter extends JobContent {
  readonly id: string;
  readonly key: string;
  readonly reason: string;
  readonly since: Date;
}

/** The jobs of one proving key in pg-boss. Whatever is given a `tx` becomes true when that transaction commits. */
export interface JobQueue {
  /** Adds jobs that are not there yet, finished ones in the archive included. Returns how many were added. */
  add(contents: readonly JobContent[]): Promise<number>;
  /**
   * Works on jobs until `stop`; the handler settles each of its jobs, and what it writes through `tx` commits with that.
   * When it throws, nothing is written and all its jobs are tried again after a pause.
   */
  work(handler: (jobs: HeldJob[], tx: Db) => Promise<void>): Promise<void>;
  /** Ends jobs; the output stays with each in the archive. */
  complete(jobs: readonly HeldJob[], output: object, tx: Db): Promise<void>;
  /** Lets the job be tried again after a pause that grows, and ends it as a dead letter once it has no tries left. */
  retry(job: HeldJob, reason: string, tx: Db): Promise<void>;
  /** Forgets the job, so that the same can be added again. */
  forget(job: HeldJob, tx: Db): Promise<void>;
  /** Writes a dead letter, unless its request was taken back since; the same twice is one. */
  bury(content: JobContent, reason: string, tx?: Db): Promise<void>;
  /** Dead letters, oldest first. */
  dead(): Promise<DeadLetter[]>;
  /** Takes dead letters of a request back into the queue, each as its next attempt. */
  replay(requestId: bigint): Promise<DeadLetter[]>;
  stop(): Promise<void>;
}

/** With fewer a fetch, waking workers costs more than their work; with more, the first proofs wait for the last. */
const BATCH_SIZE = 40;
/** Fetches under way at a time: while one waits for its proofs, another reads or commits. */
const CONCURRENCY = 2;
const POLL_SECONDS = 0.5;
const DAY_SECONDS = 86_400;
/** pg-boss's own bound of tries; with pauses up to 15 s it lies beyond every deadline, which ends a job first. */
const RETRY_LIMIT = 10_000;
const RETRY_MAX_SECONDS = 15;
const DEAD_DAYS = 30;
const STOP_MS = 3_000;

/**
 * Opens the queue of a proving key; installs pg-boss's schema when it is missing. Any number of processes may.
 * @param databaseUrl of the keepers' Postgres
 * @param settings null for one who is no keeper: settings are left as they are, and nothing is supervised
 */
export async function openQueue(
  databaseUrl: string,
  coordinate: Coordinate,
  keyHash: string,
  settings: QueueSettings | null,
  log: Logger,
): Promise<JobQueue> {
  const names = queueNames(coordinate, keyHash);
  const boss = new PgBoss({
    connectionString: databaseUrl,
    application_name: "dodona vrf jobs",
    max: 4 + CONCURRENCY,
    connectionTimeoutMillis: 5_000,
    schedule: false,
    // A job of a killed worker is found by this pass once it has expired; by default a minute goes by before.
    supervise: settings !== null,
    superviseIntervalSeconds: 1,
    monitorIntervalSeconds: 1,
    maintenanceIntervalSeconds: 600,
  });
  logOnChange(boss, log);
  await boss.start();
  await prepareQueues(boss, names, settings);
  let worker: string | null = null;

  async function readDead(tx?: Db): Promise<DeadLetter[]> {
    const jobs = await boss.findJobs<object>(names.dead, {
      queued: true,
      ...(tx === undefined ? {} : { db: tx }),
    });
    return jobs
      .map((job): DeadLetter => {
        const { request, attempt, reason } = decodeJob(job.data);
        return {
          ...{ id: job.id, key: requestKey(coordinate, request), request, attempt },
          reason: reason ?? outputMessage(job.sourceOutput),
          since: job.createdOn,
        };
      })
      .sort((a, b) => a.since.getTime() - b.since.getTime());
  }

  async function insert(contents: readonly JobContent[], tx?: Db): Promise<number> {
    if (contents.length === 0) return 0;
    const jobs = contents.map((content) => ({
      id: jobId(requestKey(coordinate, content.request), content.attempt),
      singletonKey: requestKey(coordinate, content.request),
      data: encodeJob(content),
    }));
    const options = { returnId: true, ...(tx === undefined ? {} : { db: tx }) };
    return (await boss.insert(names.work, jobs, options))?.length ?? 0;
  }

  return {
    async add(contents) {
      const added = await insert(contents);
      if (added > 0 && worker !== null) boss.notifyWorker(worker);
      return added;
    },

    async work(handler) {
      worker = await boss.work<object, void, WorkSettings>(names.work, workSettings, (jobs, tx) =>
        handler(jobs, tx),
      );
    },

    async complete(jobs, output, tx) {
      await boss.complete(names.work, [...jobs], output, { db: tx });
    },

    async retry(job, reason, tx) {
      await boss.fail(names.work, job, { message: reason }, { db: tx });
    },

    async forget(job, tx) {
      await boss.deleteJob(names.work, job, { db: tx });
    },

    async bury(content, reason, tx) {
      const key = requestKey(coordinate, content.request);
      const options = tx === undefined ? {} : { db: tx };
      // Taken back already: what failed is the delivery before it.
      const next = jobId(key, content.attempt + 1);
      if ((await boss.getJobById(names.work, next, options)) !== null) return;
      const letter = {
        id: jobId(`${key}:dead`, content.attempt),
        data: encodeJob(content, reason),
      };
      await boss.insert(names.dead, [letter], options);
    },

    dead: () => readDead(),

    async replay(requestId) {
      const letters = (await readDead()).filter(({ request }) => request.requestId === requestId);
      for (const { id, request, attempt } of letters) {
        // Added first: killed in between, the request has a job and a letter, and the letter is taken back again.
        await insert([{ request, attempt: attempt + 1 }]);
        await boss.deleteJob(names.dead, id);
      }
      if (letters.length > 0 && worker !== null) boss.notifyWorker(worker);
      return letters;
    },

    async stop() {
      await boss.stop({ graceful: true, timeout: STOP_MS, close: true });
    },
  };
}

async function prepareQueues(
  boss: PgBoss,
  names: QueueNames,
  settings: QueueSettings | null,
): Promise<void> {
  const archive =
    settings === null ? {} : { deleteAfterSeconds: settings.archiveDays * DAY_SECONDS };
  const dead = { retentionSeconds: DEAD_DAYS * DAY_SECONDS, ...archive };
  const work = {
    ...archive,
    ...(settings === null ? {} : { expireInSeconds: settings.expireSeconds }),
    retryLimit: RETRY_LIMIT,
    retryDelay: 1,
    retryBackoff: true,
    retryDelayMax: RETRY_MAX_SECONDS,
    deadLetter: names.dead,
  };
  await boss.createQueue(names.dead, dead);
  await boss.createQueue(names.work, work);
  if (settings === null) return;
  // A queue that exists kept its settings: they are brought up to date.
  await boss.updateQueue(names.dead, dead);
  await boss.updateQueue(names.work, work);
}

const workSettings = {
  batchSize: BATCH_SIZE,
  burstWhenBatchFull: true,
  includeMetadata: true,
  localConcurrency: CONCURRENCY,
  pollingIntervalSeconds: POLL_SECONDS,
  transactional: true,
} as const;
type WorkSettings = typeof workSettings;

/** A database that is away fails every pass: it is logged when it is another failure than the last. */
function logOnChange(boss: PgBoss, log: Logger): void {
  let last = "";
  boss.on("error", (error) => {
    const reason = error.message;
    if (reason === last) return;
    last = reason;
    log.warn({ reason }, "job queue failed, tries again");
  });
  boss.on("warning", ({ message }) => log.warn({ reason: message }, "job queue warns"));
}

function outputMessage(output: object | null): string {
  if (output === null) return "no reason was recorded";
  const { message, value } = output as { message?: unknown; value?: { message?: unknown } };
  const text = message ?? value?.message;
  return typeof text === "string" ? text : JSON.stringify(output);
}

import { Worker } from "node:worker_threads";

import type { Logger } from "../shared/log.ts";
import { calldataOf, type ProvingKey, type RequestProof } from "./prove.ts";
import type { ProofOrder, ProverAnswer, ProverData } from "./prover.ts";

/** A proof with the time that it took. */
export interface TimedProof extends RequestProof {
  readonly seconds: number;
}

/** Threads that prove for one key. */
export interface ProofPool {
  /**
   * Proves, in the order of the calls, as many at a time as there are threads.
   * @param pi of a proof that was made before, of which only the witnesses are wanted; else null
   * @throws when there is no such proof, or none within `timeoutMs`
   */
  prove(alpha: Uint8Array, pi: Uint8Array | null): Promise<TimedProof>;
  /** Ids of the threads that are ready. */
  threads(): number[];
  /** Ends the threads; what they have in hand is rejected. */
  close(): Promise<void>;
}

/** How a pool is opened. */
export interface PoolOptions {
  readonly threads: number;
  readonly log: Logger;
  /** A proof that is not there by then will not come; 5 s unless given. */
  readonly timeoutMs?: number;
  /** What the threads run; `prover.ts` unless given. */
  readonly script?: URL;
}

interface Task {
  readonly order: ProofOrder;
  readonly timer: NodeJS.Timeout;
  /** Threads that died with it in hand. */
  deaths: number;
  resolve(proof: TimedProof): void;
  reject(error: Error): void;
}

interface Seat {
  readonly worker: Worker;
  isReady: boolean;
  /** What it was given, in that order; the first is in hand. */
  readonly tasks: Task[];
}

const SCRIPT = new URL("./prover.ts", import.meta.url);
const TIMEOUT_MS = 5_000;
/** A task that ended so many threads is the reason. */
const MAX_DEATHS = 2;
/** A thread has its next task before it is done with one: it does not wait for this thread to look. */
const DEPTH = 2;
const FIRST_BACKOFF_MS = 100;
const MAX_BACKOFF_MS = 5_000;

/**
 * Starts threads that prove; one that dies is replaced, and another takes over what it had in hand.
 * @param key whose public half goes into the proofs' calldata
 * @param secret of the key; handed to the threads in memory
 * @returns once the first thread is ready
 * @throws what ended the first threads when none became ready
 */
export async function openProofPool(
  { x, y }: Pick<ProvingKey, "x" | "y">,
  secret: Uint8Array,
  { threads, log, timeoutMs = TIMEOUT_MS, script = SCRIPT }: PoolOptions,
): Promise<ProofPool> {
  const seats = new Set<Seat>();
  const restarts = new Set<NodeJS.Timeout>();
  const waiting: Task[] = [];
  let isClosed = false;
  let backoffMs = FIRST_BACKOFF_MS;
  let settleFirst: (error?: Error) => void = () => undefined;
  const first = new Promise<void>((resolve, reject) => {
    settleFirst = (error) => (error === undefined ? resolve() : reject(error));
  });

  function start(): void {
    const workerData: ProverData = { secret };
    const worker = new Worker(script, { workerData, name: "prover", env: {} });
    const seat: Seat = { worker, isReady: false, tasks: [] };
    let reason = "it ended";
    seats.add(seat);
    worker.on("message", (answer: ProverAnswer) => take(seat, answer));
    worker.on("error", (error) => (reason = error instanceof Error ? error.message : "it failed"));
    worker.once("exit", () => replace(seat, reason));
  }

  function take(seat: Seat, answer: ProverAnswer): void {
    if (answer.kind === "ready") {
      seat.isReady = true;
      backoffMs = FIRST_BACKOFF_MS;
      settleFirst();
    } else {
      const task = seat.tasks.shift();
      if (task !== undefined) {
        clearTimeout(task.timer);
        if (answer.kind === "refused") task.reject(new RangeError(answer.reason));
        else {
          const { pi, output, witness, seconds } = answer;
          task.resolve({ pi, output, calldata: calldataOf(x, y, witness), seconds });
        }
      }
    }
    give();
  }

  function give(): void {
    for (let depth = 1; depth <= DEPTH; depth++) {
      for (const seat of seats) {
        if (!seat.isReady || seat.tasks.length >= depth) continue;
        const task = waiting.shift();
        if (task === undefined) return;
        seat.tasks.push(task);
        seat.worker.postMessage(task.order);
      }
    }
  }

  function replace(seat: Seat, reason: string): void {
    seats.delete(seat);
    if (isClosed) return;
    log.warn({ reason }, "a thread that proves ended; another takes its place");
    const [held, ...others] = seat.tasks;
    waiting.unshift(...others);
    if (held !== undefined) {
      held.deaths++;
      if (held.deaths < MAX_DEATHS) waiting.unshift(held);
      else settle(held, `${held.deaths} threads ended over it: ${reason}`);
    }
    if (seats.size === 0) settleFirst(new Error(`no thread can prove: ${reason}`));
    const timer = setTimeout(() => {
      restarts.delete(timer);
      start();
    }, backoffMs);
    restarts.add(timer);
    backoffMs = Math.min(2 * backoffMs, MAX_BACKOFF_MS);
    give();
  }

  function settle(task: Task, reason: string): void {
    clearTimeout(task.timer);
    task.reject(new Error(reason));
  }

  function giveUp(task: Task): void {
    const place = waiting.indexOf(task);
    if (place >= 0) waiting.splice(place, 1);
    task.reject(new Error(`no proof within ${timeoutMs / 1_000} s`));
    for (const seat of seats) {
      const at = seat.tasks.indexOf(task);
      if (at < 0) continue;
      // Whatever holds it up would hold up the next one too.
      seat.tasks.splice(at, 1);
      seat.isReady = false;
      void seat.worker.terminate();
    }
  }

  async function close(): Promise<void> {
    isClosed = true;
    for (const timer of restarts) clearTimeout(timer);
    const held = [...seats].flatMap(({ tasks }) => tasks);
    for (const task of [...waiting.splice(0), ...held]) settle(task, "the keeper stops");
    await Promise.all([...seats].map(({ worker }) => worker.terminate()));
  }

  for (let i = 0; i < threads; i++) start();
  try {
    await first;
  } catch (error) {
    await close();
    throw error;
  }
  return {
    prove: (alpha, pi) =>
      new Promise((resolve, reject) => {
        if (isClosed) return reject(new Error("the keeper stops"));
        const timer = setTimeout(() => giveUp(task), timeoutMs);
        const task: Task = { order: { alpha, pi }, timer, deaths: 0, resolve, reject };
        waiting.push(task);
        give();
      }),
    threads: () => [...seats].filter(({ isReady }) => isReady).map((one) => one.worker.threadId),
    close,
  };
}

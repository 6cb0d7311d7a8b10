import { Worker } from "node:worker_threads";

import type { ProofAnswer, ProofRequest } from "./worker.ts";

const TIMEOUT_MS = 30_000;

/** Asks for an account's leaves. */
export type ProofReader = (question: Omit<ProofRequest, "id" | "folder">) => Promise<ProofAnswer>;

/**
 * Opens the thread that takes proofs from publications, with the first question.
 *
 * @param folder Where publications are.
 */
export function openProofReader(folder: string): ProofReader {
  const waiting = new Map<number, (answer: ProofAnswer) => void>();
  let worker: Worker | null = null;
  let next = 0;

  function start(): Worker {
    // Without Ponder's arguments: its guard would see the end of standard input in this thread too, and stop the process.
    const started = new Worker(new URL("./worker.ts", import.meta.url), { execArgv: [] });
    started.unref();
    started.on("message", (answer: ProofAnswer) => waiting.get(answer.id)?.(answer));
    const end = (reason: string): void => {
      if (worker === started) worker = null;
      for (const [id, settle] of [...waiting]) settle({ id, kind: "failed", reason });
    };
    started.on("error", (error) => end(error instanceof Error ? error.message : String(error)));
    started.on("exit", () => end("the thread for proofs ended"));
    return started;
  }

  return (question) => {
    const id = next++;
    worker ??= start();
    worker.postMessage({ ...question, id, folder } satisfies ProofRequest);
    return new Promise((resolve) => {
      const reason = `no proof within ${TIMEOUT_MS / 1000} s`;
      const timer = setTimeout(() => settle({ id, kind: "failed", reason }), TIMEOUT_MS);
      const settle = (answer: ProofAnswer): void => {
        clearTimeout(timer);
        waiting.delete(id);
        resolve(answer);
      };
      waiting.set(id, settle);
    });
  };
}

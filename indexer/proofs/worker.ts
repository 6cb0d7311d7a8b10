/** A thread of its own for proofs: a tree of 100,000 leaves takes half a second, and indexing must not wait for it. */
import { parentPort } from "node:worker_threads";

import { readPublicationFile } from "./files.ts";
import { createLru } from "./lru.ts";
import {
  openPublication,
  WrongPublication,
  type ProofSource,
  type ProvedLeaf,
} from "./publication.ts";

/** Rows of all trees that are kept; about 300 bytes each. */
const MAX_ROWS = 400_000;

/** What the thread is asked. */
export interface ProofRequest {
  readonly id: number;
  readonly folder: string;
  readonly dataHash: string;
  readonly root: string;
  /** Lower case. */
  readonly account: string;
}

/** What it answers. */
export type ProofAnswer = { readonly id: number } & (
  | { readonly kind: "found"; readonly leaves: readonly ProvedLeaf[] }
  | { readonly kind: "missing" }
  | { readonly kind: "wrong"; readonly reason: string }
  | { readonly kind: "failed"; readonly reason: string }
);

const sources = createLru<ProofSource>(MAX_ROWS);
let queue: Promise<void> = Promise.resolve();

parentPort?.on("message", (request: ProofRequest) => {
  // One after the other: the second of two that want the same tree finds it.
  queue = queue.then(async () => parentPort?.postMessage(await answer(request)));
});

async function answer({ id, folder, dataHash, root, account }: ProofRequest): Promise<ProofAnswer> {
  const key = `${dataHash} ${root}`;
  try {
    let source = sources.get(key);
    if (source === undefined) {
      const bytes = await readPublicationFile(folder, `${dataHash}.json`);
      if (bytes === null) return { id, kind: "missing" };
      source = openPublication(bytes, dataHash, root);
      sources.set(key, source, source.rows);
    }
    return { id, kind: "found", leaves: source.leavesOf(account) };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { id, kind: error instanceof WrongPublication ? "wrong" : "failed", reason };
  }
}

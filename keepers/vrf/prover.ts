/** Proves in a thread of its own. Loads neither network nor database: what it knows is the key and what it is asked. */
import { parentPort, workerData } from "node:worker_threads";

import { ecvrf } from "./ecvrf.ts";
import { encodeWitness, witnessOf } from "./witness.ts";

/** What a thread is started with. The secret is in memory only. */
export interface ProverData {
  readonly secret: Uint8Array;
}

/** One proof to make; with `pi` it was made before, and only its witnesses are wanted. */
export interface ProofOrder {
  readonly alpha: Uint8Array;
  readonly pi: Uint8Array | null;
}

/** What comes back: once "ready", then one answer for each order. */
export type ProverAnswer =
  | { readonly kind: "ready" }
  | {
      readonly kind: "made";
      readonly pi: Uint8Array;
      readonly output: Uint8Array;
      readonly witness: Uint8Array;
      readonly seconds: number;
    }
  | { readonly kind: "refused"; readonly reason: string };

/** Proofs after which the compiler has seen what it needs: the first of a request is as fast as the later ones. */
const WARM_UP = 20;

const port = parentPort;
if (port === null) throw new Error("prover.ts runs as a worker thread only");
const prover = ecvrf.prover((workerData as ProverData).secret);
const answer = (message: ProverAnswer): void => port.postMessage(message);

port.on("message", ({ alpha, pi }: ProofOrder) => {
  const startedMs = performance.now();
  try {
    const made = pi === null ? prove(alpha) : again(alpha, pi);
    answer({ kind: "made", ...made, seconds: (performance.now() - startedMs) / 1_000 });
  } catch (error) {
    answer({ kind: "refused", reason: error instanceof Error ? error.message : String(error) });
  }
});
for (let i = 0; i < WARM_UP; i++) prove(new Uint8Array(32).fill(i));
answer({ kind: "ready" });

function prove(alpha: Uint8Array) {
  const transcript = prover.prove(alpha);
  return { pi: transcript.pi, output: transcript.beta, witness: encodeWitness(transcript) };
}

function again(alpha: Uint8Array, pi: Uint8Array) {
  const witness = witnessOf(prover.publicKey, alpha, pi);
  return { pi, output: ecvrf.proofToHash(pi), witness };
}

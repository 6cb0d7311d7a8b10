/** Makes proofs in a thread of its own: each message is one key with its alphas, each answer their proofs. */
import { parentPort } from "node:worker_threads";

import { ecvrf } from "../../keepers/vrf/ecvrf.ts";
import { encodeWitness } from "../../keepers/vrf/witness.ts";

export interface Order {
  readonly secret: Uint8Array;
  readonly alphas: readonly Uint8Array[];
}

export interface Made {
  readonly x: bigint;
  readonly parity: bigint;
  readonly cases: readonly { alpha: Uint8Array; proof: Uint8Array; beta: Uint8Array }[];
}

parentPort!.on("message", ({ secret, alphas }: Order) => {
  const prover = ecvrf.prover(secret);
  const { x, y } = ecvrf.validateKey(prover.publicKey).toAffine();
  const cases = alphas.map((alpha) => {
    const made = prover.prove(alpha);
    return { alpha, proof: encodeWitness(made), beta: made.beta };
  });
  parentPort!.postMessage({ x, parity: y & 1n, cases } satisfies Made);
});

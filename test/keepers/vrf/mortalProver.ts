/** A thread that proves, and ends without a word when it is asked for the proof of zeros. */
import { parentPort } from "node:worker_threads";

import type { ProofOrder } from "../../../keepers/vrf/prover.ts";

parentPort!.on("message", ({ alpha }: ProofOrder) => {
  if (alpha.every((byte) => byte === 0)) process.exit(1);
});
await import("../../../keepers/vrf/prover.ts");

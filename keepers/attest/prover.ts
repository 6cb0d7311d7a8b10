/** Proves in a process of its own, and ends. Loads neither network nor database; its points may be downloaded. */
import type { CircuitName } from "../../circuits/build/circuits.ts";
import type { CircuitInputs } from "../../circuits/model/field.ts";
import { srsOfVerifier } from "../../circuits/prover/points.ts";
import { openProver } from "../../circuits/prover/prover.ts";

/** Statements of one circuit to prove. Big numbers are hex texts, so that an order passes between processes. */
export interface ProofOrder {
  readonly chainId: string;
  /** Of the deployed verifier: it decides on the points. */
  readonly verifierCode: string;
  readonly circuit: CircuitName;
  readonly inputs: readonly CircuitInputs[];
}

/** A proof and what it took. */
export interface MadeProof {
  /** Bytes in hex. */
  readonly proof: string;
  readonly publicInputs: readonly string[];
  readonly witnessMs: number;
  readonly proofMs: number;
}

/** What comes back, once. */
export type ProofAnswer =
  | {
      readonly kind: "made";
      readonly proofs: readonly MadeProof[];
      /** Which points they were made with. */
      readonly points: "ceremony" | "development";
      /** Largest memory of this process, bytes; the proving library's own comes on top. */
      readonly memoryBytes: number;
    }
  | { readonly kind: "refused"; readonly reason: string };

/** Whoever asked is gone. */
process.on("disconnect", () => process.exit(1));
process.once("message", (order: ProofOrder) => {
  void prove(order)
    .catch((error: unknown): ProofAnswer => ({ kind: "refused", reason: reasonOf(error) }))
    .then((answer) => process.send?.(answer, () => process.exit(0)));
});

async function prove({ chainId, circuit, inputs, verifierCode }: ProofOrder): Promise<ProofAnswer> {
  const prover = await openProver(await srsOfVerifier(BigInt(chainId), verifierCode));
  const proofs: MadeProof[] = [];
  for (const one of inputs) proofs.push(await prover.prove(circuit, one));
  await prover.close();
  const memoryBytes = process.resourceUsage().maxRSS * 1024;
  return { kind: "made", proofs, points: prover.srs.kind, memoryBytes };
}

function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.split("\n")[0] ?? text;
}

/** A statement that is proved: a Noir package and the contract that verifies it. */
export interface Circuit {
  /** Folder below circuits/, and the package's name. */
  readonly name: string;
  /** Contract below contracts/verifiers/. */
  readonly verifier: string;
  /** Whether proofs hide their witness. Only the verifier without it lies inside its publisher's audit scope. */
  readonly zeroKnowledge: boolean;
}

/** All statements. */
export const CIRCUITS = [
  { name: "price_batch", verifier: "PriceBatchVerifier", zeroKnowledge: false },
  { name: "performance", verifier: "PerformanceVerifier", zeroKnowledge: true },
] as const satisfies readonly Circuit[];

/** Name of a statement. */
export type CircuitName = (typeof CIRCUITS)[number]["name"];

/** Every circuit stays below so many gates: proofs then need 2^15 points and well under a second. */
export const GATE_LIMIT = 32_768;

/** The statement of that name. */
export function circuitOf(name: CircuitName): Circuit {
  return CIRCUITS.find((circuit) => circuit.name === name)!;
}

import { fork } from "node:child_process";

import type { CircuitName } from "../../circuits/build/circuits.ts";
import type { CircuitInputs } from "../../circuits/model/field.ts";
import type { ProofAnswer, ProofOrder } from "./prover.ts";

/** Proofs in the order of their statements, and what they took. */
export type Proofs = Extract<ProofAnswer, { kind: "made" }>;

/** How proofs are made. */
export interface ProveOptions {
  readonly chainId: number;
  /** Code of the verifier that they are for, as the chain has it: it decides on the points. */
  readonly verifierCode: string;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

const SCRIPT = new URL("./prover.ts", import.meta.url);

/**
 * Proves statements in a process of its own, which ends afterwards: the caller's loop goes on meanwhile, and keeps none of
 * the memory that a proof takes. Where nothing was compiled yet, the first call takes seconds more.
 * @throws Error that says why there is no proof
 */
export async function proveStatements(
  circuit: CircuitName,
  inputs: readonly CircuitInputs[],
  { chainId, signal, timeoutMs, verifierCode }: ProveOptions,
): Promise<Proofs> {
  signal.throwIfAborted();
  const child = fork(SCRIPT, {
    execArgv: ["--max-semi-space-size=2"],
    stdio: ["ignore", "ignore", "pipe", "ipc"],
  });
  let said = "";
  child.stderr?.on("data", (chunk: Buffer) => (said = (said + chunk.toString()).slice(-2_000)));
  const stop = (): void => void child.kill("SIGKILL");
  const timer = setTimeout(stop, timeoutMs);
  signal.addEventListener("abort", stop, { once: true });
  try {
    const answer = await new Promise<ProofAnswer>((resolve, reject) => {
      child.once("message", (message) => resolve(message as ProofAnswer));
      child.once("error", reject);
      child.once("exit", (code, by) => {
        const words = said.trim().split("\n").at(-1) ?? "";
        reject(new Error(`the prover ended (${by ?? `exit code ${code}`}) ${words}`.trim()));
      });
      const order: ProofOrder = { chainId: String(chainId), verifierCode, circuit, inputs };
      child.send(order);
    });
    if (answer.kind === "refused") throw new Error(`no proof: ${answer.reason}`);
    return answer;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", stop);
    stop();
  }
}

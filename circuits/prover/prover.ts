import { gunzipSync } from "node:zlib";

import { Noir } from "@noir-lang/noir_js";

import { openBackend, type Proof } from "../build/backend.ts";
import { buildCircuits } from "../build/build.ts";
import type { CircuitName } from "../build/circuits.ts";
import { CIRCUITS, circuitOf } from "../build/circuits.ts";
import type { Srs } from "../build/srs.ts";
import type { CircuitInputs } from "../model/field.ts";

/** A proof and what it took. */
export interface Proved extends Proof {
  readonly witnessMs: number;
  readonly proofMs: number;
}

/** Proves statements with one set of points. */
export interface Prover {
  readonly srs: Srs;
  /**
   * Proves a statement.
   * @throws if the inputs do not satisfy the circuit, naming what failed.
   */
  prove(name: CircuitName, inputs: CircuitInputs): Promise<Proved>;
  /** Whether the proving library accepts a proof: with development points it never does, only their verifiers do. */
  verify(name: CircuitName, proof: Proof): Promise<boolean>;
  /** Ends the proving library. */
  close(): Promise<void>;
}

/** Builds the circuits if need be and starts the proving library. */
export async function openProver(srs: Srs): Promise<Prover> {
  const built = new Map(
    (await buildCircuits(CIRCUITS, srs)).map((one) => [one.circuit.name, one] as const),
  );
  const backend = await openBackend(srs);
  return {
    srs,
    async prove(name, inputs) {
      const { program, key } = built.get(name)!;
      const started = performance.now();
      const { witness } = await new Noir(program.compiled).execute(inputs);
      const solved = performance.now();
      const proof = await backend.prove(
        circuitOf(name),
        program.bytecode,
        key,
        Uint8Array.from(gunzipSync(witness)),
      );
      return {
        ...proof,
        witnessMs: solved - started,
        proofMs: performance.now() - solved,
      };
    },
    verify: (name, proof) => backend.verify(circuitOf(name), built.get(name)!.key, proof),
    close: () => backend.close(),
  };
}

import path from "node:path";

import { openBackend, type Backend, type VerificationKey } from "./backend.ts";
import { contentKey, readIfThere, sha256, writeWhole } from "./cache.ts";
import type { Circuit } from "./circuits.ts";
import { GATE_LIMIT } from "./circuits.ts";
import type { Program } from "./compile.ts";
import { compileCircuit } from "./compile.ts";
import { cacheFolder } from "./config.ts";
import { g2Words, verifierContract } from "./solidity.ts";
import type { Srs } from "./srs.ts";
import { installedVersions } from "./versions.ts";

/** A circuit with all that follows from its sources and the points. */
export interface BuiltCircuit {
  readonly circuit: Circuit;
  readonly program: Program;
  readonly gates: number;
  readonly key: VerificationKey;
  /** Solidity of the verifier. */
  readonly verifierSource: string;
  /** SHA-256 of that. */
  readonly verifierHash: string;
}

/** What is kept of a build. */
interface Stored {
  readonly gates: number;
  readonly key: string;
  readonly keyHash: string;
  readonly verifierSource: string;
}

/**
 * Builds circuits, or takes what was built of the same bytecode, library and points.
 * @throws if a circuit does not compile or has too many gates.
 */
export async function buildCircuits(
  circuits: readonly Circuit[],
  srs: Srs,
): Promise<BuiltCircuit[]> {
  let backend: Backend | null = null;
  try {
    const built: BuiltCircuit[] = [];
    const programs = await Promise.all(circuits.map(({ name }) => compileCircuit(name)));
    for (const [i, circuit] of circuits.entries()) {
      const program = programs[i]!;
      const file = path.join(
        cacheFolder,
        "keys",
        `${circuit.name}-${keyOf(circuit, program, srs)}`,
      );
      const known = readIfThere(`${file}.json`);
      let stored: Stored;
      if (known !== null) {
        stored = JSON.parse(known.toString()) as Stored;
      } else {
        backend ??= await openBackend(srs);
        stored = await derive(backend, circuit, program, srs);
        writeWhole(`${file}.json`, JSON.stringify(stored));
      }
      const { gates, verifierSource } = stored;
      built.push({
        circuit,
        program,
        gates,
        key: { bytes: Uint8Array.from(Buffer.from(stored.key, "hex")), hash: stored.keyHash },
        verifierSource,
        verifierHash: sha256(verifierSource),
      });
    }
    return built;
  } finally {
    await backend?.close();
  }
}

async function derive(
  backend: Backend,
  circuit: Circuit,
  { bytecode }: Program,
  srs: Srs,
): Promise<Stored> {
  const gates = await backend.gates(circuit, bytecode);
  if (gates >= GATE_LIMIT) {
    throw new Error(`circuit ${circuit.name} has ${gates} gates, not below ${GATE_LIMIT}`);
  }
  const key = await backend.verificationKey(circuit, bytecode);
  const source = await backend.verifierSource(circuit, key);
  return {
    gates,
    key: Buffer.from(key.bytes).toString("hex"),
    keyHash: key.hash,
    verifierSource: verifierContract(circuit, source, g2Words(srs.g2)),
  };
}

function keyOf({ zeroKnowledge, verifier }: Circuit, { bytecodeHash }: Program, srs: Srs): string {
  const { barretenberg } = installedVersions();
  return contentKey([bytecodeHash, barretenberg, srs.id, String(zeroKnowledge), verifier]);
}

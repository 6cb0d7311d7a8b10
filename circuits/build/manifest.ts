import path from "node:path";

import type { BuiltCircuit } from "./build.ts";
import { circuitsFolder, projectRoot } from "./config.ts";
import type { Versions } from "./versions.ts";
import { installedVersions } from "./versions.ts";

/** What is committed about a circuit. */
export interface ManifestEntry {
  /** SHA-256. */
  readonly bytecode: string;
  readonly gates: number;
  readonly zeroKnowledge: boolean;
  /** As the library hashes it; the verifier carries it too. */
  readonly verificationKey: string;
  /** Contract that verifies, below contracts/verifiers/. */
  readonly verifier: string;
  /** SHA-256 of its source. */
  readonly verifierSource: string;
}

/** What is committed about all circuits. */
export interface Manifest {
  readonly versions: Versions;
  /** SHA-256 of the ceremony's points. */
  readonly srs: string;
  readonly circuits: Readonly<Record<string, ManifestEntry>>;
}

/** The committed manifest. */
export const manifestFile = path.join(circuitsFolder, "manifest.json");

/** Where a verifier's source is committed. */
export function verifierFile(verifier: string): string {
  return path.join(projectRoot, "contracts/verifiers", `${verifier}.sol`);
}

/** The manifest of circuits built with the ceremony's points. */
export function manifestOf(built: readonly BuiltCircuit[], srsId: string): Manifest {
  return {
    versions: installedVersions(),
    srs: srsId,
    circuits: Object.fromEntries(
      built.map(({ circuit, program, gates, key, verifierHash }) => [
        circuit.name,
        {
          bytecode: program.bytecodeHash,
          gates,
          zeroKnowledge: circuit.zeroKnowledge,
          verificationKey: key.hash,
          verifier: circuit.verifier,
          verifierSource: verifierHash,
        },
      ]),
    ),
  };
}

/** The manifest's text. */
export function manifestText(manifest: Manifest): string {
  return `${JSON.stringify(manifest, null, 2)}\n`;
}

import { openBackend } from "./backend.ts";
import { buildCircuits } from "./build.ts";
import { readIfThere, sha256 } from "./cache.ts";
import type { Circuit } from "./circuits.ts";
import { CIRCUITS, GATE_LIMIT } from "./circuits.ts";
import { compileCircuit } from "./compile.ts";
import type { Manifest } from "./manifest.ts";
import { manifestFile, manifestOf, manifestText, verifierFile } from "./manifest.ts";
import type { Srs } from "./srs.ts";
import { installedVersions } from "./versions.ts";

/** What is wrong with the committed output, and what could not be looked at. */
export interface Finding {
  readonly faults: readonly string[];
  readonly notes: readonly string[];
}

/** What is committed of the output; null where a file is missing. */
export interface Committed {
  readonly manifest: string | null;
  /** Source by contract. */
  readonly verifiers: Readonly<Record<string, string | null>>;
}

/** The committed output as it is on disk. */
export function readCommitted(): Committed {
  const text = (file: string): string | null => readIfThere(file)?.toString() ?? null;
  return {
    manifest: text(manifestFile),
    verifiers: Object.fromEntries(
      CIRCUITS.map(({ verifier }) => [verifier, text(verifierFile(verifier))]),
    ),
  };
}

/**
 * Compares the committed manifest and verifiers with what the sources give. Without the ceremony's points keys cannot be
 * computed: then only bytecode, gates, versions and the verifiers' hashes are compared, and it says so.
 * @param srs The ceremony's points, null if they are not on this machine.
 */
export async function checkCommitted(committed: Committed, srs: Srs | null): Promise<Finding> {
  if (committed.manifest === null) {
    return { faults: ["circuits/manifest.json is missing"], notes: [] };
  }
  const manifest = JSON.parse(committed.manifest) as Manifest;
  const faults = [...versionFaults(manifest), ...verifierFaults(manifest, committed)];
  if (srs !== null) {
    return { faults: [...faults, ...(await rebuildFaults(committed, srs))], notes: [] };
  }
  faults.push(...(await bytecodeFaults(manifest)));
  const note = "keys and verifiers were not computed again: the ceremony's points are not here";
  return { faults, notes: [note] };
}

function versionFaults({ versions }: Manifest): string[] {
  const installed = installedVersions();
  return (["noir", "barretenberg"] as const)
    .filter((name) => versions[name] !== installed[name])
    .map((name) => `circuits/manifest.json: ${name} ${versions[name]}, not ${installed[name]}`);
}

function verifierFaults({ circuits }: Manifest, { verifiers }: Committed): string[] {
  const names = CIRCUITS.map(({ name }) => name as string);
  const unknown = Object.keys(circuits).filter((name) => !names.includes(name));
  const faults = unknown.map((name) => `circuits/manifest.json: no circuit ${name}`);
  for (const { name, verifier } of CIRCUITS as readonly Circuit[]) {
    const source = verifiers[verifier] ?? null;
    const expected = circuits[name]?.verifierSource;
    if (source === null || sha256(source) !== expected) {
      faults.push(`contracts/verifiers/${verifier}.sol is not what the manifest names`);
    }
  }
  return faults;
}

async function rebuildFaults({ manifest, verifiers }: Committed, srs: Srs): Promise<string[]> {
  const built = await buildCircuits(CIRCUITS, srs);
  const faults = built
    .filter(({ circuit, verifierSource }) => verifiers[circuit.verifier] !== verifierSource)
    .map(({ circuit }) => `contracts/verifiers/${circuit.verifier}.sol is not what sources give`);
  if (manifestText(manifestOf(built, srs.id)) !== manifest) {
    faults.push("circuits/manifest.json is not what sources give");
  }
  return faults;
}

/** Counting gates needs no points. */
async function bytecodeFaults({ circuits }: Manifest): Promise<string[]> {
  const faults: string[] = [];
  const backend = await openBackend(null);
  try {
    for (const circuit of CIRCUITS) {
      const { bytecode, bytecodeHash } = await compileCircuit(circuit.name);
      const entry = circuits[circuit.name];
      const gates = await backend.gates(circuit, bytecode);
      if (entry?.bytecode !== bytecodeHash) faults.push(`${circuit.name}: other bytecode`);
      if (entry?.gates !== gates) faults.push(`${circuit.name}: ${gates} gates, not as committed`);
      if (gates >= GATE_LIMIT) faults.push(`${circuit.name}: ${gates} gates`);
    }
  } finally {
    await backend.close();
  }
  return faults;
}

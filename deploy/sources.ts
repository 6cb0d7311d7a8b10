import path from "node:path";

import type { ArtifactManager } from "hardhat/types/artifacts";

import { recordedAddresses } from "./deployments.ts";
import { objectAt, readJson, stringAt } from "./files.ts";

/**
 * Deployed contracts whose code is not what today's sources compile to, in words. Ignition leaves finished contracts
 * alone, so that a deployment survives a change of the sources; whoever reads it should know.
 *
 * @param folder Ignition's folder of the deployment.
 */
export async function changedSources(
  folder: string,
  artifacts: ArtifactManager,
): Promise<string[]> {
  const futures = Object.keys((await recordedAddresses(folder)) ?? {});
  const changes = await Promise.all(
    futures.map(async (future) => {
      const file = path.join(folder, "artifacts", `${future}.json`);
      const stored = objectAt(await readJson(file, file), file);
      const name = stringAt(stored["contractName"], `${file}: contractName`);
      if (!(await artifacts.artifactExists(name))) return null;
      const { bytecode } = await artifacts.readArtifact(name);
      const deployed = stringAt(stored["bytecode"], `${file}: bytecode`);
      return withoutMetadata(deployed) === withoutMetadata(bytecode) ? null : name;
    }),
  );
  const names = new Set(changes.filter((name) => name !== null));
  return [...names].map(
    (name) =>
      `${name} was deployed from other sources than today's; a new deployment would take these`,
  );
}

/** Bytecode without the CBOR metadata at its end, which changes with comments: its length is in the last two bytes. */
function withoutMetadata(bytecode: string): string {
  const bytes = Number.parseInt(bytecode.slice(-4), 16);
  return bytecode.slice(0, -2 * (bytes + 2));
}

import { execFile } from "node:child_process";
import path from "node:path";
import { promisify } from "node:util";

import type { Artifact } from "@nomicfoundation/ignition-core";
import type { ArtifactManager } from "hardhat/types/artifacts";

import { CIRCUITS } from "../circuits/build/circuits.ts";
import { DeploymentError, readJsonIfPresent } from "./files.ts";

/** Chains that live on one machine: nothing is at stake there. */
const LOCAL_CHAIN_IDS: readonly number[] = [31_337, 1_337];
const SCRIPT = path.resolve(import.meta.dirname, "../circuits/build/development.ts");
const BUILD_TIMEOUT_MS = 300_000;
const DEVELOPMENT = "Development";
const MAX_OUTPUT_BYTES = 16 * 1024 * 1024;

/** Verifiers to deploy, by contract, and which points they take proofs of. */
export interface Verifiers {
  points: "ceremony" | "development";
  artifacts: Readonly<Record<string, Artifact>>;
}

/**
 * The verifiers for a chain: the committed ones, except on a local chain of a machine that has not the ceremony's points.
 * There they are those of development points, which take seconds to build the first time. A deployment that has begun with
 * either stays with them.
 *
 * @param folder Ignition's folder of the deployment; need not exist.
 * @throws {DeploymentError} when they cannot be built, or a public chain would get any but the ceremony's.
 */
export async function verifiersFor(
  chainId: number,
  artifacts: ArtifactManager,
  folder: string,
): Promise<Verifiers> {
  const begun = await begunVerifiers(folder);
  const codes = begun === null ? await developmentCodes(chainId) : null;
  const entries = await Promise.all(
    CIRCUITS.map(async ({ verifier }): Promise<[string, Artifact]> => {
      const committed = await artifacts.readArtifact(verifier);
      const code = codes?.[verifier];
      if (code === undefined) return [verifier, begun?.[verifier] ?? committed];
      // The name keeps it from being taken for the committed one, from whose sources it differs.
      return [verifier, { ...committed, contractName: DEVELOPMENT + verifier, bytecode: code }];
    }),
  );
  const isDevelopment = entries.some(([, { contractName }]) =>
    contractName.startsWith(DEVELOPMENT),
  );
  const verifiers: Verifiers = {
    points: isDevelopment ? "development" : "ceremony",
    artifacts: Object.fromEntries(entries),
  };
  await refuseDevelopment(chainId, verifiers);
  return verifiers;
}

/**
 * Refuses verifiers that anybody can make false proofs for, wherever something is at stake.
 *
 * @throws {DeploymentError} naming the verifier.
 */
export async function refuseDevelopment(
  chainId: number,
  { artifacts }: Pick<Verifiers, "artifacts">,
): Promise<void> {
  if (LOCAL_CHAIN_IDS.includes(chainId)) return;
  // Loads the proving library, which most of what deploys does without.
  const { isOfCeremony } = await import("../circuits/prover/points.ts");
  const wrong = Object.entries(artifacts).find(([, { bytecode }]) => !isOfCeremony(bytecode));
  if (wrong === undefined) return;
  throw new DeploymentError(
    `${wrong[0]} is not of the ceremony's points: whoever knows how it was made can prove anything. Chain ${chainId} ` +
      "takes the committed verifiers only.",
  );
}

/** What a deployment has begun with, by contract; null if it has begun with neither. */
async function begunVerifiers(folder: string): Promise<Record<string, Artifact> | null> {
  const found = await Promise.all(
    CIRCUITS.map(async ({ verifier }): Promise<[string, Artifact][]> => {
      const file = path.join(folder, "artifacts", `Proofs#${verifier}.json`);
      const artifact = await readJsonIfPresent(file, file);
      return artifact === null ? [] : [[verifier, artifact as Artifact]];
    }),
  );
  return found.flat().length === 0 ? null : Object.fromEntries(found.flat());
}

/** Creation codes by contract, null where the committed verifiers are to be deployed. */
async function developmentCodes(chainId: number): Promise<Record<string, string> | null> {
  if (!LOCAL_CHAIN_IDS.includes(chainId)) return null;
  const { storedCeremonySrs } = await import("../circuits/build/srs.ts");
  if (storedCeremonySrs() !== null) return null;
  try {
    // In a process of its own: it computes for seconds, while there is a deployment to go on with.
    const { stdout } = await promisify(execFile)(process.execPath, [SCRIPT], {
      timeout: BUILD_TIMEOUT_MS,
      maxBuffer: MAX_OUTPUT_BYTES,
    });
    return JSON.parse(stdout) as Record<string, string>;
  } catch (error) {
    const words = (error as { stderr?: string }).stderr ?? String(error);
    const line = words.trim().split("\n").at(-1) ?? "";
    throw new DeploymentError(`The verifiers of development points could not be built: ${line}`);
  }
}

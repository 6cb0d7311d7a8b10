import { once } from "node:events";
import fs from "node:fs";
import path from "node:path";
import { Worker } from "node:worker_threads";
import { gunzipSync } from "node:zlib";

import type { CompiledCircuit } from "@noir-lang/types";

import { contentKey, readIfThere, sha256, writeWhole } from "./cache.ts";
import { cacheFolder, circuitsFolder } from "./config.ts";
import { installedVersions } from "./versions.ts";

/** A compiled circuit. */
export interface Program {
  /** What noir_js executes. */
  readonly compiled: CompiledCircuit;
  /** What the proving library takes. */
  readonly bytecode: Uint8Array;
  /** SHA-256 of the bytecode: the compiled file as a whole also names paths. */
  readonly bytecodeHash: string;
}

/** What the compiler's thread answers: a program, or why there is none. */
export interface CompilerAnswer {
  readonly program: unknown;
  readonly messages: readonly string[];
}

/**
 * Compiles a Noir package, or takes what was compiled of the same sources by the same compiler.
 * @param name Folder below circuits/.
 * @throws with the compiler's messages if the package does not compile.
 */
export async function compileCircuit(name: string): Promise<Program> {
  const file = path.join(cacheFolder, "programs", `${name}-${sourcesKey(name)}.json`);
  const known = readIfThere(file);
  if (known !== null) return programOf(JSON.parse(known.toString()) as CompiledCircuit);
  const compiled = await compileFolder(path.join(circuitsFolder, name));
  writeWhole(file, JSON.stringify(compiled));
  return programOf(compiled);
}

/**
 * Compiles the Noir package in a folder, whatever was compiled before.
 * @throws with the compiler's messages if it does not compile.
 */
export async function compileFolder(folder: string): Promise<CompiledCircuit> {
  const compiler = new Worker(new URL("compiler.ts", import.meta.url), {
    workerData: folder,
    stdout: true,
  });
  const [{ program, messages }] = (await once(compiler, "message")) as [CompilerAnswer];
  if (program === null) {
    throw new Error([`circuit ${path.basename(folder)} does not compile`, ...messages].join("\n"));
  }
  return program as CompiledCircuit;
}

/** Hash of all that a circuit's bytecode follows from. */
export function sourcesKey(name: string): string {
  const files = ["lib", name].flatMap((folder) => sourcesBelow(path.join(circuitsFolder, folder)));
  const parts = files.flatMap((file) => [
    path.relative(circuitsFolder, file),
    fs.readFileSync(file),
  ]);
  return contentKey([installedVersions().noir, ...parts]);
}

/** A compiled package as it is executed and proved. */
export function programOf(compiled: CompiledCircuit): Program {
  const bytecode = new Uint8Array(gunzipSync(Buffer.from(compiled.bytecode, "base64")));
  return { compiled, bytecode, bytecodeHash: sha256(bytecode) };
}

function sourcesBelow(folder: string): string[] {
  return fs
    .readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".nr") || path.basename(file) === "Nargo.toml")
    .toSorted()
    .map((file) => path.join(folder, file));
}

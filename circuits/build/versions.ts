import fs from "node:fs";
import path from "node:path";

/** Versions that a circuit's bytecode, keys and verifier depend on. */
export interface Versions {
  readonly noir: string;
  readonly barretenberg: string;
}

/** Versions of the compiler and the proving library as they are installed. */
export function installedVersions(): Versions {
  return { noir: versionOf("@noir-lang/noir_wasm"), barretenberg: versionOf("@aztec/bb.js") };
}

/** The packages do not export their manifests: it is the first one above their entry that has their name. */
function versionOf(name: string): string {
  const entry = import.meta.resolve(name);
  for (let folder = path.dirname(new URL(entry).pathname); ; folder = path.dirname(folder)) {
    const file = path.join(folder, "package.json");
    if (fs.existsSync(file)) {
      const manifest = JSON.parse(fs.readFileSync(file, "utf8")) as Record<string, string>;
      if (manifest["name"] === name) return manifest["version"]!;
    }
    if (folder === path.dirname(folder)) throw new Error(`no manifest of ${name}`);
  }
}

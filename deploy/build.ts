import { readdir, stat } from "node:fs/promises";
import path from "node:path";

import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

/**
 * Compiles when a contract is newer than what was compiled. Hardhat's own check of an up-to-date build takes two
 * seconds, which is a long time for a task that reads one number. It cannot tell a build with coverage from a plain
 * one, whose interfaces are the same: what deploys bytecode uses `build`.
 */
export async function ensureBuilt(hre: HardhatRuntimeEnvironment): Promise<void> {
  const { artifacts, root, sources } = hre.config.paths;
  const [written, built] = await Promise.all([
    Promise.all(sources.solidity.map(async (folder) => await newestChange(folder, ".sol"))),
    newestChange(path.join(artifacts, "contracts"), ".json"),
  ]);
  const types = await newestChange(path.join(root, "types"), ".ts");
  if (types > 0 && built >= Math.max(...written)) return;
  await build(hre);
}

/** Compiles by Hardhat's own judgement of what is up to date. Its blank lines go to stderr. */
export async function build(hre: HardhatRuntimeEnvironment): Promise<void> {
  const log = console.log;
  console.log = console.error;
  try {
    await hre.tasks
      .getTask("build")
      .run({ quiet: true, noTests: true, files: await deployable(hre) });
  } finally {
    console.log = log;
  }
}

/** Sources of what is deployed. Contracts below `contracts/test` are for tests alone, and take as long to compile. */
async function deployable(hre: HardhatRuntimeEnvironment): Promise<string[]> {
  const files = await hre.solidity.getRootFilePaths({ scope: "contracts" });
  const sources = path.join(hre.config.paths.root, "contracts") + path.sep;
  const tests = path.join(sources, "test") + path.sep;
  return files.filter((file) => file.startsWith(sources) && !file.startsWith(tests));
}

async function newestChange(folder: string, extension: string): Promise<number> {
  try {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    const changes = entries
      .filter((entry) => entry.isFile() && entry.name.endsWith(extension))
      .map(async (entry) => (await stat(path.join(entry.parentPath, entry.name))).mtimeMs);
    return Math.max(0, ...(await Promise.all(changes)));
  } catch {
    return 0;
  }
}

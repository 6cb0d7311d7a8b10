import { execFile } from "node:child_process";
import path from "node:path";
import { promisify } from "node:util";

import { projectRoot } from "../../deploy/stack/layout.ts";

const cli = path.join(projectRoot, "node_modules/hardhat/dist/src/cli.js");

/**
 * Runs `npx hardhat …` on a running network, as a person does.
 * @returns what it printed on stdout
 * @throws when it fails, with what it said
 */
export async function hardhat(stackFile: string, ...args: readonly string[]): Promise<string> {
  const env = { ...process.env, DODONA_STACK: stackFile, NO_COLOR: "1", FORCE_COLOR: undefined };
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [cli, ...args, "--network", "local"],
    { cwd: projectRoot, env },
  );
  return stdout;
}

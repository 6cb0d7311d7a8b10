import { spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";

import { z } from "zod";

import type { LocalOperator } from "./configs.ts";
import { StackFailure } from "./failure.ts";
import { compileCache, type Paths, projectRoot } from "./layout.ts";

const governanceSchema = z.object({
  token: z.string(),
  timelock: z.string(),
  governor: z.string(),
  guardian: z.string(),
  operatorStake: z.string(),
  slashing: z.string(),
  operatorRewards: z.string(),
});

const deploymentSchema = z.object({
  addresses: z.object({
    accessManager: z.string(),
    operators: z.string(),
    priceFeeds: z.string(),
    vrfCoordinator: z.string(),
    governance: governanceSchema,
    payoutDistributor: z.string().nullable(),
    priceAttestations: z.string().nullable(),
    traderRegistry: z.string().nullable(),
    proxies: z.record(z.string(), z.string()),
  }),
  startBlock: z.number().int(),
});

export type Deployment = z.infer<typeof deploymentSchema>;

/** Runs a Hardhat task and returns what it printed on stdout. */
async function hardhat(
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  logFile?: string,
): Promise<string> {
  const cli = path.join(projectRoot, "node_modules/hardhat/dist/src/cli.js");
  const child = spawn(process.execPath, [cli, ...args], {
    cwd: projectRoot,
    env: { NODE_COMPILE_CACHE: compileCache, ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stdout = "";
  let all = "";
  child.stdout.on("data", (chunk) => ((stdout += chunk), (all += chunk)));
  child.stderr.on("data", (chunk) => (all += chunk));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  if (logFile !== undefined) writeFileSync(logFile, all);
  if (code !== 0) {
    const words = all.split("\n").filter((line) => line.trim() !== "");
    const line = words.find((candidate) => /error/i.test(candidate)) ?? words.at(-1) ?? "no output";
    throw new StackFailure(
      `hardhat ${args[0]} failed: ${line}${logFile === undefined ? "" : `; see ${logFile}`}`,
    );
  }
  return stdout;
}

/**
 * Deploys what is missing, registers the operators, makes them active; changes nothing when all is there.
 * @param parameters File of the deployment's parameters; the local ones when absent.
 */
export async function deploy(
  paths: Paths,
  rpcUrl: string,
  deploymentId: string,
  operators: readonly LocalOperator[],
  parameters?: string,
): Promise<Deployment> {
  const file = path.join(paths.config, "operators.json");
  writeFileSync(file, `${JSON.stringify(operators, null, 2)}\n`);
  mkdirSync(paths.logs, { recursive: true });
  const printed = await hardhat(
    [
      "deploy",
      "--rpc-url",
      rpcUrl,
      "--network",
      "local",
      "--deployment-id",
      deploymentId,
      "--operators",
      file,
      ...(parameters === undefined ? [] : ["--parameters", parameters]),
      "--no-compile",
      "--json",
    ],
    {},
    path.join(paths.logs, "deploy.log"),
  );
  const last = printed.trim().split("\n").at(-1) ?? "";
  return deploymentSchema.parse(JSON.parse(last));
}

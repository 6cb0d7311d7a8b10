import { execFile, spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import { HDNodeWallet, JsonRpcProvider } from "ethers";
import type { HardhatUserConfig } from "hardhat/config";
import type { HttpNetworkUserConfig } from "hardhat/types/config";
import { createHardhatRuntimeEnvironment } from "hardhat/hre";
import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";
import type { Result } from "hardhat/types/utils";

import { build } from "../../deploy/build.ts";
import { generateKeys, parseKeys } from "../../keepers/feed/signing/keys.ts";
import { encodeReport, reportDigest } from "../../keepers/feed/signing/report.ts";
import { IPriceFeeds__factory } from "../../types/ethers-contracts/factories/interfaces/IPriceFeeds__factory.ts";
import { startAnvil } from "../helpers/anvil.ts";
import type { TestAnvil } from "../helpers/anvil.ts";
import { publicKey, signTogether, zInverse } from "../helpers/schnorr.ts";

const ROOT = path.resolve(import.meta.dirname, "../..");
const HARDHAT = path.join(ROOT, "node_modules/hardhat/dist/src/cli.js");
const MNEMONIC = "test test test test test test test test test test test junk";
const OPERATOR_COUNT = 5;
/** By these Hardhat knows an environment of continuous integration. */
const CI_VARIABLES = [
  ...["BUILD_NUMBER", "CI", "CODEBUILD_BUILD_NUMBER", "CONTINUOUS_INTEGRATION"],
  ...["DEPLOYMENT_ID", "GITHUB_ACTIONS", "NOW", "RUN_ID"],
];

/** What a command printed and how it ended. */
export interface Outcome {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** A chain of its own, the files a deployment needs, and Hardhat's command line on both. */
export interface TaskNetwork {
  anvil: TestAnvil;
  folder: string;
  deploymentId: string;
  deploymentFolder: string;
  operatorsFile: string;
  /** Parameters of the local network without governance: the deployer keeps all power. */
  plainParameters: string;
  /** Runs Hardhat's command line as a person does, on network "local" unless the arguments name one. */
  run(...args: string[]): Promise<Outcome>;
  /** Starts Hardhat's command line and leaves it running. */
  start(...args: string[]): ChildProcess;
  /** Runs a task inside this process, which is faster by Hardhat's start. Absent options have their defaults. */
  task(id: string, args?: Record<string, unknown>): Promise<Outcome>;
  /** Runs the deployment inside this process. */
  deploy(args?: Record<string, unknown>): Promise<Outcome>;
  /** Writes the stack file as a stack does whose indexer is at this URL. */
  nameApi(apiUrl: string | null): Promise<void>;
  stop(): Promise<void>;
}

// Once for all networks of this process; an earlier run with coverage may have left other bytecode.
let compiling: Promise<Outcome> | undefined;

/** Deriving takes milliseconds, and a task opens the network anew. */
const accounts = new Map<number, HDNodeWallet>();
const NETWORK_ACCOUNTS = 20;

/** Account of test mnemonic's index. */
export function accountAt(index: number): HDNodeWallet {
  const known = accounts.get(index);
  if (known !== undefined) return known;
  const account = HDNodeWallet.fromPhrase(MNEMONIC, "", `m/44'/60'/0'/0/${index}`);
  accounts.set(index, account);
  return account;
}

/** Starts a chain and writes five operators' files, the first with a proving key. Nothing is deployed. */
export async function startTaskNetwork(
  name: string,
  mining: "instant" | number,
): Promise<TaskNetwork> {
  const anvil = await startAnvil({ mining, args: ["--accounts", "20"] });
  const folder = await mkdtemp(path.join(tmpdir(), "dodona-tasks-"));
  const deploymentId = `test-${name}-${process.pid}`;
  const operatorsFile = path.join(folder, "operators.json");
  const stackFile = path.join(folder, "stack.json");
  const entries = await Promise.all(
    Array.from({ length: OPERATOR_COUNT }, async (_, index) => {
      const [accountKeyFile, keyFile] = [`account-${index}.key`, `keys-${index}.json`];
      await writeFile(path.join(folder, accountKeyFile), accountAt(index + 1).privateKey);
      await writeFile(path.join(folder, keyFile), JSON.stringify(generateKeys()));
      const endpoint = `http://127.0.0.1:${8571 + index}`;
      if (index > 0) return { accountKeyFile, keyFile, endpoint };
      const vrfKeyFile = "vrf.json";
      const vrf = HDNodeWallet.createRandom().privateKey;
      await writeFile(path.join(folder, vrfKeyFile), JSON.stringify({ vrf }), { mode: 0o600 });
      return { accountKeyFile, keyFile, vrfKeyFile, endpoint };
    }),
  );
  await writeFile(operatorsFile, JSON.stringify(entries));
  const plainParameters = path.join(folder, "plain.json");
  const local = await readFile(path.join(ROOT, "deploy/parameters/local.json"), "utf8");
  const parameters = {
    ...(JSON.parse(local) as object),
    governance: undefined,
    payouts: undefined,
  };
  await writeFile(plainParameters, JSON.stringify(parameters));
  const nameApi = async (apiUrl: string | null): Promise<void> =>
    await writeFile(
      stackFile,
      JSON.stringify({ chainId: 31_337, rpcUrl: anvil.url, apiUrl, deploymentId }),
    );
  await nameApi(null);
  const env: NodeJS.ProcessEnv = {
    ...process.env,
    DODONA_STACK: stackFile,
    NO_COLOR: "1",
    FORCE_COLOR: undefined,
  };
  // Hardhat shows stack traces where it takes the environment for continuous integration's; a person's terminal is none.
  for (const name of CI_VARIABLES) env[name] = undefined;
  const withNetwork = (args: string[]): string[] =>
    args.includes("--network") ? args : [...args, "--network", "local"];
  const run = async (...args: string[]): Promise<Outcome> =>
    await new Promise((resolve) => {
      const child = execFile(
        process.execPath,
        [HARDHAT, ...withNetwork(args)],
        { cwd: ROOT, env },
        (_, stdout, stderr) => resolve({ code: child.exitCode, stdout, stderr }),
      );
    });
  const hre = await openHardhat(stackFile);
  // Of several test files at once none compiles: that was done before they started.
  compiling ??= captured(async () => {
    if (process.env["DODONA_TEST_WORKER"] === undefined) await build(hre);
    return { success: true, value: undefined };
  });
  await compiling;
  const task = async (id: string, args: Record<string, unknown> = {}): Promise<Outcome> =>
    await captured(
      async () => (await hre.tasks.getTask(id.split(" ")).run(args)) as Result<unknown, string>,
    );
  const deploymentFolder = path.join(ROOT, "deploy/deployments", deploymentId);
  return {
    anvil,
    folder,
    deploymentId,
    deploymentFolder,
    operatorsFile,
    plainParameters,
    run,
    start: (...args) =>
      spawn(process.execPath, [HARDHAT, ...withNetwork(args)], { cwd: ROOT, env, stdio: "pipe" }),
    task,
    deploy: async (args = {}) =>
      await task("deploy", {
        deploymentId,
        operators: operatorsFile,
        json: true,
        noCompile: true,
        ...args,
      }),
    nameApi,
    stop: async () => {
      await anvil.stop();
      await rm(deploymentFolder, { recursive: true, force: true });
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function openHardhat(stackFile: string): Promise<HardhatRuntimeEnvironment> {
  process.env["DODONA_STACK"] = stackFile;
  // The configuration reads the stack file when it is loaded: each network needs its own.
  const specifier = `../../hardhat.config.ts?stack=${encodeURIComponent(stackFile)}`;
  const { default: config } = (await import(specifier)) as { default: HardhatUserConfig };
  // The same accounts as the mnemonic's, which Hardhat would derive again for every task.
  const keys = Array.from({ length: NETWORK_ACCOUNTS }, (_, i) => accountAt(i).privateKey);
  const local = { ...config.networks?.["local"], accounts: keys } as HttpNetworkUserConfig;
  const networks = { ...config.networks, local };
  return await createHardhatRuntimeEnvironment({ ...config, networks }, { network: "local" }, ROOT);
}

async function captured(action: () => Promise<Result<unknown, string>>): Promise<Outcome> {
  const [stdout, stderr] = [hold(process.stdout), hold(process.stderr)];
  try {
    const result = await action();
    return { code: result.success ? 0 : 1, stdout: stdout.text(), stderr: stderr.text() };
  } finally {
    stdout.release();
    stderr.release();
  }
}

function hold(stream: NodeJS.WriteStream): { text: () => string; release: () => void } {
  let text = "";
  const write = stream.write.bind(stream);
  stream.write = (chunk: Uint8Array | string) => {
    text += chunk.toString();
    return true;
  };
  return { text: () => text, release: () => void (stream.write = write) };
}

/**
 * Publishes one answer for the feed at an index of the set, signed by a quorum of the network's operators.
 *
 * @param secrets The operators' secp256k1 secrets, in set order.
 */
export async function publish(
  network: TaskNetwork,
  priceFeedsAddress: string,
  secrets: readonly bigint[],
  feedIndex: number,
  answerE8: bigint,
): Promise<void> {
  const provider = new JsonRpcProvider(network.anvil.url, undefined, { cacheTimeout: -1 });
  try {
    const priceFeeds = IPriceFeeds__factory.connect(
      priceFeedsAddress,
      accountAt(9).connect(provider),
    );
    const { setId } = await priceFeeds.currentSet();
    const block = await provider.getBlock("latest");
    const slot = (block?.timestamp ?? 0) + 1;
    const quorum = secrets.slice(0, 3);
    const report = encodeReport({
      setId: Number(setId),
      slot,
      signers: 0b111,
      observationRoot: 1n,
      entries: [{ feedIndex, count: 3, answerE8 }],
    });
    const digest = reportDigest(report, { chainId: 31_337n, priceFeeds: priceFeedsAddress });
    const signature = signTogether(quorum, `0x${Buffer.from(digest).toString("hex")}`);
    await provider.send("evm_setNextBlockTimestamp", [slot]);
    const sent = await priceFeeds.submit(report, {
      ...signature,
      zInverse: zInverse(quorum.map(publicKey)),
    });
    await sent.wait();
  } finally {
    provider.destroy();
  }
}

/** An operator's secp256k1 secret from its key file. */
export function secretOf(keyFile: unknown): bigint {
  return BigInt(`0x${Buffer.from(parseKeys(keyFile).secp256k1).toString("hex")}`);
}

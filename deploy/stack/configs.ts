import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";

import { HDNodeWallet, hexlify, Mnemonic, randomBytes } from "ethers";

import { generateKeys } from "../../keepers/feed/signing/keys.ts";
import { localChainId } from "./chain.ts";
import type { Paths, Ports } from "./layout.ts";
import type { StackFile } from "./stack-file.ts";

/** Anvil's published development mnemonic: these accounts are worth nothing anywhere else. */
const mnemonic = Mnemonic.fromPhrase("test test test test test test test test test test test junk");

/**
 * Which of the mnemonic's accounts does what: account 0 deploys and keeps no power, 1 to 5 are the operators, 14 to 16
 * vote, 17 holds the guardian, 18 posts participation (deploy/parameters/local.json names these). Several accounts let
 * randomness go on while a report waits for its block.
 */
const relayerAccountIndices = [10, 11, 12, 13];

/** Account that posts participation; the relayer has its key too. */
const scorerIndex = 18;

/** Account that gets the reporter's share of what the watch keeper has slashed. */
const reporterIndex = 19;

/** Operator whose proving key answers requests for random words. */
const proverIndex = 0;

/** An account of the local chain. */
export function localAccount(index: number): HDNodeWallet {
  return HDNodeWallet.fromMnemonic(mnemonic, `m/44'/60'/0'/0/${index}`);
}

/** How an operator gets its prices: what its configuration file says. */
export type OperatorPrices =
  | { readonly mode: "live" }
  | {
      readonly mode: "replay";
      readonly dir: string;
      readonly speed: number;
      readonly startedAtMs: number;
    }
  | { readonly mode: "simulator"; readonly seed: string };

export interface LocalOperator {
  readonly name: string;
  readonly account: string;
  readonly endpoint: string;
  readonly keyFile: string;
  /** Where `operators rotate` puts the keys that follow, and the operator's process finds them. */
  readonly nextKeyFile: string;
  readonly accountKeyFile: string;
  /** Proving key of randomness; one operator has one. */
  readonly vrfKeyFile?: string;
}

function writeSecret(file: string, text: string): void {
  if (!existsSync(file)) writeFileSync(file, text, { mode: 0o600 });
}

/** A scalar of secp256k1: 32 random bytes are none with probability below 2^-127, and then the deployment says so. */
function randomSecret(): string {
  return hexlify(randomBytes(32));
}

function writeJson(file: string, value: unknown): string {
  writeFileSync(file, `${JSON.stringify(value, null, 2)}\n`);
  return file;
}

/** The local operators; their keys are made on first use and stay. */
export function prepareOperators(paths: Paths, ports: Ports): LocalOperator[] {
  mkdirSync(paths.keys, { recursive: true, mode: 0o700 });
  mkdirSync(paths.config, { recursive: true });
  return ports.operators.map((port, index) => {
    const name = `operator-${index + 1}`;
    const wallet = localAccount(index + 1);
    const keyFile = path.join(paths.keys, `${name}.json`);
    const accountKeyFile = path.join(paths.keys, `${name}-account.txt`);
    if (!existsSync(keyFile)) writeSecret(keyFile, `${JSON.stringify(generateKeys())}\n`);
    writeSecret(accountKeyFile, `${wallet.privateKey}\n`);
    const vrfKeyFile = path.join(paths.keys, "vrf.json");
    const isProver = index === proverIndex;
    if (isProver) writeSecret(vrfKeyFile, `${JSON.stringify({ vrf: randomSecret() })}\n`);
    return {
      name,
      account: wallet.address,
      endpoint: `http://127.0.0.1:${port}`,
      keyFile,
      nextKeyFile: path.join(paths.keys, `${name}.next.json`),
      accountKeyFile,
      ...(isProver ? { vrfKeyFile } : {}),
    };
  });
}

/** Writes an operator process's configuration and returns its path. */
export function operatorConfig(
  paths: Paths,
  ports: Ports,
  stack: StackFile,
  operators: readonly LocalOperator[],
  index: number,
  prices: OperatorPrices,
): string {
  const operator = operators[index]!;
  return writeJson(path.join(paths.config, `${operator.name}.json`), {
    chainId: localChainId,
    rpcUrls: [stack.rpcUrl],
    contracts: { priceFeeds: stack.addresses.priceFeeds, operators: stack.addresses.operators },
    keyFile: operator.keyFile,
    nextKeyFile: operator.nextKeyFile,
    account: operator.account,
    listen: { host: "127.0.0.1", port: ports.operators[index] },
    metrics: { host: "127.0.0.1", port: ports.operatorMetrics[index] },
    prices,
    log: { level: "info" },
    parentPid: process.pid,
  });
}

/** Writes the relayer's configuration and returns its path. */
export function relayerConfig(paths: Paths, ports: Ports, stack: StackFile): string {
  const accounts = [...relayerAccountIndices, scorerIndex].map((index, i) => {
    const name = index === scorerIndex ? "scorer" : `relayer-${i + 1}`;
    const keyFile = path.join(paths.keys, `${name}.txt`);
    writeSecret(keyFile, `${localAccount(index).privateKey}\n`);
    return { keyFile };
  });
  return writeJson(path.join(paths.config, "relayer.json"), {
    networks: [
      {
        chainId: localChainId,
        rpcUrls: [stack.rpcUrl],
        accounts,
        confirmations: 1,
        blockTimeMs: 1000,
      },
    ],
    metrics: { host: "127.0.0.1", port: ports.relayerMetrics },
    log: { level: "info" },
    parentPid: process.pid,
  });
}

/** Writes the VRF keeper's configuration and returns its path. */
export function vrfConfig(
  paths: Paths,
  ports: Ports,
  stack: StackFile,
  operators: readonly LocalOperator[],
): string {
  return writeJson(path.join(paths.config, "vrf.json"), {
    chainId: localChainId,
    rpcUrls: [stack.rpcUrl],
    contracts: { vrfCoordinator: stack.addresses.vrfCoordinator },
    keyFile: operators[proverIndex]!.vrfKeyFile,
    indexUrl: stack.apiUrl,
    metrics: { host: "127.0.0.1", port: ports.vrfMetrics },
    log: { level: "info" },
    parentPid: process.pid,
  });
}

/** Writes the watch keeper's configuration and returns its path. */
export function watchConfig(paths: Paths, ports: Ports, stack: StackFile): string {
  const { governance, operators, vrfCoordinator } = stack.addresses;
  return writeJson(path.join(paths.config, "watch.json"), {
    chainId: localChainId,
    rpcUrls: [stack.rpcUrl],
    contracts: {
      slashing: governance.slashing,
      operators,
      guardian: governance.guardian,
      pausable: [operators, vrfCoordinator, governance.operatorRewards],
    },
    reporter: localAccount(reporterIndex).address,
    metrics: { host: "127.0.0.1", port: ports.watchMetrics },
    confirmations: 1,
    log: { level: "info" },
    parentPid: process.pid,
  });
}

/** Writes the score keeper's configuration and returns its path. */
export function scoreConfig(paths: Paths, ports: Ports, stack: StackFile): string {
  return writeJson(path.join(paths.config, "score.json"), {
    chainId: localChainId,
    rpcUrls: [stack.rpcUrl],
    contracts: { operatorRewards: stack.addresses.governance.operatorRewards },
    account: localAccount(scorerIndex).address,
    indexUrl: stack.apiUrl,
    metrics: { host: "127.0.0.1", port: ports.scoreMetrics },
    confirmations: 1,
    log: { level: "info" },
    parentPid: process.pid,
  });
}

/** Writes the indexer's configuration and returns its path. */
export function indexerConfig(
  paths: Paths,
  ports: Ports,
  stack: StackFile,
  startBlock: number,
): string {
  return writeJson(path.join(paths.config, "indexer.json"), {
    chainId: localChainId,
    rpcUrl: stack.rpcUrl,
    contracts: {
      operators: stack.addresses.operators,
      priceFeeds: stack.addresses.priceFeeds,
      vrfCoordinator: stack.addresses.vrfCoordinator,
      governance: {
        accessManager: stack.addresses.accessManager,
        ...stack.addresses.governance,
      },
      startBlock,
    },
    port: ports.api,
    stateDir: path.join(paths.state, "indexer"),
    log: { level: "info" },
    parentPid: process.pid,
  });
}

import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";

import { HDNodeWallet, Mnemonic } from "ethers";

import { generateKeys } from "../../keepers/feed/signing/keys.ts";
import { localChainId } from "./chain.ts";
import type { Paths, Ports } from "./layout.ts";
import type { StackFile } from "./stack-file.ts";

/** Anvil's published development mnemonic: these accounts are worth nothing anywhere else. */
const mnemonic = Mnemonic.fromPhrase("test test test test test test test test test test test junk");

/** Which of the mnemonic's accounts does what; account 0 deploys and governs, 1 to 5 are the operators. */
const relayerAccountIndex = 10;

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
  readonly accountKeyFile: string;
}

function writeSecret(file: string, text: string): void {
  if (!existsSync(file)) writeFileSync(file, text, { mode: 0o600 });
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
    return {
      name,
      account: wallet.address,
      endpoint: `http://127.0.0.1:${port}`,
      keyFile,
      accountKeyFile,
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
  const keyFile = path.join(paths.keys, "relayer.txt");
  writeSecret(keyFile, `${localAccount(relayerAccountIndex).privateKey}\n`);
  return writeJson(path.join(paths.config, "relayer.json"), {
    networks: [
      {
        chainId: localChainId,
        rpcUrls: [stack.rpcUrl],
        accounts: [{ keyFile }],
        confirmations: 1,
        blockTimeMs: 1000,
      },
    ],
    metrics: { host: "127.0.0.1", port: ports.relayerMetrics },
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
      startBlock,
    },
    port: ports.api,
    stateDir: path.join(paths.state, "indexer"),
    log: { level: "info" },
    parentPid: process.pid,
  });
}

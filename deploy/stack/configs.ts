import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";

import { HDNodeWallet, hexlify, Mnemonic, randomBytes } from "ethers";

import { generateKeys } from "../../keepers/feed/signing/keys.ts";
import { readProgram } from "../../keepers/payout/program.ts";
import { localChainId } from "./chain.ts";
import { payoutKeepers, type Paths, type Ports } from "./layout.ts";
import type { StackFile } from "./stack-file.ts";

/** Anvil's published development mnemonic: these accounts are worth nothing anywhere else. */
const mnemonic = Mnemonic.fromPhrase("test test test test test test test test test test test junk");

/**
 * Which of the mnemonic's accounts does what: account 0 deploys and keeps no power, 1 to 5 are the operators, 14 to 16
 * vote, 6 proposes and 7 disputes payouts, 8, 9 and 20 approve them, 17 holds the guardian, 18 posts participation (deploy/parameters/local.json names these). Several accounts let
 * randomness go on while a report waits for its block.
 */
const relayerAccountIndices = [10, 11, 12, 13];

/** Account that posts participation; the relayer has its key too. */
const scorerIndex = 18;

/** Account that gets the reporter's share of what the watch keeper has slashed. */
const reporterIndex = 19;

/** Accounts of the relayer that propose and dispute payouts. */
const proposerIndex = 6;
const watcherIndex = 7;

/** Approvers of payouts: they sign and send nothing. */
const approverIndices = [8, 9, 20];

/** Between a payout keeper's looks at the chain. */
const payoutPollMs = 250;

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
  const named = new Map([
    [scorerIndex, "scorer"],
    ...(stack.program === undefined
      ? []
      : ([
          [proposerIndex, "proposer"],
          [watcherIndex, "watcher"],
        ] as const)),
  ]);
  const accounts = [...relayerAccountIndices, ...named.keys()].map((index, i) => {
    const name = named.get(index) ?? `relayer-${i + 1}`;
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

/** Seconds between two attestations of a feed; elsewhere it is an hour. */
const attestEverySeconds = 60;
/** A heartbeat of the local feeds, and a little more. */
const attestGatherSeconds = 15;

/** Writes the attest keeper's configuration and returns its path. */
export function attestConfig(paths: Paths, ports: Ports, stack: StackFile): string {
  const { operators, priceAttestations } = stack.addresses;
  return writeJson(path.join(paths.config, "attest.json"), {
    chainId: localChainId,
    rpcUrls: [stack.rpcUrl],
    contracts: { priceAttestations, operators },
    ...{ everySeconds: attestEverySeconds, gatherSeconds: attestGatherSeconds },
    metrics: { host: "127.0.0.1", port: ports.attestMetrics },
    ...{ pollMs: 1_000, confirmations: 1 },
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

/** A payout keeper with its configuration file. */
export interface PayoutKeeper {
  readonly name: string;
  readonly config: string;
  readonly metricsPort: number;
}

/**
 * Writes the configurations of the payout keepers: one proposer, three approvers, one watcher.
 * @param startBlock Of the deployment.
 */
export function payoutConfigs(
  paths: Paths,
  ports: Ports,
  stack: StackFile,
  startBlock: number,
): PayoutKeeper[] {
  const common = {
    chainId: localChainId,
    rpcUrls: [stack.rpcUrl],
    contracts: { payoutDistributor: stack.addresses.payoutDistributor, startBlock },
    programFile: stack.program,
    folder: paths.payouts,
    confirmations: 1,
    pollMs: payoutPollMs,
    log: { level: "info" },
    parentPid: process.pid,
  };
  const [proposer, watcher] = [localAccount(proposerIndex), localAccount(watcherIndex)];
  const uri = `${stack.apiUrl}/payouts/data/{hash}.json`;
  const roles: object[] = [
    // Approvers and watcher read the chain's own logs, and so check the index too.
    { role: "proposer", sender: proposer.address, uri, holdings: "index" },
    ...approverIndices.map((index, i) => {
      const keyFile = path.join(paths.keys, `approver-${i + 1}.json`);
      writeSecret(keyFile, `${JSON.stringify({ payouts: localAccount(index).privateKey })}\n`);
      return { role: "approver", keyFile };
    }),
    { role: "watcher", sender: watcher.address, unpublishedSeconds: 2 },
  ];
  return roles.map((role, i) => {
    const [name, metricsPort] = [payoutKeepers[i]!, ports.payoutMetrics[i]!];
    const metrics = { host: "127.0.0.1", port: metricsPort };
    const config = path.join(paths.config, `${name}.json`);
    return { name, config: writeJson(config, { ...role, ...common, metrics }), metricsPort };
  });
}

/** Tokens whose holders are paid; where no program is in use, governance's. */
function payoutTokens({ addresses, program }: StackFile): string[] {
  if (program === undefined) return [addresses.governance.token];
  const { holdings, participants } = readProgram(program);
  const tokens = [holdings.token, participants.source === "transfers" ? participants.token : []];
  return [...new Set(tokens.flat())];
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
      ...(stack.addresses.payoutDistributor === null
        ? {}
        : {
            payouts: {
              distributor: stack.addresses.payoutDistributor,
              tokens: payoutTokens(stack),
            },
          }),
      ...(stack.addresses.priceAttestations === null || stack.addresses.traderRegistry === null
        ? {}
        : {
            proofs: {
              priceAttestations: stack.addresses.priceAttestations,
              traderRegistry: stack.addresses.traderRegistry,
            },
          }),
      startBlock,
    },
    payoutsFolder: paths.payouts,
    port: ports.api,
    stateDir: path.join(paths.state, "indexer"),
    log: { level: "info" },
    parentPid: process.pid,
  });
}

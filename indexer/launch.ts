import { createServer } from "node:net";
import path from "node:path";
import { parseArgs } from "node:util";

import { systemClock } from "../keepers/shared/clock.ts";
import { ConfigError, databaseUrlFromEnv } from "../keepers/shared/config.ts";
import { openDatabase } from "../keepers/shared/database.ts";
import { RetryableError, runProcess, type Scope } from "../keepers/shared/lifecycle.ts";
import { createLogger, redactCredentials } from "../keepers/shared/log.ts";
import { buildId } from "./buildId.ts";
import { openChainReader } from "./chain.ts";
import { inheritedEnvironment, readIndexerConfig, type IndexerConfig } from "./config.ts";
import { PORT_IN_USE, ponderVersion, startPonder, type PonderOptions } from "./ponderProcess.ts";
import { prepareIndex, type Preparation } from "./prepare.ts";
import { endPrevious, forgetProcess, rememberProcess } from "./previous.ts";
import { holdSoleLaunch } from "./soleLaunch.ts";
import { standstill } from "./standstill.ts";

const USAGE = "usage: node indexer/launch.ts --config FILE   (and DATABASE_URL in the environment)";
const LOCAL_CHAIN_ID = 31337;
/** Ponder's first limit for one endpoint entry. */
const REQUESTS_PER_ENTRY = 20;
/** A local chain that was killed has lost some seconds; an endpoint of a public one may lag for longer. */
const LOCAL_PATIENCE_MS = 6_000;
const PATIENCE_MS = 60_000;
const MAX_FAILURES = 10;
const FIRST_BACKOFF_MS = 500;
const MAX_BACKOFF_MS = 15_000;
const READY_POLL_MS = 100;
const READY_TIMEOUT_MS = 1_000;
/** So long Ponder may stand still while the chain goes on: it indexes blocks as they come. */
const LOCAL_STANDSTILL_MS = 20_000;
const STANDSTILL_MS = 180_000;
const STANDSTILL_POLL_MS = 1_000;

await runProcess({ name: "indexer", main });

async function main(scope: Scope): Promise<void> {
  const config = readIndexerConfig(configFile());
  const databaseUrl = databaseUrlFromEnv();
  const log = createLogger({ name: "indexer", level: config.log.level });
  scope.watchParent(config.parentPid);

  const options = ponderOptions(config, databaseUrl);
  const { schema } = options;
  const chain = openChainReader(config.rpcUrl);
  await assertPortFree(config.host, config.port);
  const ended = await endPrevious(config.stateDir);
  if (ended !== null) log.warn({ pid: ended }, "ended an indexer that outlived its launcher");

  const database = openDatabase(databaseUrl, log, { maxConnections: 2 });
  scope.defer(() => database.close());
  const sole = await holdSoleLaunch(database, schema, scope, log);
  scope.defer(() => sole.release());

  const { chainId } = config;
  const patienceMs = chainId === LOCAL_CHAIN_ID ? LOCAL_PATIENCE_MS : PATIENCE_MS;
  const preparation = { database, chain, chainId, schema, patienceMs, log };
  let isFirstStart = true;
  for (let failures = 1; !scope.signal.aborted; failures += 1) {
    const outcome = await runPonder({ ...preparation, isFirstStart }, options, config, scope);
    if (scope.signal.aborted) return;
    isFirstStart = false;
    if (outcome.wasReady) failures = 1;
    const reason = redactCredentials(outcome.reason);
    if (failures > MAX_FAILURES) {
      throw new RetryableError(`the index failed ${failures} times in a row, at last: ${reason}`);
    }
    const delayMs = Math.min(MAX_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** (failures - 1));
    log.error({ code: outcome.code, reason, failures, delayMs }, "Ponder ended; starting it again");
    await systemClock.sleep(delayMs, scope.signal);
  }
}

interface Outcome {
  readonly wasReady: boolean;
  /** How Ponder ended, null when it was not even started. */
  readonly code: number | NodeJS.Signals | null;
  readonly reason: string;
}

/** Prepares the index and runs Ponder until it ends by itself or the scope's signal stops it. */
async function runPonder(
  preparation: Preparation,
  options: PonderOptions,
  config: IndexerConfig,
  scope: Scope,
): Promise<Outcome> {
  const { log, schema } = preparation;
  try {
    await prepareIndex(preparation, scope.signal);
  } catch (error) {
    if (preparation.isFirstStart || error instanceof ConfigError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    return { wasReady: false, code: null, reason };
  }
  if (scope.signal.aborted) return { wasReady: false, code: null, reason: "stopped" };

  const startedMs = systemClock.nowMs();
  const ponder = startPonder(options, log.child({ part: "ponder" }));
  rememberProcess(config.stateDir, ponder.pid);
  const onAbort = () => void ponder.stop();
  scope.signal.addEventListener("abort", onAbort);

  let stoodStill: string | null = null;
  const over = new AbortController();
  void ponder.exit.then(() => over.abort());
  const wasReady = await waitUntilReady(config, AbortSignal.any([scope.signal, over.signal]));
  if (wasReady) {
    const readyMs = systemClock.nowMs() - startedMs;
    log.info({ schema, port: config.port, readyMs }, "index is ready");
    void standstill(
      {
        chain: preparation.chain,
        indexed: () => indexedBlock(config),
        clock: systemClock,
        patienceMs: config.chainId === LOCAL_CHAIN_ID ? LOCAL_STANDSTILL_MS : STANDSTILL_MS,
        pollMs: STANDSTILL_POLL_MS,
      },
      AbortSignal.any([scope.signal, over.signal]),
    ).then((reason) => {
      if (reason === null) return;
      stoodStill = reason;
      void ponder.stop();
    });
  }
  const { code, lastError } = await ponder.exit;
  scope.signal.removeEventListener("abort", onAbort);
  forgetProcess(config.stateDir);
  if (lastError?.endsWith(PORT_IN_USE) === true) throw new ConfigError(lastError);
  return { wasReady, code, reason: stoodStill ?? lastError ?? "no reason given" };
}

/** Highest block that Ponder says it has indexed, null when it does not say. */
async function indexedBlock({ host, port }: IndexerConfig): Promise<number | null> {
  try {
    const response = await fetch(`http://${host}:${port}/status`, {
      signal: AbortSignal.timeout(READY_TIMEOUT_MS),
    });
    const status = (await response.json()) as Record<string, { block?: { number?: number } }>;
    return Object.values(status)[0]?.block?.number ?? null;
  } catch {
    return null;
  }
}

function configFile(): string {
  try {
    const { values } = parseArgs({ options: { config: { type: "string" } } });
    if (values.config !== undefined) return values.config;
  } catch (error) {
    throw new ConfigError(`${error instanceof Error ? error.message : String(error)}\n${USAGE}`);
  }
  throw new ConfigError(`--config is missing\n${USAGE}`);
}

function ponderOptions(config: IndexerConfig, databaseUrl: string): PonderOptions {
  const isLocal = config.chainId === LOCAL_CHAIN_ID;
  const requests = config.maxRequestsPerSecond ?? (isLocal ? 200 : REQUESTS_PER_ENTRY);
  const settings = {
    chainId: config.chainId,
    rpcUrls: Array.from({ length: Math.ceil(requests / REQUESTS_PER_ENTRY) }, () => config.rpcUrl),
    pollingIntervalMs: config.pollingIntervalMs ?? (isLocal ? 200 : 1_000),
    databaseUrl,
    contracts: config.contracts,
    // Ponder runs in another folder.
    payoutsFolder:
      config.payoutsFolder === undefined ? undefined : path.resolve(config.payoutsFolder),
  };
  return {
    settings,
    schema: `chain_${buildId(import.meta.dirname, ponderVersion(), settings)}`,
    host: config.host,
    port: config.port,
    logLevel: config.log.level,
    environment: inheritedEnvironment(),
  };
}

async function assertPortFree(host: string, port: number): Promise<void> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      const why = error.code === "EADDRINUSE" ? PORT_IN_USE : error.message;
      reject(new ConfigError(`port ${port} on ${host} ${why}`));
    });
    server.listen(port, host, () => server.close(() => resolve()));
  });
}

/** @returns false when the signal ended the wait. */
async function waitUntilReady(config: IndexerConfig, signal: AbortSignal): Promise<boolean> {
  const url = `http://${config.host}:${config.port}/ready`;
  while (!signal.aborted) {
    const isReady = await fetch(url, { signal: AbortSignal.timeout(READY_TIMEOUT_MS) }).then(
      ({ ok }) => ok,
      () => false,
    );
    if (isReady) return true;
    await systemClock.sleep(READY_POLL_MS, signal);
  }
  return false;
}

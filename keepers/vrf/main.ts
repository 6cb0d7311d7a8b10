import { Command } from "commander";

import { systemClock } from "../shared/clock.ts";
import { migrate, openDatabase } from "../shared/database.ts";
import { runProcess, type Scope } from "../shared/lifecycle.ts";
import { createLogger, type Logger } from "../shared/log.ts";
import { createMetrics, serveMetrics } from "../shared/metrics.ts";
import { readPatiently } from "../shared/patience.ts";
import { openChain } from "../shared/rpc.ts";
import { exampleConfig, readVrfSettings } from "./config.ts";
import {
  createCoordinatorReader,
  type CoordinatorConfig,
  type CoordinatorReader,
} from "./coordinator.ts";
import { readIndexHead } from "./index-head.ts";
import { limitsOf } from "./limits.ts";
import { createVrfMetrics } from "./metrics.ts";
import { openProofPool } from "./pool.ts";
import type { ProvingKey } from "./prove.ts";
import { openQueue } from "./queue.ts";
import { createKeeper } from "./run.ts";
import { createWorker } from "./work.ts";

const HEALTHY_AGE_MS = 15_000;

const command = new Command("vrf")
  .description(
    "Proves random words for the requests of one proving key and hands them to the relayer.\n" +
      "Any number of processes with the same key share the work. The database is named by DATABASE_URL, which is the\n" +
      "only setting taken from the environment.",
  )
  .requiredOption("--config <file>", "JSON configuration file")
  .addHelpText(
    "after",
    `\nThe key file has mode 0600 and holds {"vrf": "0x…"}, 32 bytes. The index must write to the same database.

Example:
  DATABASE_URL=postgres://user:password@127.0.0.1:8552/dodona node keepers/vrf/main.ts --config vrf.json

vrf.json:
${exampleConfig}`,
  );

await runProcess({ name: "vrf", main });

async function main(scope: Scope): Promise<void> {
  const { config: file } = command.parse().opts<{ config: string }>();
  const settings = readVrfSettings(file);
  const { config, key, databaseUrl, pollMs, blockTimeMs } = settings;
  const { chainId, contracts, indexUrl, indexSchema } = config;
  scope.watchParent(config.parentPid);
  const clock = systemClock;
  const { keyHash } = key;
  const log = createLogger({ name: "vrf", level: config.log.level }).child({ keyHash });
  const coordinate = { chainId, coordinator: contracts.vrfCoordinator };
  const registry = createMetrics("vrf");
  const metrics = createVrfMetrics(registry);

  const db = openDatabase(databaseUrl, log, { maxConnections: 6 });
  scope.defer(() => db.close());
  await migrate(db);
  const chain = openChain({ chainId, rpcUrls: config.rpcUrls, log });
  scope.defer(() => chain.close());
  const reader = createCoordinatorReader(chain, contracts.vrfCoordinator);

  let problem: string | null = "the chain has not been read yet";
  let health = (): { lookedAtMs: number | null; blocked: string | null } | null => null;
  const { host, port } = config.metrics;
  const server = await serveMetrics(registry, port, host, () => {
    const state = health();
    const lookedAtMs = state?.lookedAtMs ?? null;
    const ageMs = lookedAtMs === null ? null : clock.nowMs() - lookedAtMs;
    const isFresh = ageMs !== null && ageMs < HEALTHY_AGE_MS;
    return {
      ok: problem === null && isFresh && state?.blocked === null,
      problem,
      keyHash,
      ageMs,
      ...state,
      rpc: chain.health(),
    };
  });
  scope.defer(() => server.close());
  log.info({ coordinator: contracts.vrfCoordinator, metricsPort: server.port }, "keeper started");

  const rules = await readPatiently(
    () => readRules(reader, key, log),
    { clock, log },
    scope.signal,
  );
  if (rules === null) return;
  const limits = limitsOf(rules, rules.keepsHashes, config.maxAttempts);
  problem = null;
  const pool = await openProofPool(key, settings.secret, { threads: settings.proofThreads, log });
  scope.defer(() => pool.close());
  const queue = await openQueue(
    databaseUrl,
    coordinate,
    keyHash,
    { expireSeconds: config.timing.jobExpireSeconds, archiveDays: config.archiveDays },
    log,
  );
  scope.defer(() => queue.stop());
  const common = { coordinate, reader, queue, clock, log, metrics, limits, indexSchema };
  await queue.work(
    createWorker({
      ...common,
      pool,
      db: db.pool,
      overheadGas: rules.overheadGas,
      batch: config.batch,
      blockTimeMs,
    }),
  );
  const keeper = createKeeper({
    ...common,
    keyHash,
    db,
    indexHead: (signal) => readIndexHead(indexUrl, chainId, signal),
    pollMs,
  });
  health = () => keeper.health();
  log.info({ limits }, "serves requests");
  await keeper.run(scope.signal);
}

/**
 * Reads what the coordinator allows.
 * @throws Error that says what to do, where it does not know the key
 */
async function readRules(
  reader: CoordinatorReader,
  key: ProvingKey,
  log: Logger,
): Promise<CoordinatorConfig & { readonly keepsHashes: boolean }> {
  const { active, registered } = await reader.provingKey(key.keyHash);
  if (!registered) {
    throw new Error(
      `the coordinator does not know this key. Let governance call registerProvingKey(${key.x}, ${key.y}, ` +
        "operator account, terms), then deposit its bond with depositBond(keyHash).",
    );
  }
  if (!active) {
    log.warn("the key is deregistered: requests that are pending are served, new ones refused");
  }
  return { ...(await reader.config()), keepsHashes: await reader.keepsBlockHashes() };
}

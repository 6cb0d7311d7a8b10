import { Command } from "commander";

import { systemClock } from "../shared/clock.ts";
import { migrate, openDatabase } from "../shared/database.ts";
import { runProcess, type Scope } from "../shared/lifecycle.ts";
import { createLogger } from "../shared/log.ts";
import { createMetrics, serveMetrics } from "../shared/metrics.ts";
import { openChain } from "../shared/rpc.ts";
import { exampleConfig, readPayoutSettings } from "./config.ts";
import { createDistributorReader } from "./distributor.ts";
import { openPublicationFiles } from "./files.ts";
import { createIndexSource } from "./index-source.ts";
import { createLogSource } from "./log-source.ts";
import { createPayoutMetrics } from "./metrics.ts";
import { programHash } from "./program.ts";
import { createPayoutKeeper, type KeeperHealth } from "./run.ts";

const HEALTHY_AGE_MS = 60_000;

const command = new Command("payout")
  .description(
    "Computes who is paid what, every day. In one of three roles: the proposer proposes and activates, an approver signs\n" +
      "what it recomputed itself, a watcher disputes what differs. Any number of processes of a role share the work.\n" +
      "The database is named by DATABASE_URL, which is the only setting taken from the environment.",
  )
  .requiredOption("--config <file>", "JSON configuration file")
  .addHelpText(
    "after",
    `\nAn approver's key file has mode 0600 and holds {"payouts": "0x…"}, 32 bytes. The program's fields are in README.md.

Example:
  DATABASE_URL=postgres://user:password@127.0.0.1:8552/dodona node keepers/payout/main.ts --config payout.json

payout.json:
${exampleConfig}`,
  );

await runProcess({ name: "payout", main });

async function main(scope: Scope): Promise<void> {
  const { config: file } = command.parse().opts<{ config: string }>();
  const { config, program, wallet, databaseUrl, confirmations, pollMs } = readPayoutSettings(file);
  const { role, chainId } = config;
  const { payoutDistributor: distributor, startBlock } = config.contracts;
  scope.watchParent(config.parentPid);
  const clock = systemClock;
  const log = createLogger({ name: "payout", level: config.log.level }).child({ role });
  const registry = createMetrics("payout");

  const db = openDatabase(databaseUrl, log, { maxConnections: 4 });
  scope.defer(() => db.close());
  await migrate(db);
  const chain = openChain({ chainId, rpcUrls: config.rpcUrls, log });
  scope.defer(() => chain.close());

  const keeper = createPayoutKeeper({
    ...{
      role,
      db,
      clock,
      log,
      program,
      chain,
      chainId,
      distributor,
      confirmations,
      pollMs,
      wallet,
    },
    reader: createDistributorReader(chain, distributor, startBlock),
    source:
      config.holdings === "index"
        ? createIndexSource({ chain, db, chainId })
        : createLogSource(chain),
    files: openPublicationFiles(config.folder, config.mirrors),
    metrics: createPayoutMetrics(registry),
    ...{ checkSize: config.crossCheck, maxAttempts: config.maxAttempts },
    unpublishedSeconds: role === "watcher" ? config.unpublishedSeconds : 0,
    sender: role === "approver" ? null : config.sender,
    uri: role === "proposer" ? config.uri : "",
  });
  const { host, port } = config.metrics;
  const server = await serveMetrics(registry, port, host, () => {
    const health: KeeperHealth = keeper.health();
    const ageMs = health.lookedAtMs === null ? null : clock.nowMs() - health.lookedAtMs;
    const isFresh = ageMs !== null && ageMs < HEALTHY_AGE_MS;
    return { ok: isFresh && health.error === null, role, ageMs, ...health, rpc: chain.health() };
  });
  scope.defer(() => server.close());
  const facts = { distributor, program: programHash(program), metricsPort: server.port };
  log.info(facts, "keeper started");
  await keeper.run(scope.signal);
}

import { Command } from "commander";

import { systemClock } from "../shared/clock.ts";
import { readSettings } from "../shared/config.ts";
import { migrate, openDatabase } from "../shared/database.ts";
import { runProcess, type Scope } from "../shared/lifecycle.ts";
import { createLogger } from "../shared/log.ts";
import { createMetrics, serveMetrics } from "../shared/metrics.ts";
import { readPatiently } from "../shared/patience.ts";
import { openChain } from "../shared/rpc.ts";
import { askSlots } from "../shared/slots.ts";
import { createBringer } from "./bring.ts";
import { createWatchReader } from "./chain.ts";
import { exampleConfig, watchConfigSchema } from "./config.ts";
import { createJudge } from "./judge.ts";
import { createWatchMetrics } from "./metrics.ts";
import { createWatcher, type WatcherHealth } from "./run.ts";
import { createWatchStore } from "./store.ts";

const HEALTHY_CHAIN_AGE_MS = 15_000;

const command = new Command("watch")
  .description(
    "Collects what operators sign, and brings evidence of lies to the slashing contract: two observations of one slot, " +
      "reports whose medians differ from their observations. Warns about pauses that lapse, low stake and set changes. " +
      "It has no key; any number of them may run, beside any relayer. The database is named by DATABASE_URL, which is " +
      "the only setting taken from the environment.",
  )
  .requiredOption("--config <file>", "JSON configuration file")
  .addHelpText(
    "after",
    `
Example:
  DATABASE_URL=postgres://user:password@127.0.0.1:8552/dodona node keepers/watch/main.ts --config watch.json

watch.json:
${exampleConfig}`,
  );

await runProcess({ name: "watch", main });

async function main(scope: Scope): Promise<void> {
  const { config: file } = command.parse().opts<{ config: string }>();
  const { config, databaseUrl } = readSettings(watchConfigSchema, file);
  const { chainId, contracts, reporter, pollMs, confirmations, maxAttempts } = config;
  scope.watchParent(config.parentPid);
  const clock = systemClock;
  const log = createLogger({ name: "watch", level: config.log.level });
  const registry = createMetrics("watch");
  const metrics = createWatchMetrics(registry);

  const db = openDatabase(databaseUrl, log, { maxConnections: 4 });
  scope.defer(() => db.close());
  await migrate(db);
  const chain = openChain({ chainId, rpcUrls: config.rpcUrls, log });
  scope.defer(() => chain.close());
  const reader = createWatchReader(chain.provider, contracts);

  let health = (): WatcherHealth | null => null;
  const { host, port } = config.metrics;
  const server = await serveMetrics(registry, port, host, () => {
    const state = health();
    const readMs = state?.chainReadMs ?? null;
    const chainAgeMs = readMs === null ? null : clock.nowMs() - readMs;
    const isFresh = chainAgeMs !== null && chainAgeMs < HEALTHY_CHAIN_AGE_MS;
    return { ok: isFresh && state?.error === null, chainAgeMs, ...state, rpc: chain.health() };
  });
  scope.defer(() => server.close());
  log.info({ slashing: contracts.slashing, metricsPort: server.port }, "keeper started");

  const rules = await readPatiently(() => reader.rules(), { clock, log }, scope.signal);
  if (rules === null) return;
  const { priceFeeds, evidencePeriod } = rules;
  const domain = { chainId, priceFeeds };
  const store = createWatchStore(db, domain, contracts.slashing);
  const court = { chainId, slashing: contracts.slashing, reporter };
  const watcher = createWatcher({
    ...{ reader, store, clock, log, metrics, pollMs },
    judge: createJudge(domain, (setId) => reader.set(setId)),
    bring: createBringer({
      ...{ store, reader, court, evidencePeriod, maxAttempts, confirmations, clock, log, metrics },
    }),
    ask: (endpoint, fromSlot, signal) =>
      askSlots(endpoint, fromSlot, { timeoutMs: config.askMs, signal }),
    limits: config.warnings,
    keepSeconds: evidencePeriod + config.marginSeconds,
  });
  health = () => watcher.health();
  log.info({ priceFeeds, evidencePeriod }, "watches");
  await watcher.run(scope.signal);
}

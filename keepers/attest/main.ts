import { Command } from "commander";

import { systemClock } from "../shared/clock.ts";
import { readSettings } from "../shared/config.ts";
import { migrate, openDatabase } from "../shared/database.ts";
import { runProcess, type Scope } from "../shared/lifecycle.ts";
import { createLogger } from "../shared/log.ts";
import { createMetrics, serveMetrics } from "../shared/metrics.ts";
import { readPatiently } from "../shared/patience.ts";
import { openChain } from "../shared/rpc.ts";
import { createAttestReader } from "./chain.ts";
import { attestConfigSchema, exampleConfig } from "./config.ts";
import { createAttestMetrics } from "./metrics.ts";
import { createAttester, type AttesterHealth } from "./run.ts";
import { createAttestStore } from "./store.ts";

const HEALTHY_AGE_MS = 15_000;

const command = new Command("attest")
  .description(
    "Has the answers of every feed attested on chain, once in each period: it proves in zero knowledge that a quorum of " +
      "the operators signed observations whose medians they are. It has no key: anyone may send a proof, and the relayer " +
      "does. The database is named by DATABASE_URL, which is the only setting taken from the environment.",
  )
  .requiredOption("--config <file>", "JSON configuration file")
  .addHelpText(
    "after",
    `
The points of the ceremony are taken from CRS_PATH, from the machine's cache, or downloaded once (a few megabytes).

Example:
  DATABASE_URL=postgres://user:password@127.0.0.1:8552/dodona node keepers/attest/main.ts --config attest.json

attest.json:
${exampleConfig}`,
  );

await runProcess({ name: "attest", main });

async function main(scope: Scope): Promise<void> {
  const { config: file } = command.parse().opts<{ config: string }>();
  const { config, databaseUrl } = readSettings(attestConfigSchema, file);
  const { chainId, confirmations, contracts, everySeconds, maxAttempts, pollMs } = config;
  const { askMs, gatherSeconds, proveMs } = config;
  scope.watchParent(config.parentPid);
  const clock = systemClock;
  const log = createLogger({ name: "attest", level: config.log.level });
  const registry = createMetrics("attest");

  const db = openDatabase(databaseUrl, log, { maxConnections: 2 });
  scope.defer(() => db.close());
  await migrate(db);
  const chain = openChain({ chainId, rpcUrls: config.rpcUrls, log });
  scope.defer(() => chain.close());
  const reader = createAttestReader(chain.provider, contracts);

  let health = (): AttesterHealth | null => null;
  const { host, port } = config.metrics;
  const server = await serveMetrics(registry, port, host, () => {
    const state = health();
    const readMs = state?.readMs ?? null;
    const ageMs = readMs === null ? null : clock.nowMs() - readMs;
    // A proof may take all of its time, during which nothing is read.
    const isFresh = ageMs !== null && ageMs < HEALTHY_AGE_MS + pollMs + proveMs;
    return { ok: isFresh && state?.error === null, ageMs, ...state, rpc: chain.health() };
  });
  scope.defer(() => server.close());
  const { priceAttestations } = contracts;
  log.info({ priceAttestations, metricsPort: server.port }, "keeper started");

  const priceFeeds = await readPatiently(() => reader.priceFeeds(), { clock, log }, scope.signal);
  if (priceFeeds === null) return;
  const target = { chainId, priceAttestations };
  const attester = createAttester({
    ...{ reader, target, everySeconds, confirmations, maxAttempts, pollMs, askMs, proveMs },
    gatherSeconds,
    ...{ clock, log, metrics: createAttestMetrics(registry) },
    domain: { chainId, priceFeeds },
    store: createAttestStore(db, target, maxAttempts),
  });
  health = () => attester.health();
  log.info({ priceFeeds, everySeconds }, "attests");
  await attester.run(scope.signal);
}

import { Command } from "commander";

import { systemClock } from "../shared/clock.ts";
import { readSettings } from "../shared/config.ts";
import { migrate, openDatabase } from "../shared/database.ts";
import { runProcess, type Scope } from "../shared/lifecycle.ts";
import { createLogger } from "../shared/log.ts";
import { createMetrics, serveMetrics } from "../shared/metrics.ts";
import { readPatiently } from "../shared/patience.ts";
import { openChain } from "../shared/rpc.ts";
import { createScoreReader } from "./chain.ts";
import { exampleConfig, scoreConfigSchema } from "./config.ts";
import { createIndexReader } from "./index-reader.ts";
import { createScoreLedger } from "./ledger.ts";
import { createScoreMetrics } from "./metrics.ts";
import { createScorer, type ScorerHealth } from "./run.ts";

const HEALTHY_AGE_MS = 15_000;

const command = new Command("score")
  .description(
    "Posts who took part in each epoch that has ended, as the index counted it, so that operators are paid. It has no key: " +
      "the relayer sends from the scorer's account. The database is named by DATABASE_URL, which is the only setting " +
      "taken from the environment.",
  )
  .requiredOption("--config <file>", "JSON configuration file")
  .addHelpText(
    "after",
    `
Example:
  DATABASE_URL=postgres://user:password@127.0.0.1:8552/dodona node keepers/score/main.ts --config score.json

score.json:
${exampleConfig}`,
  );

await runProcess({ name: "score", main });

async function main(scope: Scope): Promise<void> {
  const { config: file } = command.parse().opts<{ config: string }>();
  const { config, databaseUrl } = readSettings(scoreConfigSchema, file);
  const { account, chainId, confirmations, maxAttempts, pollMs, settleSeconds } = config;
  const rewards = config.contracts.operatorRewards;
  scope.watchParent(config.parentPid);
  const clock = systemClock;
  const log = createLogger({ name: "score", level: config.log.level });
  const registry = createMetrics("score");

  const db = openDatabase(databaseUrl, log, { maxConnections: 2 });
  scope.defer(() => db.close());
  await migrate(db);
  const chain = openChain({ chainId, rpcUrls: config.rpcUrls, log });
  scope.defer(() => chain.close());
  const reader = createScoreReader(chain.provider, rewards, account);

  let health = (): ScorerHealth | null => null;
  const { host, port } = config.metrics;
  const server = await serveMetrics(registry, port, host, () => {
    const state = health();
    const readMs = state?.readMs ?? null;
    const ageMs = readMs === null ? null : clock.nowMs() - readMs;
    const isFresh = ageMs !== null && ageMs < HEALTHY_AGE_MS + pollMs;
    return { ok: isFresh && state?.error === null, ageMs, ...state, rpc: chain.health() };
  });
  scope.defer(() => server.close());
  log.info({ rewards, account, metricsPort: server.port }, "keeper started");

  const epochSeconds = await readPatiently(
    () => reader.epochSeconds(),
    { clock, log },
    scope.signal,
  );
  if (epochSeconds === null) return;
  const target = { chainId, rewards, account };
  const scorer = createScorer({
    ...{ reader, target, epochSeconds, settleSeconds, confirmations, maxAttempts, pollMs },
    ...{ clock, log, metrics: createScoreMetrics(registry) },
    index: createIndexReader(db, config.indexUrl, chainId),
    ledger: createScoreLedger(db, target, maxAttempts),
  });
  health = () => scorer.health();
  log.info({ epochSeconds, settleSeconds }, "scores");
  await scorer.run(scope.signal);
}

import { Command } from "commander";

import { systemClock, type Clock } from "../shared/clock.ts";
import { migrate, openDatabase } from "../shared/database.ts";
import { runProcess, type Scope } from "../shared/lifecycle.ts";
import { createLogger, type Logger } from "../shared/log.ts";
import { createMetrics, serveMetrics } from "../shared/metrics.ts";
import { openChain } from "../shared/rpc.ts";
import { createScoreReader, type ScoreReader } from "./chain.ts";
import { exampleConfig, readScoreSettings } from "./config.ts";
import { createIndexReader } from "./index-reader.ts";
import { createScoreLedger } from "./ledger.ts";
import { createScoreMetrics } from "./metrics.ts";
import { createScorer, type ScorerHealth } from "./run.ts";

const HEALTHY_AGE_MS = 15_000;
const RETRY_MS = 3_000;

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
  const { config, databaseUrl } = readScoreSettings(file);
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

  const epochSeconds = await waitForEpochs({ reader, clock, log }, scope.signal);
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

/** Waits until the chain can be read; null when the process shall end. */
async function waitForEpochs(
  deps: { reader: ScoreReader; clock: Clock; log: Logger },
  signal: AbortSignal,
): Promise<number | null> {
  const { clock, log, reader } = deps;
  let said = "";
  while (!signal.aborted) {
    try {
      return await reader.epochSeconds();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      if (reason !== said) log.warn(`waiting: ${reason}`);
      said = reason;
    }
    await clock.sleep(RETRY_MS, signal);
  }
  return null;
}

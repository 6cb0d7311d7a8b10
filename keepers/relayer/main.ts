import { Command } from "commander";
import { systemClock } from "../shared/clock.ts";
import { databaseUrlFromEnv, readConfig } from "../shared/config.ts";
import { migrate, openDatabase } from "../shared/database.ts";
import { runProcess, type Scope } from "../shared/lifecycle.ts";
import { createLogger } from "../shared/log.ts";
import { createMetrics, serveMetrics } from "../shared/metrics.ts";
import { openChain } from "../shared/rpc.ts";
import { createAccountWorker } from "./account.ts";
import { exampleConfig, relayerConfigSchema, settingsOf, timingOf, tipOf } from "./config.ts";
import { createRelayerMetrics } from "./metrics.ts";
import { relayerHealth, runRelayer, type Network } from "./run.ts";
import { openSigner } from "./signer.ts";

const command = new Command("relayer")
  .description(
    "Sends the transactions that keepers ask for: the only process that holds nonces.\n" +
      "Reads intents from the database named by DATABASE_URL, which is the only setting taken from the environment.",
  )
  .requiredOption("--config <file>", "JSON configuration file")
  .addHelpText(
    "after",
    `\nA key file has mode 0600 and holds a private key in hex, or an encrypted JSON keystore, whose password is then in
the file named by passwordFile.

Example:
  DATABASE_URL=postgres://user:password@127.0.0.1:8552/dodona node keepers/relayer/main.ts --config relayer.json

relayer.json:
${exampleConfig}`,
  );

await runProcess({ name: "relayer", main: (scope) => main(scope) });

async function main(scope: Scope): Promise<void> {
  const { config: file } = command.parse().opts<{ config: string }>();
  const config = readConfig(relayerConfigSchema, file);
  scope.watchParent(config.parentPid);
  const log = createLogger({ name: "relayer", level: config.log.level });
  const clock = systemClock;

  const db = openDatabase(databaseUrlFromEnv(), log);
  scope.defer(() => db.close());
  const applied = await migrate(db);
  if (applied.length > 0) log.info({ applied }, "database migrated");

  const registry = createMetrics("relayer");
  const metrics = createRelayerMetrics(registry);
  const networks: Network[] = [];
  for (const network of config.networks) {
    const { chainId, rpcUrls, rpcTimeoutMs } = network;
    const chain = openChain({ chainId, rpcUrls, log, timeoutMs: rpcTimeoutMs, clock });
    scope.defer(() => chain.close());
    const timing = timingOf(network);
    const common = {
      db,
      chain,
      clock,
      log,
      metrics,
      timing,
      settings: settingsOf(network),
      tip: tipOf(network),
    };
    const signers = await Promise.all(
      network.accounts.map(({ keyFile, passwordFile }) => openSigner(keyFile, passwordFile)),
    );
    const workers = signers.map((signer) => createAccountWorker({ ...common, signer }));
    networks.push({ chain, workers, staleAfterMs: timing.staleAfterMs });
  }

  const deps = { db, clock, log, metrics, networks };
  const server = await serveMetrics(registry, config.metrics.port, config.metrics.host, () =>
    relayerHealth(deps),
  );
  scope.defer(() => server.close());
  const accounts = networks.flatMap((network) => network.workers.map((worker) => worker.key));
  log.info({ accounts, metricsPort: server.port }, "relayer started");
  await runRelayer(deps, scope.signal);
  log.info("relayer stopped");
}

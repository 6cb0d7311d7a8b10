import { Command } from "commander";
import { systemClock } from "../shared/clock.ts";
import { ConfigError, databaseUrlFromEnv, readConfig } from "../shared/config.ts";
import { migrate, openDatabase } from "../shared/database.ts";
import { RetryableError, runProcess, type Scope } from "../shared/lifecycle.ts";
import { createLogger } from "../shared/log.ts";
import { createMetrics, serveMetrics } from "../shared/metrics.ts";
import { openChain } from "../shared/rpc.ts";
import { createAccountWorker, type AccountWorker } from "./account.ts";
import { createAllocator } from "./allocate.ts";
import {
  exampleConfig,
  headGapOf,
  quarantineOf,
  relayerConfigSchema,
  settingsOf,
  timingOf,
  tipOf,
  treasuryRulesOf,
} from "./config.ts";
import { createRelayerMetrics } from "./metrics.ts";
import { relayerHealth, runRelayer, type Network } from "./run.ts";
import { openSigner, type KeyPlace } from "./signer.ts";
import type { Signer } from "./signers/signer.ts";

const command = new Command("relayer")
  .description(
    "Sends the transactions that keepers ask for: the only process that holds nonces.\n" +
      "Reads intents from the database named by DATABASE_URL, which is the only setting taken from the environment.",
  )
  .requiredOption("--config <file>", "JSON configuration file")
  .addHelpText(
    "after",
    `\nA key file has mode 0600 and holds a private key in hex, or an encrypted JSON keystore, whose password is then in
the file named by passwordFile. Instead of {keyFile, passwordFile} an account may be
  {"kms": {"keyId": "alias/relayer", "region": "eu-central-1", "credentialsFile": "aws.json"}}, or
  {"web3signer": {"url": "http://127.0.0.1:9000", "publicKey": "0x04…"}}.

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
    const maxHeadGap = headGapOf(network);
    const chain = openChain({ chainId, rpcUrls, log, timeoutMs: rpcTimeoutMs, maxHeadGap, clock });
    scope.defer(() => chain.close());
    const timing = timingOf(network);
    const byAddress = new Map<string, AccountWorker>();
    const allocator = createAllocator({
      db: db.pool,
      clock,
      chainId,
      strategy: network.schedule,
      wake: (address) => byAddress.get(address)?.wake(),
    });
    const createWorker = async (place: KeyPlace, dedicated: boolean): Promise<AccountWorker> => {
      const signer = await openSignerOrLater(place);
      const worker = createAccountWorker({
        db,
        chain,
        clock,
        log,
        metrics,
        timing,
        allocator,
        signer,
        dedicated,
        settings: settingsOf(network),
        tip: tipOf(network),
        quarantine: quarantineOf(network),
      });
      if (byAddress.has(signer.address))
        throw new ConfigError(
          `${file}: account ${signer.address} stands twice on chain ${chainId}.`,
        );
      byAddress.set(signer.address, worker);
      return worker;
    };
    const workers: AccountWorker[] = [];
    for (const account of network.accounts) workers.push(await createWorker(account, false));
    const treasury = network.treasury && {
      worker: await createWorker(network.treasury.account, true),
      rules: treasuryRulesOf(network.treasury),
    };
    networks.push({
      chain,
      workers,
      staleAfterMs: timing.staleAfterMs,
      treasury: treasury ?? null,
    });
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

/** A signer elsewhere that does not answer at the start is worth a new start; a wrong setting is not. */
async function openSignerOrLater(place: KeyPlace): Promise<Signer> {
  try {
    return await openSigner(place);
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    throw new RetryableError(error instanceof Error ? error.message : String(error));
  }
}

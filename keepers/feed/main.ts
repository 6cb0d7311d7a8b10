import { parseArgs } from "node:util";

import { systemClock } from "../shared/clock.ts";
import { ConfigError } from "../shared/config.ts";
import { migrate, openDatabase } from "../shared/database.ts";
import { enqueueIntent } from "../shared/intents.ts";
import type { Scope } from "../shared/lifecycle.ts";
import { runProcess } from "../shared/lifecycle.ts";
import { createLogger } from "../shared/log.ts";
import { createMetrics, serveMetrics } from "../shared/metrics.ts";
import { openChain } from "../shared/rpc.ts";
import { readFeedSettings, readKeys } from "./config.ts";
import { createPricer } from "./price/create.ts";
import { defaultPriceSettings } from "./price/settings.ts";
import { createArchive } from "./round/archive.ts";
import { createChainReader } from "./round/chain-reader.ts";
import { createCosigner } from "./round/cosigner.ts";
import type { SignedReport } from "./round/inflight.ts";
import { createInFlight } from "./round/inflight.ts";
import { createKeyCheck } from "./round/key-check.ts";
import type { HeldKeys } from "./round/key-ring.ts";
import { createKeyRing } from "./round/key-ring.ts";
import { createLeader } from "./round/leader.ts";
import { createRoundMetrics } from "./round/metrics.ts";
import { createObserver } from "./round/observer.ts";
import { createPeers } from "./round/peers.ts";
import { createQuotes } from "./round/quotes.ts";
import { serveRounds } from "./round/server.ts";
import { createChainView } from "./round/set.ts";
import { createPriceBook } from "./round/slot-prices.ts";
import { createObservationStore, holdKeyLock } from "./round/store.ts";
import { intentOf } from "./round/submit.ts";
import { createUpkeep } from "./round/upkeep.ts";
import { warmUp } from "./round/warm-up.ts";
import { createWitness } from "./round/witness.ts";
import { createOperator } from "./run.ts";
import type { OperatorKeys } from "./signing/keys.ts";
import { publicKeys, signerAddress } from "./signing/keys.ts";
import { createStatusWriter } from "./status.ts";
import { createVenueSource } from "./venues/create.ts";

const HEALTHY_CHAIN_AGE_MS = 10_000;
const USAGE = "usage: node keepers/feed/main.ts --config FILE";

function configFile(): string {
  try {
    const { values } = parseArgs({ options: { config: { type: "string" } } });
    if (values.config !== undefined) return values.config;
  } catch (error) {
    throw new ConfigError(`${error instanceof Error ? error.message : String(error)}\n${USAGE}`);
  }
  throw new ConfigError(USAGE);
}

async function main(scope: Scope): Promise<void> {
  const { config, keys, databaseUrl } = readFeedSettings(configFile());
  const { chainId, contracts, account, timing } = config;
  scope.watchParent(config.parentPid);
  const clock = systemClock;
  const log = createLogger({ name: "feed", level: config.log.level }).child({ account });
  const domain = { chainId: BigInt(chainId), priceFeeds: contracts.priceFeeds };
  const registry = createMetrics("feed");
  const metrics = createRoundMetrics(registry);
  if (config.prices.mode !== "live") {
    log.warn({ mode: config.prices.mode }, "prices are not from live venues");
  }

  const db = openDatabase(databaseUrl, log, { maxConnections: 4 });
  scope.defer(() => db.close());
  await migrate(db);
  const chain = openChain({ chainId, rpcUrls: config.rpcUrls, log });
  scope.defer(() => chain.close());

  const reader = createChainReader(chain.provider, contracts);
  const view = createChainView(reader, clock, log);
  await view.refresh().catch((error: unknown) => {
    log.warn({ reason: error instanceof Error ? error.message : String(error) }, "chain not read");
  });
  const feeds = view.latest()?.set.feeds ?? [];
  const pricer = createPricer({ feeds });
  const quotes = createQuotes((bases) => createVenueSource(config.prices, { log, clock, bases }), {
    always: defaultPriceSettings.convertible,
    feedIds: feeds.map(({ feedId }) => feedId),
  });

  const hold = (held: OperatorKeys): HeldKeys => {
    const owner = { chainId, contract: contracts.priceFeeds, operator: signerAddress(held) };
    const { lock, done } = holdKeyLock(db, owner, { clock, log, signal: scope.signal });
    scope.defer(() => done);
    return {
      ...{ keys: held, publicKeys: publicKeys(held), lock },
      store: createObservationStore(db, owner),
    };
  };
  const ring = createKeyRing(account, hold(keys));
  const isLocked = (): boolean => ring.all().every(({ lock }) => lock.held());
  const book = createPriceBook();
  const inFlight = createInFlight(timing);
  const observer = createObserver({ domain, ring, prices: book, clock });
  const deliver = async (signed: SignedReport): Promise<void> => {
    const intent = intentOf(signed, { chainId, priceFeeds: contracts.priceFeeds });
    await db.transaction((client) => enqueueIntent(client, intent));
  };
  const witness = createWitness();
  const archive = createArchive();
  const operator = createOperator({
    account,
    ring,
    keyCheck: createKeyCheck({
      ...{ account, ring, reader, log, hold, readKeys },
      files: { keyFile: config.keyFile, nextKeyFile: config.nextKeyFile ?? null },
    }),
    upkeep: createUpkeep(chain.provider, { chainId, ...contracts }, async (intent) => {
      await db.transaction((client) => enqueueIntent(client, intent));
    }),
    clock,
    log,
    reader,
    view,
    quotes,
    pricer,
    book,
    inFlight,
    metrics,
    deliver,
    roundMs: timing.roundMs,
    status: createStatusWriter(db, {
      chainId,
      contract: contracts.priceFeeds,
      account,
      mode: quotes.mode,
    }),
    leader: createLeader({
      domain,
      ring,
      clock,
      prices: book,
      observer,
      inFlight,
      witness,
      archive,
      deliver,
      timeouts: timing,
      peers: createPeers({ domain, ring, view, clock }),
      onObserved: metrics.observed,
    }),
  });

  const cosigner = createCosigner({
    domain,
    ring,
    view,
    observer,
    inFlight,
    witness,
    archive,
    clock,
    log,
    onSigned: metrics.cosigned,
  });
  await warmUp();
  const server = await serveRounds({
    ...{ domain, view, cosigner, archive, clock, log, listen: config.listen },
    ownObservation: async (setId, slot) => {
      for (const { store } of ring.all()) {
        const found = await store.find(setId, slot);
        if (found !== null) return found;
      }
      return null;
    },
    selfIn: (set) => ring.seatIn(set)?.index ?? null,
    onRefused: metrics.refused,
  });
  scope.defer(() => server.close());
  const { host, port } = config.metrics;
  const metricsServer = await serveMetrics(registry, port, host, () => {
    const standing = operator.standing();
    const snapshot = view.latest();
    const chainAgeMs = snapshot === null ? null : clock.nowMs() - snapshot.atMs;
    const priced = book.latest().filter(({ priceE8 }) => priceE8 !== null).length;
    const isReading = chainAgeMs !== null && chainAgeMs < HEALTHY_CHAIN_AGE_MS;
    return {
      ok: standing.kind === "active" && isReading && priced > 0 && isLocked(),
      standing,
      setId: snapshot?.set.id ?? null,
      chainAgeMs,
      keyLocked: isLocked(),
      source: quotes.mode,
      prices: book.latest(),
      venues: quotes.health(),
      rpc: chain.health(),
    };
  });
  scope.defer(() => metricsServer.close());
  log.info(
    { port: server.port, metricsPort: metricsServer.port, source: quotes.mode },
    "operator runs",
  );
  await Promise.all([
    operator.run(scope.signal),
    quotes.run((tick) => void pricer.add(tick), scope.signal),
  ]);
}

await runProcess({ name: "feed", main });

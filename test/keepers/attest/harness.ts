/** The operators' network of the watch keeper's tests, with attestations, an index's table, and attest keepers' processes. */
import { ContractFactory, encodeBytes32String } from "ethers";

import { buildCircuits } from "../../../circuits/build/build.ts";
import { circuitOf } from "../../../circuits/build/circuits.ts";
import { developmentSrs, storedCeremonySrs } from "../../../circuits/build/srs.ts";
import { verifierBytecode } from "../../../circuits/build/verifier-bytecode.ts";
import type { SignedObservation } from "../../../keepers/feed/signing/observation.ts";
import type { Database } from "../../../keepers/shared/database.ts";
import { PriceAttestations__factory } from "../../../types/ethers-contracts/factories/proofs/PriceAttestations__factory.ts";
import type { PriceAttestations } from "../../../types/ethers-contracts/proofs/PriceAttestations.ts";
import { startKeeperProcess, type KeeperProcess } from "../../helpers/keeper-process.ts";
import { bundle, observe } from "../watch/fixtures.ts";
import { startWatchNetwork, type WatchNetwork } from "../watch/harness.ts";

/** Names by feed index. */
export const FEEDS = ["BTC/USD", "ETH/USD", "USDC/USD"] as const;
/** Period of the keepers that tests start. */
const EVERY_SECONDS = 3_600;
/** Prices that operators agree on; the middle one differs by operator. */
const PRICES = [6_000_000_000_000n, 300_000_000_000n, 100_000_000n] as const;

/** A report that the chain has accepted. */
export interface Published {
  readonly slot: number;
  readonly observations: readonly SignedObservation[];
  readonly answers: readonly bigint[];
  /** Has operators show it and what it stands on. */
  show(operators: readonly number[], change?: (one: SignedObservation) => SignedObservation): void;
}

/** The network with attestations. */
export interface AttestNetwork extends WatchNetwork {
  readonly attestations: PriceAttestations;
  /** Has a report with these feeds accepted and indexed. */
  publish(db: Database, feeds?: readonly number[]): Promise<Published>;
  /** Begins a period: what was attested before is of another one. */
  nextPeriod(): Promise<void>;
  /** Slots that were attested, in the order of the chain. */
  attested(): Promise<number[]>;
}

/** Starts chain and operators, and deploys the verifier for whatever points this machine has. */
export async function startAttestNetwork(): Promise<AttestNetwork> {
  const [network, [built]] = await Promise.all([
    startWatchNetwork(),
    buildCircuits([circuitOf("price_batch")], storedCeremonySrs() ?? developmentSrs(31_337n)),
  ]);
  const { feeds, keys, provider, setId, domain } = network;
  const admin = await provider.getSigner(9);
  const code = verifierBytecode(built!.circuit.verifier, built!.verifierSource);
  const verifier = await new ContractFactory([], code, admin).deploy();
  const attestations = await new PriceAttestations__factory(admin).deploy(
    await feeds.getAddress(),
    await verifier.getAddress(),
  );
  await attestations.waitForDeployment();
  let last = 0;
  return {
    ...network,
    attestations,
    async publish(db, carried = [0, 1, 2]) {
      // A slot has one report.
      while ((await network.now()) <= last)
        await new Promise((resolve) => setTimeout(resolve, 100));
      const slot = await network.now();
      last = slot;
      const observations = keys.map((_, operator) =>
        observe(
          keys,
          operator,
          PRICES.map((price, feed) => (feed === 1 ? price + BigInt(operator) : price)),
          { slot, setId, domain },
        ),
      );
      const answers = PRICES.map((price, feed) => (feed === 1 ? price + 2n : price));
      const entries = carried.map((feedIndex) => ({
        ...{ feedIndex, count: 5, answerE8: answers[feedIndex]! },
      }));
      const signed = bundle(keys, observations, entries, { slot, setId, domain });
      const sent = await feeds.connect(admin).submit(signed.report, signed.signature);
      const receipt = await sent.wait();
      const named = carried.map((feed) => ({ feed: FEEDS[feed] }));
      await db.pool.query("INSERT INTO chain.report VALUES ($1, $2, $3, $4, $5)", [
        ...[setId, slot, JSON.stringify(named), sent.hash, receipt!.blockNumber],
      ]);
      return {
        ...{ slot, observations, answers },
        show(operators, change = (one) => one) {
          const shown = observations.map(change);
          for (const operator of operators) {
            network.operators[operator]!.show(shown, [{ ...signed, observations: shown }]);
          }
        },
      };
    },
    async nextPeriod() {
      const next = (Math.floor((await network.now()) / EVERY_SECONDS) + 1) * EVERY_SECONDS;
      await network.anvil.rpc("evm_setNextBlockTimestamp", [next]);
      await network.anvil.rpc("evm_mine");
    },
    async attested() {
      const events = await attestations.queryFilter(attestations.filters.ReportAttested());
      return events.map(({ args }) => Number(args.slot));
    },
  };
}

/** The table that the keeper reads, as the index makes it (indexer/ponder.schema.ts). */
export async function createIndex(db: Database): Promise<void> {
  await db.pool.query("CREATE SCHEMA IF NOT EXISTS chain");
  await db.pool.query(
    `CREATE TABLE IF NOT EXISTS chain.report (set_id bigint NOT NULL, slot bigint NOT NULL, entries json NOT NULL,
       transaction text NOT NULL, block bigint NOT NULL)`,
  );
}

/** Bytes32 of a feed's name. */
export const feedKey = (index: number): string => encodeBytes32String(FEEDS[index]!);

/** Starts `keepers/attest/main.ts`. `fields` replace those of its configuration. */
export async function startAttest(
  databaseUrl: string,
  network: AttestNetwork,
  fields: Record<string, unknown> = {},
): Promise<KeeperProcess> {
  const config = {
    chainId: 31337,
    rpcUrls: [network.anvil.url],
    contracts: {
      priceAttestations: await network.attestations.getAddress(),
      operators: await network.registry.getAddress(),
    },
    ...{ pollMs: 100, confirmations: 1, everySeconds: EVERY_SECONDS, gatherSeconds: 0 },
    ...fields,
  };
  return startKeeperProcess("attest", databaseUrl, () => config);
}

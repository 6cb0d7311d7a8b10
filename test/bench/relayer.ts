import { setTimeout as delay } from "node:timers/promises";

import { toBeHex } from "ethers";

import { migrate, openDatabase } from "../../keepers/shared/database.ts";
import { enqueueIntent } from "../../keepers/shared/intents.ts";
import { createLogger } from "../../keepers/shared/log.ts";
import { startAnvil } from "../helpers/anvil.ts";
import { startPostgres } from "../helpers/postgres.ts";
import {
  counterAddress,
  executions,
  installCounter,
  startRelayer,
  writeKeys,
} from "../keepers/relayer/harness.ts";
import type { Row } from "./row.ts";

const accounts = 4;
const seconds = 60;
const blockSeconds = 1;
/** Offered load: above the target, so that the target is not what is measured. */
const offeredPerSecond = 180;
const targetPerSecond = 100;
const targetLatencySeconds = 3;
const drainMs = 15_000;
const everyMs = 50;

/**
 * The relayer under a steady load of intents of 50,000 gas, on a real Postgres and a real node with 1 s blocks, 4
 * accounts: how much it gets on chain, how long an intent waits for the node, and that each is executed once.
 */
export async function relayerBench(say: (line: string) => void): Promise<Row[]> {
  const postgres = await startPostgres({ durable: true });
  const anvil = await startAnvil({ mining: blockSeconds });
  const db = openDatabase(postgres.url, createLogger({ name: "bench", level: "silent" }));
  const relayer = startRelayer(postgres.url, [anvil.url], {
    accounts: writeKeys(accounts),
    pollMs: undefined,
    replaceAfterBlocks: 3,
  });
  try {
    await migrate(db);
    await installCounter(anvil);
    await relayer.metricsUrl();
    say(`${accounts} accounts, ${offeredPerSecond} intents/s for ${seconds} s`);
    const startedMs = Date.now();
    let total = 0;
    while (Date.now() - startedMs < seconds * 1_000) {
      const due = Math.floor(((Date.now() - startedMs) / 1_000) * offeredPerSecond);
      await db.transaction(async (client) => {
        while (total < due) {
          total++;
          await enqueueIntent(client, {
            chainId: 31337,
            key: `bench:${total}`,
            lane: "randomness",
            group: null,
            ordinal: BigInt(total),
            to: counterAddress,
            data: toBeHex(total, 32),
            value: 0n,
            gasLimit: 100_000n,
            expiresAtMs: null,
          });
        }
      });
      await delay(everyMs);
    }
    const sustained = await confirmed(db, startedMs + seconds * 1_000);
    const deadline = Date.now() + drainMs;
    while ((await confirmed(db, null)) < total && Date.now() < deadline) await delay(200);
    const done = await confirmed(db, null);
    say(`${sustained} of ${total} final within ${seconds} s, ${done} after the rest had its time`);
    const sample = Array.from({ length: 200 }, (_, i) => 1 + Math.floor((i * total) / 200));
    const counts = await Promise.all(sample.map((ordinal) => executions(anvil, ordinal)));
    const latency = await latencies(db);
    const row = (
      name: string,
      value: number,
      unit: string,
      target: number | null,
      ok: boolean,
    ): Row => ({
      name,
      value: Math.round(value * 1_000) / 1_000,
      unit,
      peer: null,
      peerValue: null,
      target,
      ok,
    });
    const perSecond = sustained / seconds;
    return [
      row(
        "relayer.sustained.perSecond",
        perSecond,
        "transactions/s",
        targetPerSecond,
        perSecond >= targetPerSecond,
      ),
      row("relayer.offered.perSecond", total / seconds, "transactions/s", null, true),
      row("relayer.queueToNode.p50.ms", latency.node[0] ?? 0, "ms", null, true),
      row("relayer.queueToNode.p95.ms", latency.node[1] ?? 0, "ms", null, true),
      row(
        "relayer.queueToFinal.p95.seconds",
        (latency.final[1] ?? 0) / 1_000,
        "s",
        targetLatencySeconds,
        (latency.final[1] ?? 0) / 1_000 <= targetLatencySeconds,
      ),
      row("relayer.lost", total - done, "transactions", 0, done === total),
      row(
        "relayer.doubled",
        counts.filter((count) => count > 1).length,
        "of 200 sampled",
        0,
        counts.every((count) => count <= 1),
      ),
    ];
  } finally {
    await relayer.kill("SIGTERM");
    await db.close();
    await anvil.stop();
    await postgres.stop();
  }
}

type Db = ReturnType<typeof openDatabase>;

/** @returns how many intents are confirmed, those that were by a time (ms) when one is given. */
async function confirmed(db: Db, byMs: number | null): Promise<number> {
  const found = await db.pool.query<{ count: string }>(
    `SELECT count(*) AS count FROM dodona.transactions
     WHERE status = 'final' AND ($1::timestamptz IS NULL OR mined_at <= $1)`,
    [byMs === null ? null : new Date(byMs)],
  );
  return Number(found.rows[0]?.count ?? 0);
}

/** @returns p50 and p95 in ms from an intent's arrival to the node's acceptance, and to its receipt. */
async function latencies(db: Db): Promise<{ node: number[]; final: number[] }> {
  const found = await db.pool.query<{ node: number[]; final: number[] }>(
    `SELECT percentile_cont(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY extract(epoch FROM sent - created) * 1000) AS node,
            percentile_cont(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY extract(epoch FROM mined - created) * 1000) AS final
     FROM (SELECT i.created_at AS created, min(a.broadcast_at) AS sent, min(t.mined_at) AS mined
           FROM dodona.intents i JOIN dodona.attempts a ON a.intent_id = i.id
           JOIN dodona.transactions t ON t.id = a.transaction_id
           WHERE i.status = 'confirmed' GROUP BY i.id) one`,
  );
  return found.rows[0] ?? { node: [], final: [] };
}

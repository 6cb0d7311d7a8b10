import { migrate, openDatabase } from "../../../keepers/shared/database.ts";
import { createLogger } from "../../../keepers/shared/log.ts";
import { startAnvil } from "../../helpers/anvil.ts";
import { startPostgres } from "../../helpers/postgres.ts";
import * as h from "./harness.ts";
const log = createLogger({ name: "test", level: "silent" });
const pg = await startPostgres();
const db = openDatabase(pg.url, log, { patienceMs: 60000 });
await migrate(db);
const stateFile = "/tmp/chaos-" + process.pid + ".json";
const anvil = await startAnvil({ mining: 0.5, stateFile });
await h.installCounter(anvil);
await new Promise((r) => setTimeout(r, 1500));
const proxy = await h.startProxy(() => anvil.url);
let bad = 0;
proxy.rule = () => {
  const x = Math.random();
  return x < bad
    ? x < bad / 3
      ? "cut"
      : x < (2 * bad) / 3
        ? "lose-answer"
        : { error: "server is tired" }
    : "pass";
};
const conf = Number(process.argv[2] ?? 1);
const start = () =>
  h.startRelayer(pg.url, [proxy.url], {
    confirmations: conf,
    blockTimeMs: 500,
    replaceAfterBlocks: 3,
  });
let rs = [start(), start()];
const N = 300;
let log2: string[] = [];
const onlyF = process.argv[3]?.split(",");
const faults0: Array<[string, () => Promise<void>]> = [
  [
    "kill",
    async () => {
      const i = Math.floor(Math.random() * 2);
      await rs[i]!.kill("SIGKILL");
      rs[i] = start();
    },
  ],
  ["pg", () => pg.restart()],
  [
    "reorg",
    async () => {
      await anvil.rpc("anvil_reorg", [1 + Math.floor(Math.random() * 4), []]);
    },
  ],
  [
    "badrpc",
    async () => {
      bad = 0.4;
      await new Promise((r) => setTimeout(r, 2000));
      bad = 0;
    },
  ],
  [
    "fee",
    async () => {
      await anvil.rpc("anvil_setNextBlockBaseFeePerGas", [
        "0x" + (BigInt(1 + Math.floor(Math.random() * 20)) * 1000000000n).toString(16),
      ]);
    },
  ],
  ["anvilkill", () => anvil.restart("SIGKILL")],
  [
    "drop",
    async () => {
      await anvil.rpc("anvil_dropAllTransactions");
    },
  ],
];
const faults = onlyF ? faults0.filter(([n]) => onlyF.includes(n)) : faults0;
let done = false;
const chaos = (async () => {
  for (let i = 0; i < 24; i++) {
    const [n, f] = faults[Math.floor(Math.random() * faults.length)]!;
    log2.push(n);
    await f().catch((e) => log2.push("!" + e.message));
    await new Promise((r) => setTimeout(r, 300 + Math.random() * 1500));
  }
  done = true;
})();
const enq = async (i: number) => {
  for (;;)
    try {
      await h.enqueue(db, i, i % 10 === 0 ? { lane: "feeds" } : {});
      return;
    } catch {
      await new Promise((r) => setTimeout(r, 100));
    }
};
for (let i = 1; i <= N; i++) {
  await enq(i);
  await new Promise((r) => setTimeout(r, 80));
}
await chaos;
log2.push("END");
try {
  await h.waitFor(
    "all",
    async () =>
      (await db.pool.query("select 1 from dodona.intents where status <> 'confirmed'")).rowCount ===
      0,
    60000,
  );
} catch (e) {
  console.log(String(e));
  console.log(
    (
      await db.pool.query(
        "select key,status,reason,requeues from dodona.intents where status<>'confirmed' limit 10",
      )
    ).rows,
    (
      await db.pool.query(
        "select nonce,status,intent_id,(select error from dodona.attempts a where a.id=attempt_id) from dodona.transactions where status not in ('final') order by nonce limit 10",
      )
    ).rows,
    await anvil.rpc("eth_getTransactionCount", [h.sender, "latest"]),
  );
  console.log(
    rs
      .map((r) =>
        r
          .output()
          .split("\n")
          .filter((l) => !l.includes('"level":20'))
          .slice(-8)
          .join("\n"),
      )
      .join("\n--\n"),
  );
}
const counts = await Promise.all(Array.from({ length: N }, (_, i) => h.executions(anvil, i + 1)));
console.log(
  "lost",
  counts.map((c, i) => [i + 1, c]).filter(([, c]) => c === 0),
  "doubled",
  counts.map((c, i) => [i + 1, c]).filter(([, c]) => c! > 1),
);
console.log(log2.join(" "));
console.log(
  (await db.pool.query("select purpose, count(*) from dodona.attempts group by 1")).rows,
  (await db.pool.query("select status, count(*) from dodona.transactions group by 1")).rows,
);
await Promise.all(rs.map((r) => r.kill("SIGKILL")));
await anvil.stop();
await proxy.stop();
await db.close();
await pg.stop();
process.exit(0);

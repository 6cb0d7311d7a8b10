import { expect } from "chai";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { migrate, openDatabase, type Database } from "../../../keepers/shared/database.ts";
import { createLogger } from "../../../keepers/shared/log.ts";
import { startAnvil, type TestAnvil } from "../../helpers/anvil.ts";
import { startPostgres, type TestPostgres } from "../../helpers/postgres.ts";
import { startProxy, stopProxies } from "../../helpers/proxy.ts";
import * as h from "./harness.ts";

const log = createLogger({ name: "test", level: "silent" });

describe("relayer: faults", function () {
  this.timeout(60_000);
  let postgres: TestPostgres;
  let db: Database;
  let anvil: TestAnvil;
  let other: TestAnvil | undefined;
  const folder = mkdtempSync(join(tmpdir(), "dodona-faults-"));
  const relayers: h.TestRelayer[] = [];
  const start = (rpcUrls = [anvil.url], network: Record<string, unknown> = {}): h.TestRelayer => {
    const relayer = h.startRelayer(postgres.url, rpcUrls, network);
    relayers.push(relayer);
    return relayer;
  };
  const confirmed = (ordinals: number[], mine: boolean): Promise<unknown> =>
    h.waitFor(`confirmation of ${ordinals.join(", ")}`, async () => {
      if (mine) await anvil.rpc("evm_mine");
      const states = await Promise.all(ordinals.map((ordinal) => h.stateOf(db, ordinal)));
      return states.every((state) => state.status === "confirmed");
    });
  const counts = (ordinals: number[]): Promise<number[]> =>
    Promise.all(ordinals.map((ordinal) => h.executions(anvil, ordinal)));

  before(async () => {
    postgres = await startPostgres();
    db = openDatabase(postgres.url, log);
    await migrate(db);
  });
  after(async () => {
    await db.close();
    await postgres.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  afterEach(async function () {
    await Promise.all(relayers.map((relayer) => relayer.kill()));
    if (this.currentTest?.state === "failed")
      console.log(relayers.map((one) => one.output()).join("\n"));
    relayers.length = 0;
    await stopProxies();
    await Promise.all([anvil.stop(), other?.stop()]);
    await h.clear(db);
  });

  it("sends a transaction again that the node has dropped", async () => {
    anvil = await startAnvil({ mining: "manual" });
    await h.installCounter(anvil);
    start();
    await h.enqueue(db, 1);
    const [first] = await h.waitFor("broadcast", async () => {
      const rows = await h.attempts(db);
      return rows[0]?.sent ? rows : null;
    });
    await anvil.rpc("anvil_dropTransaction", [first!.hash]);
    expect(await anvil.rpc("eth_getTransactionByHash", [first!.hash])).to.equal(null);
    await h.waitFor("the same bytes", () => anvil.rpc("eth_getTransactionByHash", [first!.hash]));
    await confirmed([1], true);
    expect(await h.attempts(db)).to.have.length(1);
  });

  for (const confirmations of [1, 3]) {
    it(`executes everything once on the new branch after a reorg of depth 3 (${confirmations} confirmations)`, async () => {
      anvil = await startAnvil({ mining: "manual" });
      await h.installCounter(anvil);
      await anvil.rpc("evm_mine");
      start([anvil.url], { confirmations });
      for (const ordinal of [1, 2, 3, 4, 5]) {
        await h.enqueue(db, ordinal);
        await h.waitFor(
          "broadcast",
          async () => (await h.attempts(db)).filter((row) => row.sent).length === ordinal,
        );
        await anvil.rpc("evm_mine");
        await h.waitFor("the receipt", async () => {
          const row = await db.pool.query(
            "SELECT 1 FROM dodona.transactions WHERE status IN ('mined', 'final')",
          );
          return row.rowCount === ordinal;
        });
      }
      expect(await counts([1, 2, 3, 4, 5])).to.deep.equal([1, 1, 1, 1, 1]);
      // All its transactions are gone for good.
      await anvil.rpc("anvil_reorg", [3, []]);
      expect(await counts([1, 2, 3, 4, 5])).to.deep.equal([1, 1, 0, 0, 0]);
      await h.waitFor("the nonces to be open again", async () => {
        const row = await db.pool.query(
          "SELECT 1 FROM dodona.transactions WHERE status = 'pending'",
        );
        return row.rowCount === 3;
      });
      await h.waitFor("the same bytes", async () => {
        const pool = await anvil.rpc<{ pending: string }>("txpool_status");
        return Number(pool.pending) === 3;
      });
      await confirmed([1, 2, 3, 4, 5], true);
      expect(await counts([1, 2, 3, 4, 5])).to.deep.equal([1, 1, 1, 1, 1]);
      expect(await h.attempts(db)).to.have.length(5);
    });
  }

  it("heals after the node was killed and started from an older state, under load", async () => {
    const stateFile = join(folder, "killed.json");
    anvil = await startAnvil({ mining: 0.25, stateFile });
    await h.installCounter(anvil);
    start();
    const ordinals = Array.from({ length: 30 }, (_, i) => i + 1);
    for (const ordinal of ordinals) {
      await h.enqueue(db, ordinal);
      if (ordinal === 18) await anvil.restart("SIGKILL");
      await new Promise((resolve) => setTimeout(resolve, 80));
    }
    await confirmed(ordinals, false);
    expect((await counts(ordinals)).filter((count) => count === 1)).to.have.length(30);
    expect(Number(await anvil.rpc("eth_getTransactionCount", [h.sender, "latest"]))).to.equal(30);
  });

  it("starts from the first nonce again on a chain that was reset, without the expired past", async () => {
    anvil = await startAnvil({ mining: 0.25 });
    await h.installCounter(anvil);
    start();
    const past = Array.from({ length: 30 }, (_, i) => i + 1);
    for (const ordinal of past) await h.enqueue(db, ordinal);
    await confirmed(past, false);
    await h.expire(db, past);
    await anvil.restart("SIGKILL");
    await h.installCounter(anvil);
    await h.waitFor("the nonces to be vacant", async () => {
      const row = await db.pool.query("SELECT 1 FROM dodona.transactions WHERE status = 'vacant'");
      return row.rowCount === 30;
    });
    await h.enqueue(db, 31);
    await confirmed([31], false);
    expect(Number(await anvil.rpc("eth_getTransactionCount", [h.sender, "latest"]))).to.equal(1);
    expect(await h.executions(anvil, 31)).to.equal(1);
    expect((await h.stateOf(db, 1)).status).to.equal("expired");
  });

  it("refuses an RPC endpoint of another chain, names it, and works through the others", async () => {
    anvil = await startAnvil();
    await h.installCounter(anvil);
    other = await startAnvil({ chainId: 1 });
    const relayer = start([other.url, anvil.url]);
    await h.enqueue(db, 1);
    await confirmed([1], false);
    expect(relayer.output()).to.match(
      new RegExp(
        `"endpoint":"${other.url}".*"reason":"answers for chain 1, expected 31337".*refused`,
      ),
    );
    expect(Number(await other.rpc("eth_getTransactionCount", [h.sender, "pending"]))).to.equal(0);
  });

  it("goes on through the second RPC endpoint when the first dies, and sends nothing twice", async () => {
    anvil = await startAnvil();
    await h.installCounter(anvil);
    const first = await startProxy(() => anvil.url);
    const second = await startProxy(() => anvil.url);
    start([first.url, second.url]);
    await h.enqueue(db, 1);
    await confirmed([1], false);
    first.rule = () => "cut";
    for (const ordinal of [2, 3, 4]) await h.enqueue(db, ordinal);
    await confirmed([2, 3, 4], false);
    expect(await counts([1, 2, 3, 4])).to.deep.equal([1, 1, 1, 1]);
    expect(await h.attempts(db)).to.have.length(4);
    await first.stop();
    await h.enqueue(db, 5);
    await confirmed([5], false);
    await second.stop();
  });

  it("waits while no RPC endpoint answers and recovers by itself", async () => {
    anvil = await startAnvil();
    await h.installCounter(anvil);
    const proxy = await startProxy(() => anvil.url);
    const relayer = start([proxy.url]);
    await h.waitFor("the owner", () => relayer.output().includes("works on the account"));
    proxy.rule = () => "cut";
    await h.enqueue(db, 1);
    await h.waitFor("the complaint", () =>
      relayer.output().includes("no RPC endpoint of chain 31337 can be used"),
    );
    proxy.rule = () => "pass";
    await confirmed([1], false);
    expect(await h.executions(anvil, 1)).to.equal(1);
    await proxy.stop();
  });

  it("goes on after Postgres was restarted in the middle of work", async () => {
    anvil = await startAnvil({ mining: 0.25 });
    await h.installCounter(anvil);
    const relayer = start();
    await h.waitFor("the owner", () => relayer.output().includes("works on the account"));
    const ordinals = Array.from({ length: 40 }, (_, i) => i + 1);
    for (const ordinal of ordinals) {
      if (ordinal === 15 || ordinal === 30) await postgres.restart();
      await h.enqueue(db, ordinal);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    await confirmed(ordinals, false);
    expect((await counts(ordinals)).filter((count) => count === 1)).to.have.length(40);
    expect(relayer.output().split("works on the account")).to.have.length.greaterThan(2);
  });

  it("ends with code 0 on SIGTERM", async () => {
    anvil = await startAnvil();
    const relayer = start();
    await h.waitFor("the owner", () => relayer.output().includes("works on the account"));
    await relayer.kill("SIGTERM");
    expect(await relayer.exited).to.equal(0);
    expect(relayer.output()).to.match(/relayer stopped/);
  });

  it("shows intents, balance and endpoints as metrics, and its health", async () => {
    anvil = await startAnvil();
    await h.installCounter(anvil);
    const url = await start().metricsUrl();
    await h.enqueue(db, 1);
    await confirmed([1], false);
    const health = await fetch(`${url}/health`);
    expect(health.status).to.equal(200);
    expect(await health.json()).to.have.nested.property("networks[0].accounts[0].owner", true);
    const metrics = await h.waitFor("the gauges", async () => {
      const text = await (await fetch(`${url}/metrics`)).text();
      return /dodona_rpc_endpoint_state\{[^}]*state="healthy"[^}]*\} 1/.test(text) ? text : null;
    });
    expect(metrics).to.match(/dodona_transactions_final_total\{[^}]*result="succeeded"[^}]*\} 1/);
    expect(metrics).to.match(/dodona_account_balance_ether\{[^}]*\} 9999/);
  });
});

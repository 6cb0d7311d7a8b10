import { expect } from "chai";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startAnvil, type TestAnvil } from "../../helpers/anvil.ts";
import { startProxy } from "../../helpers/proxy.ts";
import * as h from "./harness.ts";

describe("relayer: faults", function () {
  this.timeout(60_000);
  const bench = h.useBench();
  let other: TestAnvil | undefined;
  const folder = mkdtempSync(join(tmpdir(), "dodona-faults-"));

  after(() => rmSync(folder, { recursive: true, force: true }));
  afterEach(async () => {
    await other?.stop();
    other = undefined;
  });

  it("sends a transaction again that the node has dropped", async () => {
    bench.anvil = await startAnvil({ mining: "manual" });
    await h.installCounter(bench.anvil);
    bench.start();
    await h.enqueue(bench.db, 1);
    const [first] = await h.waitFor("broadcast", async () => {
      const rows = await h.attempts(bench.db);
      return rows[0]?.sent ? rows : null;
    });
    await bench.anvil.rpc("anvil_dropTransaction", [first!.hash]);
    expect(await bench.anvil.rpc("eth_getTransactionByHash", [first!.hash])).to.equal(null);
    await h.waitFor("the same bytes", () =>
      bench.anvil.rpc("eth_getTransactionByHash", [first!.hash]),
    );
    await bench.confirmed([1], true);
    expect(await h.attempts(bench.db)).to.have.length(1);
  });

  for (const confirmations of [1, 3]) {
    it(`executes everything once on the new branch after a reorg of depth 3 (${confirmations} confirmations)`, async () => {
      bench.anvil = await startAnvil({ mining: "manual" });
      await h.installCounter(bench.anvil);
      await bench.anvil.rpc("evm_mine");
      bench.start({ confirmations });
      for (const ordinal of [1, 2, 3, 4, 5]) {
        await h.enqueue(bench.db, ordinal);
        await h.waitFor(
          "broadcast",
          async () => (await h.attempts(bench.db)).filter((row) => row.sent).length === ordinal,
        );
        await bench.anvil.rpc("evm_mine");
        await h.waitFor("the receipt", async () => {
          const row = await bench.db.pool.query(
            "SELECT 1 FROM dodona.transactions WHERE status IN ('mined', 'final')",
          );
          return row.rowCount === ordinal;
        });
      }
      expect(await bench.counts([1, 2, 3, 4, 5])).to.deep.equal([1, 1, 1, 1, 1]);
      // All its transactions are gone for good.
      await bench.anvil.rpc("anvil_reorg", [3, []]);
      expect(await bench.counts([1, 2, 3, 4, 5])).to.deep.equal([1, 1, 0, 0, 0]);
      await h.waitFor("the nonces to be open again", async () => {
        const row = await bench.db.pool.query(
          "SELECT 1 FROM dodona.transactions WHERE status = 'pending'",
        );
        return row.rowCount === 3;
      });
      await h.waitFor("the same bytes", async () => {
        const pool = await bench.anvil.rpc<{ pending: string }>("txpool_status");
        return Number(pool.pending) === 3;
      });
      await bench.confirmed([1, 2, 3, 4, 5], true);
      expect(await bench.counts([1, 2, 3, 4, 5])).to.deep.equal([1, 1, 1, 1, 1]);
      expect(await h.attempts(bench.db)).to.have.length(5);
    });
  }

  it("heals after the node was killed and started from an older state, under load", async () => {
    const stateFile = join(folder, "killed.json");
    bench.anvil = await startAnvil({ mining: 0.25, stateFile });
    await h.installCounter(bench.anvil);
    bench.start();
    const ordinals = Array.from({ length: 30 }, (_, i) => i + 1);
    for (const ordinal of ordinals) {
      await h.enqueue(bench.db, ordinal);
      if (ordinal === 18) await bench.anvil.restart("SIGKILL");
      await new Promise((resolve) => setTimeout(resolve, 80));
    }
    await bench.confirmed(ordinals, false);
    expect((await bench.counts(ordinals)).filter((count) => count === 1)).to.have.length(30);
    expect(Number(await bench.anvil.rpc("eth_getTransactionCount", [h.sender, "latest"]))).to.equal(
      30,
    );
  });

  it("starts from the first nonce again on a chain that was reset, without the expired past", async () => {
    bench.anvil = await startAnvil({ mining: 0.25 });
    await h.installCounter(bench.anvil);
    bench.start();
    const past = Array.from({ length: 30 }, (_, i) => i + 1);
    for (const ordinal of past) await h.enqueue(bench.db, ordinal);
    await bench.confirmed(past, false);
    await h.expire(bench.db, past);
    await bench.anvil.restart("SIGKILL");
    await h.installCounter(bench.anvil);
    await h.waitFor("the nonces to be vacant", async () => {
      const row = await bench.db.pool.query(
        "SELECT 1 FROM dodona.transactions WHERE status = 'vacant'",
      );
      return row.rowCount === 30;
    });
    await h.enqueue(bench.db, 31);
    await bench.confirmed([31], false);
    expect(Number(await bench.anvil.rpc("eth_getTransactionCount", [h.sender, "latest"]))).to.equal(
      1,
    );
    expect(await h.executions(bench.anvil, 31)).to.equal(1);
    expect((await h.stateOf(bench.db, 1)).status).to.equal("expired");
  });

  it("refuses an RPC endpoint of another chain, names it, and works through the others", async () => {
    bench.anvil = await startAnvil();
    await h.installCounter(bench.anvil);
    other = await startAnvil({ chainId: 1 });
    const relayer = bench.start({}, { rpcUrls: [other.url, bench.anvil.url] });
    await h.enqueue(bench.db, 1);
    await bench.confirmed([1], false);
    expect(relayer.output()).to.match(
      new RegExp(
        `"endpoint":"${other.url}".*"reason":"answers for chain 1, expected 31337".*refused`,
      ),
    );
    expect(Number(await other.rpc("eth_getTransactionCount", [h.sender, "pending"]))).to.equal(0);
  });

  it("goes on through the second RPC endpoint when the first dies, and sends nothing twice", async () => {
    bench.anvil = await startAnvil();
    await h.installCounter(bench.anvil);
    const first = await startProxy(() => bench.anvil.url);
    const second = await startProxy(() => bench.anvil.url);
    bench.start({}, { rpcUrls: [first.url, second.url] });
    await h.enqueue(bench.db, 1);
    await bench.confirmed([1], false);
    first.rule = () => "cut";
    for (const ordinal of [2, 3, 4]) await h.enqueue(bench.db, ordinal);
    await bench.confirmed([2, 3, 4], false);
    expect(await bench.counts([1, 2, 3, 4])).to.deep.equal([1, 1, 1, 1]);
    expect(await h.attempts(bench.db)).to.have.length(4);
    await first.stop();
    await h.enqueue(bench.db, 5);
    await bench.confirmed([5], false);
    await second.stop();
  });

  it("waits while no RPC endpoint answers and recovers by itself", async () => {
    bench.anvil = await startAnvil();
    await h.installCounter(bench.anvil);
    const proxy = await startProxy(() => bench.anvil.url);
    const relayer = bench.start({}, { rpcUrls: [proxy.url] });
    await h.waitFor("the owner", () => relayer.output().includes("works on the account"));
    proxy.rule = () => "cut";
    await h.enqueue(bench.db, 1);
    await h.waitFor("the complaint", () =>
      relayer.output().includes("no RPC endpoint of chain 31337 can be used"),
    );
    proxy.rule = () => "pass";
    await bench.confirmed([1], false);
    expect(await h.executions(bench.anvil, 1)).to.equal(1);
    await proxy.stop();
  });

  it("goes on after Postgres was restarted in the middle of work", async () => {
    bench.anvil = await startAnvil({ mining: 0.25 });
    await h.installCounter(bench.anvil);
    const relayer = bench.start();
    await h.waitFor("the owner", () => relayer.output().includes("works on the account"));
    const ordinals = Array.from({ length: 40 }, (_, i) => i + 1);
    for (const ordinal of ordinals) {
      if (ordinal === 15 || ordinal === 30) await bench.postgres.restart();
      await h.enqueue(bench.db, ordinal);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    await bench.confirmed(ordinals, false);
    expect((await bench.counts(ordinals)).filter((count) => count === 1)).to.have.length(40);
    expect(relayer.output().split("works on the account")).to.have.length.greaterThan(2);
  });

  it("ends with code 0 on SIGTERM", async () => {
    bench.anvil = await startAnvil();
    const relayer = bench.start();
    await h.waitFor("the owner", () => relayer.output().includes("works on the account"));
    await relayer.kill("SIGTERM");
    expect(await relayer.exited).to.equal(0);
    expect(relayer.output()).to.match(/relayer stopped/);
  });

  it("shows intents, balance and endpoints as metrics, and its health", async () => {
    bench.anvil = await startAnvil();
    await h.installCounter(bench.anvil);
    const url = await bench.start().metricsUrl();
    await h.enqueue(bench.db, 1);
    await bench.confirmed([1], false);
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

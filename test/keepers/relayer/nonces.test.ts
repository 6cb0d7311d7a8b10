import { expect } from "chai";
import { migrate, openDatabase, type Database } from "../../../keepers/shared/database.ts";
import { createLogger } from "../../../keepers/shared/log.ts";
import { startAnvil, type TestAnvil } from "../../helpers/anvil.ts";
import { startPostgres, type TestPostgres } from "../../helpers/postgres.ts";
import { startProxy, stopProxies } from "../../helpers/proxy.ts";
import * as h from "./harness.ts";

const log = createLogger({ name: "test", level: "silent" });

describe("relayer: nonces", function () {
  this.timeout(60_000);
  let postgres: TestPostgres;
  let db: Database;
  let anvil: TestAnvil;
  const relayers: h.TestRelayer[] = [];
  const start = (rpcUrls = [anvil.url], network: Record<string, unknown> = {}): h.TestRelayer => {
    const relayer = h.startRelayer(postgres.url, rpcUrls, network);
    relayers.push(relayer);
    return relayer;
  };

  before(async () => {
    postgres = await startPostgres();
    db = openDatabase(postgres.url, log);
    await migrate(db);
  });
  after(async () => {
    await db.close();
    await postgres.stop();
  });
  afterEach(async function () {
    await Promise.all(relayers.map((relayer) => relayer.kill()));
    if (this.currentTest?.state === "failed")
      console.log(relayers.map((one) => one.output()).join("\n"));
    relayers.length = 0;
    await stopProxies();
    await anvil.stop();
    await h.clear(db);
  });

  it("sends an intent, confirms it and records block, gas and price", async () => {
    anvil = await startAnvil();
    await h.installCounter(anvil);
    start();
    await h.enqueue(db, 1);
    const state = await h.waitFor("confirmation", async () => {
      const one = await h.stateOf(db, 1);
      return one.status === "confirmed" ? one : null;
    });
    expect(await h.executions(anvil, 1)).to.equal(1);
    const receipt = await anvil.rpc<{
      gasUsed: string;
      effectiveGasPrice: string;
      blockNumber: string;
    }>("eth_getTransactionReceipt", [state.transactionHash]);
    const row = await db.pool.query(
      "SELECT status, nonce, gas_used, effective_gas_price_wei, block_number, succeeded, block_at IS NOT NULL AS timed FROM dodona.transactions",
    );
    expect(row.rows).to.deep.equal([
      {
        status: "final",
        nonce: "0",
        gas_used: String(BigInt(receipt.gasUsed)),
        effective_gas_price_wei: String(BigInt(receipt.effectiveGasPrice)),
        block_number: String(BigInt(receipt.blockNumber)),
        succeeded: true,
        timed: true,
      },
    ]);
  });

  it("stores nonce and signed bytes before it sends: killed in between, it resumes with the same bytes", async () => {
    anvil = await startAnvil();
    await h.installCounter(anvil);
    const proxy = await startProxy(() => anvil.url);
    proxy.rule = (method) => (method === "eth_sendRawTransaction" ? "hang" : "pass");
    const first = start([proxy.url]);
    await h.enqueue(db, 1);
    await h.waitFor("the broadcast", () => proxy.calls.get("eth_sendRawTransaction"));
    await first.kill("SIGKILL");
    const stored = await h.attempts(db);
    expect(stored).to.have.length(1);
    expect(stored[0]).to.include({ nonce: 0, slot: "pending", sent: false });
    expect(await anvil.rpc("eth_getTransactionByHash", [stored[0]?.hash])).to.equal(null);

    start();
    const state = await h.waitFor("confirmation", async () => {
      const one = await h.stateOf(db, 1);
      return one.status === "confirmed" ? one : null;
    });
    expect(state.transactionHash).to.equal(stored[0]?.hash);
    expect(await h.attempts(db)).to.have.length(1);
    await proxy.stop();
  });

  it("treats a broadcast whose answer was lost as maybe sent and does not sign again", async () => {
    anvil = await startAnvil({ mining: "manual" });
    await h.installCounter(anvil);
    const proxy = await startProxy(() => anvil.url);
    let lost = 0;
    proxy.rule = (method) =>
      method === "eth_sendRawTransaction" && lost++ < 4 ? "lose-answer" : "pass";
    start([proxy.url]);
    await h.enqueue(db, 1);
    await h.waitFor("acceptance", async () => (await h.attempts(db))[0]?.sent);
    await anvil.rpc("evm_mine");
    await h.waitFor("confirmation", async () => (await h.stateOf(db, 1)).status === "confirmed");
    expect(await h.attempts(db)).to.have.length(1);
    expect(await h.executions(anvil, 1)).to.equal(1);
    await proxy.stop();
  });

  it("loses nothing and doubles nothing when it is killed with -9 again and again under load", async () => {
    anvil = await startAnvil({ mining: 0.25 });
    await h.installCounter(anvil);
    let total = 0;
    let isKilling = true;
    let relayer = start();
    const killing = (async () => {
      for (let round = 0; round < 4; round++) {
        // Each life ends while something is in flight, at another moment.
        const before = (await h.attempts(db)).length;
        await h.waitFor("work", async () => (await h.attempts(db)).length > before);
        await new Promise((resolve) => setTimeout(resolve, 13 * round));
        await relayer.kill("SIGKILL");
        relayer = start();
      }
    })().finally(() => (isKilling = false));
    while (isKilling) {
      await h.enqueue(db, ++total);
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
    await killing;
    await h.waitFor(
      "all confirmed",
      async () => {
        const open = await db.pool.query(
          "SELECT count(*) AS n FROM dodona.intents WHERE status <> 'confirmed'",
        );
        return (open.rows[0] as { n: string }).n === "0";
      },
      30_000,
    );
    const counts = await Promise.all(
      Array.from({ length: total }, (_, i) => h.executions(anvil, i + 1)),
    );
    expect(counts.filter((count) => count === 1)).to.have.length(total);
    expect(Number(await anvil.rpc("eth_getTransactionCount", [h.sender, "latest"]))).to.equal(
      total,
    );
  });

  it("never lets two processes on the same account send twice, and the second takes over when the first dies", async () => {
    anvil = await startAnvil({ mining: "manual" });
    await h.installCounter(anvil);
    const first = start();
    await h.waitFor("the owner", () => first.output().includes("works on the account"));
    const second = start();
    await h.waitFor("the second to stand by", () => second.output().includes("stands by"));
    for (let ordinal = 1; ordinal <= 5; ordinal++) await h.enqueue(db, ordinal);
    await h.waitFor(
      "five sent",
      async () => (await h.attempts(db)).filter((one) => one.sent).length === 5,
    );
    await first.kill("SIGKILL");
    await h.waitFor("take-over", () => second.output().includes("works on the account"));
    for (let ordinal = 6; ordinal <= 8; ordinal++) await h.enqueue(db, ordinal);
    await h.waitFor(
      "eight sent",
      async () => (await h.attempts(db)).filter((one) => one.sent).length === 8,
    );
    await anvil.rpc("evm_mine");
    await h.waitFor("all confirmed", async () => {
      const states = await Promise.all(
        [1, 2, 3, 4, 5, 6, 7, 8].map((ordinal) => h.stateOf(db, ordinal)),
      );
      return states.every((state) => state.status === "confirmed");
    });
    const counts = await Promise.all(
      [1, 2, 3, 4, 5, 6, 7, 8].map((ordinal) => h.executions(anvil, ordinal)),
    );
    expect(counts).to.deep.equal([1, 1, 1, 1, 1, 1, 1, 1]);
    expect((await h.attempts(db)).map((one) => one.nonce)).to.deep.equal([0, 1, 2, 3, 4, 5, 6, 7]);
  });

  it("refuses a second row for the same chain, account and nonce", async () => {
    anvil = await startAnvil();
    await db.pool.query(
      "INSERT INTO dodona.accounts (chain_id, address, next_nonce) VALUES (31337, $1, 0)",
      [h.sender],
    );
    const insert =
      "INSERT INTO dodona.transactions (chain_id, account, nonce, status) VALUES (31337, $1, 7, 'vacant')";
    await db.pool.query(insert, [h.sender]);
    const error = await db.pool.query(insert, [h.sender]).catch((reason: unknown) => reason);
    expect(error).to.have.property("code", "23505");
  });

  it("skips a nonce that another transaction of the account has used and serves its intent with the next", async () => {
    anvil = await startAnvil({ mining: "manual" });
    await h.installCounter(anvil);
    const proxy = await startProxy(() => anvil.url);
    proxy.rule = (method) => (method === "eth_sendRawTransaction" ? "cut" : "pass");
    start([proxy.url]);
    await h.enqueue(db, 1);
    await h.waitFor("reservation", async () => (await h.attempts(db)).length === 1);
    await anvil.rpc("eth_sendTransaction", [
      { from: h.sender, to: h.counterAddress, data: "0x", gas: "0xffff" },
    ]);
    await anvil.rpc("evm_mine");
    proxy.rule = () => "pass";
    // The nonce counts as lost only some blocks later: a receipt may come late.
    await h.waitFor("the nonce to be given up", async () => {
      await anvil.rpc("evm_mine");
      return (await h.attempts(db)).some((one) => one.slot === "foreign");
    });
    await h.waitFor("confirmation", async () => {
      await anvil.rpc("evm_mine");
      return (await h.stateOf(db, 1)).status === "confirmed";
    });
    expect(await h.executions(anvil, 1)).to.equal(1);
    expect((await h.attempts(db)).map((one) => [one.nonce, one.slot])).to.deep.equal([
      [0, "foreign"],
      [1, "final"],
    ]);
    await proxy.stop();
  });

  it("stops at a low balance without burning a nonce and goes on by itself after a top-up", async () => {
    anvil = await startAnvil();
    await h.installCounter(anvil);
    await anvil.rpc("anvil_setBalance", [h.sender, "0x10"]);
    start();
    await h.enqueue(db, 1);
    const reason = await h.waitFor("the hold", async () => {
      const row = await db.pool.query<{ held_reason: string | null }>(
        "SELECT held_reason FROM dodona.accounts",
      );
      return row.rows[0]?.held_reason;
    });
    expect(reason).to.match(/^balance 16 wei is too low/);
    expect(await h.attempts(db)).to.deep.equal([]);
    expect((await h.stateOf(db, 1)).status).to.equal("queued");
    await anvil.rpc("anvil_setBalance", [h.sender, "0xde0b6b3a7640000"]);
    await h.waitFor("confirmation", async () => (await h.stateOf(db, 1)).status === "confirmed");
    expect((await h.attempts(db)).map((one) => one.nonce)).to.deep.equal([0]);
  });

  it("serves feeds before randomness before payouts", async () => {
    anvil = await startAnvil({ mining: "manual" });
    await h.installCounter(anvil);
    await h.enqueue(db, 1, { lane: "payouts" });
    await h.enqueue(db, 2, { lane: "randomness" });
    await h.enqueue(db, 3, { lane: "feeds" });
    await h.enqueue(db, 4, { lane: "feeds" });
    start();
    await h.waitFor("all signed", async () => (await h.attempts(db)).length === 4);
    expect((await h.attempts(db)).map((one) => one.key)).to.deep.equal([
      "key:3",
      "key:4",
      "key:2",
      "key:1",
    ]);
  });
});

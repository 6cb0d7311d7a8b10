import { expect } from "chai";
import { startAnvil } from "../../helpers/anvil.ts";
import { startProxy } from "../../helpers/proxy.ts";
import * as h from "./harness.ts";

describe("relayer: nonces", function () {
  this.timeout(60_000);
  const bench = h.useBench();

  it("sends an intent, confirms it and records block, gas and price", async () => {
    bench.anvil = await startAnvil();
    await h.installCounter(bench.anvil);
    bench.start();
    await h.enqueue(bench.db, 1);
    const state = await h.waitFor("confirmation", async () => {
      const one = await h.stateOf(bench.db, 1);
      return one.status === "confirmed" ? one : null;
    });
    expect(await h.executions(bench.anvil, 1)).to.equal(1);
    const receipt = await bench.anvil.rpc<{
      gasUsed: string;
      effectiveGasPrice: string;
      blockNumber: string;
    }>("eth_getTransactionReceipt", [state.transactionHash]);
    const row = await bench.db.pool.query(
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
    bench.anvil = await startAnvil();
    await h.installCounter(bench.anvil);
    const proxy = await startProxy(() => bench.anvil.url);
    proxy.rule = (method) => (method === "eth_sendRawTransaction" ? "hang" : "pass");
    const first = bench.start({}, { rpcUrls: [proxy.url] });
    await h.enqueue(bench.db, 1);
    await h.waitFor("the broadcast", () => proxy.calls.get("eth_sendRawTransaction"));
    await first.kill("SIGKILL");
    const stored = await h.attempts(bench.db);
    expect(stored).to.have.length(1);
    expect(stored[0]).to.include({ nonce: 0, slot: "pending", sent: false });
    expect(await bench.anvil.rpc("eth_getTransactionByHash", [stored[0]?.hash])).to.equal(null);

    bench.start();
    const state = await h.waitFor("confirmation", async () => {
      const one = await h.stateOf(bench.db, 1);
      return one.status === "confirmed" ? one : null;
    });
    expect(state.transactionHash).to.equal(stored[0]?.hash);
    expect(await h.attempts(bench.db)).to.have.length(1);
    await proxy.stop();
  });

  it("treats a broadcast whose answer was lost as maybe sent and does not sign again", async () => {
    bench.anvil = await startAnvil({ mining: "manual" });
    await h.installCounter(bench.anvil);
    const proxy = await startProxy(() => bench.anvil.url);
    let lost = 0;
    proxy.rule = (method) =>
      method === "eth_sendRawTransaction" && lost++ < 4 ? "lose-answer" : "pass";
    bench.start({}, { rpcUrls: [proxy.url] });
    await h.enqueue(bench.db, 1);
    await h.waitFor("acceptance", async () => (await h.attempts(bench.db))[0]?.sent);
    await bench.anvil.rpc("evm_mine");
    await h.waitFor(
      "confirmation",
      async () => (await h.stateOf(bench.db, 1)).status === "confirmed",
    );
    expect(await h.attempts(bench.db)).to.have.length(1);
    expect(await h.executions(bench.anvil, 1)).to.equal(1);
    await proxy.stop();
  });

  it("loses nothing and doubles nothing when it is killed with -9 again and again under load", async () => {
    bench.anvil = await startAnvil({ mining: 0.25 });
    await h.installCounter(bench.anvil);
    let total = 0;
    let isKilling = true;
    let relayer = bench.start();
    const killing = (async () => {
      for (let round = 0; round < 4; round++) {
        // Each life ends while something is in flight, at another moment.
        const before = (await h.attempts(bench.db)).length;
        await h.waitFor("work", async () => (await h.attempts(bench.db)).length > before);
        await new Promise((resolve) => setTimeout(resolve, 13 * round));
        await relayer.kill("SIGKILL");
        relayer = bench.start();
      }
    })().finally(() => (isKilling = false));
    while (isKilling) {
      await h.enqueue(bench.db, ++total);
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
    await killing;
    await h.waitFor(
      "all confirmed",
      async () => {
        const open = await bench.db.pool.query(
          "SELECT count(*) AS n FROM dodona.intents WHERE status <> 'confirmed'",
        );
        return (open.rows[0] as { n: string }).n === "0";
      },
      30_000,
    );
    const counts = await Promise.all(
      Array.from({ length: total }, (_, i) => h.executions(bench.anvil, i + 1)),
    );
    expect(counts.filter((count) => count === 1)).to.have.length(total);
    expect(Number(await bench.anvil.rpc("eth_getTransactionCount", [h.sender, "latest"]))).to.equal(
      total,
    );
  });

  it("never lets two processes on the same account send twice, and the second takes over when the first dies", async () => {
    bench.anvil = await startAnvil({ mining: "manual" });
    await h.installCounter(bench.anvil);
    const first = bench.start();
    await h.waitFor("the owner", () => first.output().includes("works on the account"));
    const second = bench.start();
    await h.waitFor("the second to stand by", () => second.output().includes("stands by"));
    for (let ordinal = 1; ordinal <= 5; ordinal++) await h.enqueue(bench.db, ordinal);
    await h.waitFor(
      "five sent",
      async () => (await h.attempts(bench.db)).filter((one) => one.sent).length === 5,
    );
    await first.kill("SIGKILL");
    await h.waitFor("take-over", () => second.output().includes("works on the account"));
    for (let ordinal = 6; ordinal <= 8; ordinal++) await h.enqueue(bench.db, ordinal);
    await h.waitFor(
      "eight sent",
      async () => (await h.attempts(bench.db)).filter((one) => one.sent).length === 8,
    );
    await bench.anvil.rpc("evm_mine");
    await h.waitFor("all confirmed", async () => {
      const states = await Promise.all(
        [1, 2, 3, 4, 5, 6, 7, 8].map((ordinal) => h.stateOf(bench.db, ordinal)),
      );
      return states.every((state) => state.status === "confirmed");
    });
    const counts = await Promise.all(
      [1, 2, 3, 4, 5, 6, 7, 8].map((ordinal) => h.executions(bench.anvil, ordinal)),
    );
    expect(counts).to.deep.equal([1, 1, 1, 1, 1, 1, 1, 1]);
    expect((await h.attempts(bench.db)).map((one) => one.nonce)).to.deep.equal([
      0, 1, 2, 3, 4, 5, 6, 7,
    ]);
  });

  it("refuses a second row for the same chain, account and nonce", async () => {
    bench.anvil = await startAnvil();
    await bench.db.pool.query(
      "INSERT INTO dodona.accounts (chain_id, address, next_nonce) VALUES (31337, $1, 0)",
      [h.sender],
    );
    const insert =
      "INSERT INTO dodona.transactions (chain_id, account, nonce, status) VALUES (31337, $1, 7, 'vacant')";
    await bench.db.pool.query(insert, [h.sender]);
    const error = await bench.db.pool.query(insert, [h.sender]).catch((reason: unknown) => reason);
    expect(error).to.have.property("code", "23505");
  });

  it("skips a nonce that another transaction of the account has used and serves its intent with the next", async () => {
    bench.anvil = await startAnvil({ mining: "manual" });
    await h.installCounter(bench.anvil);
    const proxy = await startProxy(() => bench.anvil.url);
    proxy.rule = (method) => (method === "eth_sendRawTransaction" ? "cut" : "pass");
    bench.start({}, { rpcUrls: [proxy.url] });
    await h.enqueue(bench.db, 1);
    await h.waitFor("reservation", async () => (await h.attempts(bench.db)).length === 1);
    await bench.anvil.rpc("eth_sendTransaction", [
      { from: h.sender, to: h.counterAddress, data: "0x", gas: "0xffff" },
    ]);
    await bench.anvil.rpc("evm_mine");
    proxy.rule = () => "pass";
    // The nonce counts as lost only some blocks later: a receipt may come late.
    await h.waitFor("the nonce to be given up", async () => {
      await bench.anvil.rpc("evm_mine");
      return (await h.attempts(bench.db)).some((one) => one.slot === "foreign");
    });
    await h.waitFor("confirmation", async () => {
      await bench.anvil.rpc("evm_mine");
      return (await h.stateOf(bench.db, 1)).status === "confirmed";
    });
    expect(await h.executions(bench.anvil, 1)).to.equal(1);
    expect((await h.attempts(bench.db)).map((one) => [one.nonce, one.slot])).to.deep.equal([
      [0, "foreign"],
      [1, "final"],
    ]);
    await proxy.stop();
  });

  it("stops at a low balance without burning a nonce and goes on by itself after a top-up", async () => {
    bench.anvil = await startAnvil();
    await h.installCounter(bench.anvil);
    await bench.anvil.rpc("anvil_setBalance", [h.sender, "0x10"]);
    bench.start();
    await h.enqueue(bench.db, 1);
    const reason = await h.waitFor("the hold", async () => {
      const row = await bench.db.pool.query<{ held_reason: string | null }>(
        "SELECT held_reason FROM dodona.accounts",
      );
      return row.rows[0]?.held_reason;
    });
    expect(reason).to.match(/^balance 16 wei is too low/);
    expect(await h.attempts(bench.db)).to.deep.equal([]);
    expect((await h.stateOf(bench.db, 1)).status).to.equal("queued");
    await bench.anvil.rpc("anvil_setBalance", [h.sender, "0xde0b6b3a7640000"]);
    await h.waitFor(
      "confirmation",
      async () => (await h.stateOf(bench.db, 1)).status === "confirmed",
    );
    expect((await h.attempts(bench.db)).map((one) => one.nonce)).to.deep.equal([0]);
  });

  it("serves feeds before randomness before payouts", async () => {
    bench.anvil = await startAnvil({ mining: "manual" });
    await h.installCounter(bench.anvil);
    await h.enqueue(bench.db, 1, { lane: "payouts" });
    await h.enqueue(bench.db, 2, { lane: "randomness" });
    await h.enqueue(bench.db, 3, { lane: "feeds" });
    await h.enqueue(bench.db, 4, { lane: "feeds" });
    bench.start();
    await h.waitFor("all signed", async () => (await h.attempts(bench.db)).length === 4);
    expect((await h.attempts(bench.db)).map((one) => one.key)).to.deep.equal([
      "key:3",
      "key:4",
      "key:2",
      "key:1",
    ]);
  });
});

import { toBeHex } from "ethers";
import { expect } from "chai";
import { startAnvil } from "../../helpers/anvil.ts";
import { startProxy } from "../../helpers/proxy.ts";
import * as h from "./harness.ts";

const gwei = 1_000_000_000n;

/** A sequence that looks random and is the same in every run (Numerical Recipes' LCG). */
function dice(seed: number): () => number {
  let state = seed;
  return () => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) / 2 ** 32;
}

describe("relayer: faults of chain, endpoints and clock", function () {
  this.timeout(60_000);
  const bench = h.useBench();
  const startChain = async (mining: "manual" | "instant" | number): Promise<void> => {
    bench.anvil = await startAnvil({ mining });
    await h.installCounter(bench.anvil);
  };
  const nonceOf = async (): Promise<number> =>
    Number(await bench.anvil.rpc("eth_getTransactionCount", [h.sender, "latest"]));
  /** Every intent was executed once, and the account used no nonce that is not in the ledger. */
  const expectOnce = async (count: number): Promise<void> => {
    const counts = await bench.counts(h.ordinals(count));
    expect(counts.filter((one) => one === 1)).to.have.length(count);
    const rows = await bench.db.pool.query<{ first: string; last: string; n: string }>(
      "SELECT min(nonce) AS first, max(nonce) AS last, count(*) AS n FROM dodona.transactions",
    );
    const { first, last, n } = rows.rows[0]!;
    expect([Number(first), Number(last) + 1]).to.deep.equal([0, Number(n)]);
  };
  const feed = async (count: number, everyMs: number): Promise<void> => {
    for (const ordinal of h.ordinals(count)) {
      await h.enqueue(bench.db, ordinal);
      await new Promise((resolve) => setTimeout(resolve, everyMs));
    }
  };

  it("RPC dropping half its responses: everything is executed once", async () => {
    await startChain(0.25);
    const proxy = await startProxy(() => bench.anvil.url);
    const roll = dice(7);
    proxy.rule = () => (roll() < 0.5 ? "pass" : roll() < 0.5 ? "cut" : "lose-answer");
    bench.start({}, { rpcUrls: [proxy.url] });
    await feed(20, 20);
    await bench.confirmed(h.ordinals(20), false, 30_000);
    await expectOnce(20);
  });

  it("RPC answering late, now and then too late: everything is executed once", async () => {
    await startChain(0.25);
    const proxy = await startProxy(() => bench.anvil.url);
    const roll = dice(11);
    proxy.rule = () => ({ lateMs: roll() < 0.1 ? 700 : 100 * roll() });
    bench.start({ rpcTimeoutMs: 500 }, { rpcUrls: [proxy.url] });
    await feed(10, 20);
    await bench.confirmed(h.ordinals(10), false, 30_000);
    await expectOnce(10);
  });

  it("RPC lying about the nonce half the time, up and down: nothing twice, no gap that stays", async () => {
    await startChain(0.25);
    const proxy = await startProxy(() => bench.anvil.url);
    const roll = dice(3);
    let truth = 0;
    proxy.rule = (method) => {
      if (method !== "eth_getTransactionCount" || roll() < 0.5) return "pass";
      void nonceOf().then((nonce) => (truth = nonce));
      return { result: toBeHex(Math.max(0, truth + Math.floor(7 * roll()) - 3)) };
    };
    bench.start({}, { rpcUrls: [proxy.url] });
    await feed(20, 40);
    await bench.confirmed(h.ordinals(20), false, 30_000);
    await expectOnce(20);
  });

  it("RPC that says for long that pending nonces are used up: they are not given to a second transaction", async () => {
    await startChain("manual");
    const proxy = await startProxy(() => bench.anvil.url);
    bench.start({}, { rpcUrls: [proxy.url] });
    for (const ordinal of [1, 2, 3]) await h.enqueue(bench.db, ordinal);
    await bench.sent(3);
    // The transactions stay out of blocks, and the lie lasts for more blocks than it takes to give a nonce up.
    proxy.rule = (method) => (method === "eth_getTransactionCount" ? { result: "0x3" } : "pass");
    for (let block = 0; block < 6; block++) {
      await bench.anvil.rpc("anvil_setNextBlockBaseFeePerGas", [toBeHex(50n * gwei)]);
      const asked = proxy.calls.get("eth_getTransactionCount") ?? 0;
      await bench.anvil.rpc("evm_mine");
      await h.waitFor(
        "two looks",
        () => (proxy.calls.get("eth_getTransactionCount") ?? 0) > asked + 1,
      );
    }
    expect((await h.attempts(bench.db)).map((row) => row.slot)).to.deep.equal(
      Array(3).fill("pending"),
    );
    proxy.rule = () => "pass";
    await bench.anvil.rpc("anvil_setNextBlockBaseFeePerGas", [toBeHex(gwei)]);
    await bench.confirmed([1, 2, 3], true);
    await expectOnce(3);
  });

  it("one of three endpoints lying about nonce and head all the time: the others are believed", async () => {
    await startChain(0.25);
    const liar = await startProxy(() => bench.anvil.url);
    const [second, third] = [
      await startProxy(() => bench.anvil.url),
      await startProxy(() => bench.anvil.url),
    ];
    liar.rule = (method) =>
      method === "eth_getTransactionCount"
        ? { result: "0x40" }
        : method === "eth_blockNumber"
          ? { result: "0x989680" }
          : "pass";
    const relayer = bench.start({}, { rpcUrls: [liar.url, second.url, third.url] });
    await feed(10, 20);
    await bench.confirmed(h.ordinals(10), false);
    await expectOnce(10);
    expect(relayer.output()).to.match(/RPC endpoint is ahead of the others/);
  });

  it("RPC on the wrong chain in the middle of work: nothing is sent there, and work goes on when it is back", async () => {
    await startChain("instant");
    const other = await startAnvil({ chainId: 1 });
    try {
      let target = bench.anvil.url;
      const proxy = await startProxy(() => target);
      const relayer = bench.start({}, { rpcUrls: [proxy.url] });
      await h.enqueue(bench.db, 1);
      await bench.confirmed([1], false);
      target = other.url;
      await proxy.dropConnections();
      await h.waitFor("the refusal", () =>
        /answers for chain 1, expected 31337/.test(relayer.output()),
      );
      await h.enqueue(bench.db, 2);
      target = bench.anvil.url;
      await bench.confirmed([2], false);
      await expectOnce(2);
      expect(Number(await other.rpc("eth_getTransactionCount", [h.sender, "pending"]))).to.equal(0);
    } finally {
      await other.stop();
    }
  });

  it("base fee rising tenfold in 20 blocks: traffic goes on, fees follow under the cap", async () => {
    await startChain("manual");
    const relayer = bench.start({ replaceAfterBlocks: 2, fees: { maxFeeGwei: 100 } });
    await h.waitFor("the owner", () => relayer.output().includes("works on the account"));
    let baseFee = gwei;
    for (const ordinal of h.ordinals(20)) {
      await h.enqueue(bench.db, ordinal);
      baseFee = (baseFee * 1122n) / 1000n;
      await h.waitFor("its bytes", async () =>
        (await h.attempts(bench.db)).some((row) => row.key === `key:${ordinal}`),
      );
      // As a market does it: the block comes whether the relayer has followed or not.
      await bench.anvil.rpc("anvil_setNextBlockBaseFeePerGas", [toBeHex(baseFee)]);
      await bench.anvil.rpc("evm_mine");
    }
    expect(baseFee).to.be.greaterThan(9_900_000_000n);
    await h.waitFor("all confirmed", async () => {
      await bench.anvil.rpc("anvil_setNextBlockBaseFeePerGas", [toBeHex(baseFee)]);
      await bench.anvil.rpc("evm_mine");
      const open = await bench.db.pool.query(
        "SELECT 1 FROM dodona.intents WHERE status <> 'confirmed'",
      );
      return open.rowCount === 0;
    });
    await expectOnce(20);
    const fees = (await h.attempts(bench.db)).map((row) => row.maxFee);
    expect(fees.every((fee) => fee <= 100n * gwei)).to.equal(true);
  });

  for (const [slots, maxPending] of [
    ["free slots", 16],
    ["every slot full", 3],
  ] as const) {
    it(`nonce gap with ${slots}: it is closed by what waits, and all above is mined`, async () => {
      await startChain("manual");
      const proxy = await startProxy(() => bench.anvil.url);
      let first: unknown;
      proxy.rule = (method, [raw]) => {
        if (method !== "eth_sendRawTransaction") return "pass";
        first ??= raw;
        // The node never sees nonce 0.
        return raw === first ? "cut" : "pass";
      };
      bench.start({ maxPending }, { rpcUrls: [proxy.url] });
      await h.enqueue(bench.db, 1);
      await h.waitFor("nonce 0", async () => (await h.attempts(bench.db)).length === 1);
      for (const ordinal of [2, 3]) await h.enqueue(bench.db, ordinal);
      await bench.sent(2);
      await bench.anvil.rpc("evm_mine");
      expect(await nonceOf()).to.equal(0);
      if (maxPending === 3) await h.enqueue(bench.db, 4);
      await h.expire(bench.db, [1]);
      await bench.confirmed(maxPending === 3 ? [2, 3, 4] : [2, 3], true);
      expect(await bench.counts([1, 2, 3])).to.deep.equal([0, 1, 1]);
      const closing = (await h.attempts(bench.db)).filter((row) => row.nonce === 0)[1];
      expect([closing?.purpose, closing?.key]).to.deep.equal(
        maxPending === 3 ? ["reused", "key:4"] : ["cancelled", null],
      );
    });
  }

  for (const minutes of [2, -2]) {
    it(`clock ${minutes} minutes off: intents expire by the database's clock`, async () => {
      await startChain("manual");
      const relayer = bench.start({}, { clockOffsetMs: minutes * 60_000 });
      await h.waitFor("the owner", () => relayer.output().includes("works on the account"));
      await h.enqueue(bench.db, 1, { expiresAtMs: Date.now() + 60_000 });
      await bench.sent(1);
      await bench.confirmed([1], true);
      await h.enqueue(bench.db, 2, { expiresAtMs: Date.now() - 1_000 });
      await h.waitFor(
        "the end of the other",
        async () => (await h.stateOf(bench.db, 2)).status === "expired",
      );
      expect(await bench.counts([1, 2])).to.deep.equal([1, 0]);
    });
  }

  it("two relayers on the same accounts, under load: each intent once, each nonce once", async () => {
    await startChain(0.25);
    const accounts = h.writeKeys(3);
    const [first] = [bench.start({ accounts }), bench.start({ accounts })];
    await feed(30, 10);
    await first.kill("SIGKILL");
    for (const ordinal of h.ordinals(20, 31)) await h.enqueue(bench.db, ordinal);
    await bench.confirmed(h.ordinals(50), false, 30_000);
    const counts = await bench.counts(h.ordinals(50));
    expect(counts.filter((one) => one === 1)).to.have.length(50);
    const mined = await Promise.all(
      [0, 1, 2].map(async (index) =>
        Number(
          await bench.anvil.rpc("eth_getTransactionCount", [h.accountAt(index).address, "latest"]),
        ),
      ),
    );
    expect(mined.reduce((a, b) => a + b)).to.equal(50);
  });
});

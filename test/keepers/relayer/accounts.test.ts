import { Transaction } from "ethers";
import { expect } from "chai";
import {
  cancel,
  pause,
  readRelayerState,
  resume,
  wholeChain,
} from "../../../keepers/relayer/control.ts";
import { startAnvil, type TestAnvil } from "../../helpers/anvil.ts";
import { startProxy } from "../../helpers/proxy.ts";
import * as h from "./harness.ts";

const addresses = h.ordinals(4, 0).map((index) => h.accountAt(index).address.toLowerCase());

describe("relayer: several accounts", function () {
  this.timeout(60_000);
  const bench = h.useBench();
  let other: TestAnvil | undefined;
  const startChain = async (mining: "manual" | "instant" | number): Promise<void> => {
    bench.anvil = await startAnvil({ mining });
    await h.installCounter(bench.anvil);
  };
  const balanceOf = async (address: string): Promise<bigint> =>
    BigInt(await bench.anvil.rpc<string>("eth_getBalance", [address, "latest"]));
  const setBalance = (address: string, wei: bigint): Promise<unknown> =>
    bench.anvil.rpc("anvil_setBalance", [address, `0x${wei.toString(16)}`]);
  /** An account notes its balance when it first asks for work. */
  const ready = (count: number): Promise<unknown> =>
    h.waitFor(`${count} accounts at work`, async () => {
      const { accounts } = await readRelayerState(bench.db.pool, null);
      return accounts.filter((account) => account.balanceWei > 0n).length === count;
    });

  afterEach(async () => {
    await other?.stop();
    other = undefined;
  });

  for (const schedule of ["roundRobin", "leastPending"]) {
    it(`spreads the queue over four accounts (${schedule}) and does nothing twice`, async () => {
      await startChain("manual");
      bench.start({ schedule, accounts: h.writeKeys(4) });
      await ready(4);
      const all = h.ordinals(24);
      for (const ordinal of all) await h.enqueue(bench.db, ordinal);
      const rows = await bench.sent(24);
      const shares = addresses.map((address) => rows.filter((row) => row.account === address));
      const sizes = shares.map((share) => share.length);
      // Six each, but for shares that an account was too slow to fetch.
      expect(Math.min(...sizes)).to.be.greaterThan(2);
      for (const share of shares)
        expect(share.map((row) => row.nonce)).to.deep.equal(h.ordinals(share.length, 0));
      await bench.confirmed(all, true);
      expect((await bench.counts(all)).every((count) => count === 1)).to.equal(true);
    });
  }

  it("sends a price at once while payouts fill their part of every account, and prices before all that wait", async () => {
    await startChain("manual");
    bench.start({ accounts: h.writeKeys(2), maxPending: 16 });
    await ready(2);
    const payouts = h.ordinals(60);
    for (const ordinal of payouts) await h.enqueue(bench.db, ordinal, { lane: "payouts" });
    // 16 nonces of each account less one for each lane above.
    await bench.sent(28);
    await h.enqueue(bench.db, 101, { lane: "randomness" });
    await h.enqueue(bench.db, 102, { lane: "feeds" });
    const rows = await bench.sent(30);
    expect(rows.slice(28).map((row) => row.key)).to.have.members(["key:101", "key:102"]);
    await new Promise((resolve) => setTimeout(resolve, 400));
    expect(await h.attempts(bench.db)).to.have.length(30);
    // When nonces are free again, prices that came last go out before the payouts that have waited since long.
    const late = h.ordinals(10, 201);
    for (const ordinal of late) await h.enqueue(bench.db, ordinal, { lane: "feeds" });
    await bench.sent(32);
    await bench.anvil.rpc("evm_mine");
    const isLate = new Set(late.map((ordinal) => `key:${ordinal}`));
    const after = (await bench.sent(60)).slice(30);
    // While one account takes the prices the other passes over them: each by itself takes prices first.
    for (const address of addresses) {
      const taken = after
        .filter((row) => row.account === address)
        .map(({ key }) => key !== null && isLate.has(key));
      expect(taken).to.deep.equal([...taken].sort((x, y) => Number(y) - Number(x)));
    }
    await bench.confirmed([...payouts, 101, 102, ...late], true);
  });

  it("goes on with the other account when one was drained, and with both after it was filled", async () => {
    await startChain("manual");
    const relayer = bench.start({ accounts: h.writeKeys(2), schedule: "roundRobin" });
    await ready(2);
    for (const ordinal of h.ordinals(4)) await h.enqueue(bench.db, ordinal);
    expect((await bench.sent(4)).filter((row) => row.account === addresses[0])).to.have.length(2);
    await setBalance(addresses[0]!, 0n);
    await bench.anvil.rpc("evm_mine");
    const url = await relayer.metricsUrl();
    await h.waitFor("the relayer to see it", async () =>
      /account_balance_ether\{[^}]*f39fd6[^}]*\} 0$/m.test(
        await (await fetch(`${url}/metrics`)).text(),
      ),
    );
    for (const ordinal of h.ordinals(4, 5)) await h.enqueue(bench.db, ordinal);
    await h.waitFor("all of the other account", async () => {
      await bench.anvil.rpc("evm_mine");
      return (
        (await bench.counts([1, 2, 3, 4, 5, 6, 7, 8])).reduce((sum, count) => sum + count) >= 6
      );
    });
    await setBalance(addresses[0]!, 10n ** 18n);
    await bench.confirmed(h.ordinals(8), true);
    expect(await bench.counts(h.ordinals(8))).to.deep.equal([1, 1, 1, 1, 1, 1, 1, 1]);
    const used = addresses
      .slice(0, 2)
      .map(async (address) =>
        Number(await bench.anvil.rpc("eth_getTransactionCount", [address, "latest"])),
      );
    expect((await Promise.all(used)).reduce((a, b) => a + b)).to.equal(8);
  });

  it("quarantines an account that nodes refuse, serves the queue by the others, and tries it again by itself", async () => {
    await startChain("instant");
    const proxy = await startProxy(() => bench.anvil.url);
    proxy.rule = (method, [raw]) =>
      method === "eth_sendRawTransaction" &&
      Transaction.from(raw as string).from?.toLowerCase() === addresses[0]
        ? { error: "the moon is full" }
        : "pass";
    const relayer = bench.start(
      {
        accounts: h.writeKeys(2),
        schedule: "roundRobin",
        quarantine: { failures: 2, firstSeconds: 2, maxSeconds: 2 },
      },
      { rpcUrls: [proxy.url] },
    );
    await ready(2);
    for (const ordinal of h.ordinals(4)) await h.enqueue(bench.db, ordinal);
    const held = await h.waitFor("the quarantine", async () => {
      const { accounts } = await readRelayerState(bench.db.pool, 31337);
      return accounts.find((account) => account.quarantinedUntil !== null);
    });
    expect(held.address).to.equal(addresses[0]);
    expect(held.heldReason).to.match(/^quarantined until .*the node refuses.*the moon is full/);
    for (const ordinal of h.ordinals(6, 11)) await h.enqueue(bench.db, ordinal);
    await bench.confirmed(h.ordinals(6, 11), false);
    proxy.rule = () => "pass";
    // What was out when it began is executed without waiting; new nonces only after its time.
    await bench.confirmed(h.ordinals(4), false);
    let ordinal = 20;
    await h.waitFor("the account to work again", async () => {
      await h.enqueue(bench.db, ++ordinal);
      return relayer.output().includes("account is trusted again");
    });
    const { accounts } = await readRelayerState(bench.db.pool, 31337);
    expect(accounts.every((account) => account.quarantinedUntil === null)).to.equal(true);
  });

  describe("pause and cancellation", () => {
    it("pauses the whole chain for all processes: no new nonce, while pending ones are still replaced", async () => {
      await startChain("manual");
      const group = { lane: "feeds", group: "feed:1" } as const;
      bench.start({ accounts: h.writeKeys(1) });
      await ready(1);
      await h.enqueue(bench.db, 1, group);
      await bench.sent(1);
      await pause(bench.db.pool, 31337, wholeChain, "maintenance");
      await h.enqueue(bench.db, 2, group);
      await h.enqueue(bench.db, 3);
      const rows = await bench.sent(2);
      expect(rows.map((row) => [row.nonce, row.key, row.purpose])).to.deep.equal([
        [0, "key:1", "new"],
        [0, "key:2", "group"],
      ]);
      await bench.confirmed([2], true);
      await h.waitFor("the reason", async () => {
        const { accounts } = await readRelayerState(bench.db.pool, 31337);
        return accounts[0]?.heldReason === "paused: maintenance";
      });
      expect((await h.stateOf(bench.db, 3)).status).to.equal("queued");
      expect(await resume(bench.db.pool, 31337, wholeChain)).to.equal(true);
      await bench.confirmed([3], true);
      expect(await resume(bench.db.pool, 31337, wholeChain)).to.equal(false);
    });

    it("pauses one account: the other does its work", async () => {
      await startChain("instant");
      await pause(bench.db.pool, 31337, addresses[0]!, "key is moved");
      bench.start({ accounts: h.writeKeys(2), schedule: "roundRobin" });
      for (const ordinal of h.ordinals(6)) await h.enqueue(bench.db, ordinal);
      await bench.confirmed(h.ordinals(6), false);
      expect(new Set((await h.attempts(bench.db)).map((row) => row.account))).to.deep.equal(
        new Set([addresses[1]]),
      );
    });

    it("cancels a queued intent at once, and a sent one by giving its nonce away", async () => {
      await startChain("manual");
      bench.start({ accounts: h.writeKeys(1) });
      await ready(1);
      await h.enqueue(bench.db, 1);
      const intentId = await h.enqueue(bench.db, 2);
      await bench.sent(2);
      expect(await cancel(bench.db.pool, String(intentId), "wrong amount")).to.deep.include({
        key: "key:2",
        was: "sent",
      });
      const rows = await bench.sent(3);
      expect([rows[2]!.nonce, rows[2]!.key, rows[2]!.purpose]).to.deep.equal([
        1,
        null,
        "cancelled",
      ]);
      expect((await h.stateOf(bench.db, 2)).reason).to.equal("cancelled: wrong amount");
      await bench.confirmed([1], true);
      expect(await bench.counts([1, 2])).to.deep.equal([1, 0]);
      await h.waitFor(
        "nonce 1",
        async () =>
          Number(await bench.anvil.rpc("eth_getTransactionCount", [addresses[0], "latest"])) === 2,
      );

      await pause(bench.db.pool, 31337, wholeChain, "test");
      await h.enqueue(bench.db, 3);
      expect((await cancel(bench.db.pool, "key:3", "not wanted"))?.was).to.equal("queued");
      await resume(bench.db.pool, 31337, wholeChain);
      expect(await h.stateOf(bench.db, 3)).to.include({
        status: "failed",
        reason: "cancelled: not wanted",
      });
      expect(await cancel(bench.db.pool, "key:99", "x")).to.equal(undefined);
    });

    it("confirms a cancelled intent whose own bytes were mined first", async () => {
      await startChain("manual");
      const proxy = await startProxy(() => bench.anvil.url);
      bench.start({}, { rpcUrls: [proxy.url] });
      await h.enqueue(bench.db, 1);
      await bench.sent(1);
      proxy.rule = (method) => (method === "eth_sendRawTransaction" ? "cut" : "pass");
      await cancel(bench.db.pool, "key:1", "too late");
      await h.waitFor("the cancellation", async () => (await h.attempts(bench.db)).length === 2);
      await bench.confirmed([1], true);
      expect(await bench.counts([1])).to.deep.equal([1]);
    });
  });

  it("serves several chains at once, each with its own accounts and nonces", async () => {
    await startChain("instant");
    other = await startAnvil({ chainId: 31338 });
    await h.installCounter(other);
    bench.start(
      { accounts: h.writeKeys(2) },
      { others: [{ chainId: 31338, rpcUrls: [other.url], accounts: h.writeKeys(1) }] },
    );
    const all = h.ordinals(12);
    for (const ordinal of all)
      await h.enqueue(bench.db, ordinal, { chainId: ordinal % 2 === 0 ? 31337 : 31338 });
    await bench.confirmed(all, false);
    const even = all.filter((ordinal) => ordinal % 2 === 0);
    expect(await bench.counts(all)).to.deep.equal(all.map((ordinal) => 1 - (ordinal % 2)));
    const elsewhere = await Promise.all(all.map((ordinal) => h.executions(other!, ordinal)));
    expect(elsewhere).to.deep.equal(all.map((ordinal) => ordinal % 2));
    expect(even).to.have.length(6);
    expect(await balanceOf(addresses[0]!)).to.not.equal(0n);
  });
});

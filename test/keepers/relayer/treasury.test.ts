import { expect } from "chai";
import { parseEther } from "ethers";
import { requestTopUp, readAsked } from "../../../keepers/relayer/treasury.ts";
import { startAnvil } from "../../helpers/anvil.ts";
import * as h from "./harness.ts";

const ether = parseEther("1");
const account = h.accountAt(0).address.toLowerCase();
const treasury = h.accountAt(9).address.toLowerCase();
const rules = { belowEther: 1, targetEther: 3, dailyCapEther: 5 };

describe("relayer: treasury", function () {
  this.timeout(60_000);
  const bench = h.useBench();
  const network = (): Record<string, unknown> => ({
    accounts: h.writeKeys(1),
    treasury: { account: h.writeKeys(1, 9)[0], ...rules },
  });
  const balance = async (): Promise<bigint> =>
    BigInt(await bench.anvil.rpc<string>("eth_getBalance", [account, "latest"]));
  const setBalance = (wei: bigint): Promise<unknown> =>
    bench.anvil.rpc("anvil_setBalance", [account, `0x${wei.toString(16)}`]);
  const topUps = async (): Promise<Array<{ value: bigint; status: string }>> => {
    const found = await bench.db.pool.query<{ value_wei: string; status: string }>(
      "SELECT u.value_wei, i.status FROM dodona.topups u JOIN dodona.intents i ON i.id = u.intent_id ORDER BY u.id",
    );
    return found.rows.map((row) => ({ value: BigInt(row.value_wei), status: row.status }));
  };
  const ask = (wei: bigint, block = 10): ReturnType<typeof requestTopUp> =>
    requestTopUp(bench.db, 31337, treasury, account, wei, 5n * ether, { wei: 0n, block });

  it("fills an account that is too low up to the target, from the treasury, and the queue goes on", async () => {
    bench.anvil = await startAnvil();
    await h.installCounter(bench.anvil);
    await setBalance(1_000n);
    bench.start(network());
    await h.enqueue(bench.db, 1);
    await bench.confirmed([1], false);
    const [one, ...more] = await topUps();
    expect(one).to.deep.equal({ value: 3n * ether - 1_000n, status: "confirmed" });
    expect(more).to.deep.equal([]);
    const senders = (await h.attempts(bench.db)).map((row) => [row.account, row.key]);
    expect(senders).to.deep.include([treasury, `topup:31337:${account}:1`]);
    expect(senders).to.deep.include([account, "key:1"]);
    expect(await balance()).to.be.greaterThan(2n * ether);
  });

  it("asks once, whatever dies and however many relayers look: killed while it is pending, two go on", async () => {
    bench.anvil = await startAnvil({ mining: "manual" });
    await setBalance(0n);
    const first = bench.start(network());
    await bench.sent(1);
    await first.kill("SIGKILL");
    const [second, third] = [bench.start(network()), bench.start(network())];
    for (const relayer of [second, third])
      await h.waitFor("both to be up", () => relayer.output().includes("relayer started"));
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    expect(await topUps()).to.have.length(1);
    await h.waitFor("the money", async () => {
      await bench.anvil.rpc("evm_mine");
      return (await topUps())[0]?.status === "confirmed";
    });
    expect(await balance()).to.equal(3n * ether);
    expect(await topUps()).to.have.length(1);
  });

  it("stops at the daily cap, says so, and asks again when the cap allows it", async () => {
    bench.anvil = await startAnvil();
    await setBalance(0n);
    const relayer = bench.start(network());
    await h.waitFor("the first", async () => (await balance()) === 3n * ether);
    await setBalance(0n);
    await h.waitFor("the cap", () => relayer.output().includes("no top-up: daily cap"));
    expect(await topUps()).to.have.length(1);
    await bench.db.pool.query("UPDATE dodona.topup_days SET day = day - 1");
    await h.waitFor("the second", async () => (await balance()) === 3n * ether);
    expect(await topUps()).to.have.length(2);
  });

  it("gives one of many that ask at the same time the top-up, and none while it is under way", async () => {
    bench.anvil = await startAnvil();
    const results = await Promise.all(h.ordinals(10).map(() => ask(ether)));
    expect(results.map(({ type }) => type).sort()).to.deep.equal([
      "asked",
      ...Array<string>(9).fill("underWay"),
    ]);
    expect(await readAsked(bench.db.pool, 31337)).to.equal(ether);
  });

  it("does not ask on a balance that is older than the last top-up's block", async () => {
    bench.anvil = await startAnvil();
    await setBalance(0n);
    const relayer = bench.start(network());
    await h.waitFor("the first", async () => (await topUps())[0]?.status === "confirmed");
    await relayer.kill("SIGKILL");
    const mined = Number(await bench.anvil.rpc("eth_blockNumber"));
    expect(await ask(ether, mined - 1)).to.deep.equal({ type: "underWay" });
    expect((await ask(ether, mined)).type).to.equal("asked");
  });

  it("has the cap enforced by the database itself, to the wei", async () => {
    bench.anvil = await startAnvil();
    expect((await ask(5n * ether)).type).to.equal("asked");
    await bench.db.pool.query("UPDATE dodona.intents SET status = 'failed'");
    expect(await ask(1n)).to.deep.equal({
      type: "capped",
      askedWei: 5n * ether,
      capWei: 5n * ether,
    });
    const direct = await bench.db.pool
      .query("UPDATE dodona.topup_days SET asked_wei = asked_wei + 1")
      .catch((error: unknown) => error);
    expect(direct).to.have.property("constraint", "topup_daily_cap");
    expect(await topUps()).to.have.length(1);
  });
});

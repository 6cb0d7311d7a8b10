import { concat, toBeHex } from "ethers";
import { expect } from "chai";
import { IPriceFeeds__factory } from "../../../types/ethers-contracts/factories/interfaces/IPriceFeeds__factory.ts";
import { startAnvil } from "../../helpers/anvil.ts";
import { startProxy } from "../../helpers/proxy.ts";
import * as h from "./harness.ts";

const group = { lane: "feeds", group: "feed:31337:0xabc" } as const;
const gwei = 1_000_000_000n;

describe("relayer: replacement", function () {
  this.timeout(60_000);
  const bench = h.useBench();
  const sent = async (count: number): Promise<h.AttemptRow[]> =>
    h.waitFor(`${count} signed and sent`, async () => {
      const rows = await h.attempts(bench.db);
      return rows.length >= count && rows.every((row) => row.sent) ? rows : null;
    });
  const statusOf = async (ordinal: number): Promise<string> =>
    (await h.stateOf(bench.db, ordinal)).status;

  beforeEach(async () => {
    bench.anvil = await startAnvil({ mining: "manual" });
    await h.installCounter(bench.anvil);
  });

  it("replaces a stuck transaction with the same nonce at fees that are at least 10 % higher, both of them", async () => {
    bench.start({ replaceAfterBlocks: 3 });
    await h.enqueue(bench.db, 1);
    await sent(1);
    // Blocks go by that the transaction cannot afford.
    for (let block = 0; block < 4; block++) {
      await bench.anvil.rpc("anvil_setNextBlockBaseFeePerGas", [toBeHex(4n * gwei)]);
      await bench.anvil.rpc("evm_mine");
    }
    const rows = await sent(2);
    const [first, second] = [rows[0]!, rows[1]!];
    expect([second.nonce, second.key, second.purpose]).to.deep.equal([0, "key:1", "stuck"]);
    expect(second.maxFee * 10n >= first.maxFee * 11n).to.equal(true);
    expect(second.tip * 10n >= first.tip * 11n).to.equal(true);
    await bench.anvil.rpc("anvil_setNextBlockBaseFeePerGas", [toBeHex(4n * gwei)]);
    await bench.anvil.rpc("evm_mine");
    await h.waitFor("confirmation", async () => (await statusOf(1)) === "confirmed");
    expect((await h.stateOf(bench.db, 1)).transactionHash).to.equal(second.hash);
    expect(await h.executions(bench.anvil, 1)).to.equal(1);
  });

  it("never goes beyond the hard cap, and does not raise fees while the chain makes no blocks", async () => {
    bench.start({ fees: { maxFeeGwei: 3.1 }, replaceAfterBlocks: 3 });
    await h.enqueue(bench.db, 1);
    await sent(1);
    for (let block = 0; block < 5; block++) {
      await bench.anvil.rpc("anvil_setNextBlockBaseFeePerGas", [toBeHex(4n * gwei)]);
      await bench.anvil.rpc("evm_mine");
    }
    await new Promise((resolve) => setTimeout(resolve, 500));
    const rows = await h.attempts(bench.db);
    expect(rows.map((row) => row.nonce)).to.deep.equal([0]);
    expect(rows[0]!.maxFee <= (31n * gwei) / 10n).to.equal(true);
  });

  it("drops queued intents of a group in favour of the newest, in whatever order they came", async () => {
    await h.enqueue(bench.db, 1, group);
    await h.enqueue(bench.db, 3, group);
    await h.enqueue(bench.db, 2, group);
    await h.enqueue(bench.db, 9, { ...group, group: "another" });
    bench.start();
    await sent(2);
    await bench.anvil.rpc("evm_mine");
    await h.waitFor(
      "confirmation",
      async () => (await statusOf(3)) === "confirmed" && (await statusOf(9)) === "confirmed",
    );
    const state = await h.stateOf(bench.db, 1);
    expect([state.status, await statusOf(2)]).to.deep.equal(["superseded", "superseded"]);
    expect(state.reason).to.match(/^replaced by intent \d+ of the same group$/);
    await h.enqueue(bench.db, 0, group);
    await h.waitFor("the late one to be dropped", async () => (await statusOf(0)) === "superseded");
    expect(await h.attempts(bench.db)).to.have.length(2);
  });

  it("replaces the pending transaction of a group: same nonce, new calldata, fees raised", async () => {
    bench.start();
    await h.enqueue(bench.db, 1, group);
    const [first] = await sent(1);
    await h.enqueue(bench.db, 2, group);
    const second = (await sent(2))[1]!;
    expect([second.nonce, second.key, second.purpose]).to.deep.equal([0, "key:2", "group"]);
    expect(
      second.maxFee * 10n >= first!.maxFee * 11n && second.tip * 10n >= first!.tip * 11n,
    ).to.equal(true);
    await bench.anvil.rpc("evm_mine");
    await h.waitFor("confirmation", async () => (await statusOf(2)) === "confirmed");
    expect(await statusOf(1)).to.equal("superseded");
    expect([await h.executions(bench.anvil, 1), await h.executions(bench.anvil, 2)]).to.deep.equal([
      0, 1,
    ]);
    expect(Number(await bench.anvil.rpc("eth_getTransactionCount", [h.sender, "latest"]))).to.equal(
      1,
    );
  });

  it("watches all hashes of a nonce: when the older wins, it is confirmed and the newer gets the next nonce", async () => {
    const proxy = await startProxy(() => bench.anvil.url);
    bench.start({}, { rpcUrls: [proxy.url] });
    await h.enqueue(bench.db, 1, group);
    await sent(1);
    proxy.rule = (method) => (method === "eth_sendRawTransaction" ? "cut" : "pass");
    await h.enqueue(bench.db, 2, group);
    await h.waitFor("the replacement", async () => (await h.attempts(bench.db)).length === 2);
    await bench.anvil.rpc("evm_mine");
    await h.waitFor("the older to win", async () => (await statusOf(1)) === "confirmed");
    proxy.rule = () => "pass";
    await h.waitFor("the newer", async () => {
      await bench.anvil.rpc("evm_mine");
      return (await statusOf(2)) === "confirmed";
    });
    expect([await h.executions(bench.anvil, 1), await h.executions(bench.anvil, 2)]).to.deep.equal([
      1, 1,
    ]);
    const winners = (await h.attempts(bench.db)).map((row) => [row.nonce, row.key]);
    expect(winners).to.deep.equal([
      [0, "key:1"],
      [0, "key:2"],
      [1, "key:2"],
    ]);
    await proxy.stop();
  });

  it("drops an expired intent from the queue, and cancels a pending one without leaving a nonce gap", async () => {
    await h.enqueue(bench.db, 1, { expiresAtMs: Date.now() - 1 });
    bench.start();
    await h.waitFor("the drop", async () => (await statusOf(1)) === "expired");
    expect((await h.stateOf(bench.db, 1)).reason).to.match(/^expired at 20/);

    await h.enqueue(bench.db, 2);
    await sent(1);
    await h.expire(bench.db, [2]);
    const rows = await sent(2);
    expect(rows.map((row) => [row.nonce, row.key, row.purpose])).to.deep.equal([
      [0, "key:2", "new"],
      [0, null, "cancelled"],
    ]);
    expect(await statusOf(2)).to.equal("expired");
    await h.enqueue(bench.db, 3);
    await sent(3);
    await bench.anvil.rpc("evm_mine");
    await h.waitFor("confirmation", async () => (await statusOf(3)) === "confirmed");
    expect([await h.executions(bench.anvil, 2), await h.executions(bench.anvil, 3)]).to.deep.equal([
      0, 1,
    ]);
    expect(Number(await bench.anvil.rpc("eth_getTransactionCount", [h.sender, "latest"]))).to.equal(
      2,
    );
  });

  it("gives the nonce of an expired transaction to the next intent in the queue", async () => {
    bench.start({ maxPending: 1 });
    await h.enqueue(bench.db, 1);
    await sent(1);
    await h.enqueue(bench.db, 2);
    await h.expire(bench.db, [1]);
    const rows = await sent(2);
    expect(rows.map((row) => [row.nonce, row.key, row.purpose])).to.deep.equal([
      [0, "key:1", "new"],
      [0, "key:2", "reused"],
    ]);
    await bench.anvil.rpc("evm_mine");
    await h.waitFor("confirmation", async () => (await statusOf(2)) === "confirmed");
    expect(await statusOf(1)).to.equal("expired");
  });

  it("fails a transaction that reverts on chain with the decoded reason, and does not try again", async () => {
    const feed = "0x4254432f55534400000000000000000000000000000000000000000000000000";
    const revert = IPriceFeeds__factory.createInterface().encodeErrorResult("ReorderedReport", [
      feed,
      10,
      12,
    ]);
    const reverter = "0x00000000000000000000000000000000bad00001";
    await bench.anvil.rpc("anvil_setCode", [reverter, revertingCode(revert)]);
    bench.start();
    await h.enqueue(bench.db, 1, { ...group, to: reverter });
    await sent(1);
    await bench.anvil.rpc("evm_mine");
    await h.waitFor("failure", async () => (await statusOf(1)) === "failed");
    expect((await h.stateOf(bench.db, 1)).reason).to.equal(
      `reverted in block 1: ReorderedReport(${feed}, 10, 12)`,
    );
    await h.enqueue(bench.db, 2);
    await sent(2);
    expect((await h.attempts(bench.db)).map((row) => row.key)).to.deep.equal(["key:1", "key:2"]);
  });

  it("says that gas ran out", async () => {
    bench.start();
    await h.enqueue(bench.db, 1, { gasLimit: 30_000n });
    await sent(1);
    await bench.anvil.rpc("evm_mine");
    await h.waitFor("failure", async () => (await statusOf(1)) === "failed");
    expect((await h.stateOf(bench.db, 1)).reason).to.equal(
      "reverted in block 1: out of gas (limit 30000)",
    );
  });

  it("fails an intent that no node will ever take and gives its nonce to the next", async () => {
    bench.start();
    await h.enqueue(bench.db, 1, { gasLimit: 100_000_000n });
    await h.waitFor("failure", async () => (await statusOf(1)) === "failed");
    expect((await h.stateOf(bench.db, 1)).reason).to.match(/^rejected: /);
    await h.enqueue(bench.db, 2);
    await h.waitFor("confirmation", async () => {
      await bench.anvil.rpc("evm_mine");
      return (await statusOf(2)) === "confirmed";
    });
  });
});

/** @returns code that reverts with this data: it is written to memory word by word. */
function revertingCode(data: string): string {
  const bytes = Buffer.from(data.slice(2), "hex");
  const parts: string[] = [];
  for (let offset = 0; offset < bytes.length; offset += 32) {
    const word = Buffer.alloc(32);
    bytes.copy(word, 0, offset);
    parts.push("0x7f", `0x${word.toString("hex")}`, "0x61", toBeHex(offset, 2), "0x52");
  }
  return concat([...parts, "0x61", toBeHex(bytes.length, 2), "0x5ffd"]);
}

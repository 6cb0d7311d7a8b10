import { expect } from "chai";
import { encodeBytes32String } from "ethers";

import { PARAMS, deployNetwork, feedId } from "../../helpers/contracts-fixture.ts";

const ID = feedId("BTC/USD");
const FIRST = 67_000_00000000n;
const SECOND = 67_010_00000000n;

async function proxied() {
  const net = await deployNetwork({ names: ["BTC/USD"], params: { history: 8 } });
  const proxy = await net.ethers.deployContract("FeedProxy", [net.feeds, ID]);
  const consumer = await net.ethers.deployContract("PriceConsumer", [proxy]);
  const start = (await net.now()) + 5;
  return {
    ...net,
    proxy,
    consumer,
    start,
    publish: async () => {
      await net.submit([FIRST], start);
      await net.submit([SECOND], start + 10);
    },
  };
}

describe("FeedProxy", () => {
  it("serves every function of AggregatorV3Interface", async () => {
    const { proxy, publish, start } = await proxied();
    await publish();
    const latest = [2n, SECOND, BigInt(start + 10), BigInt(start + 10), 2n];
    expect([...(await proxy.latestRoundData())]).to.deep.equal(latest);
    expect([...(await proxy.getRoundData(2))]).to.deep.equal(latest);
    expect([...(await proxy.getRoundData(1))]).to.deep.equal([
      1n,
      FIRST,
      BigInt(start),
      BigInt(start),
      1n,
    ]);
    expect(await proxy.decimals()).to.equal(8);
    expect(await proxy.description()).to.equal("BTC/USD");
    expect(await proxy.version()).to.equal(1);
  });

  it("serves the older functions", async () => {
    const { proxy, publish, start } = await proxied();
    await publish();
    expect(await proxy.latestAnswer()).to.equal(SECOND);
    expect(await proxy.latestTimestamp()).to.equal(start + 10);
    expect(await proxy.latestRound()).to.equal(2);
    expect(await proxy.getAnswer(1)).to.equal(FIRST);
    expect(await proxy.getTimestamp(1)).to.equal(start);
  });

  it("is readable by a contract compiled against Chainlink's own interface", async () => {
    const { consumer, publish, start } = await proxied();
    await publish();
    const [roundId, answer, updatedAt, decimals, description] = await consumer.read();
    expect([roundId, answer, updatedAt, decimals, description]).to.deep.equal([
      2n,
      SECOND,
      BigInt(start + 10),
      8n,
      "BTC/USD",
    ]);
    expect(await consumer.answerOf(1)).to.equal(FIRST);
  });

  it("reads the same as PriceFeeds itself, and cheaper when warm", async () => {
    const { ethers, feeds, proxy, publish } = await proxied();
    await publish();
    const reader = await ethers.deployContract("ReadConsumer");
    for (const read of [await reader.readProxy(proxy), await reader.readDirect(feeds, ID)]) {
      expect(read.answer).to.equal(SECOND);
      expect(read.warm < read.cold).to.equal(true);
    }
  });

  it("passes PriceFeeds' reasons on to a consumer: NoData, RoundNotKept", async () => {
    const { feeds, proxy, consumer, publish } = await proxied();
    await expect(consumer.read()).to.be.revertedWithCustomError(feeds, "NoData").withArgs(ID);
    for (const read of [
      proxy.latestRoundData(),
      proxy.latestAnswer(),
      proxy.latestTimestamp(),
      proxy.latestRound(),
    ]) {
      await expect(read).to.be.revertedWithCustomError(feeds, "NoData").withArgs(ID);
    }
    await publish();
    for (const read of [
      proxy.getRoundData(3),
      proxy.getAnswer(3),
      proxy.getTimestamp(3),
      consumer.answerOf(3),
    ]) {
      await expect(read).to.be.revertedWithCustomError(feeds, "RoundNotKept").withArgs(ID, 3);
    }
  });

  it("reverts with RoundOutOfRange above 80 bits", async () => {
    const { proxy } = await proxied();
    for (const read of [proxy.getAnswer(1n << 80n), proxy.getTimestamp(1n << 80n)]) {
      await expect(read)
        .to.be.revertedWithCustomError(proxy, "RoundOutOfRange")
        .withArgs(1n << 80n);
    }
  });

  it("names its source", async () => {
    const { proxy, feedsAddress } = await proxied();
    expect([...(await proxy.source())]).to.deep.equal([feedsAddress, ID]);
  });

  it("describes an id of 31 characters, the longest that a short string holds", async () => {
    const { ethers, feeds } = await proxied();
    const name = "ABCDEFGHIJKLMNOPQRSTUVWXYZ12345";
    await feeds.createFeeds([feedId(name)], [PARAMS]);
    const proxy = await ethers.deployContract("FeedProxy", [feeds, encodeBytes32String(name)]);
    expect(await proxy.description()).to.equal(name);
    const full = `0x${"41".repeat(32)}`;
    const longest = await ethers.deployContract("FeedProxy", [feeds, full]);
    expect(await longest.description()).to.equal("A".repeat(32));
  });
});

import { expect } from "chai";

import { PARAMS, deployNetwork, feedId } from "../../helpers/contracts-fixture.ts";

const A = feedId("A");
const price = (round: number): bigint => 100_00000000n + BigInt(round);

/** A feed with the rounds 1 … `rounds`, one every ten seconds; round r has price(r) and slot start + 10 r. */
async function withRounds(rounds: number, history: number) {
  const net = await deployNetwork({ names: ["A"], params: { history } });
  const start = (await net.now()) + 10;
  const publish = async (from: number, to: number) => {
    for (let r = from; r <= to; r++) await net.submit([price(r)], start + 10 * r);
  };
  await publish(1, rounds);
  const kept = async (round: number) => {
    const data = await net.feeds.getRoundData(A, round);
    expect([...data]).to.deep.equal([
      BigInt(round),
      price(round),
      BigInt(start + 10 * round),
      BigInt(start + 10 * round),
      BigInt(round),
    ]);
  };
  const lost = async (round: number) => {
    await expect(net.feeds.getRoundData(A, round))
      .to.be.revertedWithCustomError(net.feeds, "RoundNotKept")
      .withArgs(A, round);
  };
  return { ...net, start, publish, kept, lost };
}

describe("PriceFeeds reads", () => {
  it("answers in Chainlink's shape", async () => {
    const net = await withRounds(2, 0);
    const time = BigInt(net.start + 20);
    const data = await net.feeds.latestRoundData(A);
    expect([...data]).to.deep.equal([2n, price(2), time, time, 2n]);
    expect(data.updatedAt).to.equal(time);
    expect(await net.feeds.decimals()).to.equal(8);
  });

  it("reverts with NoData for an Empty and an unknown feed", async () => {
    const net = await deployNetwork({ names: ["A"] });
    for (const id of [A, feedId("X")]) {
      await expect(net.feeds.latestRoundData(id))
        .to.be.revertedWithCustomError(net.feeds, "NoData")
        .withArgs(id);
    }
  });

  it("describes an unknown feed as Empty and zero, but reverts for its parameters", async () => {
    const net = await deployNetwork({ names: ["A"] });
    expect([...(await net.feeds.feed(feedId("X")))].every((field) => field === 0n)).to.equal(true);
    await expect(net.feeds.params(feedId("X")))
      .to.be.revertedWithCustomError(net.feeds, "UnknownFeed")
      .withArgs(feedId("X"));
  });

  it("gives the set and every feed in one snapshot", async () => {
    const net = await deployNetwork({ names: ["A", "B"] });
    await net.submit([{ index: 1, values: 3, answer: 7n }], (await net.now()) + 5);
    const { setId, since, feeds } = await net.feeds.snapshot();
    const current = await net.feeds.currentSet();
    expect([setId, since]).to.deep.equal([current.setId, current.since]);
    expect(feeds.map((f) => [f.answer, f.status])).to.deep.equal([
      [0n, 0n],
      [7n, 1n],
    ]);
  });

  describe("getRoundData", () => {
    it("keeps the latest round alone without a history", async () => {
      const { kept, lost } = await withRounds(3, 0);
      await kept(3);
      for (const round of [0, 1, 2, 4]) await lost(round);
    });

    it("keeps as many rounds as the history holds", async () => {
      const { kept, lost } = await withRounds(7, 3);
      for (const round of [5, 6, 7]) await kept(round);
      for (const round of [0, 1, 4, 8]) await lost(round);
    });

    it("never serves a wrong round after the ring has grown", async () => {
      const { feeds, publish, kept, lost } = await withRounds(5, 2);
      await feeds.setParams(A, { ...PARAMS, history: 5 });
      await kept(5);
      await lost(3);
      await publish(6, 9);
      for (const round of [6, 7, 8, 9]) await kept(round);
      for (const round of [1, 2, 3, 4]) await lost(round);
    });

    it("never serves a wrong round after the ring has shrunk", async () => {
      const { feeds, publish, kept, lost } = await withRounds(8, 8);
      await feeds.setParams(A, { ...PARAMS, history: 3 });
      await kept(8);
      await publish(9, 11);
      for (const round of [9, 10, 11]) await kept(round);
      for (const round of [3, 4, 5, 6, 7]) await lost(round);
    });

    it("keeps only the latest round after the history was switched off", async () => {
      const { feeds, kept, lost } = await withRounds(4, 4);
      await feeds.setParams(A, { ...PARAMS, history: 0 });
      await kept(4);
      await lost(3);
    });

    it("still serves kept rounds while the feed is Empty after a reset", async () => {
      const { feeds, publish, kept, lost } = await withRounds(3, 2);
      await feeds.reset(A);
      await kept(3);
      await kept(2);
      await lost(1);
      await publish(4, 4);
      await kept(4);
      await kept(3);
    });

    it("does not write a round while the feed is suspended", async () => {
      const { submit, start, kept, lost } = await withRounds(3, 4);
      await submit([price(0) * 2n], start + 40);
      await kept(3);
      await lost(4);
    });

    it("reverts with RoundNotKept above 32 bits and with UnknownFeed for an unknown feed", async () => {
      const { feeds, lost } = await withRounds(3, 4);
      await lost(2 ** 32 + 3);
      await expect(feeds.getRoundData(feedId("X"), 1))
        .to.be.revertedWithCustomError(feeds, "UnknownFeed")
        .withArgs(feedId("X"));
    });
  });
});

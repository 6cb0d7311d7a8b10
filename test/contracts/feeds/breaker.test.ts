import { expect } from "chai";

import type { PARAMS } from "../../helpers/contracts-fixture.ts";
import { deployNetwork, feedId } from "../../helpers/contracts-fixture.ts";

const ID = feedId("A");
const PRICE = 100_00000000n;
const CRASHED = 50_00000000n;
const SOARED = 150_00000000n;
const HOURS_72 = 72 * 3_600;
const DAYS_30 = 30 * 86_400;

const LIVE = 1;
const SUSPENDED = 2;
const TRIPPED = 3;
const DORMANT = 4;

/** A network of one feed that published PRICE at `start`, and a shorthand to report. */
async function live(params: Partial<Record<keyof typeof PARAMS, number>> = {}) {
  const net = await deployNetwork({ names: ["A"], params });
  const start = (await net.now()) + 10;
  await net.submit([PRICE], start);
  return {
    ...net,
    start,
    feed: () => net.feeds.feed(ID),
    report: (answer: bigint, seconds: number) => net.submit([answer], start + seconds),
    trip: () => net.feeds.connect(net.guardian).trip(ID),
  };
}

describe("PriceFeeds breaker", () => {
  it("moves the average by the share of tau that has passed, rounded toward it", async () => {
    const net = await live({ tau: 3_600 });
    await net.report(101_00000000n, 10);
    // 100 + 1 · 10/3600 in units of 1e-8, exactly 277777.7…
    expect((await net.feed()).average).to.equal(PRICE + 277_777n);
    await net.report(99_00000000n, 20);
    // (99e8 − 10000277777) · 10/3600 = −278549.38… truncates toward zero
    expect((await net.feed()).average).to.equal(PRICE + 277_777n - 278_549n);
  });

  it("takes the answer for the average after tau or more", async () => {
    const net = await live({ tau: 60 });
    await net.report(105_00000000n, 60);
    expect((await net.feed()).average).to.equal(105_00000000n);
    await net.report(100_00000000n, 600);
    expect((await net.feed()).average).to.equal(100_00000000n);
  });

  it("rounds the average down to 40 significant bits", async () => {
    const net = await deployNetwork({ names: ["A"] });
    const answer = (1n << 94n) + 12_345n;
    await net.submit([answer], (await net.now()) + 5);
    const state = await net.feeds.feed(ID);
    expect(state.answer).to.equal(answer);
    expect(state.average).to.equal(1n << 94n);
  });

  it("publishes an answer on the edge of the band and suspends one beyond it", async () => {
    for (const [answer, status] of [
      [110_00000000n, LIVE],
      [110_00000001n, SUSPENDED],
      [90_00000000n, LIVE],
      [89_99999999n, SUSPENDED],
    ] as const) {
      const net = await live();
      await net.report(answer, 10);
      expect((await net.feed()).status).to.equal(status);
    }
  });

  it("keeps the last good answer while it is suspended, and says so", async () => {
    const net = await live();
    await expect(net.report(CRASHED, 10))
      .to.emit(net.feeds, "FeedSuspended")
      .withArgs(ID, net.start + 10, CRASHED, PRICE);
    const state = await net.feed();
    expect(state.status).to.equal(SUSPENDED);
    expect(state.answer).to.equal(PRICE);
    expect(state.average).to.equal(PRICE);
    expect(state.updatedAt).to.equal(net.start);
    expect(state.lastReportAt).to.equal(net.start + 10);
    expect(state.round).to.equal(1);
    expect([state.candidateSide, state.candidateAge, state.candidateReports]).to.deep.equal([
      0n,
      0n,
      1n,
    ]);
    expect((await net.feeds.latestRoundData(ID)).answer).to.equal(PRICE);
  });

  it("publishes a real crash once it has held for the cool-down and the reports", async () => {
    const net = await live();
    await net.report(CRASHED, 10);
    await net.report(CRASHED - 1n, 40);
    await net.report(CRASHED - 2n, 110);
    expect((await net.feed()).status).to.equal(SUSPENDED);
    await expect(net.report(CRASHED - 3n, 130))
      .to.emit(net.feeds, "FeedResumed")
      .withArgs(ID, net.start + 130, CRASHED - 3n);
    const state = await net.feed();
    expect(state.status).to.equal(LIVE);
    expect(state.answer).to.equal(CRASHED - 3n);
    expect(state.average).to.equal(CRASHED - 3n);
    expect(state.round).to.equal(2);
  });

  it("does not publish before the reports that it needs, however long it held", async () => {
    const net = await live({ heartbeat: 200, minReports: 5 });
    for (const seconds of [10, 150, 290, 430]) await net.report(SOARED, seconds);
    const state = await net.feed();
    expect(state.status).to.equal(SUSPENDED);
    expect([state.candidateSide, state.candidateAge, state.candidateReports]).to.deep.equal([
      1n,
      420n,
      4n,
    ]);
    await net.report(SOARED, 570);
    expect((await net.feed()).answer).to.equal(SOARED);
  });

  it("resumes with an answer back in the band, weighing the time since the last answer", async () => {
    const net = await live({ tau: 3_600 });
    await net.report(SOARED, 10);
    await expect(net.report(101_00000000n, 36))
      .to.emit(net.feeds, "FeedResumed")
      .withArgs(ID, net.start + 36, 101_00000000n);
    const state = await net.feed();
    expect(state.status).to.equal(LIVE);
    expect(state.average).to.equal(PRICE + 1_000_000n);
    expect([state.candidateSide, state.candidateAge, state.candidateReports]).to.deep.equal([
      0n,
      0n,
      0n,
    ]);
  });

  it("starts the candidate again when the side changes", async () => {
    const net = await live();
    await net.report(CRASHED, 10);
    await net.report(CRASHED, 50);
    await net.report(SOARED, 90);
    const state = await net.feed();
    expect([state.candidateSide, state.candidateAge, state.candidateReports]).to.deep.equal([
      1n,
      0n,
      1n,
    ]);
  });

  it("starts the candidate again after a gap of more than two expected reports", async () => {
    const net = await live();
    await net.report(CRASHED, 10);
    await net.report(CRASHED, 90);
    expect((await net.feed()).candidateReports).to.equal(2);
    await net.report(CRASHED, 171);
    const state = await net.feed();
    expect([state.candidateAge, state.candidateReports]).to.deep.equal([0n, 1n]);
  });

  it("saturates age and reports of a candidate", async () => {
    const net = await live({ heartbeat: 2_000, cooldown: 4_095, minReports: 7 });
    for (let i = 0; i < 6; i++) await net.report(CRASHED, 1_000 + i * 3_900);
    let state = await net.feed();
    expect([state.candidateAge, state.candidateReports]).to.deep.equal([4_095n, 6n]);
    await net.report(CRASHED, 1_000 + 6 * 3_900);
    state = await net.feed();
    expect(state.status).to.equal(LIVE);
  });

  describe("dormancy", () => {
    it("accepts a report exactly at the limit", async () => {
      const net = await live({ dormancy: 1_000 });
      await net.report(PRICE, 1_000);
      expect((await net.feed()).round).to.equal(2);
    });

    it("reverts with FeedDormant beyond it, and says Dormant", async () => {
      const net = await live({ dormancy: 1_000 });
      await expect(net.report(PRICE, 1_001))
        .to.be.revertedWithCustomError(net.feeds, "FeedDormant")
        .withArgs(ID, net.start);
      await net.networkHelpers.time.increaseTo(net.start + 1_000);
      expect((await net.feed()).status).to.equal(LIVE);
      await net.networkHelpers.time.increaseTo(net.start + 1_001);
      expect((await net.feed()).status).to.equal(DORMANT);
      expect((await net.feeds.snapshot()).feeds.map((f) => f.status)).to.deep.equal([4n]);
      expect((await net.feeds.latestRoundData(ID)).answer).to.equal(PRICE);
    });

    it("ends with a reset, which lets the next report seed the feed", async () => {
      const net = await live({ dormancy: 1_000 });
      await net.networkHelpers.time.increaseTo(net.start + 5_000);
      await net.feeds.reset(ID);
      await net.report(SOARED, 5_010);
      const state = await net.feed();
      expect(state.answer).to.equal(SOARED);
      expect(state.average).to.equal(SOARED);
      expect(state.round).to.equal(2);
      expect(state.status).to.equal(LIVE);
    });
  });

  describe("trip", () => {
    it("stops publication, counts reports, and keeps the answer", async () => {
      const net = await live();
      await net.networkHelpers.time.setNextBlockTimestamp(net.start + 5);
      await expect(net.trip())
        .to.emit(net.feeds, "FeedTripped")
        .withArgs(ID, net.start + 5 + HOURS_72);
      expect(await net.feeds.trippedUntil(ID)).to.equal(net.start + 5 + HOURS_72);
      await net.report(101_00000000n, 10);
      const state = await net.feed();
      expect(state.status).to.equal(TRIPPED);
      expect(state.answer).to.equal(PRICE);
      expect(state.round).to.equal(1);
      expect(state.lastReportAt).to.equal(net.start + 10);
    });

    it("forgets a candidate", async () => {
      const net = await live();
      await net.report(SOARED, 10);
      await net.trip();
      const state = await net.feed();
      expect([state.candidateSide, state.candidateAge, state.candidateReports]).to.deep.equal([
        0n,
        0n,
        0n,
      ]);
      expect(state.lastReportAt).to.equal(net.start + 10);
    });

    it("lapses after 72 h into the cool-down, in which any answer counts", async () => {
      const net = await live();
      await net.networkHelpers.time.setNextBlockTimestamp(net.start + 5);
      await net.trip();
      const lapse = 5 + HOURS_72;
      await net.report(PRICE, lapse - 1);
      expect((await net.feed()).status).to.equal(TRIPPED);
      await expect(net.report(PRICE, lapse)).to.emit(net.feeds, "FeedSuspended");
      let state = await net.feed();
      expect(state.status).to.equal(SUSPENDED);
      expect([state.candidateSide, state.candidateAge, state.candidateReports]).to.deep.equal([
        2n,
        0n,
        1n,
      ]);
      await net.report(SOARED, lapse + 60);
      await net.report(CRASHED, lapse + 119);
      expect((await net.feed()).round).to.equal(1);
      await net.report(PRICE + 5n, lapse + 120);
      state = await net.feed();
      expect(state.status).to.equal(LIVE);
      expect(state.answer).to.equal(PRICE + 5n);
    });

    it("is renewable once in 30 days and then reverts with TripExhausted", async () => {
      const net = await live({ dormancy: 2 ** 24 - 1 });
      await net.networkHelpers.time.setNextBlockTimestamp(net.start + 100);
      await net.trip();
      await net.networkHelpers.time.setNextBlockTimestamp(net.start + 200);
      await net.trip();
      expect(await net.feeds.trippedUntil(ID)).to.equal(net.start + 200 + HOURS_72);
      const next = net.start + 100 + DAYS_30;
      await net.networkHelpers.time.setNextBlockTimestamp(next - 1);
      await expect(net.trip())
        .to.be.revertedWithCustomError(net.feeds, "TripExhausted")
        .withArgs(ID, next);
      await net.networkHelpers.time.setNextBlockTimestamp(next);
      await net.trip();
    });

    it("does not get its budget back by a reset, which clears its end", async () => {
      const net = await live();
      await net.trip();
      await net.trip();
      await net.feeds.reset(ID);
      expect(await net.feeds.trippedUntil(ID)).to.equal(0);
      await net.submit([PRICE], (await net.now()) + 5);
      await expect(net.trip()).to.be.revertedWithCustomError(net.feeds, "TripExhausted");
    });

    it("reverts with NoData for an Empty feed and UnknownFeed for none", async () => {
      const net = await deployNetwork({ names: ["A"] });
      const feeds = net.feeds.connect(net.guardian);
      await expect(feeds.trip(ID)).to.be.revertedWithCustomError(feeds, "NoData").withArgs(ID);
      await expect(feeds.trip(feedId("X")))
        .to.be.revertedWithCustomError(feeds, "UnknownFeed")
        .withArgs(feedId("X"));
    });
  });

  describe("reset", () => {
    it("empties the feed but keeps its round and last report", async () => {
      const net = await live();
      await net.report(SOARED, 10);
      await expect(net.feeds.reset(ID)).to.emit(net.feeds, "FeedReset").withArgs(ID);
      const state = await net.feed();
      expect([...state]).to.deep.equal([0n, 0n, 0n, BigInt(net.start + 10), 1n, 0n, 0n, 0n, 0n]);
      await expect(net.feeds.latestRoundData(ID))
        .to.be.revertedWithCustomError(net.feeds, "NoData")
        .withArgs(ID);
      await expect(net.submit([PRICE], net.start + 10, { blockTime: net.start + 20 }))
        .to.be.revertedWithCustomError(net.feeds, "ReorderedReport")
        .withArgs(ID, net.start + 10, net.start + 10);
    });

    it("reverts with UnknownFeed for a feed that does not exist", async () => {
      const net = await live();
      await expect(net.feeds.reset(feedId("X")))
        .to.be.revertedWithCustomError(net.feeds, "UnknownFeed")
        .withArgs(feedId("X"));
    });
  });
});

import { expect } from "chai";
import { dataLength, dataSlice, toBeHex } from "ethers";

import {
  PARAMS,
  at,
  deployBare,
  deployNetwork,
  feedId,
  keysOf,
  range,
  secretOf,
} from "../../helpers/contracts-fixture.ts";

const BTC = 67_123_45678901n;
const A = feedId("A");

/** A network whose set changed at `since`, from `old` to `old + 1`. */
async function changed() {
  const net = await deployNetwork({ names: ["A"] });
  const old = Number((await net.feeds.currentSet()).setId);
  const since = (await net.now()) + 100;
  await net.networkHelpers.time.setNextBlockTimestamp(since);
  await net.feeds.setParams(A, { ...PARAMS, tau: 100 });
  return { ...net, old, since };
}

describe("PriceFeeds sets", () => {
  describe("the previous set", () => {
    it("signs slots before the change", async () => {
      const { feeds, submit, old, since } = await changed();
      await submit([BTC], since - 1, { setId: old, blockTime: since + 59 });
      expect((await feeds.feed(A)).answer).to.equal(BTC);
    });

    it("reverts with ExpiredSet from 61 s after the change on, whatever the slot", async () => {
      const { feeds, submit, old, since, networkHelpers } = await changed();
      const snapshot = await networkHelpers.takeSnapshot();
      for (const slot of [since - 1, since - 1_000]) {
        await expect(submit([BTC], slot, { setId: old, blockTime: since + 61 }))
          .to.be.revertedWithCustomError(feeds, "ExpiredSet")
          .withArgs(old, since + 60);
        await snapshot.restore();
      }
      // Still the previous set, but no slot of its time is young enough any more.
      await expect(submit([BTC], since - 1, { setId: old, blockTime: since + 60 }))
        .to.be.revertedWithCustomError(feeds, "StaleReport")
        .withArgs(since - 1, since);
    });

    it("reverts with SlotOutsideSet for slots from the change on", async () => {
      const { feeds, submit, old, since } = await changed();
      await expect(submit([BTC], since, { setId: old, blockTime: since + 1 }))
        .to.be.revertedWithCustomError(feeds, "SlotOutsideSet")
        .withArgs(since, since);
    });

    it("is checked with its own keys and feeds", async () => {
      const net = await deployNetwork({ names: ["A", "B"], operatorCount: 5 });
      const { activate, feeds, accounts, submit, networkHelpers } = net;
      const old = Number((await feeds.currentSet()).setId);
      await activate([at(accounts, 4)]);
      const since = (await net.now()) + 10;
      await networkHelpers.time.setNextBlockTimestamp(since);
      await feeds.sync();
      await submit([BTC, BTC], since - 1, { setId: old, blockTime: since + 5 });
      expect((await feeds.feed(feedId("B"))).answer).to.equal(BTC);
    });
  });

  it("reverts with SlotOutsideSet when the active set signs a slot before its time", async () => {
    const { feeds, submit, old, since } = await changed();
    await expect(submit([BTC], since - 1, { setId: old + 1, blockTime: since + 1 }))
      .to.be.revertedWithCustomError(feeds, "SlotOutsideSet")
      .withArgs(since - 1, since);
    await submit([BTC], since, { setId: old + 1, blockTime: since + 1 });
  });

  it("reverts with WrongSet for later sets and for those before the previous one", async () => {
    const { feeds, submit, old, since } = await changed();
    for (const setId of [0, old - 1, old + 2, 2 ** 32 - 1]) {
      await expect(submit([BTC], since + 1, { setId, blockTime: since + 1 }))
        .to.be.revertedWithCustomError(feeds, "WrongSet")
        .withArgs(setId, old + 1);
    }
  });

  it("reverts with WrongSet for set 0 when the first set is active", async () => {
    const { feeds, networkHelpers } = await deployBare();
    await feeds.createFeeds([A], [PARAMS]);
    const slot = (await networkHelpers.time.latest()) - 1;
    const report =
      toBeHex(0, 4) + toBeHex(slot, 4).slice(2) + "00".repeat(36) + "0000" + "00".repeat(11) + "01";
    const signature = { s: 1n, commitment: `0x${"11".repeat(20)}`, zInverse: 1n };
    expect(dataLength(report)).to.equal(58);
    await expect(feeds.submit(report, signature))
      .to.be.revertedWithCustomError(feeds, "WrongSet")
      .withArgs(0, 1);
  });

  it("reverts with TooFewSigners while a set has no operators", async () => {
    const { feeds, networkHelpers } = await deployBare();
    await feeds.createFeeds([A], [PARAMS]);
    const slot = await networkHelpers.time.latest();
    const report =
      toBeHex(1, 4) + toBeHex(slot, 4).slice(2) + "00".repeat(36) + "0000" + "00".repeat(11) + "01";
    const signature = { s: 1n, commitment: `0x${"11".repeat(20)}`, zInverse: 1n };
    await expect(feeds.submit(report, signature))
      .to.be.revertedWithCustomError(feeds, "TooFewSigners")
      .withArgs(0, 1);
  });

  describe("sync", () => {
    it("takes the active operators into a new set, by anyone, and keeps the feeds", async () => {
      const { feeds, activate, accounts, stranger, networkHelpers } = await deployNetwork();
      const before = await feeds.currentSet();
      const chosen = [4, 2, 0, 1].map((i) => at(accounts, i));
      await activate(chosen);
      const time = (await networkHelpers.time.latest()) + 10;
      await networkHelpers.time.setNextBlockTimestamp(time);
      const sent = await feeds.connect(stranger).sync();
      const after = await feeds.currentSet();
      expect(after.setId).to.equal(before.setId + 1n);
      expect(after.since).to.equal(time);
      expect(after.quorum).to.equal(3);
      await expect(sent)
        .to.emit(feeds, "SetActivated")
        .withArgs(after.setId, after.blob, time, 3, 2, chosen, await feeds.feedIds());
      const described = await feeds.describeSet(after.setId);
      expect(described.operators).to.deep.equal(chosen);
      expect(described[1].map((row) => [...row])).to.deep.equal(
        [4, 2, 0, 1].map((i) => {
          const { x, y, proofX, proofY } = keysOf(secretOf(i));
          return [x, y, proofX, proofY];
        }),
      );
      expect(described.feeds).to.deep.equal(["BTC/USD", "ETH/USD"].map(feedId));
      expect(described.params_.map((p) => p.heartbeat)).to.deep.equal([10n, 10n]);
    });

    it("reverts with AlreadySynced without a change", async () => {
      const { feeds } = await deployNetwork();
      await expect(feeds.sync()).to.be.revertedWithCustomError(feeds, "AlreadySynced").withArgs(1);
      const bare = await deployBare();
      await expect(bare.feeds.sync())
        .to.be.revertedWithCustomError(bare.feeds, "AlreadySynced")
        .withArgs(0);
    });

    it("computes the quorum as a majority", async () => {
      const { feeds, activate, accounts } = await deployNetwork({ operatorCount: 7, names: [] });
      for (const [count, quorum] of [
        [1, 1],
        [2, 2],
        [3, 2],
        [4, 3],
        [6, 4],
        [7, 4],
        [0, 1],
      ] as const) {
        await activate(accounts.slice(0, count));
        await feeds.sync();
        expect((await feeds.currentSet()).quorum).to.equal(quorum);
      }
    });
  });

  describe("blobs", () => {
    it("are laid out as documented and begin with STOP", async () => {
      const { feeds, ethers, accounts } = await deployNetwork({ operatorCount: 3, names: ["A"] });
      const { blob } = await feeds.currentSet();
      const code = await ethers.provider.getCode(blob);
      expect(dataLength(code)).to.equal(1 + 3 * 64 + 64 + 3 * 64 + 3 * 20);
      expect(dataSlice(code, 0, 1)).to.equal("0x00");
      expect(BigInt(dataSlice(code, 1 + 64, 1 + 96))).to.equal(keysOf(secretOf(1)).x);
      expect(dataSlice(code, 1 + 192, 1 + 224)).to.equal(A);
      expect(BigInt(dataSlice(code, 1 + 256 + 128, 1 + 256 + 160))).to.equal(
        keysOf(secretOf(2)).proofX,
      );
      expect(ethers.getAddress(dataSlice(code, 1 + 448 + 20, 1 + 448 + 40))).to.equal(
        at(accounts, 1),
      );
    });

    it("of earlier sets stay readable", async () => {
      const { feeds, old } = await changed();
      const before = await feeds.describeSet(old);
      const after = await feeds.describeSet(old + 1);
      expect(before.params_[0]?.tau).to.equal(3_600);
      expect(after.params_[0]?.tau).to.equal(100);
      const [first, second] = [await feeds.setOf(old), await feeds.setOf(old + 1)];
      expect(first.blob).to.not.equal(second.blob);
      expect(first.quorum).to.equal(3);
      expect(second.since).to.equal((await feeds.currentSet()).since);
    });

    it("of unknown sets revert with UnknownSet", async () => {
      const { feeds } = await deployNetwork();
      for (const setId of [0, 99]) {
        await expect(feeds.setOf(setId))
          .to.be.revertedWithCustomError(feeds, "UnknownSet")
          .withArgs(setId);
        await expect(feeds.describeSet(setId))
          .to.be.revertedWithCustomError(feeds, "UnknownSet")
          .withArgs(setId);
      }
    });

    it("hold 31 operators and 255 feeds", async () => {
      const names = range(255).map((i) => `F${i}`);
      const { feeds, ethers, submit, now } = await deployNetwork({ operatorCount: 31, names });
      const { blob } = await feeds.currentSet();
      expect(dataLength(await ethers.provider.getCode(blob))).to.equal(20_909);
      expect((await feeds.feedIds()).length).to.equal(255);
      await submit([{ index: 254, values: 16, answer: BTC }], (await now()) + 5);
      expect((await feeds.feed(feedId("F254"))).answer).to.equal(BTC);
    });
  });
});

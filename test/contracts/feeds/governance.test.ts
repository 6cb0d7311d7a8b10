import { expect } from "chai";

import type { PARAMS as Defaults } from "../../helpers/contracts-fixture.ts";
import {
  PARAMS,
  deployBare,
  deployNetwork,
  feedId,
  range,
} from "../../helpers/contracts-fixture.ts";

const A = feedId("A");
type Field = keyof typeof Defaults;

describe("PriceFeeds governance", () => {
  describe("createFeeds", () => {
    it("appends feeds in a new set and tells each with its parameters", async () => {
      const { feeds } = await deployNetwork({ names: ["A"] });
      const before = await feeds.currentSet();
      const params = { ...PARAMS, history: 9, minVenues: 2 };
      const sent = await feeds.createFeeds([feedId("B"), feedId("C")], [params, PARAMS]);
      await expect(sent).to.emit(feeds, "FeedCreated").withArgs(feedId("B"), Object.values(params));
      await expect(sent).to.emit(feeds, "SetActivated");
      expect(await feeds.feedIds()).to.deep.equal(["A", "B", "C"].map(feedId));
      expect([...(await feeds.params(feedId("B")))]).to.deep.equal(
        Object.values(params).map(BigInt),
      );
      expect((await feeds.currentSet()).setId).to.equal(before.setId + 1n);
    });

    it("reverts with FeedExists for a feed of the set and for one twice in the call", async () => {
      const { feeds } = await deployNetwork({ names: ["A"] });
      await expect(feeds.createFeeds([A], [PARAMS]))
        .to.be.revertedWithCustomError(feeds, "FeedExists")
        .withArgs(A);
      await expect(feeds.createFeeds([feedId("B"), feedId("B")], [PARAMS, PARAMS]))
        .to.be.revertedWithCustomError(feeds, "FeedExists")
        .withArgs(feedId("B"));
    });

    it("reverts with EmptyFeedId for an empty id", async () => {
      const { feeds } = await deployBare();
      await expect(
        feeds.createFeeds([`0x${"00".repeat(32)}`], [PARAMS]),
      ).to.be.revertedWithCustomError(feeds, "EmptyFeedId");
    });

    it("reverts with LengthMismatch for lists of different lengths", async () => {
      const { feeds } = await deployBare();
      await expect(feeds.createFeeds([A, feedId("B")], [PARAMS]))
        .to.be.revertedWithCustomError(feeds, "LengthMismatch")
        .withArgs(2, 1);
    });

    it("reverts with TooManyFeeds above 255", async () => {
      const { feeds } = await deployNetwork({
        operatorCount: 1,
        names: range(255).map((i) => `F${i}`),
      });
      await expect(feeds.createFeeds([feedId("X")], [PARAMS]))
        .to.be.revertedWithCustomError(feeds, "TooManyFeeds")
        .withArgs(256, 255);
    });

    const outside: [Field, number][] = [
      ["heartbeat", 0],
      ["deviationBps", 0],
      ["deviationBps", 10_001],
      ["cosignToleranceBps", 0],
      ["cosignToleranceBps", 10_001],
      ["bandBps", 0],
      ["bandBps", 10_001],
      ["tau", 0],
      ["cooldown", 0],
      ["cooldown", 4_096],
      ["minReports", 0],
      ["minReports", 8],
      ["dormancy", PARAMS.heartbeat],
      ["minVenues", 0],
    ];
    for (const [field, value] of outside) {
      it(`reverts with ParamOutOfRange for ${field} ${value}`, async () => {
        const { feeds } = await deployBare();
        await expect(feeds.createFeeds([A], [{ ...PARAMS, [field]: value }]))
          .to.be.revertedWithCustomError(feeds, "ParamOutOfRange")
          .withArgs(feedId(field), value);
      });
    }

    it("accepts every parameter at both bounds and stores it exactly", async () => {
      const low = [1, 1, 1, 1, 1, 1, 1, 2, 1, 0];
      const most = 2 ** 24 - 1;
      const high = [most - 1, 10_000, 10_000, 10_000, most, 4_095, 7, most, 255, 65_535];
      const { feeds } = await deployBare();
      const names = Object.keys(PARAMS);
      const params = [low, high].map(
        (values) => Object.fromEntries(values.map((v, i) => [names[i], v])) as typeof PARAMS,
      );
      await feeds.createFeeds([A, feedId("B")], params);
      expect([...(await feeds.params(A))].map(Number)).to.deep.equal(low);
      expect([...(await feeds.params(feedId("B")))].map(Number)).to.deep.equal(high);
    });
  });

  describe("setParams", () => {
    it("changes one feed in a new set and leaves the others", async () => {
      const { feeds } = await deployNetwork({ names: ["A", "B"] });
      const params = { ...PARAMS, bandBps: 77 };
      const sent = await feeds.setParams(feedId("B"), params);
      await expect(sent).to.emit(feeds, "FeedChanged").withArgs(feedId("B"), Object.values(params));
      await expect(sent).to.emit(feeds, "SetActivated");
      expect((await feeds.params(A)).bandBps).to.equal(PARAMS.bandBps);
      expect((await feeds.params(feedId("B"))).bandBps).to.equal(77);
    });

    it("reverts with UnknownFeed for a feed that does not exist", async () => {
      const { feeds } = await deployNetwork({ names: ["A"] });
      await expect(feeds.setParams(feedId("X"), PARAMS))
        .to.be.revertedWithCustomError(feeds, "UnknownFeed")
        .withArgs(feedId("X"));
    });

    it("reverts with ParamOutOfRange as createFeeds does", async () => {
      const { feeds } = await deployNetwork({ names: ["A"] });
      await expect(feeds.setParams(A, { ...PARAMS, tau: 0 }))
        .to.be.revertedWithCustomError(feeds, "ParamOutOfRange")
        .withArgs(feedId("tau"), 0);
    });
  });

  it("reverts with AccessManagedUnauthorized for who lacks the role of a restricted function", async () => {
    const { feeds, stranger, guardian, governance } = await deployNetwork({ names: ["A"] });
    const calls: [string, typeof stranger, (f: typeof feeds) => Promise<unknown>][] = [
      ["createFeeds", stranger, (f) => f.createFeeds([feedId("B")], [PARAMS])],
      ["createFeeds", guardian, (f) => f.createFeeds([feedId("B")], [PARAMS])],
      ["setParams", stranger, (f) => f.setParams(A, PARAMS)],
      ["setParams", guardian, (f) => f.setParams(A, PARAMS)],
      ["reset", stranger, (f) => f.reset(A)],
      ["reset", guardian, (f) => f.reset(A)],
      ["trip", stranger, (f) => f.trip(A)],
      ["trip", governance, (f) => f.trip(A)],
    ];
    for (const [name, caller, call] of calls) {
      await expect(call(feeds.connect(caller)), name)
        .to.be.revertedWithCustomError(feeds, "AccessManagedUnauthorized")
        .withArgs(caller.address);
    }
  });

  it("lets only the authority change the authority", async () => {
    const { feeds, operators, stranger, manager, admin } = await deployNetwork({ names: [] });
    for (const contract of [feeds, operators]) {
      expect(await contract.authority()).to.equal(await manager.getAddress());
      await expect(contract.connect(admin).setAuthority(stranger.address))
        .to.be.revertedWithCustomError(contract, "AccessManagedUnauthorized")
        .withArgs(admin.address);
    }
  });

  it("knows its registry", async () => {
    const { feeds, operatorsAddress } = await deployBare();
    expect(await feeds.registry()).to.equal(operatorsAddress);
  });
});

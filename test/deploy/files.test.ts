import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import { expect } from "chai";

import { addressesOf, findDeployment } from "../../deploy/deployments.ts";
import { feedOfFuture, proxyFuture } from "../../deploy/modules/Dodona.ts";
import { checkFeedId, checkParams, readParameters } from "../../deploy/parameters/read.ts";
import { localRpcUrl, readStack } from "../../deploy/stackFile.ts";

const PARAMS = {
  heartbeat: 10,
  deviationBps: 20,
  cosignToleranceBps: 50,
  bandBps: 1_000,
  tau: 3_600,
  cooldown: 120,
  minReports: 3,
  dormancy: 604_800,
  minVenues: 3,
  history: 64,
};

describe("deployment files", () => {
  let folder: string;

  const failureOf = async (action: () => unknown): Promise<string> => {
    try {
      await action();
    } catch (error) {
      return (error as Error).message;
    }
    throw new Error("nothing was thrown");
  };

  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "dodona-files-"));
  });
  after(async () => await rm(folder, { recursive: true, force: true }));

  it("names a proxy so that its feed can be told from the name", () => {
    expect(proxyFuture("BTC/USD")).to.equal("FeedProxy_BTC_USD");
    expect(feedOfFuture("FeedProxy_BTC_USD")).to.equal("BTC/USD");
    expect(feedOfFuture("PriceFeeds")).to.equal(null);
  });

  it("accepts every bound of every parameter and refuses one beyond it", async () => {
    expect(checkParams(PARAMS, "x")).to.deep.equal(PARAMS);
    const bounds: [keyof typeof PARAMS, number, number][] = [
      ["deviationBps", 1, 10_000],
      ["cosignToleranceBps", 1, 10_000],
      ["bandBps", 1, 10_000],
      ["tau", 1, 16_777_215],
      ["cooldown", 1, 4_095],
      ["minReports", 1, 7],
      ["minVenues", 1, 255],
      ["history", 0, 65_535],
    ];
    for (const [name, min, max] of bounds) {
      for (const value of [min, max]) checkParams({ ...PARAMS, [name]: value }, "x");
      for (const value of [min - 1, max + 1, min + 0.5, "1", undefined]) {
        const message = await failureOf(() => checkParams({ ...PARAMS, [name]: value }, "feed X"));
        expect(message).to.match(new RegExp(`^feed X: ${name} must be a whole number from ${min}`));
      }
    }
  });

  it("refuses a dormancy that the heartbeat reaches, and unknown parameters", async () => {
    expect(await failureOf(() => checkParams({ ...PARAMS, dormancy: 10 }, "x"))).to.include(
      "dormancy (10 s) must exceed the heartbeat (10 s)",
    );
    expect(await failureOf(() => checkParams({ ...PARAMS, heartbeet: 1 }, "x"))).to.include(
      'unknown parameter "heartbeet"',
    );
  });

  it("refuses feed ids that are no pair or too long", async () => {
    expect(checkFeedId("BTC/USD")).to.equal("BTC/USD");
    for (const id of ["BTC", "BTC/", "BTC/USD/X", "B TC/USD", "A_B/USD", `${"A".repeat(28)}/USD`]) {
      expect(await failureOf(() => checkFeedId(id))).to.include(`"${id}" is not a feed id`);
    }
  });

  it("names the file and the field of wrong parameters", async () => {
    const file = path.join(folder, "p.json");
    for (const [content, problem] of [
      ["{", "is not JSON"],
      ['{"feeds":{}}', "feeds is empty"],
      ['{"feeds":{"BTC/USD":{}}}', "BTC/USD: heartbeat must be"],
      ['{"admin":"0x12","feeds":{}}', "admin must be an address"],
      ['{"owner":1,"feeds":{}}', 'unknown field "owner"'],
    ] as const) {
      await writeFile(file, content);
      const message = await failureOf(async () => await readParameters(file));
      expect(message).to.include("p.json").and.include(problem);
    }
    expect(
      await failureOf(async () => await readParameters(path.join(folder, "none.json"))),
    ).to.include("there is no such file");
  });

  it("reads the shipped example", async () => {
    const { admin, feeds } = await readParameters(
      path.resolve(import.meta.dirname, "../../deploy/parameters/example.json"),
    );
    expect(admin).to.match(/^0x/);
    expect(feeds.size).to.be.above(0);
  });

  it("sorts recorded addresses by role and calls an unfinished deployment unfinished", () => {
    const recorded = {
      "Operators#AccessManager": "0xA",
      "Operators#Operators": "0xB",
      "Dodona#PriceFeeds": "0xC",
      "Dodona#FeedProxy_BTC_USD": "0xD",
    };
    expect(addressesOf(recorded)).to.deep.equal({
      accessManager: "0xA",
      operators: "0xB",
      priceFeeds: "0xC",
      proxies: { "BTC/USD": "0xD" },
    });
    expect(addressesOf({ "Operators#Operators": "0xB" })).to.equal(null);
  });

  it("says which deployments exist when the wanted one does not", async () => {
    const message = await failureOf(
      async () =>
        await findDeployment({
          ignitionDir: folder,
          stackFile: path.join(folder, "none.json"),
          network: "local",
          chainId: 31_337,
        }),
    );
    expect(message).to.include("Deployments that exist: none").and.include("npm start");
  });

  it("refuses a stack file of another chain", async () => {
    const stackFile = path.join(folder, "stack.json");
    await writeFile(stackFile, JSON.stringify({ chainId: 1, rpcUrl: "http://127.0.0.1:1" }));
    const message = await failureOf(
      async () =>
        await findDeployment({ ignitionDir: folder, stackFile, network: "local", chainId: 31_337 }),
    );
    expect(message).to.include("is of chain 1, but the node answers as chain 31337");
  });

  it("reads a stack file, and falls back to the default node without one", async () => {
    const stackFile = path.join(folder, "stack.json");
    await writeFile(stackFile, JSON.stringify({ chainId: 31_337, rpcUrl: "http://127.0.0.1:9" }));
    expect(await readStack(stackFile)).to.deep.equal({
      chainId: 31_337,
      rpcUrl: "http://127.0.0.1:9",
      apiUrl: null,
      deploymentId: "chain-31337",
    });
    expect(await localRpcUrl(stackFile)).to.equal("http://127.0.0.1:9");
    expect(await readStack(path.join(folder, "none.json"))).to.equal(null);
    expect(await localRpcUrl(path.join(folder, "none.json"))).to.equal("http://127.0.0.1:8545");
  });
});

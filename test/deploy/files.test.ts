import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import { expect } from "chai";

import { addressesOf, findDeployment } from "../../deploy/deployments.ts";
import { feedOfFuture, proxyFuture } from "../../deploy/modules/Dodona.ts";
import { checkFeedId, checkParams, readParameters } from "../../deploy/parameters/read.ts";
import { checkGovernance, supplyOf } from "../../deploy/parameters/governance.ts";
import { checkPayouts } from "../../deploy/parameters/payouts.ts";
import { checkVrf } from "../../deploy/parameters/vrf.ts";
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

  it("reads amounts of randomness in the unit of their name and refuses what cannot be", async () => {
    const vrf = {
      minConfirmations: 1,
      maxConfirmations: 200,
      maxCallbackGas: 2_500_000,
      deadlineBlocks: 250,
      overheadGas: 100_000,
      tipCapGwei: "1.5",
      maxGasPriceGwei: "100",
      premiumEther: "0.0001",
      bondShareEther: "0.01",
      bondEther: "10",
    };
    const read = checkVrf(vrf, "x");
    expect(read.config).to.include({ tipCap: 1_500_000_000n, l1DataFee: `0x${"0".repeat(40)}` });
    expect(read.terms.premium).to.equal(100_000_000_000_000n);
    expect(read).to.deep.include({ bond: 10n ** 19n, keys: [] });
    for (const [change, problem] of [
      [{ overheadGas: 0.5 }, "overheadGas must be a whole number from 1"],
      [{ maxConfirmations: 250 }, "must be below deadlineBlocks (250)"],
      [{ premiumEther: 1 }, 'premiumEther must be an amount in quotes, for example "0.5", not 1'],
      [{ tipCapGwei: "0.0000000001" }, "tipCapGwei has more than 9 decimals"],
      [{ bond: "1" }, 'unknown field "bond"'],
      [{ l1DataFee: "0x12" }, "l1DataFee must be an address"],
      [
        { keys: [{ publicKey: "0x02", operator: "0x12" }] },
        "keys[0].publicKey must be a secp256k1",
      ],
    ] as const) {
      expect(await failureOf(() => checkVrf({ ...vrf, ...change }, "x"))).to.include(problem);
    }
  });

  it("reads governance in DODONA and seconds and refuses what cannot be", async () => {
    const account = `0x${"1".repeat(40)}`;
    const voting = {
      ...{ delaySeconds: 5, periodSeconds: 20, extensionSeconds: 5 },
      ...{ proposalThreshold: "1000", quorumPercent: 4 },
    };
    const operators = {
      ...{ epochSeconds: 60, changeDelaySeconds: 30, minStake: "2.5", epochBudget: "1" },
      ...{ unbondingSeconds: 600, evidenceSeconds: 300 },
      ...{ equivocationBps: 10_000, wrongMediansBps: 100 },
    };
    const token = { treasury: "10", holders: [{ account, amount: "9990" }] };
    const roles = { guardian: account, scorer: account };
    const given = { token, voting, timelockSeconds: 10, ...roles, operators };
    const read = checkGovernance(given, "x");
    expect(read.operators.minStake).to.equal(2_500_000_000_000_000_000n);
    expect(supplyOf(read)).to.equal(10_000n * 10n ** 18n);
    for (const [change, problem] of [
      [{ token: { ...token, holders: [] } }, "holders must be an array of {account, amount}"],
      [{ token: { ...token, treasury: 10 } }, "treasury must be an amount of DODONA in quotes"],
      [{ token: { ...token, holders: [...token.holders, ...token.holders] } }, "stands twice"],
      [{ token: { ...token, minter: account } }, 'unknown field "minter"'],
      [{ voting: { ...voting, periodSeconds: 0 } }, "periodSeconds must be a whole number from 1"],
      [{ voting: { ...voting, quorumPercent: 101 } }, "quorumPercent must be a whole number"],
      [{ voting: { ...voting, proposalThreshold: "10001" } }, "nobody could ever propose"],
      [{ voting: { ...voting, extensionSeconds: 21 } }, "must not exceed periodSeconds (20)"],
      [{ timelockSeconds: undefined }, "timelockSeconds must be a whole number from 0"],
      [{ guardian: "0x12" }, "guardian must be an address"],
      [{ operators: { ...operators, evidenceSeconds: 600 } }, "must exceed evidenceSeconds (600)"],
      [{ operators: { ...operators, wrongMediansBps: 99 } }, "whole number from 100 to 10000"],
      [{ admin: account }, 'unknown field "admin"'],
    ] as const) {
      expect(await failureOf(() => checkGovernance({ ...given, ...change }, "x"))).to.include(
        problem,
      );
    }
    const file = path.join(folder, "both.json");
    await writeFile(file, JSON.stringify({ admin: account, governance: given, feeds: {} }));
    expect(await failureOf(async () => await readParameters(file))).to.include(
      "admin and guardian are for a deployment without governance",
    );
  });

  it("reads payouts in whole tokens and refuses what cannot be", async () => {
    const account = (digit: number): string => `0x${String(digit).repeat(40)}`;
    const limits = { perHour: "1.5", perDay: "20", perAccount: "1", perEpoch: "30" };
    const given = {
      ...{ challengeSeconds: 3_600, lifetimeSeconds: 7_200, epochSeconds: 0 },
      ...{ approvers: [account(1), account(2), account(3)], threshold: 2 },
      ...{ proposer: account(4), watcher: account(5) },
      tokens: {
        native: { ...limits, deposit: "7" },
        DODONA: limits,
        [account(6)]: { ...limits, decimals: 6 },
      },
    };
    const read = checkPayouts(given, true, "x");
    expect(read.tokens).to.deep.equal([
      {
        token: `0x${"0".repeat(40)}`,
        limits: {
          perHour: 1_500_000_000_000_000_000n,
          perDay: 20_000_000_000_000_000_000n,
          perAccount: 1_000_000_000_000_000_000n,
          perEpoch: 30_000_000_000_000_000_000n,
        },
        deposit: 7_000_000_000_000_000_000n,
      },
      { token: null, limits: read.tokens[0]?.limits, deposit: 0n },
      {
        token: account(6),
        limits: {
          perHour: 1_500_000n,
          perDay: 20_000_000n,
          perAccount: 1_000_000n,
          perEpoch: 30_000_000n,
        },
        deposit: 0n,
      },
    ]);
    expect(read.config).to.deep.equal({
      ...{ challengeSeconds: 3_600, lifetimeSeconds: 7_200, epochSeconds: 0 },
    });
    const tokens = (change: object): object => ({
      tokens: { native: { ...limits, ...change } },
    });
    for (const [change, problem] of [
      [{ challengeSeconds: 0 }, "challengeSeconds must be a whole number from 1 to 2592000"],
      [{ lifetimeSeconds: 3_600 }, "lifetimeSeconds (3600) must exceed challengeSeconds (3600)"],
      [{ epochSeconds: 2_592_001 }, "epochSeconds must be a whole number from 0 to 2592000"],
      [{ approvers: [] }, "approvers must be an array of 1 to 32 addresses"],
      [{ approvers: [account(1), account(1)] }, "stands twice"],
      [{ threshold: 4 }, "threshold must be a whole number from 1 to 3, not 4"],
      [{ proposer: account(0) }, "proposer must be an address"],
      [{ watcher: account(4) }, "proposer and watcher are both"],
      [{ tokens: {} }, "tokens must name 1 to 64 tokens"],
      [{ tokens: { WETH: limits } }, 'must be a token\'s address, "native"'],
      [{ keepers: 3 }, 'unknown field "keepers"'],
      [tokens({ perDay: undefined }), "perDay must be an amount in quotes"],
      [tokens({ perEpoch: "0" }), "perEpoch must be above 0"],
      [tokens({ perAccount: "20.1" }), "perHour and perAccount must not exceed perDay"],
      [tokens({ perEpoch: "79228162515" }), "perEpoch must be below 2^96"],
      [tokens({ decimals: 6 }), 'unknown field "decimals"'],
      [
        { tokens: { [account(6)]: { ...limits, decimals: 0 } } },
        "perHour has more than 0 decimals",
      ],
    ] as const) {
      expect(await failureOf(() => checkPayouts({ ...given, ...change }, true, "x"))).to.include(
        problem,
      );
    }
    expect(await failureOf(() => checkPayouts(given, false, "x"))).to.include(
      'there is no section "governance"',
    );
  });

  it("reads the shipped example", async () => {
    const { feeds, governance, payouts, vrf } = await readParameters(
      path.resolve(import.meta.dirname, "../../deploy/parameters/example.json"),
    );
    expect(governance?.guardian).to.match(/^0x/);
    expect(feeds.size).to.be.above(0);
    expect(payouts?.tokens.map(({ token }) => token)).to.deep.equal([null, `0x${"0".repeat(40)}`]);
    // The point of BIP 341 whose secret nobody knows.
    expect(vrf?.keys[0]?.y.toString(16)).to.equal(
      "31d3c6863973926e049e637cb1b5f40a36dac28af1766968c30c2313f3a38904",
    );
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
      vrfCoordinator: null,
      governance: null,
      payoutDistributor: null,
      priceAttestations: null,
      traderRegistry: null,
      proxies: { "BTC/USD": "0xD" },
    });
    const governance = {
      "Dodona#DodonaToken": "0x1",
      "Dodona#TimelockController": "0x2",
      "Dodona#DodonaGovernor": "0x3",
      "Dodona#Guardian": "0x4",
      "Dodona#OperatorStake": "0x5",
      "Dodona#Slashing": "0x6",
    };
    expect(addressesOf({ ...recorded, ...governance })?.governance).to.equal(null);
    const whole = { ...recorded, ...governance, "Dodona#OperatorRewards": "0x7" };
    expect(addressesOf(whole)?.governance).to.deep.equal({
      token: "0x1",
      timelock: "0x2",
      governor: "0x3",
      guardian: "0x4",
      operatorStake: "0x5",
      slashing: "0x6",
      operatorRewards: "0x7",
    });
    expect(addressesOf({ ...recorded, "Dodona#VRFCoordinator": "0xE" })?.vrfCoordinator).to.equal(
      "0xE",
    );
    expect(
      addressesOf({ ...recorded, "Payouts#PayoutDistributor": "0xF" })?.payoutDistributor,
    ).to.equal("0xF");
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
      databaseUrl: null,
      deploymentId: "chain-31337",
    });
    expect(await localRpcUrl(stackFile)).to.equal("http://127.0.0.1:9");
    expect(await readStack(path.join(folder, "none.json"))).to.equal(null);
    expect(await localRpcUrl(path.join(folder, "none.json"))).to.equal("http://127.0.0.1:8545");
  });
});

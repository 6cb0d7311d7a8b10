import { expect } from "chai";
import { encodeBytes32String, getAddress } from "ethers";

import { migrate, openDatabase, type Database } from "../../../keepers/shared/database.ts";
import { createLogger } from "../../../keepers/shared/log.ts";
import { digestOf } from "../../../keepers/shared/observation.ts";
import type { KeeperProcess } from "../../helpers/keeper-process.ts";
import { startPostgres, type TestPostgres } from "../../helpers/postgres.ts";
import { waitFor } from "../../helpers/wait-for.ts";
import { clear, startRelayer } from "../relayer/harness.ts";
import { bundle, observe } from "./fixtures.ts";
import { REPORTER, STAKE, startWatch, startWatchNetwork, type WatchNetwork } from "./harness.ts";

const TRUTH = [6_000_000_000_000n, 300_000_000_000n, 100_000_000n];
const LIE = [9_000_000_000_000n, 300_000_000_000n, 100_000_000n];
const BTC = encodeBytes32String("BTC/USD");
/** Blocks from the moment at which both signatures are public. */
const MAX_BLOCKS = 3;

describe("the watch keeper", function () {
  this.timeout(120_000);
  let postgres: TestPostgres;
  let db: Database;
  let network: WatchNetwork;
  const watches: KeeperProcess[] = [];
  let relayer: KeeperProcess | null = null;

  before(async () => {
    postgres = await startPostgres();
    db = openDatabase(postgres.url, createLogger({ name: "test", level: "silent" }));
    await migrate(db);
  });
  after(async () => {
    await db.close();
    await postgres.stop();
  });
  beforeEach(async () => {
    network = await startWatchNetwork();
  });
  afterEach(async function () {
    await Promise.all(watches.map((watch) => watch.kill()));
    await relayer?.kill();
    if (this.currentTest?.state === "failed")
      console.log(watches.map((watch) => watch.output()).join("\n"), relayer?.output());
    watches.length = 0;
    relayer = null;
    await network.stop();
    await clear(db);
    await db.pool.query(
      "TRUNCATE dodona.watch_observations, dodona.watch_reports, dodona.watch_evidence",
    );
  });

  const watch = async (fields: Record<string, unknown> = {}): Promise<KeeperProcess> => {
    const one = await startWatch(postgres.url, network, fields);
    watches.push(one);
    return one;
  };
  const relay = (): void => {
    relayer = startRelayer(postgres.url, [network.anvil.url]);
  };
  const sign = (index: number, prices: readonly bigint[], slot: number) =>
    observe(network.keys, index, prices, { slot, setId: network.setId, domain: network.domain });
  const asked = () =>
    waitFor("all operators to be asked", () => network.operators.every((one) => one.asked > 1));
  const slashed = async (name: "EquivocationSlashed" | "WrongMediansSlashed") => {
    const address = await network.slashing.getAddress();
    const topics = [network.slashing.interface.getEvent(name).topicHash];
    return network.provider.getLogs({ address, topics, fromBlock: 0 });
  };
  const intents = async () => {
    const { rows } = await db.pool.query<{ key: string; status: string }>(
      "SELECT key, status FROM dodona.intents ORDER BY id",
    );
    return rows;
  };
  const settled = async () => {
    const { rows } = await db.pool.query<{ settled: string | null }>(
      "SELECT settled FROM dodona.watch_evidence ORDER BY id",
    );
    return rows.map(({ settled: reason }) => reason);
  };
  const keyOf = async (slot: number, operator: number) =>
    `slash:31337:${(await network.slashing.getAddress()).toLowerCase()}:equivocation:${network.setId}:${slot}:${operator}`;

  it("has an operator slashed that tells its peers different things, within three blocks", async () => {
    relay();
    const one = await watch();
    await asked();
    const slot = await network.now();
    network.operators[0]!.show([sign(3, TRUTH, slot), sign(0, TRUTH, slot)]);
    await waitFor("the first to be stored", async () => {
      const { rowCount } = await db.pool.query("SELECT 1 FROM dodona.watch_observations");
      return rowCount === 2;
    });
    network.operators[1]!.show([sign(3, LIE, slot)]);
    const publicAt = await network.provider.getBlockNumber();
    const [log] = await waitFor("the slash", async () => {
      const logs = await slashed("EquivocationSlashed");
      return logs.length > 0 ? logs : null;
    });
    expect(log!.blockNumber - publicAt).to.be.within(1, MAX_BLOCKS);
    const liar = network.operators[3]!.account;
    expect(await network.stake.slashable(liar)).to.equal(STAKE / 2n);
    expect(await network.stake.slashable(network.operators[0]!.account)).to.equal(STAKE);
    const paid = await network.stake.queryFilter(network.stake.filters.Slashed());
    expect(paid.map(({ args }) => args.reporter.toLowerCase())).to.deep.equal([REPORTER]);
    await waitFor("its end", async () => (await settled())[0] === "slashed");
    expect((await intents()).map(({ key }) => key)).to.deep.equal([await keyOf(slot, 3)]);
    const metrics = await (await fetch(`${await one.metricsUrl()}/metrics`)).text();
    expect(metrics).to.match(/dodona_watch_evidence_total\{kind="equivocation".*\} 1/);
    expect(metrics).to.match(/dodona_watch_evidence_settled_total\{.*outcome="slashed".*\} 1/);
  });

  it("has all signers of a report slashed whose medians are not those of its observations, within three blocks", async () => {
    relay();
    await watch();
    await asked();
    const slot = await network.now();
    const observations = [0, 1, 2, 3, 4].map((index) => sign(index, TRUTH, slot));
    const context = { slot, setId: network.setId, domain: network.domain };
    const entry = (answerE8: bigint) => ({ feedIndex: 0, count: 5, answerE8 });
    const right = bundle(network.keys, observations, [entry(TRUTH[0]!)], {
      ...context,
      by: [0, 1, 2],
    });
    const wrong = bundle(network.keys, observations, [entry(LIE[0]!)], {
      ...context,
      by: [1, 2, 4],
    });
    network.operators[2]!.show(observations, [right, wrong]);
    const publicAt = await network.provider.getBlockNumber();
    const logs = await waitFor("the slash", async () => {
      const found = await slashed("WrongMediansSlashed");
      return found.length > 0 ? found : null;
    });
    expect(logs[0]!.blockNumber - publicAt).to.be.within(1, MAX_BLOCKS);
    const left = await Promise.all(
      network.operators.map(({ account }) => network.stake.slashable(account)),
    );
    const lost = STAKE / 10n;
    expect(left).to.deep.equal([STAKE, STAKE - lost, STAKE - lost, STAKE, STAKE - lost]);
    await waitFor("its end", async () => (await settled())[0] === "slashed");
    expect(await intents()).to.have.length(1);
    expect(await slashed("EquivocationSlashed")).to.have.length(0);
  });

  it("asks the relayer once, however often it is killed and however many of them run", async () => {
    const slot = await network.now();
    network.operators[0]!.show([sign(3, TRUTH, slot)]);
    network.operators[1]!.show([sign(3, LIE, slot), sign(2, LIE, slot)]);
    network.operators[4]!.show([sign(2, TRUTH, slot)]);
    for (let kill = 0; kill < 3; kill++) {
      const one = await watch({ pollMs: 50 });
      // Each is killed a little later in its work than the one before.
      await waitFor("its start", () => one.output().includes('"msg":"watches"'));
      await new Promise((resolve) => setTimeout(resolve, 60 * kill));
      await one.kill();
    }
    await Promise.all([watch(), watch(), watch()]);
    const keys = [await keyOf(slot, 2), await keyOf(slot, 3)];
    await waitFor("both intents", async () => (await intents()).length === 2);
    await asked();
    expect((await intents()).map(({ key }) => key).toSorted()).to.deep.equal(keys);
    relay();
    await waitFor("both ends", async () => {
      const all = await settled();
      return all.length === 2 && all.every((reason) => reason === "slashed");
    });
    expect(await slashed("EquivocationSlashed")).to.have.length(2);
    expect((await intents()).map(({ status }) => status)).to.deep.equal(["confirmed", "confirmed"]);
  });

  it("asks for nothing that others have brought already", async () => {
    const slot = await network.now();
    const [first, second] = [sign(3, TRUTH, slot), sign(3, LIE, slot)];
    const args = [first, second].map((one) => ({
      ...{ setId: network.setId, slot, operator: 3, prices: [...one.pricesE8] },
      digest: digestOf(one, network.domain),
    }));
    const other = network.slashing.connect(await network.provider.getSigner(5));
    await (
      await other.slashEquivocation(args[0]!, first.signature, args[1]!, second.signature, REPORTER)
    ).wait();
    network.operators[0]!.show([first, second]);
    await watch();
    await waitFor("its end", async () => (await settled())[0] === "slashed");
    expect(await intents()).to.deep.equal([]);
  });

  it("waits while the chain does not take the evidence, says why, and brings it when it does", async () => {
    relay();
    const liar = network.operators[3]!.account;
    const set = async (amount: bigint) => (await network.stake.set(liar, amount)).wait();
    await set(0n);
    const slot = await network.now();
    network.operators[0]!.show([sign(3, TRUTH, slot), sign(3, LIE, slot)]);
    const one = await watch();
    await waitFor("the reason", () => one.output().includes("NothingToSlash()"));
    expect(await intents()).to.deep.equal([]);
    await set(STAKE);
    await waitFor(
      "the slash",
      async () => (await slashed("EquivocationSlashed")).length === 1,
      30_000,
    );
  });

  it("does not believe what nobody signed, and goes on without operators that answer nonsense", async () => {
    relay();
    const slot = await network.now();
    network.operators[0]!.answer = "<html>";
    network.operators[1]!.answer = JSON.stringify({ slots: "none", nextSlot: null });
    // Another's signature under its name, and a lie that was never signed.
    network.operators[2]!.show([
      { ...sign(2, LIE, slot), operator: 3 },
      { ...sign(3, TRUTH, slot), pricesE8: LIE },
    ]);
    network.operators[3]!.show([sign(3, TRUTH, slot)]);
    const one = await watch();
    await waitFor("complaints", () =>
      ["not JSON", "expected array", "nobody signed"].every((text) => one.output().includes(text)),
    );
    await asked();
    expect(await intents()).to.deep.equal([]);
    // The honest one's own contradiction still counts.
    network.operators[4]!.show([sign(3, LIE, slot)]);
    await waitFor("the slash", async () => (await slashed("EquivocationSlashed")).length === 1);
  });

  it("does not judge observations of a set by slots of another's time", async () => {
    relay();
    const slot = (await network.now()) + 30;
    const old = network.setId;
    network.operators[0]!.show([sign(3, TRUTH, slot)]);
    const one = await watch();
    await asked();
    await (
      await network.feeds.setParams(BTC, {
        ...{ heartbeat: 11, deviationBps: 20, cosignToleranceBps: 50, bandBps: 1_000, tau: 3_600 },
        ...{ cooldown: 120, minReports: 3, dormancy: 604_800, minVenues: 3, history: 0 },
      })
    ).wait();
    expect(Number((await network.feeds.currentSet()).setId)).to.equal(old + 1);
    network.operators[1]!.show([sign(3, LIE, slot)]);
    await waitFor("the reason", () => one.output().includes("SlotOutsideSet("));
    expect(await intents()).to.deep.equal([]);
  });

  it("warns of what lapses, comes and runs low, in log, health and metrics", async () => {
    const { feeds, registry, stake, keys, operators, setId, domain } = network;
    const slot = await network.now();
    const observations = [0, 1, 2].map((index) => sign(index, TRUTH, slot));
    const entry = { feedIndex: 0, count: 3, answerE8: TRUTH[0]! };
    const { report, signature } = bundle(keys, observations, [entry], { slot, setId, domain });
    await (await feeds.submit(report, signature)).wait();
    await (await feeds.trip(BTC)).wait();
    const now = await network.now();
    await (await registry.setTimes(now + 500, now + 600, now + 700)).wait();
    await (await stake.setMinimum(STAKE)).wait();
    await (await stake.set(operators[1]!.account, 2n * STAKE)).wait();
    const target = (await registry.getAddress()).toLowerCase();
    const one = await watch({
      contracts: {
        slashing: await network.slashing.getAddress(),
        ...{ operators: target, guardian: target, pausable: [target] },
      },
      warnings: { pauseSeconds: 72 * 3_600 },
    });
    const kinds = ["trip:BTC/USD", `pause:${target}`, "term", `change:${now + 500}`];
    const low = [0, 2, 3, 4].map((index) => `stake:${getAddress(operators[index]!.account)}`);
    await waitFor("the warnings", () =>
      [...kinds, ...low].every((key) => one.output().includes(`"warning":"${key}"`)),
    );
    const url = await one.metricsUrl();
    const health = (await (await fetch(`${url}/health`)).json()) as {
      ok: boolean;
      warnings: string[];
    };
    expect(health.ok).to.equal(true);
    expect(health.warnings).to.have.length(8);
    const metrics = await (await fetch(`${url}/metrics`)).text();
    expect(metrics).to.match(/dodona_watch_warnings\{.*\} 8/);
    expect(metrics).to.match(new RegExp(`dodona_watch_set_change_seconds\\{.*\\} ${now + 500}`));
    expect(metrics).to.match(/dodona_watch_stake_ratio\{account="0x.*1001".*\} 2/);
    expect(metrics).to.match(/dodona_watch_trip_ends_seconds\{feed="BTC\/USD".*\} \d{10}/);
  });
});

import { expect } from "chai";

import { migrate, openDatabase, type Database } from "../../../keepers/shared/database.ts";
import { createLogger } from "../../../keepers/shared/log.ts";
import type { KeeperProcess } from "../../helpers/keeper-process.ts";
import { startPostgres, type TestPostgres } from "../../helpers/postgres.ts";
import { waitFor } from "../../helpers/wait-for.ts";
import { clear, startRelayer, writeKeys } from "../relayer/harness.ts";
import {
  BUDGET,
  SCORER,
  startIndex,
  startScore,
  startScoreNetwork,
  type ScoreNetwork,
  type TestIndex,
} from "./harness.ts";

const SCORER_INDEX = 8;
const OUTSIDER = "0x000000000000000000000000000000000000beef";

describe("the score keeper", function () {
  this.timeout(120_000);
  let postgres: TestPostgres;
  let db: Database;
  let network: ScoreNetwork;
  let index: TestIndex;
  const scorers: KeeperProcess[] = [];
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
    network = await startScoreNetwork();
    index = await startIndex(() => network);
    await index.count(db, []);
  });
  afterEach(async function () {
    await Promise.all(scorers.map((one) => one.kill()));
    await relayer?.kill();
    if (this.currentTest?.state === "failed")
      console.log(scorers.map((one) => one.output()).join("\n"), relayer?.output());
    scorers.length = 0;
    relayer = null;
    await index.stop();
    await network.stop();
    await clear(db);
  });

  const score = async (fields: Record<string, unknown> = {}): Promise<KeeperProcess> => {
    const one = await startScore(postgres.url, network, index, fields);
    scorers.push(one);
    return one;
  };
  /** With an account that must not send, before the one that must. */
  const relay = (): void => {
    const accounts = [...writeKeys(1), ...writeKeys(1, SCORER_INDEX)];
    relayer = startRelayer(postgres.url, [network.anvil.url], { accounts });
  };
  const postings = async () => {
    const found = await network.rewards.queryFilter(network.rewards.filters.EpochWeightsPosted());
    return Promise.all(
      found.map(async (event) => ({
        epoch: Number(event.args.epoch),
        accounts: event.args.accounts.map((account) => account.toLowerCase()),
        weights: event.args.weights.map(Number),
        from: (await event.getTransaction()).from,
      })),
    );
  };
  const posted = (count: number) =>
    waitFor(`${count} postings`, async () => {
      const found = await postings();
      return found.length >= count ? found : null;
    });
  const intents = async () => {
    const { rows } = await db.pool.query<{ status: string; account: string }>(
      "SELECT status, account FROM dodona.intents ORDER BY id",
    );
    return rows;
  };
  /** So many further looks of a keeper that found nothing to do. */
  const looks = async (one: KeeperProcess): Promise<void> => {
    const read = async (): Promise<number> => {
      const response = await fetch(`${await one.metricsUrl()}/health`);
      return ((await response.json()) as { readMs?: number }).readMs ?? 0;
    };
    for (let i = 0, last = 0; i < 3; i++) {
      last = await waitFor("a look", async () => {
        const now = await read();
        return now > last ? now : null;
      });
    }
  };

  it("posts each epoch once, from the scorer's account, whoever asks and however often it dies", async () => {
    await network.fund(10n * BUDGET);
    const [a, b, c, d] = network.operators as [string, string, string, string];
    const first = await network.epoch();
    await index.count(db, [
      [a, first, 9, 9],
      [b, first, 9, 7],
      [c, first, 3, 1],
      [d, first, 9, 0],
      [OUTSIDER, first, 9, 9],
      [a, first + 1, 4, 2],
    ]);
    relay();
    const victim = await score();
    const other = await score();
    await network.endEpoch();
    await waitFor("an intent", async () => (await intents()).length > 0);
    await victim.kill();
    const again = await score();
    expect(await posted(1)).to.deep.equal([
      {
        ...{ epoch: first, from: SCORER.address },
        ...{ accounts: [a, b, c], weights: [10_000, 7_777, 3_333] },
      },
    ]);
    await network.endEpoch();
    await posted(2);
    await looks(other);
    await looks(again);
    expect((await postings()).map(({ epoch }) => epoch)).to.deep.equal([first, first + 1]);
    const once = { status: "confirmed", account: SCORER.address.toLowerCase() };
    expect(await intents()).to.deep.equal([once, once]);
    // ⌊1000 · 7777 / 21110⌋, by hand.
    expect(await network.rewards.rewardOf(first, b)).to.equal(368n);
  });

  it("waits until the index has counted the whole epoch and some blocks more", async () => {
    await network.fund(BUDGET);
    const [a] = network.operators as [string];
    const epoch = await network.epoch();
    await index.count(db, [[a, epoch, 9, 4]]);
    index.block = await network.head();
    relay();
    const keeper = await score({ confirmations: 2 });
    await network.endEpoch();
    await looks(keeper);
    expect(await intents()).to.deep.equal([]);
    await index.count(db, [[a, epoch, 10, 5]]);
    index.ready = false;
    index.block = null;
    await waitFor("its words", () => keeper.output().includes("the index is not ready"));
    expect(await intents()).to.deep.equal([]);
    index.ready = true;
    const [only] = await posted(1);
    expect(only?.weights).to.deep.equal([5_000]);
  });

  it("says once that nothing is there to be shared, and posts when there is", async () => {
    const [a] = network.operators as [string];
    await index.count(db, [[a, await network.epoch(), 9, 9]]);
    relay();
    const keeper = await score();
    const words = (): number => keeper.output().split("nothing is there to be shared").length - 1;
    expect(words()).to.equal(0);
    await network.endEpoch();
    await waitFor("its words", () => words() > 0);
    await looks(keeper);
    expect(words()).to.equal(1);
    expect(await intents()).to.deep.equal([]);
    await network.fund(5n);
    await posted(1);
    expect(await network.rewards.reserved()).to.equal(5n);
  });

  it("does not send what the chain would refuse, says why, and goes on by itself", async () => {
    await network.fund(BUDGET);
    await network.allow(false);
    const [a] = network.operators as [string];
    await index.count(db, [[a, await network.epoch(), 9, 9]]);
    relay();
    const keeper = await score();
    await network.endEpoch();
    const words = `${SCORER.address.toLowerCase()} does not have the scorer's role`;
    await waitFor("its words", () => keeper.output().includes(words));
    await looks(keeper);
    expect(keeper.output().split(words)).to.have.length(2);
    expect(await intents()).to.deep.equal([]);
    await network.allow(true);
    await posted(1);
  });
});

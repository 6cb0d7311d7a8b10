import { expect } from "chai";
import { encodeBytes32String } from "ethers";
import pg from "pg";

import { startPostgres, type TestPostgres } from "../helpers/postgres.ts";
import { expectEqualToChain, rowsOf } from "./equality.ts";
import { prepareIndexer, settle, type Indexer } from "./indexer.ts";
import { mined, PARAMS, startNetwork, type Network } from "./network.ts";

const BTC = encodeBytes32String("BTC/USD");
const E8 = 100_000_000n;
const TRIP_SECONDS = 72 * 3_600;

interface RoundItem {
  readonly round: number;
  readonly answer: string;
  readonly updatedAt: number;
}

describe("index of a chain", function () {
  this.timeout(120_000);
  let postgres: TestPostgres;
  let network: Network;
  let indexer: Indexer;
  let database: pg.Client;

  before(async () => {
    [postgres, network] = await Promise.all([
      startPostgres(),
      startNetwork(["BTC/USD", "ETH/USD", "USDC/USD"]),
    ]);
    database = new pg.Client(postgres.url);
    await database.connect();
    await network.submit([
      [0, 20_000n * E8],
      [1, 1_000n * E8],
      [2, 1n * E8],
    ]);
    indexer = await prepareIndexer({
      rpcUrl: network.anvil.url,
      databaseUrl: postgres.url,
      contracts: network.contracts,
    });
    await indexer.start();
    await settle(indexer, network);
  });

  after(async () => {
    await indexer?.dispose();
    await database?.end();
    await Promise.all([network?.stop(), postgres?.stop()]);
  });

  async function expectIndexed(): Promise<void> {
    await settle(indexer, network);
    await expectEqualToChain(database, network);
  }

  async function statusOf(id: string): Promise<unknown> {
    const rows = await rowsOf(database, "feed", "id");
    return rows.find((row) => row["id"] === id)?.["status"];
  }

  it("contains what happened before it was started", async () => {
    await expectIndexed();
    expect(await rowsOf(database, "round", "feed")).to.have.length(3);
  });

  it("follows rounds, signers and averages of single and batch reports", async () => {
    for (let i = 1n; i <= 4n; i++) {
      await network.submit([[0, (20_000n + i * 37n) * E8]], { after: 7, by: [1, 3, 4] });
      await network.submit(
        [
          [1, (1_000n - i) * E8 + 12_345n],
          [2, E8 - i],
        ],
        { after: 3 },
      );
    }
    await expectIndexed();
  });

  it("follows a suspension that ends back in the band", async () => {
    await network.submit([[0, 30_000n * E8]]);
    await expectIndexed();
    expect(await statusOf("BTC/USD")).to.equal("suspended");
    await network.submit([
      [0, 20_100n * E8],
      [1, 1_001n * E8],
    ]);
    await expectIndexed();
    expect(await statusOf("BTC/USD")).to.equal("live");
  });

  it("follows a suspension that is confirmed outside the band", async () => {
    for (let i = 0; i < 4; i++) {
      await network.submit([[0, BigInt(30_000 + i) * E8]], { after: 10 });
      await expectIndexed();
    }
    expect(await statusOf("BTC/USD")).to.equal("live");
  });

  it("follows a trip, its lapse without a transaction, and the confirmation after it", async () => {
    await mined(network.feeds.trip(BTC));
    await expectIndexed();
    await network.submit([
      [0, 30_010n * E8],
      [2, E8],
    ]);
    await expectIndexed();
    expect(await statusOf("BTC/USD")).to.equal("tripped");
    await network.submit([[0, 30_020n * E8]], { after: TRIP_SECONDS + 1 });
    await expectIndexed();
    expect(await statusOf("BTC/USD")).to.equal("suspended");
    for (let i = 0; i < 3; i++) await network.submit([[0, 30_030n * E8]], { after: 10 });
    await expectIndexed();
    expect(await statusOf("BTC/USD")).to.equal("live");
  });

  it("follows a reset and the answer that seeds the feed anew, without losing count of rounds", async () => {
    const { round } = await network.feeds.feed(BTC);
    await mined(network.feeds.reset(BTC));
    await expectIndexed();
    expect(await statusOf("BTC/USD")).to.equal("empty");
    await network.submit([[0, 77_000n * E8]], { after: 5 });
    await expectIndexed();
    expect((await network.feeds.feed(BTC)).round).to.equal(round + 1n);
  });

  it("judges a report of the previous set by that set's parameters", async () => {
    const { setId } = await network.feeds.currentSet();
    const { answer } = await network.feeds.feed(BTC);
    await network.anvil.rpc("evm_increaseTime", [20]);
    await mined(network.feeds.setParams(BTC, { ...PARAMS, tau: 7 }));
    const latest = await network.provider.getBlock("latest");
    await network.submit([[0, answer + answer / 200n]], {
      setId: Number(setId),
      slot: (latest?.timestamp ?? 0) - 3,
      after: 2,
    });
    await expectIndexed();
    expect(await statusOf("BTC/USD")).to.equal("live");
    await network.submit([[0, answer + answer / 100n]], { after: 2 });
    await expectIndexed();
  });

  it("follows endpoints and a new list of operators", async () => {
    const signer = await network.provider.getSigner(3);
    await mined(network.operators.connect(signer).setEndpoint("http://moved"));
    await network.seat(network.accounts.slice(1).reverse());
    await expectIndexed();
    await network.seat(network.accounts);
    await mined(network.feeds.sync());
    await network.submit([[1, 1_002n * E8]]);
    await expectIndexed();
  });

  it("undoes what a reorg of depth 3 takes back", async () => {
    await network.submit([[0, 77_700n * E8]]);
    await settle(indexer, network);
    const before = await network.feeds.feed(BTC);
    for (let i = 0; i < 3; i++) await network.submit([[0, BigInt(77_800 + i) * E8]]);
    await settle(indexer, network);
    await network.anvil.rpc("anvil_reorg", [3, []]);
    await network.mine(1);
    await expectIndexed();
    expect((await network.feeds.feed(BTC)).round).to.equal(before.round);
    await network.submit([[0, 77_900n * E8]], { after: 5 });
    await expectIndexed();
  });

  it("serves feeds with the answer, age and gas of the chain", async () => {
    const { status, body } = await indexer.get("/feeds");
    expect(status).to.equal(200);
    const items = body as Record<string, unknown>[];
    expect(items.map(({ id }) => id)).to.have.members(["BTC/USD", "ETH/USD", "USDC/USD"]);
    const state = await network.feeds.feed(BTC);
    const item = items.find(({ id }) => id === "BTC/USD");
    expect(item).to.include({
      answer: String(state.answer),
      decimals: 8,
      updatedAt: Number(state.updatedAt),
      round: Number(state.round),
      status: "live",
      heartbeat: PARAMS.heartbeat,
      source: null,
      reason: null,
    });
    for (const name of ["BTC%2FUSD", "BTC-USD", "btc-usd", BTC]) {
      expect((await indexer.get(`/feeds/${name}`)).body, name).to.include({ id: "BTC/USD" });
    }
  });

  it("says what exists for an unknown feed, and what is allowed for a bad question", async () => {
    const unknown = await indexer.get("/feeds/DOGE-USD");
    expect(unknown.status).to.equal(404);
    expect((unknown.body as { feeds: string[] }).feeds).to.include("ETH/USD");
    const bad = await indexer.get("/feeds/BTC-USD/history?limit=5000");
    expect(bad.status).to.equal(400);
    expect((bad.body as { error: string }).error).to.contain("from 1 to 1000");
    const route = await indexer.get("/prices");
    expect(route.status).to.equal(404);
    expect(JSON.stringify(route.body)).to.contain("GET /feeds");
  });

  it("pages through all rounds, newest first, none twice", async () => {
    const seen: RoundItem[] = [];
    let cursor = "";
    do {
      const { body } = await indexer.get(`/feeds/BTC-USD/history?limit=4${cursor}`);
      const page = body as { rounds: RoundItem[]; next: string | null };
      seen.push(...page.rounds);
      cursor = page.next === null ? "" : `&cursor=${page.next}`;
    } while (cursor !== "");
    const { round } = await network.feeds.feed(BTC);
    expect(seen.map((one) => one.round)).to.deep.equal(
      Array.from({ length: Number(round) }, (_, i) => Number(round) - i),
    );
  });

  it("computes the OHLC of every bucket from its rounds", async () => {
    const all = await indexer.get("/feeds/BTC-USD/history?limit=1000");
    const { rounds } = all.body as { rounds: RoundItem[] };
    const expected = new Map<number, bigint[]>();
    for (const { answer, updatedAt } of rounds.toReversed()) {
      const start = updatedAt - (updatedAt % 60);
      expected.set(start, [...(expected.get(start) ?? []), BigInt(answer)]);
    }
    const ascending = (a: bigint, b: bigint) => (a < b ? -1 : a > b ? 1 : 0);
    const buckets: unknown[] = [];
    let cursor = "";
    do {
      const { body } = await indexer.get(`/feeds/BTC-USD/history?interval=1m&limit=2${cursor}`);
      const page = body as { buckets: unknown[]; next: string | null };
      buckets.push(...page.buckets);
      cursor = page.next === null ? "" : `&cursor=${page.next}`;
    } while (cursor !== "");
    expect(buckets).to.deep.equal(
      [...expected].reverse().map(([start, answers]) => ({
        start,
        open: String(answers[0]),
        high: String(answers.toSorted(ascending).at(-1)),
        low: String(answers.toSorted(ascending)[0]),
        close: String(answers.at(-1)),
        rounds: answers.length,
      })),
    );
  });

  it("tells source and reason that operators wrote down", async () => {
    await database.query(`CREATE SCHEMA dodona`);
    await database.query(
      `CREATE TABLE dodona.operator_status (chain_id bigint, contract text, operator text, source text,
         updated_at timestamptz, feeds jsonb)`,
    );
    for (const account of network.accounts) {
      await database.query(
        `INSERT INTO dodona.operator_status VALUES (31337, $1, $2, 'replay', now(), $3)`,
        [
          network.contracts.priceFeeds.toLowerCase(),
          account.toLowerCase(),
          {
            "BTC/USD": { priceE8: "7790000000000", reason: "", venues: { kraken: "used" } },
            "ETH/USD": { priceE8: null, reason: "2 of 3 venues", venues: {} },
          },
        ],
      );
    }
    const { body } = await indexer.get("/feeds");
    const words = (body as Record<string, unknown>[]).map(({ id, source, reason }) => [
      id,
      source,
      reason,
    ]);
    expect(words).to.deep.include(["BTC/USD", "replay", null]);
    expect(words).to.deep.include([
      "ETH/USD",
      "replay",
      "2 of 3 venues (0 of 3 operators needed have a price)",
    ]);
  });

  it("answers GraphQL and SQL over HTTP", async () => {
    const response = await fetch(`${indexer.url}/graphql`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ query: `{ feed(id: "BTC/USD") { round answer status } }` }),
    });
    const { round, answer } = await network.feeds.feed(BTC);
    expect(await response.json()).to.deep.equal({
      data: { feed: { round: Number(round), answer: String(answer), status: "live" } },
    });
    const question = encodeURIComponent(
      JSON.stringify({ json: { sql: `SELECT count(*) FROM "feed"`, params: [] } }),
    );
    const sql = await fetch(`${indexer.url}/sql/db?sql=${question}`);
    expect(sql.status, await sql.clone().text()).to.equal(200);
    expect(await sql.text()).to.contain("3");
  });

  it("continues after kill -9 of launcher and Ponder, without waiting for the dead one's lock", async () => {
    const { round } = await network.feeds.feed(BTC);
    process.kill(indexer.ponderPid(), "SIGKILL");
    await indexer.signal("SIGKILL");
    await network.submit([[0, 77_950n * E8]], { after: 5 });
    await indexer.start();
    expect(indexer.output()).to.contain("opened the lock of an indexer that was killed");
    await expectIndexed();
    expect((await network.feeds.feed(BTC)).round).to.be.greaterThan(round);
  });

  it("continues after a clean stop", async () => {
    expect(await indexer.signal("SIGTERM")).to.equal(0);
    await network.submit([[0, 77_960n * E8]], { after: 5 });
    await indexer.start();
    expect(indexer.output()).not.to.contain("opened the lock");
    await expectIndexed();
  });
});

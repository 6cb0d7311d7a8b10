import { expect } from "chai";
import { parseEther } from "ethers";
import pg from "pg";

import { startPostgres, type TestPostgres } from "../helpers/postgres.ts";
import { prepareIndexer, settle, type Indexer } from "./indexer.ts";
import { mined, startNetwork, type Network } from "./network.ts";
import {
  DEADLINE_BLOCKS,
  expectRandomnessEqualToChain,
  startRandomness,
  type Randomness,
} from "./randomness.ts";

describe("index of randomness", function () {
  this.timeout(120_000);
  let postgres: TestPostgres;
  let network: Network;
  let randomness: Randomness;
  let indexer: Indexer;
  let database: pg.Client;
  let subId: bigint;

  before(async () => {
    [postgres, network] = await Promise.all([startPostgres(), startNetwork(["BTC/USD"])]);
    database = new pg.Client(postgres.url);
    await database.connect();
    randomness = await startRandomness(network);
    subId = await randomness.subscribe(parseEther("10"));
    await randomness.request(subId);
    indexer = await prepareIndexer({
      rpcUrl: network.anvil.url,
      databaseUrl: postgres.url,
      contracts: { ...network.contracts, vrfCoordinator: randomness.address },
    });
    await indexer.start();
  });

  after(async () => {
    await indexer?.dispose();
    await database?.end();
    await Promise.all([network?.stop(), postgres?.stop()]);
  });

  async function expectIndexed(): Promise<void> {
    await settle(indexer, network);
    await expectRandomnessEqualToChain(database, randomness);
  }

  it("contains what happened before it was started", expectIndexed);

  it("follows a request, its words, and a callback that ran out of gas", async () => {
    const good = await randomness.request(subId);
    const poor = await randomness.request(subId, { callbackGasLimit: 5_000 });
    await network.mine(1);
    await expectIndexed();
    await randomness.fulfil(good);
    await randomness.fulfil(poor);
    await expectIndexed();
    const { body } = await indexer.get(`/vrf/requests/${good.requestId}`);
    const words = await randomness.consumer.wordsOf(good.requestId);
    expect((body as { fulfilment: unknown }).fulfilment).to.deep.include({
      success: true,
      randomWords: words.map(String),
    });
    const failed = (await indexer.get(`/vrf/requests/${poor.requestId}`)).body;
    expect((failed as { fulfilment: unknown }).fulfilment).to.include({ success: false });
  });

  it("follows a batch that leaves an item out", async () => {
    const requests = [await randomness.request(subId), await randomness.request(subId)];
    await network.mine(1);
    const [first, second] = await Promise.all(requests.map(randomness.proofOf));
    await mined(
      randomness.coordinator.fulfillMany(
        [first ?? "", first ?? ""],
        requests.map(({ struct }) => struct),
        { gasLimit: 3_000_000 },
      ),
    );
    await expectIndexed();
    const { rows } = await database.query("SELECT request_id FROM chain.vrf_skip");
    expect(rows).to.deep.equal([{ request_id: String(requests[1]?.requestId) }]);
    await mined(
      randomness.coordinator.fulfillMany(
        [second ?? ""],
        requests.slice(1).map(({ struct }) => struct),
        { gasLimit: 3_000_000 },
      ),
    );
    await expectIndexed();
  });

  for (const depth of [1, 3]) {
    it(`undoes and repeats what a reorg of depth ${depth} takes back`, async () => {
      const kept = await randomness.request(subId);
      await network.mine(3);
      await settle(indexer, network);
      await randomness.request(subId);
      if (depth === 3) await randomness.fulfil(kept);
      if (depth === 3) await randomness.request(subId);
      await expectIndexed();
      await network.anvil.rpc("anvil_reorg", [depth, []]);
      await network.mine(1);
      await expectIndexed();
      expect((await indexer.get(`/vrf/requests/${kept.requestId}`)).body).to.include({
        status: "pending",
      });
      await randomness.fulfil(kept);
      await expectIndexed();
    });
  }

  it("follows a refund past the deadline", async () => {
    const late = await randomness.request(subId);
    await network.mine(DEADLINE_BLOCKS + 1);
    await mined(randomness.coordinator.refund(late.struct));
    await expectIndexed();
    const { body } = await indexer.get(`/vrf/requests/${late.requestId}`);
    expect(body).to.deep.include({ status: "refunded", fulfilment: null });
    expect((body as { refund: unknown }).refund).to.include({ bond: String(parseEther("0.01")) });
  });

  it("follows owners, consumers, cancellation, rewards, bond and terms", async () => {
    const { coordinator, key } = randomness;
    const other = await randomness.subscribe(parseEther("1"));
    const heir = await network.provider.getSigner(5);
    await mined(coordinator.addConsumer(other, heir.address));
    await mined(coordinator.removeConsumer(other, await randomness.consumer.getAddress()));
    await mined(coordinator.requestSubscriptionOwnerTransfer(other, heir.address));
    await expectIndexed();
    await mined(coordinator.connect(heir).acceptSubscriptionOwnerTransfer(other));
    await mined(coordinator.collect([subId]));
    await mined(coordinator.withdrawRewards(key.keyHash, heir.address));
    await mined(coordinator.announceBondWithdrawal(key.keyHash, parseEther("0.5")));
    await expectIndexed();
    await network.mine(2 * DEADLINE_BLOCKS + 1);
    await mined(coordinator.withdrawBond(key.keyHash, heir.address));
    await mined(coordinator.connect(heir).cancelSubscription(other, heir.address));
    const terms = { maxGasPrice: 7n, premium: 8n, bondShare: 9n };
    await mined(coordinator.setProvingKeyTerms(key.keyHash, terms));
    await expectIndexed();
    await mined(coordinator.deregisterProvingKey(key.keyHash));
    await expectIndexed();
    await mined(coordinator.registerProvingKey(key.x, key.y, network.admin.address, terms));
    await expectIndexed();
  });

  it("lists requests by page, status and subscription", async () => {
    interface Page {
      readonly requests: { readonly id: string; readonly status: string }[];
      readonly next: string | null;
    }
    const logs = await randomness.coordinator.queryFilter(
      randomness.coordinator.filters.RandomWordsRequested(),
    );
    const seen: string[] = [];
    let cursor = "";
    do {
      const page = (await indexer.get(`/vrf/requests?limit=3${cursor}`)).body as Page;
      seen.push(...page.requests.map(({ id }) => id));
      cursor = page.next === null ? "" : `&cursor=${page.next}`;
    } while (cursor !== "");
    expect(seen).to.deep.equal(logs.map(({ args }) => String(args.requestId)).reverse());
    const refunded = (await indexer.get("/vrf/requests?status=refunded")).body as Page;
    expect(refunded.requests.map(({ status }) => status)).to.deep.equal(["refunded"]);
    expect((await indexer.get("/vrf/requests?sub=1")).body).to.deep.equal({
      requests: [],
      next: null,
    });
    const { requests } = (await indexer.get("/vrf")).body as { requests: Record<string, number> };
    expect(requests).to.include({ refunded: 1 });
    expect(Object.values(requests).reduce((sum, count) => sum + count, 0)).to.equal(logs.length);
  });

  it("lists subscriptions and keys, and answers GraphQL", async () => {
    const subscriptions = (await indexer.get("/vrf/subscriptions")).body as { id: string }[];
    expect(subscriptions.map(({ id }) => id)).to.include(String(subId));
    const [key] = (await indexer.get("/vrf/keys")).body as Record<string, unknown>[];
    expect(key).to.include({ keyHash: randomness.key.keyHash, x: String(randomness.key.x) });
    const response = await fetch(`${indexer.url}/graphql`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ query: `{ vrfSubscription(id: "${subId}") { balance pending } }` }),
    });
    const [, balance] = await randomness.coordinator.getSubscription(subId);
    const pending = Number(await randomness.coordinator.pendingRequests(subId));
    expect(await response.json()).to.deep.equal({
      data: { vrfSubscription: { balance: String(balance), pending } },
    });
  });

  it("says what exists for an unknown request, and what is allowed for a bad question", async () => {
    const unknown = await indexer.get("/vrf/requests/12345");
    expect(unknown.status).to.equal(404);
    expect((unknown.body as { newest: string[] }).newest).to.have.length(5);
    for (const path of [
      "/vrf/requests/last",
      "/vrf/requests?status=done",
      "/vrf/requests?limit=0",
    ]) {
      expect((await indexer.get(path)).status, path).to.equal(400);
    }
  });
});

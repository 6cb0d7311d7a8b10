import { expect } from "chai";

import { migrate, openDatabase, type Database } from "../../../keepers/shared/database.ts";
import { readIntent, type NewIntent } from "../../../keepers/shared/intents.ts";
import { createLogger } from "../../../keepers/shared/log.ts";
import type { Judged, JudgedObservation } from "../../../keepers/watch/judge.ts";
import { digestOf } from "../../../keepers/shared/observation.ts";
import { reportDigest } from "../../../keepers/watch/report.ts";
import { createWatchStore, type WatchStore } from "../../../keepers/watch/store.ts";
import { startPostgres, type TestPostgres } from "../../helpers/postgres.ts";
import { bundle, DOMAIN, freshKeys, observe, SET_ID, SLOT } from "./fixtures.ts";

const SLASHING = `0x${"5a".repeat(20)}`;
const keys = Array.from({ length: 3 }, freshKeys);

function said(price: bigint, operator = 0, slot = SLOT, setId = SET_ID): JudgedObservation {
  const one = observe(keys, operator, [price, 2n ** 95n - 1n], { slot, setId });
  return { ...one, digest: digestOf(one, DOMAIN) };
}
const only = (...observations: JudgedObservation[]): Judged => ({
  ...{ observations, reports: [], unsigned: 0 },
});
const intent = (key: string): NewIntent => ({
  ...{ chainId: 31337, key, lane: "admin", group: null, ordinal: 1n, to: SLASHING, data: "0x12" },
  ...{ value: 0n, gasLimit: 100_000n, expiresAtMs: null },
});

describe("watch: what is kept in Postgres", function () {
  this.timeout(60_000);
  let postgres: TestPostgres;
  let db: Database;
  let store: WatchStore;

  before(async () => {
    postgres = await startPostgres();
    db = openDatabase(postgres.url, createLogger({ name: "test", level: "silent" }));
    await migrate(db);
    store = createWatchStore(db, DOMAIN, SLASHING);
  });
  after(async () => {
    await db.close();
    await postgres.stop();
  });
  beforeEach(async () => {
    await db.pool.query(
      "TRUNCATE dodona.watch_observations, dodona.watch_reports, dodona.watch_evidence",
    );
    await db.pool.query("DELETE FROM dodona.intents");
  });

  it("is each observation once, and a contradiction only of other prices", async () => {
    await store.keep(only(said(1n), said(1n)));
    await store.keep(only(said(1n), said(1n, 1), said(2n, 0, SLOT + 1), said(2n, 0, SLOT, 4)));
    const { rowCount } = await db.pool.query("SELECT 1 FROM dodona.watch_observations");
    expect(rowCount).to.equal(4);
    expect(await store.contradictions(0)).to.deep.equal([]);
  });

  it("is the first and the second of several different ones, with what was signed", async () => {
    const [first, second, third] = [said(1n), said(2n), said(3n)];
    await store.keep(only(first));
    await store.keep(only(second, third));
    await store.keep(only(third));
    const side = ({ pricesE8, digest, signature }: JudgedObservation) => ({
      pricesE8,
      digest,
      signature,
    });
    expect(await store.contradictions(0)).to.deep.equal([
      {
        ...{ kind: "equivocation", id: `equivocation:${SET_ID}:${SLOT}:0` },
        ...{ setId: SET_ID, slot: SLOT, operator: 0, said: [side(first), side(second)] },
      },
    ]);
    expect(await store.contradictions(SLOT + 1)).to.deep.equal([]);
  });

  it("is a contradiction also when both come at once, or by two processes in a race", async () => {
    await store.keep(only(said(1n), said(2n)));
    const rivals = Array.from({ length: 8 }, (_, price) => said(BigInt(price + 1), 1));
    await Promise.all(rivals.map((rival) => store.keep(only(rival))));
    const found = await store.contradictions(0);
    expect(found.map(({ operator }) => operator)).to.deep.equal([0, 1]);
    const { rowCount } = await db.pool.query("SELECT 1 FROM dodona.watch_observations");
    expect(rowCount).to.equal(4);
  });

  it("is kept apart by chain and contract", async () => {
    const others = [
      createWatchStore(db, { ...DOMAIN, chainId: 5 }, SLASHING),
      createWatchStore(db, { ...DOMAIN, priceFeeds: `0x${"11".repeat(20)}` }, SLASHING),
    ];
    await store.keep(only(said(1n)));
    for (const other of others) {
      await other.keep(only(said(2n)));
      expect(await other.contradictions(0)).to.deep.equal([]);
    }
    expect(await store.contradictions(0)).to.deep.equal([]);
  });

  it("is every report, and of wrong ones what they stand on", async () => {
    const observations = [0, 1, 2].map((index) => observe(keys, index, [7n, 2n ** 95n - 1n]));
    const report = (answerE8: bigint) => {
      const one = bundle(keys, observations, [{ feedIndex: 0, count: 3, answerE8 }], {
        by: [0, 1],
      });
      const digest = reportDigest(one.report, DOMAIN);
      return { bundle: one, digest, setId: SET_ID, slot: SLOT, wrong: answerE8 !== 7n };
    };
    const [right, wrong] = [report(7n), report(8n)];
    await store.keep({ observations: [], reports: [right, wrong], unsigned: 0 });
    await store.keep({ observations: [], reports: [wrong], unsigned: 0 });
    expect((await db.pool.query("SELECT 1 FROM dodona.watch_reports")).rowCount).to.equal(2);
    const [found, ...rest] = await store.wrongReports(0);
    expect(rest).to.deep.equal([]);
    expect(found).to.deep.equal({
      ...{ kind: "medians", id: `medians:${wrong.digest}`, digest: wrong.digest },
      ...{ setId: SET_ID, slot: SLOT, report: wrong.bundle.report },
      signature: wrong.bundle.signature,
      observations: observations.map(({ operator, pricesE8 }) => ({ operator, pricesE8 })),
    });
    await store.settle(found!, "slashed");
    expect(await store.wrongReports(0)).to.deep.equal([]);
  });

  it("is an attempt together with its intent, once, whoever asks; the next only after it", async () => {
    await store.keep(only(said(1n), said(2n)));
    const [evidence] = await store.contradictions(0);
    const all = await Promise.all([1, 2, 3].map(() => store.bring(evidence!, 1, intent("k"))));
    expect(all.filter(Boolean)).to.have.length(1);
    expect(await store.bring(evidence!, 3, intent("k:3"))).to.equal(false);
    expect(await readIntent(db.pool, "k:3")).to.equal(undefined);
    const { id } = evidence!;
    expect((await store.progress([id])).get(id)).to.deep.include({ id, attempt: 1 });
    expect((await store.progress([id])).get(id)?.intent).to.include({ status: "queued" });
    expect(await store.bring(evidence!, 2, intent("k:2"))).to.equal(true);
    expect((await store.progress([id])).get(id)).to.deep.include({ attempt: 2 });
  });

  it("notes no attempt when the intent cannot be handed over", async () => {
    await store.keep(only(said(1n), said(2n)));
    const [evidence] = await store.contradictions(0);
    const error = await store.bring(evidence!, 1, { ...intent("k"), to: "nowhere" }).catch(String);
    expect(error).to.contain("not an address");
    expect(await store.progress([evidence!.id])).to.have.property("size", 0);
  });

  it("shows no more of what is settled, and takes no attempt at it", async () => {
    await store.keep(only(said(1n), said(2n), said(1n, 1), said(2n, 1)));
    const [first] = await store.contradictions(0);
    await store.settle(first!, "slashed");
    expect((await store.contradictions(0)).map(({ operator }) => operator)).to.deep.equal([1]);
    expect(await store.bring(first!, 1, intent("k"))).to.equal(false);
  });

  it("is deleted when it is too old, and only then", async () => {
    await store.keep(only(said(1n), said(2n), said(1n, 0, SLOT + 1), said(2n, 0, SLOT + 1)));
    for (const one of await store.contradictions(0)) await store.bring(one, 1, intent(one.id));
    await store.prune(SLOT + 1);
    expect((await store.contradictions(0)).map(({ slot }) => slot)).to.deep.equal([SLOT + 1]);
    const { rows } = await db.pool.query("SELECT slot FROM dodona.watch_evidence");
    expect(rows).to.deep.equal([{ slot: String(SLOT + 1) }]);
  });
});

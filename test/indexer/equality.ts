/** Holds every row of the index against the chain itself. */
import { expect } from "chai";
import { decodeBytes32String, getAddress } from "ethers";
import type pg from "pg";

import { PARAMS, type Network } from "./network.ts";

const STATUS = ["empty", "live", "suspended", "tripped", "dormant"];

const PARAM_NAMES = Object.keys(PARAMS) as (keyof typeof PARAMS)[];

/** Rows as Postgres gives them: numeric and bigint columns are strings. */
type Row = Record<string, unknown>;

/** Reads all rows of a table through the views that everybody reads. */
export async function rowsOf(database: pg.Client, table: string, order: string): Promise<Row[]> {
  const { rows } = await database.query<Row>(`SELECT * FROM chain."${table}" ORDER BY ${order}`);
  return rows;
}

/**
 * Compares feeds, rounds, reports, sets and operators with what the contracts and the logs say now.
 *
 * @throws AssertionError at the first difference.
 */
export async function expectEqualToChain(database: pg.Client, network: Network): Promise<void> {
  const rounds = await rowsOf(database, "round", "feed, round");
  await Promise.all([
    expectFeeds(database, network, rounds),
    expectReports(database, network, rounds),
    expectSets(database, network),
    expectOperators(database, network),
    expectBreakerEvents(database, network),
  ]);
}

async function expectFeeds(database: pg.Client, { feeds }: Network, allRounds: Row[]) {
  const rows = new Map((await rowsOf(database, "feed", "id")).map((row) => [row["id"], row]));
  const ids = await feeds.feedIds();
  expect(rows.size).to.equal(ids.length);
  for (const feedId of ids) {
    const name = decodeBytes32String(feedId);
    const row = rows.get(name);
    const state = await feeds.feed(feedId);
    const params = await feeds.params(feedId);
    expect({
      id: row?.["feed_id"],
      status: row?.["status"],
      answer: row?.["answer"],
      average: row?.["average"],
      round: row?.["round"],
      updatedAt: row?.["updated_at"],
      lastReportAt: row?.["last_report_at"],
      trippedUntil: row?.["tripped_until"],
      afterTrip: row?.["after_trip"],
      params: row?.["params"],
    }).to.deep.equal({
      id: feedId,
      status: STATUS[Number(state.status)],
      answer: String(state.answer),
      average: String(state.average),
      round: String(state.round),
      updatedAt: String(state.updatedAt),
      lastReportAt: String(state.lastReportAt),
      trippedUntil: String(await feeds.trippedUntil(feedId)),
      afterTrip: Number(state.status) === 2 && Number(state.candidateSide) === 2,
      params: Object.fromEntries(PARAM_NAMES.map((name) => [name, Number(params[name])])),
    });

    const rounds = allRounds.filter((one) => one["feed"] === name);
    expect(rounds.map((one) => one["round"])).to.deep.equal(
      Array.from({ length: Number(state.round) }, (_, i) => String(i + 1)),
    );
    const check = async (one: Row) => {
      const stored = await feeds.getRoundData(feedId, Number(one["round"])).catch(() => null);
      // A reset feed has no latest round; its earlier ones stay in the ring.
      if (stored === null) return;
      expect([one["answer"], one["slot"]]).to.deep.equal([
        String(stored.answer),
        String(stored.updatedAt),
      ]);
    };
    await Promise.all(rounds.map(check));
  }
}

async function expectReports(database: pg.Client, { feeds, provider }: Network, allRounds: Row[]) {
  const logs = await feeds.queryFilter(feeds.filters.ReportAccepted());
  const rows = await rowsOf(database, "report", "block, id");
  expect(rows.map((row) => row["id"])).to.deep.equal(
    logs.map((log) => `${log.transactionHash}-${log.index}`),
  );
  const check = async (log: (typeof logs)[number], i: number) => {
    const row = rows[i] ?? {};
    const receipt = await provider.getTransactionReceipt(log.transactionHash);
    const bytes = log.args.report;
    const setId = Number(bytes.slice(0, 10));
    const bits = Number(`0x${bytes.slice(18, 26)}`);
    const [operators] = await feeds.describeSet(setId);
    const signers = operators.filter((_, bit) => (bits & (1 << bit)) !== 0);
    expect({ ...row, entries: null }).to.deep.include({
      set_id: String(setId),
      slot: String(Number(`0x${bytes.slice(10, 18)}`)),
      signer_bits: String(bits),
      signers: signers.map((account) => account.toLowerCase()),
      observation_root: `0x${bytes.slice(26, 90)}`,
      transaction: log.transactionHash,
      block: String(log.blockNumber),
      gas_used: String(receipt?.gasUsed),
      gas_price_wei: String(receipt?.gasPrice),
    });
    const entries = row["entries"] as unknown[];
    expect(entries).to.have.length((bytes.length - 90) / 28);
    for (const round of allRounds.filter((one) => one["report"] === row["id"])) {
      expect(round["gas_per_feed"]).to.equal(
        String(Math.floor(Number(receipt?.gasUsed) / entries.length)),
      );
      expect(round["signers"]).to.deep.equal(row["signers"]);
    }
  };
  await Promise.all(logs.map(check));
}

async function expectSets(database: pg.Client, { feeds }: Network) {
  const rows = await rowsOf(database, "operator_set", "set_id");
  const { setId } = await feeds.currentSet();
  expect(rows).to.have.length(Number(setId));
  for (const row of rows) {
    const id = Number(row["set_id"]);
    const [blob, since, quorum] = await feeds.setOf(id);
    const [operators, , feedIds, params] = await feeds.describeSet(id);
    expect(row).to.deep.include({
      blob: blob.toLowerCase(),
      since: String(since),
      quorum: Number(quorum),
      operators: operators.map((account) => account.toLowerCase()),
      feeds: feedIds.map(decodeBytes32String),
    });
    const ofSet = (await rowsOf(database, "set_params", "set_id, feed")).filter(
      (one) => one["set_id"] === row["set_id"],
    );
    expect(ofSet).to.have.length(feedIds.length);
    for (const [i, feedId] of feedIds.entries()) {
      const stored = ofSet.find((one) => one["feed"] === decodeBytes32String(feedId));
      expect(stored?.["params"]).to.include({ tau: Number(params[i]?.tau) });
    }
  }
}

async function expectOperators(database: pg.Client, { operators }: Network) {
  const logs = await operators.queryFilter(operators.filters.OperatorRegistered());
  const rows = await rowsOf(database, "operator", "account");
  expect(rows).to.have.length(logs.length);
  const { version, accounts } = await operators.active();
  for (const row of rows) {
    const account = getAddress(String(row["account"]));
    // By position: ethers gives its results a method of that name.
    const [keys, endpoint] = await operators.operator(account);
    const index = accounts.indexOf(account);
    expect(row).to.deep.include({
      key_x: String(keys.x),
      key_y: String(keys.y),
      proof_x: String(keys.proofX),
      proof_y: String(keys.proofY),
      endpoint,
      active: index >= 0,
      index: index >= 0 ? index : null,
    });
  }
  const lists = await rowsOf(database, "active_operators", "version");
  expect(lists.at(-1)).to.deep.include({
    version: String(version),
    accounts: accounts.map((account) => account.toLowerCase()),
  });
}

async function expectBreakerEvents(database: pg.Client, { feeds }: Network) {
  const logs = (
    await Promise.all([
      feeds.queryFilter(feeds.filters.FeedSuspended()),
      feeds.queryFilter(feeds.filters.FeedResumed()),
      feeds.queryFilter(feeds.filters.FeedTripped()),
      feeds.queryFilter(feeds.filters.FeedReset()),
    ])
  )
    .flat()
    .sort((a, b) => a.blockNumber - b.blockNumber || a.index - b.index);
  const rows = await rowsOf(database, "breaker_event", "block, log_index");
  expect(rows.map((row) => [row["id"], row["kind"], row["feed"]])).to.deep.equal(
    logs.map((log) => [
      `${log.transactionHash}-${log.index}`,
      log.eventName.slice("Feed".length).toLowerCase(),
      decodeBytes32String(String(log.args[0])),
    ]),
  );
}

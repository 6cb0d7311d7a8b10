import { expect } from "chai";

import { migrate, openDatabase, type Database } from "../../../keepers/shared/database.ts";
import { enqueueIntent } from "../../../keepers/shared/intents.ts";
import { createLogger } from "../../../keepers/shared/log.ts";
import { withdrawOrphans } from "../../../keepers/vrf/orphans.ts";
import { startPostgres, type TestPostgres } from "../../helpers/postgres.ts";

const coordinate = { chainId: 31337, coordinator: `0x${"c0".repeat(20)}` };
const keyHash = `0x${"aa".repeat(32)}`;
const account = `0x${"ee".repeat(20)}`;
const hashOf = (block: number, fork = 0): string =>
  `0x${(block * 16 + fork).toString(16).padStart(64, "0")}`;
const head = 100;

describe("intents of requests that are gone", function () {
  this.timeout(30_000);
  let postgres: TestPostgres;
  let db: Database;
  /** Hashes that the node answers. */
  let chain: Map<number, string | null>;

  before(async () => {
    postgres = await startPostgres();
    db = openDatabase(postgres.url, createLogger({ name: "test", level: "silent" }));
    await migrate(db);
    await db.pool.query(
      `CREATE SCHEMA chain; CREATE TABLE chain.vrf_request (id numeric(78), block_hash text);
       INSERT INTO dodona.accounts (chain_id, address, next_nonce) VALUES (31337, '${account}', 0)`,
    );
  });
  after(async () => {
    await db.close();
    await postgres.stop();
  });
  beforeEach(async () => {
    chain = new Map();
    await db.pool.query(
      "TRUNCATE dodona.intents, dodona.vrf_proofs, dodona.transactions, dodona.attempts, chain.vrf_request",
    );
  });

  /** An intent for requests of these blocks: each is in the index and on the chain unless it is said to be gone. */
  async function intent(
    key: string,
    requests: readonly { id: number; block: number; gone?: boolean }[],
  ): Promise<bigint> {
    const id = await enqueueIntent(db.pool, {
      ...{ chainId: 31337, key, lane: "randomness", group: null, ordinal: 1n, to: account },
      ...{ data: "0x", value: 0n, gasLimit: 21_000n, expiresAtMs: null },
    });
    for (const { id: request, block, gone } of requests) {
      await db.pool.query(
        `INSERT INTO dodona.vrf_proofs (chain_id, coordinator, request_id, block_hash, block, key_hash, alpha, proof,
           output, attempt, intent_key)
         VALUES (31337, $1, $2, $3, $4, $5, decode(repeat('00', 32), 'hex'), decode(repeat('00', 81), 'hex'),
           decode(repeat('00', 32), 'hex'), 1, $6)`,
        [coordinate.coordinator, request, hashOf(block), block, keyHash, key],
      );
      chain.set(block, hashOf(block, gone === true ? 1 : 0));
      if (gone !== true) {
        await db.pool.query("INSERT INTO chain.vrf_request VALUES ($1, $2)", [
          request,
          hashOf(block),
        ]);
      }
    }
    return id;
  }

  const withdraw = (indexBlock = head): Promise<string[]> =>
    withdrawOrphans(
      {
        ...{ db: db.pool, coordinate, keyHash, indexSchema: "chain" },
        reader: {
          blockHashes: async (blocks) =>
            new Map(blocks.map((block) => [block, chain.get(block) ?? null])),
        },
      },
      indexBlock,
    );

  it("are withdrawn from the queue, with the reason; those of requests that stand stay", async () => {
    await intent("standing", [{ id: 1, block: 90 }]);
    await intent("orphan", [
      { id: 2, block: 91, gone: true },
      { id: 3, block: 92, gone: true },
    ]);
    expect(await withdraw()).to.deep.equal(["orphan"]);
    const { rows } = await db.pool.query(
      "SELECT key, status, reason FROM dodona.intents ORDER BY key",
    );
    expect(rows).to.deep.equal([
      {
        ...{ key: "orphan", status: "failed" },
        reason: "cancelled: a reorganisation replaced block 91, 92, and its requests are gone",
      },
      { key: "standing", status: "queued", reason: null },
    ]);
    expect(await withdraw(), "once").to.deep.equal([]);
  });

  it("are taken back from the relayer's account once they are sent", async () => {
    const id = await intent("orphan", [{ id: 1, block: 90, gone: true }]);
    await db.pool.query("UPDATE dodona.intents SET status = 'sent' WHERE id = $1", [id]);
    await db.pool.query(
      `INSERT INTO dodona.transactions (chain_id, account, nonce, status, intent_id)
       VALUES (31337, $1, 0, 'pending', $2)`,
      [account, id],
    );
    expect(await withdraw()).to.deep.equal(["orphan"]);
    const { rows } = await db.pool.query<{ status: string; cancel_reason: string }>(
      "SELECT status, cancel_reason FROM dodona.intents",
    );
    expect(rows[0]?.status).to.equal("sent");
    expect(rows[0]?.cancel_reason).to.include("block 90");
    expect(await withdraw(), "once").to.deep.equal([]);
  });

  it("stay while one request of the batch stands", async () => {
    await intent("batch", [
      { id: 1, block: 90, gone: true },
      { id: 2, block: 91 },
    ]);
    expect(await withdraw()).to.deep.equal([]);
  });

  it("stay while index and node do not agree that the requests are gone", async () => {
    await intent("orphan", [{ id: 1, block: 90, gone: true }]);
    expect(await withdraw(89), "an index that is behind").to.deep.equal([]);
    chain.set(90, hashOf(90));
    expect(await withdraw(), "a node that has the block").to.deep.equal([]);
    chain.set(90, null);
    expect(await withdraw(), "a node that is behind").to.deep.equal([]);
    chain.set(90, hashOf(90, 2));
    expect(await withdraw()).to.deep.equal(["orphan"]);
  });

  it("are looked for among those of the key alone", async () => {
    await intent("other", [{ id: 1, block: 90, gone: true }]);
    await db.pool.query("UPDATE dodona.vrf_proofs SET key_hash = $1", [`0x${"bb".repeat(32)}`]);
    expect(await withdraw()).to.deep.equal([]);
  });
});

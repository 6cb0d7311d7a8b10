import { expect } from "chai";
import { createLogger } from "../../../keepers/shared/log.ts";
import { migrate, openDatabase, type Database } from "../../../keepers/shared/database.ts";
import {
  enqueueIntent,
  intentChannel,
  readIntent,
  type NewIntent,
} from "../../../keepers/shared/intents.ts";
import { startPostgres, type TestPostgres } from "../../helpers/postgres.ts";

const log = createLogger({ name: "test", level: "silent" });

describe("database", function () {
  this.timeout(30_000);
  let postgres: TestPostgres;
  let db: Database;

  before(async () => {
    postgres = await startPostgres();
    db = openDatabase(postgres.url, log);
  });
  after(async () => {
    await db.close();
    await postgres.stop();
  });

  it("runs every migration once, also when several processes start at the same time", async () => {
    const other = openDatabase(postgres.url, log);
    const [first, second] = await Promise.all([migrate(db), migrate(other)]);
    expect([...first, ...second].filter((name) => name === "001_relayer.sql")).to.have.length(1);
    expect(await migrate(db)).to.deep.equal([]);
    await other.close();
  });

  it("rolls back what a throwing transaction wrote", async () => {
    await db.pool.query("CREATE TABLE rolled (n int)");
    const failure = new Error("stop");
    const thrown = await db
      .transaction(async (client) => {
        await client.query("INSERT INTO rolled VALUES (1)");
        throw failure;
      })
      .catch((error: unknown) => error);
    expect(thrown).to.equal(failure);
    expect((await db.pool.query("SELECT * FROM rolled")).rows).to.have.length(0);
  });

  it("begins a transaction after a restart of Postgres cut its idle connections", async () => {
    await Promise.all([1, 2, 3].map(() => db.pool.query("SELECT pg_sleep(0.05)")));
    expect(db.pool.idleCount).to.be.greaterThan(1);
    await postgres.restart();
    for (let i = 0; i < 4; i++) {
      const rows = await db.transaction(
        async (client) => (await client.query<object>("SELECT 1 AS one")).rows,
      );
      expect(rows).to.deep.equal([{ one: 1 }]);
    }
  });

  it("waits with a transaction until Postgres is back", async () => {
    await postgres.halt();
    const pending = db.transaction(
      async (client) => (await client.query<object>("SELECT 2 AS two")).rows,
    );
    await postgres.resume();
    expect(await pending).to.deep.equal([{ two: 2 }]);
  });

  it("survives a connection that is cut in the middle of a transaction, whose error reaches the caller", async () => {
    const failed = db.transaction(async (client) => {
      const pid = (await client.query<{ pid: number }>("SELECT pg_backend_pid() AS pid")).rows[0]
        ?.pid;
      await db.pool.query("SELECT pg_terminate_backend($1)", [pid]);
      await client.query("SELECT pg_sleep(1)");
    });
    const error = await failed.catch((reason: unknown) => reason);
    expect(error).to.be.instanceOf(Error);
    expect((await db.pool.query("SELECT 3 AS three")).rows).to.deep.equal([{ three: 3 }]);
  });

  it("keeps the password out of errors and logs", async () => {
    const lines: string[] = [];
    const spy = createLogger({
      name: "test",
      level: "trace",
      destination: { write: (line) => void lines.push(line) },
    });
    const broken = openDatabase(postgres.url.replace(":test@", ":hunter2@"), spy);
    const error = await broken
      .transaction(() => Promise.resolve())
      .catch((reason: unknown) => reason);
    spy.error(
      { error, databaseUrl: "postgres://me:hunter2@host/db" },
      "postgres://me:hunter2@host/db failed",
    );
    await broken.close();
    expect(String(error)).to.match(/password authentication failed/);
    expect(lines.join("") + String(error)).to.not.contain("hunter2");
    expect(lines.join("")).to.contain("postgres://***@host/db failed");
  });

  describe("intents", () => {
    const intent: NewIntent = {
      chainId: 31337,
      key: "feed:31337:0xabc:1:1",
      lane: "feeds",
      group: "feed:31337:0xabc",
      ordinal: 1n,
      to: "0x00000000000000000000000000000000000000Aa",
      data: "0x1234",
      value: 0n,
      gasLimit: 100_000n,
      expiresAtMs: null,
    };

    it("stores an intent once per key and answers with the same id again", async () => {
      const first = await enqueueIntent(db.pool, intent);
      const second = await enqueueIntent(db.pool, { ...intent, data: "0x99" });
      expect(second).to.equal(first);
      const state = await readIntent(db.pool, intent.key);
      expect(state).to.deep.equal({
        id: first,
        status: "queued",
        reason: null,
        transactionHash: null,
      });
      const row = await db.pool.query(
        "SELECT encode(data, 'hex') AS data, to_address FROM dodona.intents",
      );
      expect(row.rows).to.deep.equal([{ data: "1234", to_address: intent.to.toLowerCase() }]);
    });

    it("answers with one id when several writers use a key at the same time", async () => {
      const ids = await Promise.all(
        Array.from({ length: 8 }, () =>
          db.transaction((client) => enqueueIntent(client, { ...intent, key: "same" })),
        ),
      );
      expect(new Set(ids).size).to.equal(1);
    });

    it("notifies only when its transaction commits", async () => {
      const listener = await db.connect();
      const heard: string[] = [];
      listener.on("notification", (message) => heard.push(message.payload ?? ""));
      await listener.query(`LISTEN ${intentChannel}`);
      await db
        .transaction(async (client) => {
          await enqueueIntent(client, { ...intent, key: "dropped", chainId: 7 });
          throw new Error("no");
        })
        .catch(() => undefined);
      await db.transaction((client) =>
        enqueueIntent(client, { ...intent, key: "kept", chainId: 8 }),
      );
      await listener.query("SELECT 1");
      await listener.end();
      expect(heard).to.deep.equal(["8"]);
      expect(await readIntent(db.pool, "dropped")).to.equal(undefined);
    });

    it("refuses an intent that could never be sent", async () => {
      for (const [field, value] of [
        ["to", "0x12"],
        ["data", "0x123"],
        ["gasLimit", 20_999n],
        ["value", -1n],
      ] as const) {
        const error = await enqueueIntent(db.pool, { ...intent, key: "bad", [field]: value }).catch(
          (e: unknown) => e,
        );
        expect(error, field).to.be.instanceOf(RangeError);
      }
    });
  });
});

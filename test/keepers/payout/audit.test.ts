import { expect } from "chai";
import { keccak256, toUtf8Bytes } from "ethers";

import { appendAudit, readAudit, readAuditHead } from "../../../keepers/payout/audit-store.ts";
import {
  genesisOf,
  nextEntry,
  verifyAudit,
  type AuditEntry,
  type AuditLog,
} from "../../../keepers/payout/audit.ts";
import {
  readHolds,
  readSteps,
  recordStep,
  releaseHold,
  writeHold,
} from "../../../keepers/payout/store.ts";
import { openDatabase, type Database } from "../../../keepers/shared/database.ts";
import { createLogger } from "../../../keepers/shared/log.ts";
import { startPostgres, type TestPostgres } from "../../helpers/postgres.ts";
import { distributor } from "./fixtures.ts";
import { migratePayouts } from "./harness.ts";

const log: AuditLog = { chainId: 31_337, distributor };

function logOf(count: number): AuditEntry[] {
  const entries: AuditEntry[] = [];
  for (let i = 1; i <= count; i++) {
    const last = entries.at(-1);
    const head = { sequence: i - 1, head: last?.hash ?? genesisOf(log) };
    const event = { epoch: i, kind: "proposed" as const, content: { root: `0x${i}` } };
    entries.push(nextEntry(head, event, 1_000 * i));
  }
  return entries;
}

describe("payout audit log", () => {
  it("hashes what an entry says and the entry before", () => {
    const [first] = logOf(1);
    const text = `{"atMs":1000,"content":"{\\"root\\":\\"0x1\\"}","epoch":1,"kind":"proposed","previousHash":"${genesisOf(log)}","sequence":1}`;
    expect(first?.hash).to.equal(keccak256(toUtf8Bytes(text)));
    expect(genesisOf(log)).not.to.equal(genesisOf({ ...log, chainId: 1 }));
  });

  it("is whole where nothing was changed", () => {
    const entries = logOf(5);
    const anchors = [
      { epoch: 1, sequence: 0, head: genesisOf(log) },
      { epoch: 3, sequence: 3, head: entries[2]!.hash },
    ];
    expect(verifyAudit(log, entries, anchors)).to.equal(null);
    expect(verifyAudit(log, [], [])).to.equal(null);
  });

  it("shows what was taken out, changed, put in or cut off", () => {
    const entries = logOf(5);
    const at = (list: readonly AuditEntry[]) => verifyAudit(log, list, [])?.sequence;
    expect(at(entries.toSpliced(2, 1))).to.equal(3);
    expect(at(entries.slice(1))).to.equal(1);
    expect(at(entries.with(3, { ...entries[3]!, content: "{}" }))).to.equal(4);
    expect(at(entries.with(3, { ...entries[3]!, atMs: 1 }))).to.equal(4);
    expect(at(entries.toSpliced(2, 0, entries[1]!))).to.equal(3);
    const { sequence, hash: head } = entries[1]!;
    const other = nextEntry(
      { sequence, head },
      { epoch: 3, kind: "held", content: "other" },
      3_000,
    );
    expect(verifyAudit(log, entries.with(2, other), [])).to.deep.equal({
      ...{ sequence: 4, problem: "entry 4 does not follow the one before" },
    });
    const anchors = [{ epoch: 4, sequence: 4, head: entries[3]!.hash }];
    expect(verifyAudit(log, entries.slice(0, 3), anchors)?.problem).to.contain("ends at 3");
  });

  it("shows a log that was written anew as a whole", () => {
    const entries = logOf(4);
    const anchors = [{ epoch: 4, sequence: 4, head: entries[3]!.hash }];
    const head = { sequence: 0, head: genesisOf(log) };
    const forged = [nextEntry(head, { epoch: 1, kind: "proposed", content: "other" }, 1)];
    for (let i = 2; i <= 4; i++) {
      const last = forged.at(-1)!;
      const event = { epoch: i, kind: "proposed" as const, content: null };
      forged.push(nextEntry({ sequence: last.sequence, head: last.hash }, event, 1));
    }
    expect(verifyAudit(log, forged, [])).to.equal(null);
    expect(verifyAudit(log, forged, anchors)?.problem).to.contain("not the one that epoch 4");
  });
});

describe("payout tables", () => {
  let postgres: TestPostgres;
  let db: Database;
  before(async function () {
    this.timeout(60_000);
    postgres = await startPostgres();
    db = openDatabase(postgres.url, createLogger({ name: "test", level: "silent" }));
    await migratePayouts(db);
  });
  after(async () => {
    await db?.close();
    await postgres?.stop();
  });

  const messageOf = (error: unknown): string => (error as Error).message;

  it("keep a log that several processes write at once, and that verifies", async () => {
    const append = (i: number) =>
      db.transaction((client) =>
        appendAudit(client, log, { epoch: i, kind: "approved", content: { i } }, i),
      );
    await Promise.all(Array.from({ length: 20 }, (_, i) => append(i)));
    const entries = await readAudit(db.pool, log);
    expect(entries).to.have.length(20);
    const { sequence, head } = await readAuditHead(db.pool, log);
    expect(verifyAudit(log, entries, [{ epoch: 1, sequence, head }])).to.equal(null);
    expect(await readAudit(db.pool, log, 18)).to.deep.equal(entries.slice(18));
    const other = { ...log, chainId: 1 };
    expect(await readAuditHead(db.pool, other)).to.deep.equal({
      ...{ sequence: 0, head: genesisOf(other) },
    });
  });

  it("refuse to change, delete or empty the log, or to leave a gap in it", async () => {
    for (const statement of [
      "UPDATE dodona.payout_audit SET content = 'x' WHERE sequence = 1",
      "DELETE FROM dodona.payout_audit WHERE sequence = 20",
      "TRUNCATE dodona.payout_audit",
    ]) {
      const error = await db.pool.query(statement).catch(messageOf);
      expect(error).to.contain("append-only");
    }
    const entry = nextEntry(
      { sequence: 30, head: `0x${"00".repeat(32)}` },
      { epoch: 1, kind: "held", content: 1 },
      1,
    );
    const gap = await db.pool
      .query(`INSERT INTO dodona.payout_audit VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`, [
        log.chainId,
        distributor,
        31,
        1,
        1,
        "held",
        "1",
        entry.previousHash,
        entry.hash,
      ])
      .catch(messageOf);
    expect(gap).to.contain("does not follow");
    expect(await readAudit(db.pool, log)).to.have.length(20);
  });

  it("store a step and its intent once, however many come with it", async () => {
    const given = {
      ...{ epoch: 7, step: "propose" as const, subject: "", attempt: 1, data: "0x1234" },
      ...{ gasLimit: 100_000n, expiresAtMs: null },
    };
    const record = () => db.transaction((client) => recordStep(client, log, given));
    const stored = await Promise.all([record(), record(), record()]);
    expect(stored.filter(Boolean)).to.have.length(1);
    const keys = await db.pool.query<{ key: string; lane: string }>(
      "SELECT key, lane FROM dodona.intents",
    );
    expect(keys.rows).to.deep.equal([
      { key: `payout:31337:${distributor}:7:propose:1`, lane: "payouts" },
    ]);
    const [step] = await readSteps(db.pool, log, 7);
    expect(step).to.deep.include({ step: "propose", attempt: 1, status: "queued", reason: null });
    expect(await readSteps(db.pool, log, 8)).to.deep.equal([]);
  });

  it("leave neither step nor intent when the transaction fails", async () => {
    const given = {
      ...{ epoch: 9, step: "activate" as const, subject: "0x01", attempt: 1, data: "0x12" },
      ...{ gasLimit: 100_000n, expiresAtMs: null },
    };
    await db
      .transaction(async (client) => {
        await recordStep(client, log, given);
        throw new Error("the process died");
      })
      .catch(() => undefined);
    expect(await readSteps(db.pool, log, 9)).to.deep.equal([]);
    const { rows } = await db.pool.query("SELECT 1 FROM dodona.intents WHERE key LIKE '%:9:%'");
    expect(rows).to.deep.equal([]);
  });

  it("hold for the same reasons once, and name who released", async () => {
    const reasons = ["one funder of many"];
    const hold = () => db.transaction((client) => writeHold(client, log, 3, reasons, 5));
    expect(await hold()).to.equal(true);
    expect(await hold()).to.equal(false);
    const [held] = await readHolds(db.pool, log, 3);
    expect(held).to.deep.include({ reasons, releasedBy: null });
    const release = () =>
      db.transaction((client) => releaseHold(client, log, held!, "ada", "an exchange", 6));
    expect(await release()).to.equal(true);
    expect(await release()).to.equal(false);
    expect((await readHolds(db.pool, log, 3))[0]?.releasedBy).to.equal("ada");
    const entries = await readAudit(db.pool, log);
    expect(entries.slice(-2).map(({ kind }) => kind)).to.deep.equal(["held", "released"]);
    expect(entries.at(-1)?.content).to.contain('"by":"ada"');
    expect(verifyAudit(log, entries, [])).to.equal(null);
  });
});

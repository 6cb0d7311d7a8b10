import { expect } from "chai";
import { Wallet } from "ethers";
import { pause } from "../../../keepers/relayer/control.ts";
import type { Action } from "../../../keepers/relayer/decide.ts";
import {
  FenceLostError,
  openLedger,
  takeOver,
  type Ledger,
} from "../../../keepers/relayer/ledger.ts";
import { clean } from "../../../keepers/relayer/quarantine.ts";
import type { Signer } from "../../../keepers/relayer/signers/signer.ts";
import { readNextNonce, readOpenSlots } from "../../../keepers/relayer/store.ts";
import { migrate, openDatabase, type Database } from "../../../keepers/shared/database.ts";
import { createLogger } from "../../../keepers/shared/log.ts";
import { anvilKeys } from "../../helpers/anvil.ts";
import { startPostgres, type TestPostgres } from "../../helpers/postgres.ts";
import * as h from "./harness.ts";

const account = { chainId: 31337, address: h.sender };
const settings = { cancelGas: 21_000n, maxRequeues: 1 };
const wallet = new Wallet(anvilKeys[0]);
const signer: Signer = {
  address: h.sender,
  sign: async ({ nonce, fees, data }) => {
    const raw = await wallet.signTransaction({
      type: 2,
      chainId: 31337,
      nonce,
      data,
      maxFeePerGas: fees.maxFeeWei,
    });
    return { raw, hash: `hash of ${raw}` };
  },
};

function newNonce(nonce: number, intentId: bigint): Action {
  const fees = { maxFeeWei: 10n, tipWei: 1n };
  return {
    type: "sign",
    nonce,
    slotId: null,
    formerAttemptId: null,
    intentId,
    fees,
    purpose: "new",
    drop: null,
  };
}

describe("relayer: ledger", function () {
  this.timeout(20_000);
  let postgres: TestPostgres;
  let db: Database;
  const open = async (): Promise<Ledger> =>
    openLedger(db, account, await takeOver(db.pool, account, 0), signer, settings);

  before(async () => {
    postgres = await startPostgres();
    db = openDatabase(postgres.url, createLogger({ name: "test", level: "silent" }));
    await migrate(db);
  });
  after(async () => {
    await db.close();
    await postgres.stop();
  });
  afterEach(() => h.clear(db));

  it("refuses every write of a process that lost the account, and writes nothing of it", async () => {
    const former = await open();
    const intentId = await h.enqueue(db, 1);
    const owner = await open();
    const writes = [
      () => former.sign([newNonce(0, intentId)], 1),
      () => former.settle([]),
      () => former.align(5, 1),
      () => former.note(1n, null, clean),
    ];
    for (const write of writes) {
      expect(await write().catch((error: unknown) => error)).to.be.instanceOf(FenceLostError);
    }
    expect(await h.attempts(db)).to.deep.equal([]);
    expect((await h.stateOf(db, 1)).status).to.equal("queued");
    expect(await owner.sign([newNonce(0, intentId)], 1)).to.have.length(1);
  });

  it("stores nonce, bytes and the intent's state together, or nothing when signing fails", async () => {
    const intentId = await h.enqueue(db, 1);
    const broken: Signer = { ...signer, sign: () => Promise.reject(new Error("signer is away")) };
    const ledger = openLedger(db, account, await takeOver(db.pool, account, 0), broken, settings);
    const error = await ledger.sign([newNonce(0, intentId)], 1).catch((reason: unknown) => reason);
    expect(String(error)).to.match(/signer is away/);
    expect(await readNextNonce(db.pool, account)).to.equal(0);
    expect(await readOpenSlots(db.pool, account)).to.deep.equal([]);
    expect((await h.stateOf(db, 1)).status).to.equal("queued");

    const signed = await (await open()).sign([newNonce(0, intentId)], 1);
    expect(signed.map((one) => one.nonce)).to.deep.equal([0]);
    expect(await readNextNonce(db.pool, account)).to.equal(1);
    expect((await h.stateOf(db, 1)).status).to.equal("sent");
  });

  it("signs an intent once, however many decisions are made on the same state", async () => {
    const ledger = await open();
    const intentId = await h.enqueue(db, 1);
    const results = await Promise.all([1, 2, 3].map(() => ledger.sign([newNonce(0, intentId)], 1)));
    expect(results.flat()).to.have.length(1);
    expect(await ledger.sign([newNonce(1, intentId)], 1)).to.deep.equal([]);
    expect(await readNextNonce(db.pool, account)).to.equal(1);
  });

  it("gives out no new nonce when the account was paused after the decision, but still replaces", async () => {
    const ledger = await open();
    const intentId = await h.enqueue(db, 1);
    const [first] = await ledger.sign([newNonce(0, await h.enqueue(db, 2))], 1);
    await pause(db.pool, 31337, h.sender, "test");
    expect(await ledger.sign([newNonce(1, intentId)], 1)).to.deep.equal([]);
    expect(await readNextNonce(db.pool, account)).to.equal(1);
    const slotId = (await readOpenSlots(db.pool, account))[0]!.id;
    const fees = { maxFeeWei: 20n, tipWei: 2n };
    const replace = { ...newNonce(0, 0n), slotId, formerAttemptId: first!.attemptId, fees };
    expect(await ledger.sign([{ ...replace, intentId: null } as Action], 1)).to.have.length(1);
  });

  it("gives out nonces without a gap when another process has some of the intents already", async () => {
    const ledger = await open();
    const ids = [await h.enqueue(db, 1), await h.enqueue(db, 2), await h.enqueue(db, 3)];
    await db.pool.query("UPDATE dodona.intents SET status = 'sent' WHERE id = $1", [ids[1]]);
    const signed = await ledger.sign(
      ids.map((id, nonce) => newNonce(nonce, id)),
      1,
    );
    expect(signed.map(({ nonce, intentId }) => [nonce, intentId])).to.deep.equal([
      [0, ids[0]],
      [1, ids[2]],
    ]);
    expect(await readNextNonce(db.pool, account)).to.equal(2);
  });

  it("leaves out a replacement of bytes that are no longer the newest", async () => {
    const ledger = await open();
    const [first] = await ledger.sign([newNonce(0, await h.enqueue(db, 1))], 1);
    const slotId = (await readOpenSlots(db.pool, account))[0]!.id;
    const replace: Action = {
      type: "sign",
      nonce: 0,
      slotId,
      formerAttemptId: first!.attemptId,
      intentId: null,
      fees: { maxFeeWei: 20n, tipWei: 2n },
      purpose: "cancelled",
      drop: null,
    };
    expect(await ledger.sign([replace], 1)).to.have.length(1);
    expect(
      await ledger.sign([{ ...replace, fees: { maxFeeWei: 40n, tipWei: 4n } }], 1),
    ).to.deep.equal([]);
  });

  it("fails an intent whose nonces were taken too often", async () => {
    const ledger = await open();
    const intentId = await h.enqueue(db, 1);
    for (const [nonce, status] of [
      [0, "queued"],
      [1, "failed"],
    ] as const) {
      await ledger.sign([newNonce(nonce, intentId)], 1);
      const { id: slotId, attempt } = (await readOpenSlots(db.pool, account))[0]!;
      await ledger.settle([{ type: "foreign", slotId, newestAttemptId: attempt!.id }]);
      expect((await h.stateOf(db, 1)).status).to.equal(status);
    }
    expect((await h.stateOf(db, 1)).reason).to.match(/nonce went to a transaction of someone else/);
  });

  for (const replaced of [false, true])
    it(`gives up no nonce for which ${replaced ? "other bytes were" : "the first bytes were"} signed since the chain was read`, async () => {
      const ledger = await open();
      const former = replaced ? await h.enqueue(db, 2) : null;
      // A vacant nonce, or one with bytes.
      if (former === null) await ledger.align(1, 1);
      await (former === null ? ledger.align(0, 1) : ledger.sign([newNonce(0, former)], 1));
      const seen = (await readOpenSlots(db.pool, account))[0]!;
      const intentId = await h.enqueue(db, 1);
      const reuse: Action = {
        type: "sign",
        nonce: 0,
        slotId: seen.id,
        formerAttemptId: seen.attempt?.id ?? null,
        intentId,
        fees: { maxFeeWei: 20n, tipWei: 2n },
        purpose: "reused",
        drop:
          former === null ? null : { intentId: former, status: "superseded", reason: "replaced" },
      };
      expect(await ledger.sign([reuse], 1)).to.have.length(1);
      await ledger.settle([
        { type: "foreign", slotId: seen.id, newestAttemptId: seen.attempt?.id ?? null },
      ]);
      expect((await readOpenSlots(db.pool, account))[0]!.content?.id).to.equal(intentId);
      expect((await h.stateOf(db, 1)).status).to.equal("sent");
    });
});

import { expect } from "chai";

import { systemClock } from "../../../../keepers/shared/clock.ts";
import type { Database } from "../../../../keepers/shared/database.ts";
import { migrate, openDatabase } from "../../../../keepers/shared/database.ts";
import { createObservationStore, holdKeyLock } from "../../../../keepers/feed/round/store.ts";
import { signObservation } from "../../../../keepers/feed/signing/observation.ts";
import { createStatusWriter } from "../../../../keepers/feed/status.ts";
import type { TestPostgres } from "../../../helpers/postgres.ts";
import { startPostgres } from "../../../helpers/postgres.ts";
import { DOMAIN, freshKeys } from "../signing/helpers.ts";
import { log } from "./network.ts";

const OWNER = { chainId: 31337, contract: DOMAIN.priceFeeds, operator: `0x${"ab".repeat(20)}` };
const OBSERVATION = {
  setId: 2,
  slot: 1_800_000_000,
  operator: 3,
  pricesE8: [2n ** 95n - 1n, 0n, 2n ** 53n + 1n],
};

describe("what an operator keeps in Postgres", function () {
  this.timeout(60_000);
  let postgres: TestPostgres;
  let db: Database;

  before(async () => {
    postgres = await startPostgres();
    db = openDatabase(postgres.url, log);
    await migrate(db);
  });
  after(async () => {
    await db.close();
    await postgres.stop();
  });

  const until = async (condition: () => boolean): Promise<void> => {
    while (!condition()) await systemClock.sleep(10);
  };

  describe("observations", () => {
    const keys = freshKeys();
    beforeEach(() => db.pool.query("DELETE FROM dodona.observations").then(() => undefined));

    it("are the first that was stored for a set and slot, also in a race", async () => {
      const store = createObservationStore(db, OWNER);
      const rivals = Array.from({ length: 8 }, (_, price) => ({
        ...OBSERVATION,
        pricesE8: [BigInt(price)],
      }));
      const stored = await Promise.all(rivals.map((rival) => store.reserve(rival)));
      expect(new Set(stored.map(({ pricesE8 }) => String(pricesE8))).size).to.equal(1);
      expect(await store.reserve(OBSERVATION)).to.deep.equal(stored[0]);
    });

    it("come back with the same signatures after they were signed", async () => {
      const store = createObservationStore(db, OWNER);
      expect(await store.reserve(OBSERVATION)).to.deep.equal(OBSERVATION);
      const signed = signObservation(OBSERVATION, keys, DOMAIN);
      await store.complete(signed);
      expect(
        await createObservationStore(db, OWNER).reserve({ ...OBSERVATION, pricesE8: [1n, 1n, 1n] }),
      ).to.deep.equal(signed);
    });

    it("are found again only once they were signed", async () => {
      const store = createObservationStore(db, OWNER);
      const { setId, slot } = OBSERVATION;
      expect(await store.find(setId, slot)).to.equal(null);
      await store.reserve(OBSERVATION);
      expect(await store.find(setId, slot)).to.equal(null);
      const signed = signObservation(OBSERVATION, keys, DOMAIN);
      await store.complete(signed);
      expect(await store.find(setId, slot)).to.deep.equal(signed);
      expect(await store.find(setId + 1, slot)).to.equal(null);
    });

    it("are signed once: a second process that signs learns that it was late", async () => {
      const store = createObservationStore(db, OWNER);
      await store.reserve(OBSERVATION);
      await store.complete(signObservation(OBSERVATION, keys, DOMAIN));
      const late = await store.complete(signObservation(OBSERVATION, keys, DOMAIN)).then(
        () => null,
        (error: unknown) => String(error),
      );
      expect(late).to.include("another process");
    });

    it("are kept apart by chain, contract, key, set and slot", async () => {
      const owners = [
        OWNER,
        { ...OWNER, chainId: 1 },
        { ...OWNER, contract: `0x${"11".repeat(20)}` },
        { ...OWNER, operator: `0x${"22".repeat(20)}` },
      ];
      for (const [index, owner] of owners.entries()) {
        const mine = { ...OBSERVATION, pricesE8: [BigInt(index)] };
        expect(await createObservationStore(db, owner).reserve(mine)).to.deep.equal(mine);
      }
      const store = createObservationStore(db, OWNER);
      for (const change of [{ setId: 3 }, { slot: OBSERVATION.slot + 1 }]) {
        const other = { ...OBSERVATION, ...change };
        expect(await store.reserve(other)).to.deep.equal(other);
      }
    });

    it("of old slots are deleted, those of other keys are not", async () => {
      const other = createObservationStore(db, { ...OWNER, chainId: 1 });
      const store = createObservationStore(db, OWNER);
      await other.reserve(OBSERVATION);
      await store.reserve(OBSERVATION);
      await store.reserve({ ...OBSERVATION, slot: OBSERVATION.slot + 1 });
      await store.prune(OBSERVATION.slot + 1);
      const { rows } = await db.pool.query(
        "SELECT chain_id, slot FROM dodona.observations ORDER BY 1",
      );
      expect(rows).to.deep.equal([
        { chain_id: "1", slot: String(OBSERVATION.slot) },
        { chain_id: "31337", slot: String(OBSERVATION.slot + 1) },
      ]);
    });
  });

  describe("the lock of a key", () => {
    it("is held by one at a time and goes to the next when that one ends", async () => {
      const first = new AbortController();
      const second = new AbortController();
      const deps = { clock: systemClock, log };
      const a = holdKeyLock(db, OWNER, { ...deps, signal: first.signal });
      await until(a.lock.held);
      const b = holdKeyLock(db, OWNER, { ...deps, signal: second.signal });
      const other = holdKeyLock(db, { ...OWNER, chainId: 1 }, { ...deps, signal: second.signal });
      await until(other.lock.held);
      expect(b.lock.held()).to.equal(false);
      first.abort();
      await a.done;
      expect(a.lock.held()).to.equal(false);
      await until(b.lock.held);
      second.abort();
      await Promise.all([b.done, other.done]);
    });

    it("is taken again after Postgres was restarted", async () => {
      const controller = new AbortController();
      const held = holdKeyLock(db, OWNER, { clock: systemClock, log, signal: controller.signal });
      await until(held.lock.held);
      await postgres.halt();
      await until(() => !held.lock.held());
      await postgres.resume();
      await until(held.lock.held);
      controller.abort();
      await held.done;
    });
  });

  describe("the operator's status", () => {
    it("is one row that is replaced", async () => {
      const account = `0x${"CD".repeat(20)}`;
      const writer = createStatusWriter(db, {
        chainId: 31337,
        contract: DOMAIN.priceFeeds,
        account,
        mode: "simulator",
      });
      await writer.write([]);
      await writer.write([
        { feedId: "BTC/USD", priceE8: 5n, reason: "median of 1 venue", venues: { x: "used" } },
        { feedId: "ETH/USD", priceE8: null, reason: "no venue", venues: {} },
      ]);
      const { rows } = await db.pool.query(
        "SELECT contract, operator, source, feeds FROM dodona.operator_status",
      );
      expect(rows).to.deep.equal([
        {
          contract: DOMAIN.priceFeeds.toLowerCase(),
          operator: account.toLowerCase(),
          source: "simulated",
          feeds: {
            "BTC/USD": { priceE8: "5", reason: "median of 1 venue", venues: { x: "used" } },
            "ETH/USD": { priceE8: null, reason: "no venue", venues: {} },
          },
        },
      ]);
    });
  });
});

import { expect } from "chai";

import { at as element, keysOf, range, secretOf } from "../../helpers/contracts-fixture.ts";
import { DELAY, EPOCH, economy, seated } from "./economy.ts";
import type { Economy } from "./economy.ts";

/** Test keys that no account of the fixture has. */
const [NEW, NEWER] = [500, 501];
const listOf = ({ x, y, proofX, proofY }: ReturnType<typeof keysOf>) => [x, y, proofX, proofY];

async function keysAt({ operators, address }: Economy, i: number) {
  const [keys] = await operators.operator(address(i));
  return [...keys];
}

describe("Operators: rotation of keys", () => {
  it("announces new keys of an active operator and uses the old ones until the boundary", async () => {
    const env = await seated(5);
    const { operators, address, as, at, dueFrom, now, prove } = env;
    const time = (await now()) + 5;
    const due = dueFrom(time);
    await at(time);
    await expect(as(1).announceKeys(keysOf(secretOf(NEW)), prove(NEW, 1)))
      .to.emit(operators, "KeysAnnounced")
      .withArgs(address(1), listOf(keysOf(secretOf(NEW))), due);
    const announced = await operators.announcedKeys(address(1));
    expect(announced.dueAt).to.equal(due);
    expect([...announced[1]]).to.deep.equal(listOf(keysOf(secretOf(NEW))));
    expect(await keysAt(env, 1)).to.deep.equal(listOf(keysOf(secretOf(1))));
    expect(await operators.nextChangeAt()).to.equal(due);

    await at(due - 1);
    await expect(operators.advance())
      .to.be.revertedWithCustomError(operators, "NothingDue")
      .withArgs(due);
    await at(due);
    await expect(operators.advance())
      .to.emit(operators, "KeysRotated")
      .withArgs(address(1), listOf(keysOf(secretOf(NEW))))
      .and.to.emit(operators, "ActiveOperatorsChanged")
      .withArgs(2, range(5).map(address));
    expect((await operators.active())[2].map(({ x }) => x)).to.deep.equal(
      [0, NEW, 2, 3, 4].map((i) => keysOf(secretOf(i)).x),
    );
    expect(await keysAt(env, 1)).to.deep.equal(listOf(keysOf(secretOf(NEW))));
    expect(await operators.announcedKeys(address(1))).to.deep.equal([0n, [0n, 0n, 0n, 0n]]);
  });

  it("rotates at once for an account without a seat, requested or not", async () => {
    const env = await seated(5);
    const { operators, address, as, prove, staker } = env;
    await expect(as(9).announceKeys(keysOf(secretOf(NEW)), prove(NEW, 9)))
      .to.emit(operators, "KeysRotated")
      .withArgs(address(9), listOf(keysOf(secretOf(NEW))))
      .and.not.to.emit(operators, "KeysAnnounced");
    expect(await keysAt(env, 9)).to.deep.equal(listOf(keysOf(secretOf(NEW))));
    await staker(9).stake(10n ** 21n);
    await as(9).join();
    await as(9).announceKeys(keysOf(secretOf(NEWER)), prove(NEWER, 9));
    expect(await keysAt(env, 9)).to.deep.equal(listOf(keysOf(secretOf(NEWER))));
    await env.advanceAll();
    expect((await operators.active())[2].at(-1)?.x).to.equal(keysOf(secretOf(NEWER)).x);
  });

  it("replaces keys announced before, whose time starts anew", async () => {
    const env = await seated(5);
    const { operators, address, advanceAll, as, at, dueFrom, now, prove } = env;
    await as(1).announceKeys(keysOf(secretOf(NEW)), prove(NEW, 1));
    const first = dueFrom(await now());
    const time = first - 1;
    await at(time);
    await as(1).announceKeys(keysOf(secretOf(NEWER)), prove(NEWER, 1));
    expect((await operators.announcedKeys(address(1))).dueAt).to.equal(dueFrom(time));
    await at(first);
    await expect(operators.advance()).to.be.revertedWithCustomError(operators, "NothingDue");
    await advanceAll();
    expect(await keysAt(env, 1)).to.deep.equal(listOf(keysOf(secretOf(NEWER))));
  });

  it("gives whoever loses its seat its announced keys with that", async () => {
    const env = await seated(5);
    const { operators, address, as, at, now, prove } = env;
    await operators.setActive([0, 2, 3, 4].map(address));
    await at((await now()) + 2 * EPOCH);
    await as(1).announceKeys(keysOf(secretOf(NEW)), prove(NEW, 1));
    const { dueAt } = await operators.scheduledActive();
    await at(Number(dueAt));
    await expect(operators.advance())
      .to.emit(operators, "KeysRotated")
      .withArgs(address(1), listOf(keysOf(secretOf(NEW))));
    expect(await keysAt(env, 1)).to.deep.equal(listOf(keysOf(secretOf(NEW))));
    expect((await operators.standingOf(address(1))).keysChangeAt).to.equal(0);
    await env.advanceAll().then(
      () => expect.fail("nothing is due"),
      () => undefined,
    );
  });

  it("applies everything that is due in one new version", async () => {
    const env = await seated(5, [9]);
    const { operators, address, active, advanceAll, as, prove, staker } = env;
    await operators.setActive([5, 0, 1, 2, 3].map(address));
    await as(0).announceKeys(keysOf(secretOf(NEW)), prove(NEW, 0));
    await as(9).leave();
    await staker(10).stake(10n ** 21n);
    await as(10).join();
    const version = await operators.activeVersion();
    await advanceAll();
    expect(await operators.activeVersion()).to.equal(version + 1n);
    expect(await active()).to.deep.equal([5, 0, 1, 2, 3, 10]);
    expect(await keysAt(env, 0)).to.deep.equal(listOf(keysOf(secretOf(NEW))));
  });

  it("keeps every key its account's for ever: announced, in use, or past", async () => {
    const { operators, address, advanceAll, as, prove } = await seated(5);
    await as(1).announceKeys(keysOf(secretOf(NEW)), prove(NEW, 1));
    expect(await operators.accountOf(keysOf(secretOf(NEW)).x)).to.equal(address(1));
    await advanceAll();
    expect(await operators.accountOf(keysOf(secretOf(1)).x)).to.equal(address(1));
    for (const [key, taker] of [
      [NEW, 2],
      [1, 2],
      [1, 1],
    ] as const) {
      const { x } = keysOf(secretOf(key));
      await expect(as(taker).announceKeys(keysOf(secretOf(key)), prove(key, taker)))
        .to.be.revertedWithCustomError(operators, "KeyAlreadyRegistered")
        .withArgs(x, address(1));
    }
  });

  it("reverts with NotRegistered for an account without keys", async () => {
    const { operators, prove, stranger } = await economy();
    await expect(operators.connect(stranger).announceKeys(keysOf(secretOf(NEW)), prove(NEW, 0)))
      .to.be.revertedWithCustomError(operators, "NotRegistered")
      .withArgs(stranger.address);
  });

  it("reverts with InvalidPossession for a proof of another account or key", async () => {
    const { operators, address, as, prove } = await seated(5);
    for (const proof of [prove(NEW, 2), prove(NEWER, 1), prove(1, 1)]) {
      await expect(as(1).announceKeys(keysOf(secretOf(NEW)), proof))
        .to.be.revertedWithCustomError(operators, "InvalidPossession")
        .withArgs(address(1));
    }
  });

  it("reverts with KeyNotOnCurve and KeyOutOfRange as registration does", async () => {
    const { operators, as, prove } = await seated(5);
    const keys = keysOf(secretOf(NEW));
    await expect(
      as(1).announceKeys({ ...keys, y: keys.y + 1n }, prove(NEW, 1)),
    ).to.be.revertedWithCustomError(operators, "KeyNotOnCurve");
    await expect(
      as(1).announceKeys({ ...keys, proofX: 0n }, prove(NEW, 1)),
    ).to.be.revertedWithCustomError(operators, "KeyOutOfRange");
  });

  it("lets PriceFeeds hold the old keys in the old set and the new ones in the next", async () => {
    const env = await seated(5);
    const { ethers, manager, operators, as, prove, networkHelpers } = env;
    const feeds = await ethers.deployContract("PriceFeeds", [manager, operators]);
    await feeds.sync();
    await as(1).announceKeys(keysOf(secretOf(NEW)), prove(NEW, 1));
    await expect(feeds.sync()).to.be.revertedWithCustomError(feeds, "AlreadySynced");
    await networkHelpers.time.increase(DELAY + EPOCH);
    await operators.advance();
    await feeds.sync();
    const row = async (setId: number) => element((await feeds.describeSet(setId))[1], 1)[0];
    expect(await row(1)).to.equal(keysOf(secretOf(1)).x);
    expect(await row(2)).to.equal(keysOf(secretOf(NEW)).x);
  });
});

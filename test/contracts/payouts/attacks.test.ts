import { expect } from "chai";
import { id } from "ethers";

import { at, range } from "../../helpers/contracts-fixture.ts";
import { DAY, deployPayouts, HOUR, LIMITS, STATE } from "./payouts.ts";
import type { Payouts } from "./payouts.ts";
import { payoutTree } from "./tree.ts";

const LIMIT = { ...LIMITS, perHour: 1_000n, perDay: 5_000n, perAccount: 200n, perEpoch: 10_000n };
const DEPOSIT = 50_000n;
const THIEVES = 9;

/** A distributor with small limits, and leaves that would pay all deposits to thieves. */
async function withThieves() {
  const payouts = await deployPayouts({ limits: LIMIT, deposit: DEPOSIT });
  const { tokenAddress: token, distributor } = payouts;
  const thieves = payouts.users.slice(0, THIEVES);
  const leaves = thieves.map(({ address }) => payouts.leaf(address, DEPOSIT));
  const tree = payoutTree(leaves);
  const malicious = (amount: bigint) =>
    payouts.content({ root: tree.root, totals: [{ token, amount }] });
  const stolen = async () => (await distributor.tokenState(token)).paid;
  /** Every thief claims, whatever comes of it. */
  const raid = async () => {
    for (const [i, thief] of thieves.entries()) {
      await payouts.claim(thief, tree, at(leaves, i)).catch(() => undefined);
    }
  };
  return { ...payouts, tree, malicious, stolen, raid };
}

const all = (payouts: Payouts) => payouts.approvers;

describe("PayoutDistributor under attack", () => {
  it("a stolen proposer key takes nothing: its root gets no approval", async () => {
    const world = await withThieves();
    const { distributor, networkHelpers } = world;
    const proposalId = await world.propose(await world.malicious(LIMIT.perEpoch));
    await networkHelpers.time.increase(HOUR);
    await expect(distributor.activate(proposalId))
      .to.be.revertedWithCustomError(distributor, "WrongState")
      .withArgs(proposalId, STATE.Proposed);
    await world.raid();
    expect(await world.stolen()).to.equal(0n);
  });

  it("a stolen proposer key cannot hold up honest proposals", async () => {
    const world = await withThieves();
    for (const i of range(20)) await world.propose(await world.content({ root: id(`junk ${i}`) }));
    await world.activate([world.leaf(at(world.users, 0).address, 10n)]);
    expect((await world.distributor.activeEpoch()).number).to.equal(1n);
  });

  it("a stolen approver key takes nothing: one approval is below the threshold", async () => {
    const world = await withThieves();
    const { distributor, approvers, networkHelpers } = world;
    const proposalId = await world.propose(await world.malicious(LIMIT.perEpoch));
    await distributor.connect(at(approvers, 0)).approve(proposalId);
    await expect(
      distributor.connect(at(approvers, 0)).approve(proposalId),
    ).to.be.revertedWithCustomError(distributor, "AlreadyApproved");
    await networkHelpers.time.increase(HOUR);
    await expect(distributor.activate(proposalId)).to.be.revertedWithCustomError(
      distributor,
      "WrongState",
    );
    expect(await world.stolen()).to.equal(0n);
  });

  it("all approvers but one take nothing while a watcher is awake", async () => {
    const world = await withThieves();
    const { distributor, watcher } = world;
    const proposalId = await world.ready(await world.malicious(LIMIT.perEpoch), [
      at(all(world), 0),
      at(all(world), 1),
    ]);
    await distributor.connect(watcher).dispute(proposalId, "root differs");
    await expect(distributor.activate(proposalId)).to.be.revertedWithCustomError(
      distributor,
      "WrongState",
    );
    await world.raid();
    expect(await world.stolen()).to.equal(0n);
  });

  it("a malicious root takes no more of an account's claim than perAccount a day", async () => {
    const world = await withThieves();
    const { distributor, users, tokenAddress } = world;
    await distributor.activate(await world.ready(await world.malicious(LIMIT.perEpoch)));
    await world.nextDay();
    for (let hour = 0; hour < 23; hour++) {
      await world.raid();
      await world.networkHelpers.time.increase(HOUR);
    }
    for (const thief of users.slice(0, THIEVES)) {
      const { paidToday } = await distributor.accountState(thief, tokenAddress);
      expect(paidToday).to.equal(LIMIT.perAccount);
    }
    expect(await world.stolen()).to.equal(LIMIT.perAccount * BigInt(THIEVES));
  });

  it("a malicious root takes no more than perHour in an hour", async () => {
    const world = await withThieves();
    await world.distributor.activate(await world.ready(await world.malicious(LIMIT.perEpoch)));
    await world.nextDay();
    await world.raid();
    expect(await world.stolen()).to.equal(LIMIT.perHour);
    await world.raid();
    expect(await world.stolen()).to.equal(LIMIT.perHour);
  });

  it("a malicious root takes no more than perDay in a day", async () => {
    const world = await withThieves();
    const { distributor, tokenAddress } = world;
    await distributor.setLimits(tokenAddress, { ...LIMIT, perAccount: LIMIT.perDay });
    await distributor.activate(await world.ready(await world.malicious(LIMIT.perEpoch)));
    await world.nextDay();
    for (let hour = 0; hour < 23; hour++) {
      await world.raid();
      await world.networkHelpers.time.increase(HOUR);
    }
    expect(await world.stolen()).to.equal(LIMIT.perDay);
  });

  it("a malicious root takes no more than perEpoch for ever", async () => {
    const world = await withThieves();
    const { distributor, tokenAddress } = world;
    await distributor.setLimits(tokenAddress, { ...LIMIT, perAccount: LIMIT.perDay });
    await expect(world.propose(await world.malicious(LIMIT.perEpoch + 1n)))
      .to.be.revertedWithCustomError(distributor, "IncreaseTooBig")
      .withArgs(tokenAddress, LIMIT.perEpoch + 1n, LIMIT.perEpoch);
    await distributor.activate(await world.ready(await world.malicious(LIMIT.perEpoch)));
    for (let day = 0; day < 4; day++) {
      await world.nextDay();
      for (let hour = 0; hour < 6; hour++) {
        await world.raid();
        await world.networkHelpers.time.increase(HOUR);
      }
    }
    expect(await world.stolen()).to.equal(LIMIT.perEpoch);
  });

  it("a malicious root takes no more than the deposits", async () => {
    const world = await withThieves();
    const { distributor, tokenAddress: token } = world;
    await distributor.setLimits(token, { ...LIMIT, perEpoch: DEPOSIT * 2n });
    const proposalId = await world.ready(await world.malicious(DEPOSIT + 1n));
    await expect(distributor.activate(proposalId))
      .to.be.revertedWithCustomError(distributor, "NotFunded")
      .withArgs(token, DEPOSIT + 1n, DEPOSIT);
  });

  it("a malicious root leaves what honest accounts are owed to the next honest root", async () => {
    const world = await withThieves();
    const { distributor, users, tokenAddress: token } = world;
    const honest = world.leaf(at(users, 10).address, 150n);
    await world.activate([honest]);
    await distributor.activate(await world.ready(await world.malicious(150n + 500n)));
    await world.nextDay();
    await world.raid();
    const taken = await world.stolen();
    expect(taken).to.equal(650n);
    const totals = [{ token, amount: taken + 150n }];
    const tree = await world.activate([honest], { totals });
    await world.claim(at(users, 10), tree, honest);
    expect((await distributor.accountState(honest.account, token)).paid).to.equal(150n);
  });

  it("all approvers together take nothing without the proposer's key: they cannot propose", async () => {
    const world = await withThieves();
    const { distributor, approvers } = world;
    const content = await world.malicious(LIMIT.perEpoch);
    for (const approver of approvers) {
      await expect(distributor.connect(approver).propose(content))
        .to.be.revertedWithCustomError(distributor, "AccessManagedUnauthorized")
        .withArgs(approver.address);
    }
    await world.raid();
    expect(await world.stolen()).to.equal(0n);
  });

  it("with the watcher asleep the guardian alone drops what approvers and proposer agreed on", async () => {
    const world = await withThieves();
    const { distributor, guardian } = world;
    const proposalId = await world.ready(await world.malicious(LIMIT.perEpoch));
    await distributor.connect(guardian).guardianDispute(proposalId, "root differs");
    await expect(distributor.activate(proposalId))
      .to.be.revertedWithCustomError(distributor, "WrongState")
      .withArgs(proposalId, STATE.Disputed);
    await world.raid();
    expect(await world.stolen()).to.equal(0n);
  });

  it("with the watcher asleep a pause within the hour ends the loss at perHour, and an honest root keeps it there", async () => {
    const world = await withThieves();
    const { distributor, governance, guardian, tokenAddress: token, users } = world;
    await distributor.activate(await world.ready(await world.malicious(LIMIT.perEpoch)));
    await world.nextDay();
    await world.raid();
    await distributor.connect(guardian).pause();
    for (let hour = 0; hour < 24; hour++) {
      await world.networkHelpers.time.increase(HOUR);
      await world.raid();
    }
    expect(await world.stolen()).to.equal(LIMIT.perHour);
    // Governance replaces the approvers and ends the pause; the next root lays claim to nothing that the thieves are short.
    await distributor.setApprovers([governance.address], 1);
    const honest = world.leaf(at(users, 10).address, 100n);
    const totals = [{ token, amount: LIMIT.perHour + 100n }];
    const { content } = await world.contentFor([honest], { totals });
    const proposalId = await world.propose(content);
    await distributor.connect(governance).approve(proposalId);
    await world.networkHelpers.time.increase(HOUR);
    await distributor.unpause();
    await distributor.activate(proposalId);
    await world.raid();
    expect(await world.stolen()).to.equal(LIMIT.perHour);
    const { deposited, approved } = await distributor.tokenState(token);
    expect(deposited - approved).to.equal(DEPOSIT - LIMIT.perHour - 100n);
  });

  it("with the watcher asleep root after root takes no more than perDay in a day", async () => {
    const world = await withThieves();
    const { distributor, tokenAddress: token } = world;
    await distributor.setLimits(token, { ...LIMIT, perAccount: LIMIT.perDay });
    await world.nextDay();
    const day = Math.floor((await world.now()) / DAY);
    let amount = 0n;
    for (let hour = 0; hour < 22; hour++) {
      if (amount < DEPOSIT) {
        amount += LIMIT.perEpoch;
        await distributor.activate(await world.ready(await world.malicious(amount)));
      } else await world.networkHelpers.time.increase(HOUR);
      await world.raid();
      expect(await world.stolen()).to.be.at.most(LIMIT.perHour * BigInt(hour + 2));
    }
    expect(Math.floor((await world.now()) / DAY)).to.equal(day);
    expect((await distributor.activeEpoch()).number).to.equal(DEPOSIT / LIMIT.perEpoch);
    expect(await world.stolen()).to.equal(LIMIT.perDay);
  });

  it("with everybody asleep for ever root after root takes the deposits, and no more", async () => {
    const world = await withThieves();
    const { distributor, tokenAddress: token } = world;
    const wide = {
      perHour: DEPOSIT,
      perDay: DEPOSIT,
      perAccount: DEPOSIT,
      perEpoch: LIMIT.perEpoch,
    };
    await distributor.setLimits(token, wide);
    for (let amount = LIMIT.perEpoch; amount <= DEPOSIT; amount += LIMIT.perEpoch) {
      await distributor.activate(await world.ready(await world.malicious(amount)));
      await world.nextDay();
      await world.raid();
      // Each epoch adds what perEpoch allows, to the unit.
      expect(await world.stolen()).to.equal(amount);
    }
    const more = await world.malicious(DEPOSIT + 1n);
    await expect(distributor.activate(await world.ready(more)))
      .to.be.revertedWithCustomError(distributor, "NotFunded")
      .withArgs(token, DEPOSIT + 1n, DEPOSIT);
    await world.raid();
    expect(await world.stolen()).to.equal(DEPOSIT);
  });

  it("a stolen watcher key delays an epoch by the budget of disputes a day, not longer", async () => {
    const world = await withThieves();
    const { distributor, watcher, users } = world;
    const { content } = await world.contentFor([world.leaf(at(users, 0).address, 10n)]);
    const start = await world.now();
    let proposalId = "";
    for (let i = 0; i < 6; i++) {
      proposalId = await world.ready(content);
      await distributor
        .connect(watcher)
        .dispute(proposalId, "no")
        .catch(() => undefined);
    }
    await distributor.activate(proposalId);
    expect((await world.now()) - start).to.be.lessThan(DAY);
  });
});

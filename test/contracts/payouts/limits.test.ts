import { expect } from "chai";
import { encodeBytes32String, parseEther, ZeroAddress } from "ethers";

import { at } from "../../helpers/contracts-fixture.ts";
import { DAY, deployPayouts, HOUR, LIMITS, payee } from "./payouts.ts";

const MAX = 2n ** 96n - 1n;

/** Starts shortly after midnight, so that hours pass within a day. */
async function atMidnight(limits: Partial<typeof LIMITS>) {
  const payouts = await deployPayouts({ limits: { ...LIMITS, ...limits } });
  const leaves = payouts.users.slice(0, 4).map(({ address }) => payouts.leaf(address, 1_000n));
  const tree = await payouts.activate(leaves);
  await payouts.nextDay();
  const claim = (i: number) => payouts.claim(at(payouts.users, i), tree, at(leaves, i));
  const paid = async (i: number) =>
    (await payouts.distributor.accountState(at(payouts.users, i), payouts.tokenAddress)).paid;
  const midnight = await payouts.now();
  const nextHour = () => payouts.networkHelpers.time.increase(HOUR);
  return { ...payouts, tree, leaves, claim, paid, midnight, nextHour };
}

describe("PayoutDistributor: limits", () => {
  it("per hour delay a claim to the next hour", async () => {
    const world = await atMidnight({ perHour: 1_500n, perDay: 9_000n, perAccount: 9_000n });
    const { distributor, tokenAddress: token, midnight } = world;
    await world.claim(0);
    await world.claim(1);
    expect([await world.paid(0), await world.paid(1)]).to.deep.equal([1_000n, 500n]);
    expect((await distributor.tokenState(token)).leftThisHour).to.equal(0n);
    for (const i of [1, 2]) {
      expect(await distributor.claimable(at(world.users, i), token, 1_000n)).to.equal(0n);
      await expect(world.claim(i))
        .to.be.revertedWithCustomError(distributor, "LimitReached")
        .withArgs(at(world.users, i).address, token, midnight + HOUR);
    }
    await world.nextHour();
    expect(await distributor.claimable(at(world.users, 1), token, 1_000n)).to.equal(500n);
    await world.claim(1);
    await world.claim(2);
    expect([await world.paid(1), await world.paid(2)]).to.deep.equal([1_000n, 1_000n]);
  });

  it("per day delay a claim to the next day", async () => {
    const world = await atMidnight({ perHour: 1_000n, perDay: 1_700n, perAccount: 1_700n });
    const { distributor, tokenAddress: token, midnight } = world;
    await world.claim(0);
    await world.nextHour();
    await world.claim(1);
    expect(await world.paid(1)).to.equal(700n);
    await world.nextHour();
    const { leftThisHour, leftToday } = await distributor.tokenState(token);
    expect([leftThisHour, leftToday]).to.deep.equal([1_000n, 0n]);
    await expect(world.claim(2))
      .to.be.revertedWithCustomError(distributor, "LimitReached")
      .withArgs(at(world.users, 2).address, token, midnight + DAY);
    await world.networkHelpers.time.increaseTo(midnight + DAY);
    await world.claim(2);
    expect(await world.paid(2)).to.equal(1_000n);
  });

  it("per account and day delay that account and no other", async () => {
    const world = await atMidnight({ perAccount: 400n });
    const { distributor, tokenAddress: token, midnight } = world;
    await world.claim(0);
    await world.nextHour();
    await expect(world.claim(0))
      .to.be.revertedWithCustomError(distributor, "LimitReached")
      .withArgs(at(world.users, 0).address, token, midnight + DAY);
    await world.claim(1);
    for (const expected of [800n, 1_000n]) {
      await world.nextDay();
      await world.claim(0);
      expect(await world.paid(0)).to.equal(expected);
    }
    expect(await world.paid(1)).to.equal(400n);
  });

  it("hold for a token alone", async () => {
    const payouts = await deployPayouts({
      limits: { perHour: 10n, perDay: 10n, perAccount: 10n },
    });
    const user = at(payouts.users, 0);
    const leaves = [payouts.leaf(user.address, 10n), payouts.leaf(user.address, 10n, ZeroAddress)];
    const tree = await payouts.activate(leaves);
    for (const leaf of leaves) await payouts.claim(user, tree, leaf);
  });

  it("hold whatever the root's leaves sum to: no more is paid than its total", async () => {
    const payouts = await deployPayouts();
    const { distributor, tokenAddress: token } = payouts;
    const leaves = payouts.users.slice(0, 2).map(({ address }) => payouts.leaf(address, 1_000n));
    const totals = [{ token, amount: 1_300n }];
    const tree = await payouts.activate(leaves, { totals });
    await payouts.claim(at(payouts.users, 0), tree, at(leaves, 0));
    await payouts.claim(at(payouts.users, 1), tree, at(leaves, 1));
    expect((await distributor.tokenState(token)).paid).to.equal(1_300n);
    await expect(payouts.claim(at(payouts.users, 1), tree, at(leaves, 1)))
      .to.be.revertedWithCustomError(distributor, "LimitReached")
      .withArgs(at(payouts.users, 1).address, token, 0);
  });

  it("bound a leaf of any size", async () => {
    const payouts = await deployPayouts();
    const { distributor, tokenAddress: token } = payouts;
    const user = at(payouts.users, 0);
    const leaf = payouts.leaf(user.address, 2n ** 256n - 1n);
    const tree = await payouts.activate([leaf], { totals: [{ token, amount: 500n }] });
    await payouts.claim(user, tree, leaf);
    expect((await distributor.tokenState(token)).paid).to.equal(500n);
  });

  it("of large tokens count in units and never let more through", async () => {
    const perDay = 2n ** 90n;
    const world = await deployPayouts({
      limits: { perHour: perDay, perDay, perAccount: perDay, perEpoch: MAX },
    });
    const { distributor, token, tokenAddress, funder, users } = world;
    await token.mint(funder, 2n ** 95n);
    await distributor.connect(funder).deposit(tokenAddress, 2n ** 92n);
    const unit = 2n ** 23n;
    const limits = await distributor.limitsOf(tokenAddress);
    expect(limits.perDay).to.equal(perDay);
    const leaves = users.slice(0, 2).map(({ address }) => world.leaf(address, perDay - 1n));
    const tree = await world.activate([world.leaf(payee(1), 1n), ...leaves]);
    await world.nextDay();
    await world.push(tree, [tree.ordered.find(({ account }) => account === payee(1))!]);
    const left = (await distributor.tokenState(tokenAddress)).leftToday;
    // One payment of 1 took a whole unit.
    expect(left).to.equal(perDay - unit);
    await world.claim(at(users, 0), tree, at(leaves, 0));
    const { paid, leftToday } = await distributor.tokenState(tokenAddress);
    expect([paid, leftToday]).to.deep.equal([perDay - unit + 1n, 0n]);
  });

  it("are rounded down to the unit", async () => {
    const { distributor, tokenAddress } = await deployPayouts();
    const perDay = 2n ** 70n + 7n;
    await distributor.setLimits(tokenAddress, {
      perHour: 2n ** 69n + 5n,
      perDay,
      perAccount: perDay,
      perEpoch: MAX,
    });
    expect(await distributor.limitsOf(tokenAddress)).to.deep.equal([
      2n ** 69n,
      2n ** 70n,
      perDay,
      MAX,
    ]);
  });

  it("may change within a window: what is used stays used", async () => {
    const world = await atMidnight({ perHour: 900n, perDay: 900n, perAccount: 900n });
    const { distributor, tokenAddress: token } = world;
    await world.claim(0);
    const set = (perDay: bigint, perHour = perDay) =>
      distributor.setLimits(token, { ...LIMITS, perHour, perDay, perAccount: perDay });
    const left = async () => {
      const { leftThisHour, leftToday } = await distributor.tokenState(token);
      return [leftThisHour, leftToday];
    };
    await set(100n);
    expect(await left()).to.deep.equal([0n, 0n]);
    await set(1_000n);
    expect(await left()).to.deep.equal([100n, 100n]);
    // In units of 2^12, what is used is one unit.
    await set(2n ** 79n);
    const unit = 2n ** 12n;
    expect(await left()).to.deep.equal([2n ** 79n - unit, 2n ** 79n - unit]);
    await set(2n ** 20n);
    expect(await left()).to.deep.equal([2n ** 20n - unit, 2n ** 20n - unit]);
  });

  it("keep units large enough for what was paid that day", async () => {
    const perDay = 2n ** 90n;
    const world = await deployPayouts({
      limits: { perHour: perDay, perDay, perAccount: perDay, perEpoch: MAX },
    });
    const { distributor, token, tokenAddress, funder, users } = world;
    await token.mint(funder, 2n ** 95n);
    await distributor.connect(funder).deposit(tokenAddress, 2n ** 90n);
    const leaf = world.leaf(at(users, 0).address, 2n ** 80n);
    const tree = await world.activate([leaf]);
    await world.nextDay();
    await world.claim(at(users, 0), tree, leaf);
    const small = { perHour: 5n, perDay: 5n, perAccount: 5n, perEpoch: MAX };
    await expect(distributor.setLimits(tokenAddress, small))
      .to.be.revertedWithCustomError(distributor, "SettingOutOfRange")
      .withArgs(encodeBytes32String("perHour"), 5, 2n ** 13n, 5);
    const limit = { perHour: perDay, perDay, perAccount: perDay, perEpoch: MAX };
    await distributor.setLimits(tokenAddress, {
      ...limit,
      perHour: 2n ** 20n,
      perDay: 2n ** 20n,
      perAccount: 5n,
    });
    await distributor.setLimits(tokenAddress, limit);
    expect((await distributor.tokenState(tokenAddress)).leftToday).to.equal(perDay - 2n ** 80n);
    await world.nextDay();
    await distributor.setLimits(tokenAddress, small);
    expect((await distributor.tokenState(tokenAddress)).leftToday).to.equal(5n);
  });

  it("lie within bounds", async () => {
    const { distributor, tokenAddress } = await deployPayouts();
    const refused = async (fields: Partial<typeof LIMITS>, ...args: unknown[]) => {
      await expect(distributor.setLimits(tokenAddress, { ...LIMITS, ...fields }))
        .to.be.revertedWithCustomError(distributor, "SettingOutOfRange")
        .withArgs(encodeBytes32String(String(args[0])), ...args.slice(1));
    };
    const { perDay } = LIMITS;
    await refused({ perDay: 0n }, "perDay", 0, 1, MAX);
    await refused({ perAccount: 0n }, "perAccount", 0, 1, perDay);
    await refused({ perAccount: perDay + 1n }, "perAccount", perDay + 1n, 1, perDay);
    await refused({ perEpoch: 0n }, "perEpoch", 0, 1, MAX);
    // 4,000,000 tokens of 18 decimals are counted in units of 2^14.
    await refused({ perHour: 2n ** 14n - 1n }, "perHour", 2n ** 14n - 1n, 2n ** 14n, perDay);
    await refused({ perHour: perDay + 1n }, "perHour", perDay + 1n, 2n ** 14n, perDay);
  });
});

describe("PayoutDistributor: tokens and deposits", () => {
  it("list what governance gave limits", async () => {
    const { distributor, tokenAddress, ethers, users } = await deployPayouts();
    const other = await (await ethers.deployContract("PayoutToken")).getAddress();
    await expect(distributor.setLimits(other, LIMITS))
      .to.emit(distributor, "LimitsChanged")
      .withArgs(other, Object.values(LIMITS));
    await distributor.setLimits(other, LIMITS);
    expect(await distributor.tokens()).to.deep.equal([tokenAddress, ZeroAddress, other]);
    const account = at(users, 0).address;
    await expect(distributor.setLimits(account, LIMITS))
      .to.be.revertedWithCustomError(distributor, "TokenWithoutCode")
      .withArgs(account);
    for (const sent of [
      () => distributor.limitsOf(account),
      () => distributor.tokenState(account),
      () => distributor.deposit(account, 1n),
      () => distributor.withdraw(account, account, 1n),
    ]) {
      await expect(sent())
        .to.be.revertedWithCustomError(distributor, "UnknownToken")
        .withArgs(account);
    }
    expect(await distributor.claimable(account, account, 5n)).to.equal(0n);
  });

  it("are at most 64", async () => {
    const { distributor, ethers, networkHelpers } = await deployPayouts();
    const address = (i: number) => ethers.toBeHex(0x10000 + i, 20);
    for (let i = 0; i < 63; i++) {
      await networkHelpers.setCode(address(i), "0x00");
      if (i < 62) await distributor.setLimits(address(i), LIMITS);
    }
    await expect(distributor.setLimits(address(62), LIMITS))
      .to.be.revertedWithCustomError(distributor, "TooManyTokens")
      .withArgs(64);
    await distributor.setLimits(address(61), LIMITS);
  });

  it("come from anyone and are counted", async () => {
    const { distributor, tokenAddress, funder, token, ethers, address } = await deployPayouts({
      deposit: 0n,
    });
    await expect(distributor.connect(funder).deposit(tokenAddress, 70n))
      .to.emit(distributor, "Deposited")
      .withArgs(tokenAddress, funder.address, 70, 70);
    await expect(distributor.connect(funder).deposit(tokenAddress, 5n)).to.changeTokenBalances(
      ethers,
      token,
      [address],
      [5],
    );
    await expect(
      distributor.connect(funder).deposit(ZeroAddress, 9n, { value: 9n }),
    ).to.changeEtherBalances(ethers, [address], [9]);
    expect((await distributor.tokenState(tokenAddress)).deposited).to.equal(75n);
    expect((await distributor.tokenState(ZeroAddress)).deposited).to.equal(9n);
  });

  it("have to be what they say", async () => {
    const { distributor, tokenAddress, funder, token } = await deployPayouts({ deposit: 0n });
    const mine = distributor.connect(funder);
    for (const [of, amount, value, expected] of [
      [ZeroAddress, 5n, 4n, 5n],
      [ZeroAddress, 5n, 0n, 5n],
      [tokenAddress, 5n, 5n, 0n],
    ] as const) {
      await expect(mine.deposit(of, amount, { value }))
        .to.be.revertedWithCustomError(distributor, "WrongValue")
        .withArgs(value, expected);
    }
    await expect(mine.deposit(tokenAddress, 0n))
      .to.be.revertedWithCustomError(distributor, "InvalidAmount")
      .withArgs(0, MAX);
    await mine.deposit(tokenAddress, 1n);
    await token.mint(funder, MAX);
    await expect(mine.deposit(tokenAddress, MAX))
      .to.be.revertedWithCustomError(distributor, "InvalidAmount")
      .withArgs(MAX, MAX - 1n);
    await mine.deposit(tokenAddress, MAX - 1n);
  });

  it("of tokens that take a fee are refused", async () => {
    const { distributor, ethers, funder } = await deployPayouts();
    const fee = await ethers.deployContract("PayoutFeeToken");
    await fee.mint(funder, 1_000n);
    await fee.connect(funder).approve(distributor, 1_000n);
    await distributor.setLimits(fee, LIMITS);
    await expect(distributor.connect(funder).deposit(fee, 1_000n))
      .to.be.revertedWithCustomError(distributor, "WrongAmountReceived")
      .withArgs(await fee.getAddress(), 990, 1_000);
  });

  it("are taken back only where no root lays claim to them", async () => {
    const payouts = await deployPayouts({ deposit: 1_000n });
    const { distributor, tokenAddress, users, governance, ethers, token } = payouts;
    await payouts.activate([
      payouts.leaf(at(users, 0).address, 600n),
      payouts.leaf(at(users, 0).address, 600n, ZeroAddress),
    ]);
    const to = at(users, 3);
    for (const of of [tokenAddress, ZeroAddress]) {
      await expect(distributor.connect(governance).withdraw(of, to, 401n))
        .to.be.revertedWithCustomError(distributor, "MoreThanFree")
        .withArgs(of, 401, 400);
    }
    const sent = distributor.withdraw(tokenAddress, to, 400n);
    await expect(sent).to.changeTokenBalances(ethers, token, [to], [400]);
    await expect(sent)
      .to.emit(distributor, "Withdrawn")
      .withArgs(tokenAddress, to.address, 400, 600);
    await expect(distributor.withdraw(ZeroAddress, to, 400n)).to.changeEtherBalances(
      ethers,
      [to],
      [400],
    );
    await expect(distributor.withdraw(tokenAddress, ZeroAddress, 1n))
      .to.be.revertedWithCustomError(distributor, "InvalidRecipient")
      .withArgs(ZeroAddress);
  });

  it("do not arrive unannounced", async () => {
    const { address, funder, ethers } = await deployPayouts();
    await expect(funder.sendTransaction({ to: address, value: parseEther("1") })).to.be.revert(
      ethers,
    );
  });
});

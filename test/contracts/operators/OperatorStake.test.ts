import { expect } from "chai";

import { BUDGET, MINIMUM, TOKEN, UNBONDING, economy, seated } from "./economy.ts";
import type { Economy } from "./economy.ts";

const YEAR = 365 * 86_400;

/** What account i has staked, unbonds, and when that is free. */
async function holdings({ stake, address }: Economy, i: number) {
  const [unbonding, releaseAt] = await stake.unbondingOf(address(i));
  return { staked: await stake.stakeOf(address(i)), unbonding, releaseAt: Number(releaseAt) };
}

describe("OperatorStake", () => {
  describe("stake", () => {
    it("takes the caller's tokens and adds them to what it has staked", async () => {
      const env = await economy();
      const { stake, staker, address, token } = env;
      const custody = await stake.getAddress();
      await expect(staker(0).stake(300n))
        .to.emit(stake, "Staked")
        .withArgs(address(0), address(0), 300n, 300n);
      const sent = staker(0).stake(50n);
      await expect(sent).to.emit(stake, "Staked").withArgs(address(0), address(0), 50n, 350n);
      await expect(sent).to.changeTokenBalances(
        env.ethers,
        token,
        [address(0), custody],
        [-50n, 50n],
      );
      expect(await holdings(env, 0)).to.deep.equal({ staked: 350n, unbonding: 0n, releaseAt: 0 });
      expect(await stake.slashable(address(0))).to.equal(350n);
    });

    it("stakes for another account, whose it then is", async () => {
      const env = await economy();
      const { stake, staker, address } = env;
      await expect(staker(0).stakeFor(address(1), 300n))
        .to.emit(stake, "Staked")
        .withArgs(address(1), address(0), 300n, 300n);
      expect((await holdings(env, 0)).staked).to.equal(0);
      expect((await holdings(env, 1)).staked).to.equal(300n);
      await expect(staker(0).announceUnstake(1))
        .to.be.revertedWithCustomError(stake, "InsufficientStake")
        .withArgs(1, 0);
    });

    it("reverts with ZeroAmount for nothing, and with ZeroAddress for nobody", async () => {
      const { ethers, stake, staker, address } = await economy();
      await expect(staker(0).stake(0)).to.be.revertedWithCustomError(stake, "ZeroAmount");
      await expect(staker(0).stakeFor(address(1), 0)).to.be.revertedWithCustomError(
        stake,
        "ZeroAmount",
      );
      await expect(staker(0).stakeFor(ethers.ZeroAddress, 1)).to.be.revertedWithCustomError(
        stake,
        "ZeroAddress",
      );
    });

    it("reverts as the token does for what the caller does not have or has not allowed", async () => {
      const { stake, staker, address, person, token } = await economy();
      await expect(staker(0).stake(10_000n * TOKEN + 1n)).to.be.revertedWithCustomError(
        token,
        "ERC20InsufficientBalance",
      );
      await token.connect(person(0)).approve(stake, 5n);
      await expect(staker(0).stake(6n)).to.be.revertedWithCustomError(
        token,
        "ERC20InsufficientAllowance",
      );
      expect(await stake.stakeOf(address(0))).to.equal(0);
    });

    it("reverts with SafeCastOverflowedUintDowncast for more than a balance holds", async () => {
      const { ethers, governance, manager, operators, stake, treasury } = await economy();
      const token = await ethers.deployContract("DodonaToken", [
        [governance.address],
        [2n ** 120n],
      ]);
      const other = await ethers.deployContract("OperatorStake", [
        manager,
        token,
        operators,
        treasury,
        UNBONDING,
        MINIMUM,
      ]);
      await token.approve(other, 2n ** 120n);
      await expect(other.stake(2n ** 104n))
        .to.be.revertedWithCustomError(stake, "SafeCastOverflowedUintDowncast")
        .withArgs(104, 2n ** 104n);
      await other.stake(2n ** 104n - 1n);
      await expect(other.stake(1)).to.be.revertedWithCustomError(
        stake,
        "SafeCastOverflowedUintDowncast",
      );
    });
  });

  describe("announceUnstake and withdraw", () => {
    it("pays out after the delay, and not a second before", async () => {
      const env = await economy();
      const { stake, staker, address, at, ethers, now, token } = env;
      await staker(0).stake(1_000n);
      const time = (await now()) + 5;
      await at(time);
      await expect(staker(0).announceUnstake(400n))
        .to.emit(stake, "UnstakeAnnounced")
        .withArgs(address(0), 400n, 400n, time + UNBONDING);
      expect(await holdings(env, 0)).to.deep.equal({
        staked: 600n,
        unbonding: 400n,
        releaseAt: time + UNBONDING,
      });
      expect(await stake.slashable(address(0))).to.equal(1_000n);
      await at(time + UNBONDING - 1);
      await expect(staker(0).withdraw())
        .to.be.revertedWithCustomError(stake, "StillUnbonding")
        .withArgs(time + UNBONDING);
      await at(time + UNBONDING);
      const sent = staker(0).withdraw();
      await expect(sent).to.emit(stake, "Withdrawn").withArgs(address(0), 400n);
      await expect(sent).to.changeTokenBalances(ethers, token, [address(0), stake], [400n, -400n]);
      expect(await holdings(env, 0)).to.deep.equal({ staked: 600n, unbonding: 0n, releaseAt: 0 });
    });

    it("starts the delay anew for all that unbonds", async () => {
      const env = await economy();
      const { stake, staker, address, at, now } = env;
      await staker(0).stake(1_000n);
      await staker(0).announceUnstake(400n);
      const time = (await now()) + 90_000;
      await at(time);
      await expect(staker(0).announceUnstake(100n))
        .to.emit(stake, "UnstakeAnnounced")
        .withArgs(address(0), 100n, 500n, time + UNBONDING);
      await at(time + UNBONDING - 1);
      await expect(staker(0).withdraw()).to.be.revertedWithCustomError(stake, "StillUnbonding");
      await at(time + UNBONDING);
      await staker(0).withdraw();
      expect((await holdings(env, 0)).staked).to.equal(500n);
    });

    it("reverts with NothingUnbonding when there is nothing to withdraw, or no more", async () => {
      const { stake, staker, address, networkHelpers } = await economy();
      await staker(0).stake(1_000n);
      await expect(staker(0).withdraw())
        .to.be.revertedWithCustomError(stake, "NothingUnbonding")
        .withArgs(address(0));
      await staker(0).announceUnstake(1_000n);
      await networkHelpers.time.increase(UNBONDING);
      await staker(0).withdraw();
      await expect(staker(0).withdraw()).to.be.revertedWithCustomError(stake, "NothingUnbonding");
    });

    it("reverts with ZeroAmount and InsufficientStake", async () => {
      const { stake, staker } = await economy();
      await staker(0).stake(1_000n);
      await expect(staker(0).announceUnstake(0)).to.be.revertedWithCustomError(stake, "ZeroAmount");
      await expect(staker(0).announceUnstake(1_001n))
        .to.be.revertedWithCustomError(stake, "InsufficientStake")
        .withArgs(1_001n, 1_000n);
      await staker(0).announceUnstake(600n);
      await expect(staker(0).announceUnstake(401n))
        .to.be.revertedWithCustomError(stake, "InsufficientStake")
        .withArgs(401n, 400n);
    });

    for (const [who, governed, staked] of [
      ["by stake", 5, [0, 1, 2, 3, 4, 9]],
      ["by governance", 10, []],
    ] as const) {
      it(`reverts with StakeBound below the minimum for who sits ${who}, until it has left`, async () => {
        const env = await seated(governed, staked.includes(9 as never) ? [9] : []);
        const { operators, stake, staker, address, as, advanceAll } = env;
        if (governed === 10) await staker(9).stake(MINIMUM);
        await staker(9).stake(5n);
        await staker(9).announceUnstake(5n);
        const check = async () => {
          await expect(staker(9).announceUnstake(1n))
            .to.be.revertedWithCustomError(stake, "StakeBound")
            .withArgs(address(9), MINIMUM - 1n, MINIMUM);
        };
        await check();
        await as(9).leave();
        await check();
        await advanceAll();
        expect(await operators.isBound(address(9))).to.equal(false);
        await staker(9).announceUnstake(MINIMUM);
        expect((await holdings(env, 9)).unbonding).to.equal(MINIMUM + 5n);
      });
    }

    it("reverts with StakeBound for who has asked for a seat, until it takes that back", async () => {
      const { stake, staker, address, as } = await seated(5);
      await staker(9).stake(MINIMUM);
      await as(9).join();
      await expect(staker(9).announceUnstake(MINIMUM))
        .to.be.revertedWithCustomError(stake, "StakeBound")
        .withArgs(address(9), 0, MINIMUM);
      await as(9).leave();
      await staker(9).announceUnstake(MINIMUM);
    });

    it("keeps what was staked by an operator that governance raised the minimum above", async () => {
      const { stake, staker, address } = await seated(5, [9]);
      await stake.setMinimumStake(2n * MINIMUM);
      await expect(staker(9).announceUnstake(1n))
        .to.be.revertedWithCustomError(stake, "StakeBound")
        .withArgs(address(9), MINIMUM - 1n, 2n * MINIMUM);
    });
  });

  describe("slash", () => {
    it("gives the reporter a tenth, burns half, and sends the rest to the treasury", async () => {
      const env = await economy();
      const { stake, staker, address, judge, token, reporter, treasury, ethers } = env;
      await staker(0).stake(1_000n);
      const supply = await token.totalSupply();
      const sent = judge.slash(address(0), 400n, reporter);
      await expect(sent)
        .to.emit(stake, "Slashed")
        .withArgs(address(0), 400n, reporter.address, 40n, 200n, 160n, 600n, 0n);
      await expect(sent).to.changeTokenBalances(
        ethers,
        token,
        [stake, reporter, treasury],
        [-400n, 40n, 160n],
      );
      expect(await token.totalSupply()).to.equal(supply - 200n);
      expect((await holdings(env, 0)).staked).to.equal(600n);
    });

    // amount, reporter's share, burned, treasury's: half is rounded up, the tenth down.
    const splits: [bigint, bigint, bigint, bigint][] = [
      [0n, 0n, 0n, 0n],
      [1n, 0n, 1n, 0n],
      [2n, 0n, 1n, 1n],
      [9n, 0n, 5n, 4n],
      [10n, 1n, 5n, 4n],
      [11n, 1n, 6n, 4n],
      [19n, 1n, 10n, 8n],
      [999n, 99n, 500n, 400n],
    ];
    for (const [amount, share, burned, rest] of splits) {
      it(`splits ${amount} into ${share}, ${burned} and ${rest}`, async () => {
        const { stake, staker, address, judge, reporter } = await economy();
        await staker(0).stake(1_000n);
        await expect(judge.slash(address(0), amount, reporter))
          .to.emit(stake, "Slashed")
          .withArgs(address(0), amount, reporter.address, share, burned, rest, 1_000n - amount, 0n);
      });
    }

    it("pays no reporter's share without a reporter", async () => {
      const { ethers, stake, staker, address, judge } = await economy();
      await staker(0).stake(1_000n);
      await expect(judge.slash(address(0), 400n, ethers.ZeroAddress))
        .to.emit(stake, "Slashed")
        .withArgs(address(0), 400n, ethers.ZeroAddress, 0n, 200n, 200n, 600n, 0n);
    });

    // staked, unbonding, slashed, left staked, left unbonding: of what unbonds ⌊slashed · unbonding / all⌋.
    const origins: [bigint, bigint, bigint, bigint, bigint][] = [
      [600n, 400n, 500n, 300n, 200n],
      [600n, 400n, 1_000n, 0n, 0n],
      [0n, 1_000n, 1n, 0n, 999n],
      [999n, 1n, 500n, 499n, 1n],
      [1n, 2n, 1n, 0n, 2n],
      [1n, 2n, 2n, 0n, 1n],
    ];
    for (const [staked, unbonding, amount, stakedAfter, unbondingAfter] of origins) {
      it(`takes ${amount} of ${staked} staked and ${unbonding} unbonding in proportion`, async () => {
        const env = await economy();
        const { staker, address, judge, reporter } = env;
        await staker(0).stake(staked + unbonding);
        await staker(0).announceUnstake(unbonding);
        const { releaseAt } = await holdings(env, 0);
        await judge.slash(address(0), amount, reporter);
        expect(await holdings(env, 0)).to.deep.equal({
          staked: stakedAfter,
          unbonding: unbondingAfter,
          releaseAt,
        });
      });
    }

    it("reaches an account that has left and unbonds, until it has withdrawn", async () => {
      const env = await seated(5, [9]);
      const { staker, address, as, advanceAll, judge, networkHelpers, reporter, stake } = env;
      await as(9).leave();
      await advanceAll();
      await staker(9).announceUnstake(MINIMUM);
      await networkHelpers.time.increase(UNBONDING - 10);
      await judge.slash(address(9), MINIMUM / 2n, reporter);
      expect((await holdings(env, 9)).unbonding).to.equal(MINIMUM / 2n);
      await networkHelpers.time.increase(10);
      await staker(9).withdraw();
      await expect(judge.slash(address(9), 1n, reporter))
        .to.be.revertedWithCustomError(stake, "InsufficientStake")
        .withArgs(1n, 0n);
    });

    it("reverts with InsufficientStake above what is there", async () => {
      const { stake, staker, address, judge, reporter } = await economy();
      await staker(0).stake(1_000n);
      await staker(0).announceUnstake(400n);
      await expect(judge.slash(address(0), 1_001n, reporter))
        .to.be.revertedWithCustomError(stake, "InsufficientStake")
        .withArgs(1_001n, 1_000n);
    });

    it("costs an operator without stake its seat, when the amount is nothing", async () => {
      const { operators, address, judge, reporter } = await seated(6);
      await expect(judge.slash(address(2), 0n, reporter))
        .to.emit(operators, "OperatorDismissed")
        .withArgs(address(2));
    });

    it("reverts with AccessManagedUnauthorized unless the slasher calls", async () => {
      const { stake, address, governance, guardian, person } = await economy();
      for (const caller of [governance, guardian, person(0)]) {
        await expect(stake.connect(caller).slash(address(0), 0, caller))
          .to.be.revertedWithCustomError(stake, "AccessManagedUnauthorized")
          .withArgs(caller.address);
      }
    });
  });

  describe("minimum stake", () => {
    it("is governance's, from one token to a million", async () => {
      const { stake } = await economy();
      for (const minimum of [TOKEN, 1_000_000n * TOKEN]) {
        await expect(stake.setMinimumStake(minimum))
          .to.emit(stake, "MinimumStakeChanged")
          .withArgs(minimum);
        expect(await stake.minimumStake()).to.equal(minimum);
      }
      for (const minimum of [0n, TOKEN - 1n, 1_000_000n * TOKEN + 1n]) {
        await expect(stake.setMinimumStake(minimum))
          .to.be.revertedWithCustomError(stake, "MinimumOutOfRange")
          .withArgs(minimum, TOKEN, 1_000_000n * TOKEN);
      }
    });

    it("reverts with AccessManagedUnauthorized for others", async () => {
      const { stake, slasher } = await economy();
      await expect(stake.connect(slasher).setMinimumStake(TOKEN))
        .to.be.revertedWithCustomError(stake, "AccessManagedUnauthorized")
        .withArgs(slasher.address);
    });
  });

  describe("constructor", () => {
    it("keeps what it is given", async () => {
      const { stake, token, registry, treasury } = await economy();
      expect(await stake.token()).to.equal(await token.getAddress());
      expect(await stake.operators()).to.equal(registry);
      expect(await stake.treasury()).to.equal(treasury.address);
      expect(await stake.unbondingDelay()).to.equal(UNBONDING);
      expect(await stake.minimumStake()).to.equal(MINIMUM);
    });

    it("reverts with ZeroAddress without token, registry or treasury", async () => {
      const { ethers, manager, token, operators, stake, treasury } = await economy();
      const zero = ethers.ZeroAddress;
      for (const [a, b, c] of [
        [zero, operators, treasury],
        [token, zero, treasury],
        [token, operators, zero],
      ] as const) {
        await expect(
          ethers.deployContract("OperatorStake", [manager, a, b, c, UNBONDING, MINIMUM]),
        ).to.be.revertedWithCustomError(stake, "ZeroAddress");
      }
    });

    it("reverts with UnbondingOutOfRange and MinimumOutOfRange", async () => {
      const { ethers, manager, token, operators, stake, treasury } = await economy();
      const deploy = async (unbonding: number, minimum: bigint) =>
        await ethers.deployContract("OperatorStake", [
          manager,
          token,
          operators,
          treasury,
          unbonding,
          minimum,
        ]);
      for (const unbonding of [0, 1, YEAR + 1]) {
        await expect(deploy(unbonding, MINIMUM))
          .to.be.revertedWithCustomError(stake, "UnbondingOutOfRange")
          .withArgs(unbonding, 2, YEAR);
      }
      await deploy(2, MINIMUM);
      await deploy(YEAR, MINIMUM);
      await expect(deploy(UNBONDING, 1n)).to.be.revertedWithCustomError(stake, "MinimumOutOfRange");
    });
  });

  it("pays nobody's stake from tokens that nobody staked", async () => {
    const { stake, staker, address, token, governance, networkHelpers } = await economy();
    await token.connect(governance).transfer(stake, BUDGET);
    await staker(0).stake(7n);
    await staker(0).announceUnstake(7n);
    await networkHelpers.time.increase(UNBONDING);
    await staker(0).withdraw();
    expect(await token.balanceOf(stake)).to.equal(BUDGET);
    expect(await stake.slashable(address(0))).to.equal(0);
  });
});

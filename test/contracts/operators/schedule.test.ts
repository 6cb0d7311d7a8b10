import { expect } from "chai";

import { range } from "../../helpers/contracts-fixture.ts";
import { DELAY, EPOCH, MINIMUM, Seat, economy, seated } from "./economy.ts";

describe("Operators: changes by governance", () => {
  it("takes the first list at once, in order, and counts versions", async () => {
    const { operators, address, active } = await economy();
    const chosen = [3, 1, 2].map(address);
    await expect(operators.setActive(chosen))
      .to.emit(operators, "ActiveOperatorsChanged")
      .withArgs(1, chosen)
      .and.to.emit(operators, "SeatTaken")
      .withArgs(chosen[0], Seat.governance);
    expect(await active()).to.deep.equal([3, 1, 2]);
    expect(await operators.scheduledActive()).to.deep.equal([0n, []]);
  });

  it("schedules a later list for the first boundary after the delay, and not before", async () => {
    const { operators, address, active, at, dueFrom, now } = await seated(5);
    const announced = (await now()) + 7;
    const due = dueFrom(announced);
    expect(due - announced).to.be.within(DELAY, DELAY + EPOCH);
    expect(due % EPOCH).to.equal(0);
    const chosen = [9, 8, 7, 6].map(address);
    await at(announced);
    await expect(operators.setActive(chosen))
      .to.emit(operators, "ActiveOperatorsScheduled")
      .withArgs(due, chosen);
    expect(await operators.scheduledActive()).to.deep.equal([BigInt(due), chosen]);
    expect(await operators.nextChangeAt()).to.equal(due);
    expect(await active()).to.deep.equal(range(5));

    await at(due - 1);
    await expect(operators.advance())
      .to.be.revertedWithCustomError(operators, "NothingDue")
      .withArgs(due);
    await at(due);
    await expect(operators.advance())
      .to.emit(operators, "ActiveOperatorsChanged")
      .withArgs(2, chosen)
      .and.to.emit(operators, "SeatLeft")
      .withArgs(address(0), Seat.governance);
    expect(await active()).to.deep.equal([9, 8, 7, 6]);
    expect(await operators.scheduledActive()).to.deep.equal([0n, []]);
    expect(await operators.isBound(address(0))).to.equal(false);
    expect(await operators.isBound(address(9))).to.equal(true);
  });

  it("takes a change announced exactly the delay before a boundary at that boundary", async () => {
    const { operators, address, at, dueFrom, now } = await seated(5);
    const boundary = dueFrom(await now()) + EPOCH;
    await at(boundary - DELAY);
    await expect(operators.setActive([address(1)]))
      .to.emit(operators, "ActiveOperatorsScheduled")
      .withArgs(boundary, [address(1)]);
  });

  it("replaces a list that still waits", async () => {
    const { operators, address, active, advanceAll } = await seated(5);
    await operators.setActive(range(4).map(address));
    await operators.setActive([7, 6, 5, 4].map(address));
    await advanceAll();
    expect(await active()).to.deep.equal([7, 6, 5, 4]);
    await expect(operators.advance())
      .to.be.revertedWithCustomError(operators, "NothingDue")
      .withArgs(0);
  });

  it("makes a new version of the same list", async () => {
    const { operators, address, advanceAll } = await seated(5);
    const same = range(5).map(address);
    await operators.setActive(same);
    await expect(advanceAll()).to.emit(operators, "ActiveOperatorsChanged").withArgs(2, same);
  });

  it("takes the next list at once when governance has emptied the seats", async () => {
    const { operators, address, active, advanceAll } = await seated(5);
    await operators.setActive([]);
    await advanceAll();
    expect(await active()).to.deep.equal([]);
    await operators.setActive([address(4)]);
    expect(await active()).to.deep.equal([4]);
  });

  it("returns the version that it made", async () => {
    const { operators, address, networkHelpers, stranger } = await seated(5);
    await operators.setActive(range(4).map(address));
    await networkHelpers.time.increase(DELAY + EPOCH);
    expect(await operators.connect(stranger).advance.staticCall()).to.equal(2);
  });

  it("keeps those who sit by stake behind the new list, as far as the third allows", async () => {
    const { operators, address, active, advanceAll } = await seated(7, [9, 10, 11]);
    expect(await active()).to.deep.equal([0, 1, 2, 3, 4, 5, 6, 9, 10, 11]);
    await operators.setActive(range(5).map(address));
    await expect(advanceAll()).to.emit(operators, "SeatLeft").withArgs(address(11), Seat.stake);
    // Five of governance's carry two: two of seven.
    expect(await active()).to.deep.equal([0, 1, 2, 3, 4, 9, 10]);
    expect(await operators.stakeSeats()).to.deep.equal([2n, 2n]);
  });

  it("gives an operator that sits by stake governance's seat when the list names it", async () => {
    const { operators, address, active, advanceAll } = await seated(5, [9, 10]);
    await operators.setActive([9, 0, 1, 2, 3].map(address));
    await expect(advanceAll())
      .to.emit(operators, "SeatTaken")
      .withArgs(address(9), Seat.governance);
    expect(await active()).to.deep.equal([9, 0, 1, 2, 3, 10]);
    expect((await operators.standingOf(address(9))).seat).to.equal(Seat.governance);
    expect((await operators.standingOf(address(10))).seat).to.equal(Seat.stake);
  });

  describe("epochs", () => {
    it("count from the Unix epoch", async () => {
      const { operators, now } = await economy();
      expect(await operators.currentEpoch()).to.equal(Math.floor((await now()) / EPOCH));
      expect(await operators.epochSeconds()).to.equal(EPOCH);
      expect(await operators.changeDelay()).to.equal(DELAY);
    });

    it("know who was active in them", async () => {
      const { operators, address, at, now } = await seated(5);
      const first = Math.floor((await now()) / EPOCH);
      await operators.setActive([5, 6, 7, 8].map(address));
      await at((first + 10) * EPOCH + 400);
      await operators.advance();
      const was = async (i: number, epoch: number) => await operators.wasActive(address(i), epoch);
      expect(await was(0, first - 1)).to.equal(false);
      expect(await was(0, first)).to.equal(true);
      expect(await was(0, first + 5)).to.equal(true);
      expect(await was(0, first + 10)).to.equal(true);
      expect(await was(0, first + 11)).to.equal(false);
      expect(await was(5, first + 9)).to.equal(false);
      expect(await was(5, first + 10)).to.equal(true);
      expect(await was(5, first + 11)).to.equal(true);
      expect(await was(9, first + 10)).to.equal(false);
      // At the first second of an epoch it is the new ones' already.
      await operators.setActive([0, 1, 2, 3].map(address));
      await at((first + 30) * EPOCH);
      await operators.advance();
      expect(await was(5, first + 29)).to.equal(true);
      expect(await was(5, first + 30)).to.equal(false);
      expect(await was(0, first + 20)).to.equal(false);
      expect(await was(0, first + 30)).to.equal(true);
    });

    it("know also who came and went within one", async () => {
      const { operators, address, as, at, judge, now, reporter, staker } = await seated(5);
      await staker(9).stake(MINIMUM);
      await as(9).join();
      const epoch = Math.floor((await now()) / EPOCH) + 10;
      await at(epoch * EPOCH + 10);
      await operators.advance();
      await judge.slash(address(9), 1, reporter);
      await operators.advance();
      expect(await now()).to.be.below((epoch + 1) * EPOCH);
      for (const [other, expected] of [
        [epoch - 1, false],
        [epoch, true],
        [epoch + 1, false],
      ] as const) {
        expect(await operators.wasActive(address(9), other)).to.equal(expected);
      }
    });
  });

  describe("constructor", () => {
    const outOfRange: [string, number, number][] = [
      ["no epoch", 0, 0],
      ["an epoch above 30 days", 30 * 86_400 + 1, 0],
      ["a delay above 90 days", 1, 90 * 86_400 + 1],
    ];
    for (const [what, epochSeconds, changeDelay] of outOfRange) {
      it(`reverts with ScheduleOutOfRange for ${what}`, async () => {
        const { ethers, manager, operators } = await economy();
        await expect(ethers.deployContract("Operators", [manager, epochSeconds, changeDelay]))
          .to.be.revertedWithCustomError(operators, "ScheduleOutOfRange")
          .withArgs(epochSeconds, changeDelay);
      });
    }

    it("takes the bounds themselves", async () => {
      const { ethers, manager } = await economy();
      await ethers.deployContract("Operators", [manager, 30 * 86_400, 90 * 86_400]);
      await ethers.deployContract("Operators", [manager, 1, 0]);
    });
  });

  describe("setStake", () => {
    it("names the stake contract, and none", async () => {
      const { ethers, operators, stake } = await economy();
      expect(await operators.stake()).to.equal(await stake.getAddress());
      await expect(operators.setStake(ethers.ZeroAddress))
        .to.emit(operators, "StakeChanged")
        .withArgs(ethers.ZeroAddress);
      expect(await operators.stake()).to.equal(ethers.ZeroAddress);
    });

    it("reverts with StakeOfAnother for a stake of another registry", async () => {
      const { ethers, manager, operators, token, stranger } = await economy();
      const other = await ethers.deployContract("OperatorStake", [
        manager,
        token,
        stranger,
        stranger,
        100,
        MINIMUM,
      ]);
      await expect(operators.setStake(other))
        .to.be.revertedWithCustomError(operators, "StakeOfAnother")
        .withArgs(await other.getAddress(), stranger.address);
    });

    it("reverts with AccessManagedUnauthorized unless governance calls", async () => {
      const { operators, stake, guardian, person } = await economy();
      for (const caller of [guardian, person(0)]) {
        await expect(operators.connect(caller).setStake(stake))
          .to.be.revertedWithCustomError(operators, "AccessManagedUnauthorized")
          .withArgs(caller.address);
      }
    });
  });
});

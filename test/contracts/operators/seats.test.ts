import { expect } from "chai";

import { range } from "../../helpers/contracts-fixture.ts";
import { DELAY, Denial, EPOCH, MINIMUM, Seat, TOKEN, economy, seated } from "./economy.ts";

const DAY = 86_400;

describe("Operators: seats by stake", () => {
  describe("join", () => {
    it("asks for a seat and takes it when it is due", async () => {
      const { operators, address, active, as, at, dueFrom, now, staker } = await seated(5);
      await staker(9).stake(MINIMUM);
      const time = (await now()) + 5;
      await at(time);
      await expect(as(9).join())
        .to.emit(operators, "SeatRequested")
        .withArgs(address(9), dueFrom(time));
      expect(await operators.seatRequests()).to.deep.equal([address(9)]);
      expect(await operators.isBound(address(9))).to.equal(true);
      expect(await operators.nextChangeAt()).to.equal(dueFrom(time));
      expect((await operators.standingOf(address(9))).requestedFor).to.equal(dueFrom(time));
      expect(await active()).to.deep.equal(range(5));

      await at(dueFrom(time));
      await expect(operators.advance())
        .to.emit(operators, "SeatTaken")
        .withArgs(address(9), Seat.stake)
        .and.to.emit(operators, "ActiveOperatorsChanged")
        .withArgs(2, [...range(5), 9].map(address));
      expect(await active()).to.deep.equal([0, 1, 2, 3, 4, 9]);
      expect(await operators.stakeSeats()).to.deep.equal([1n, 2n]);
      const standing = await operators.standingOf(address(9));
      expect([...standing]).to.deep.equal([Seat.stake, 0n, 0n, false, 0n, 0n]);
      expect(await operators.seatRequests()).to.deep.equal([]);
    });

    // Seats of governance, and the most by stake of which the third of all less one still holds.
    const limits: [number, number][] = [
      [0, 0],
      [1, 0],
      [2, 0],
      [3, 1],
      [4, 1],
      [5, 2],
      [7, 3],
      [12, 5],
    ];
    for (const [governed, limit] of limits) {
      it(`allows ${limit} by stake beside ${governed} of governance`, async () => {
        const { operators } = await seated(governed);
        const { limit: given } = await operators.stakeSeats();
        expect(given).to.equal(limit);
        const third = (seats: number) => Math.floor((seats - 1) / 3);
        expect(limit).to.be.at.most(Math.max(0, third(governed + limit)));
        expect(limit + 1).to.be.above(third(governed + limit + 1));
      });
    }

    it("reverts with NoSeatLeft when all are taken or requested", async () => {
      const { operators, as, staker } = await seated(5, [9]);
      await staker(10).stake(MINIMUM);
      await as(10).join();
      await staker(11).stake(MINIMUM);
      await expect(as(11).join())
        .to.be.revertedWithCustomError(operators, "NoSeatLeft")
        .withArgs(2);
    });

    it("reverts with StakeTooLow below the minimum", async () => {
      const { operators, as, staker } = await seated(5);
      await staker(9).stake(MINIMUM - 1n);
      await expect(as(9).join())
        .to.be.revertedWithCustomError(operators, "StakeTooLow")
        .withArgs(MINIMUM - 1n, MINIMUM);
    });

    it("does not count what unbonds", async () => {
      const { operators, as, staker } = await seated(5);
      await staker(9).stake(MINIMUM);
      await staker(9).announceUnstake(1);
      await expect(as(9).join())
        .to.be.revertedWithCustomError(operators, "StakeTooLow")
        .withArgs(MINIMUM - 1n, MINIMUM);
    });

    it("reverts with NotRegistered for an account without keys", async () => {
      const { operators, stranger } = await seated(5);
      await expect(operators.connect(stranger).join())
        .to.be.revertedWithCustomError(operators, "NotRegistered")
        .withArgs(stranger.address);
    });

    it("reverts with AlreadySeated for who sits or has asked", async () => {
      const { operators, address, as, staker } = await seated(5, [9]);
      await staker(10).stake(MINIMUM);
      await as(10).join();
      for (const i of [0, 9, 10]) {
        await expect(as(i).join())
          .to.be.revertedWithCustomError(operators, "AlreadySeated")
          .withArgs(address(i));
      }
    });

    it("reverts with NoStakeContract while none is named", async () => {
      const { ethers, operators, as } = await seated(5);
      await operators.setStake(ethers.ZeroAddress);
      await expect(as(9).join()).to.be.revertedWithCustomError(operators, "NoStakeContract");
    });

    it("reverts with ContractPaused while the guardian has paused, when one can still leave", async () => {
      const { operators, address, as, guardian, staker, now } = await seated(5, [9]);
      await staker(10).stake(MINIMUM);
      await operators.connect(guardian).pause();
      const until = (await now()) + 3 * DAY;
      await expect(as(10).join())
        .to.be.revertedWithCustomError(operators, "ContractPaused")
        .withArgs(until);
      await expect(as(9).leave()).to.emit(operators, "LeaveAnnounced");
      await operators.unpause();
      await as(10).join();
      expect(await operators.seatRequests()).to.deep.equal([address(10)]);
    });

    it("reverts with AccessManagedUnauthorized when others pause or unpause", async () => {
      const { operators, guardian, person, governance } = await seated(5);
      await expect(operators.connect(governance).pause())
        .to.be.revertedWithCustomError(operators, "AccessManagedUnauthorized")
        .withArgs(governance.address);
      await operators.connect(guardian).pause();
      for (const caller of [guardian, person(0)]) {
        await expect(operators.connect(caller).unpause())
          .to.be.revertedWithCustomError(operators, "AccessManagedUnauthorized")
          .withArgs(caller.address);
      }
    });
  });

  describe("a request that is due", () => {
    it("is denied for want of stake", async () => {
      const { operators, address, active, as, advanceAll, judge, reporter, staker } =
        await seated(5);
      await staker(9).stake(MINIMUM);
      await as(9).join();
      await judge.slash(address(9), 1, reporter);
      await expect(advanceAll())
        .to.emit(operators, "SeatDenied")
        .withArgs(address(9), Denial.stakeTooLow)
        .and.not.to.emit(operators, "ActiveOperatorsChanged");
      expect(await active()).to.deep.equal(range(5));
      expect(await operators.isBound(address(9))).to.equal(false);
      await expect(operators.advance()).to.be.revertedWithCustomError(operators, "NothingDue");
    });

    it("is granted where the stake was made whole in time", async () => {
      const { address, active, as, advanceAll, judge, reporter, staker } = await seated(5);
      await staker(9).stake(MINIMUM);
      await as(9).join();
      await judge.slash(address(9), 1, reporter);
      await staker(9).stake(1);
      await advanceAll();
      expect(await active()).to.deep.equal([0, 1, 2, 3, 4, 9]);
    });

    it("is denied when governance's list has taken the seats' ground away", async () => {
      const { operators, address, active, as, advanceAll, staker } = await seated(5, [9]);
      await staker(10).stake(MINIMUM);
      await as(10).join();
      await operators.setActive(range(4).map(address));
      await expect(advanceAll())
        .to.emit(operators, "SeatDenied")
        .withArgs(address(10), Denial.noSeatLeft);
      expect(await active()).to.deep.equal([0, 1, 2, 3, 9]);
      expect((await operators.standingOf(address(10))).mayJoinAt).to.equal(0);
    });

    it("ends when governance seats the account first", async () => {
      const { operators, address, active, advanceAll, as, at, now, staker } = await seated(5);
      await operators.setActive([9, 0, 1, 2, 3].map(address));
      await at((await now()) + EPOCH);
      await staker(9).stake(MINIMUM);
      await as(9).join();
      const { requestedFor } = await operators.standingOf(address(9));
      const { dueAt } = await operators.scheduledActive();
      expect(dueAt).to.be.below(requestedFor);
      await at(Number(dueAt));
      await expect(operators.advance())
        .to.emit(operators, "SeatDenied")
        .withArgs(address(9), Denial.seatedByGovernance);
      expect(await active()).to.deep.equal([9, 0, 1, 2, 3]);
      expect((await operators.standingOf(address(9))).requestedFor).to.equal(0);
      await expect(advanceAll()).to.be.revertedWithCustomError(operators, "NothingDue");
    });

    it("is denied when a leave at the same boundary leaves no room", async () => {
      const { operators, address, active, advanceAll, as, staker } = await seated(5, [9]);
      await staker(10).stake(MINIMUM);
      await as(10).join();
      await as(0).leave();
      await expect(advanceAll())
        .to.emit(operators, "SeatDenied")
        .withArgs(address(10), Denial.noSeatLeft);
      expect(await active()).to.deep.equal([1, 2, 3, 4, 9]);
      expect(await operators.isBound(address(10))).to.equal(false);
    });

    it("is met in the order of asking", async () => {
      const { active, advanceAll, as, staker } = await seated(7);
      for (const i of [11, 9, 10]) {
        await staker(i).stake(MINIMUM);
        await as(i).join();
      }
      await advanceAll();
      expect(await active()).to.deep.equal([...range(7), 11, 9, 10]);
    });

    it("waits for its own boundary while another is met", async () => {
      const { operators, address, active, as, at, now, staker } = await seated(5);
      for (const i of [9, 10]) await staker(i).stake(MINIMUM);
      await as(9).join();
      await at((await now()) + 2 * EPOCH);
      await as(10).join();
      const first = await operators.standingOf(address(9));
      await at(Number(first.requestedFor));
      await operators.advance();
      expect(await active()).to.deep.equal([0, 1, 2, 3, 4, 9]);
      expect(await operators.seatRequests()).to.deep.equal([address(10)]);
    });
  });

  describe("leave", () => {
    it("frees the seat at the first boundary after the delay, governance's too", async () => {
      const { operators, address, active, as, at, dueFrom, now } = await seated(6, [9]);
      const time = (await now()) + 5;
      await at(time);
      await expect(as(1).leave())
        .to.emit(operators, "LeaveAnnounced")
        .withArgs(address(1), dueFrom(time));
      await at(time + 1);
      await as(9).leave();
      expect(await operators.nextChangeAt()).to.equal(dueFrom(time));
      await at(dueFrom(time) - 1);
      await expect(operators.advance()).to.be.revertedWithCustomError(operators, "NothingDue");
      await at(dueFrom(time));
      await expect(operators.advance())
        .to.emit(operators, "SeatLeft")
        .withArgs(address(1), Seat.governance)
        .and.to.emit(operators, "SeatLeft")
        .withArgs(address(9), Seat.stake);
      expect(await active()).to.deep.equal([0, 2, 3, 4, 5]);
      const standing = await operators.standingOf(address(9));
      expect([...standing]).to.deep.equal([
        Seat.none,
        0n,
        0n,
        false,
        0n,
        BigInt(dueFrom(time) + 4 * EPOCH),
      ]);
    });

    it("makes the account wait four epochs before it asks again", async () => {
      const { operators, address, advanceAll, as, at, now } = await seated(5, [9]);
      await as(9).leave();
      await advanceAll();
      const mayJoinAt = (await now()) + 4 * EPOCH;
      await at(mayJoinAt - 1);
      await expect(as(9).join())
        .to.be.revertedWithCustomError(operators, "JoinTooEarly")
        .withArgs(address(9), mayJoinAt);
      await at(mayJoinAt);
      await expect(as(9).join()).to.emit(operators, "SeatRequested");
    });

    it("takes a request back at once, and makes the account wait as well", async () => {
      const { operators, address, as, now, staker } = await seated(7);
      for (const i of [9, 10, 11]) {
        await staker(i).stake(MINIMUM);
        await as(i).join();
      }
      await expect(as(10).leave()).to.emit(operators, "SeatRequestWithdrawn").withArgs(address(10));
      expect(await operators.seatRequests()).to.deep.equal([9, 11].map(address));
      expect(await operators.isBound(address(10))).to.equal(false);
      await expect(as(10).join())
        .to.be.revertedWithCustomError(operators, "JoinTooEarly")
        .withArgs(address(10), (await now()) + 4 * EPOCH);
    });

    it("takes the latest by stake along when governance's seats carry them no more", async () => {
      const { operators, address, active, advanceAll, as } = await seated(5, [9, 10]);
      await as(2).leave();
      await advanceAll();
      expect(await active()).to.deep.equal([0, 1, 3, 4, 9]);
      expect(await operators.stakeSeats()).to.deep.equal([1n, 1n]);
      // Who did not leave by itself need not wait.
      expect((await operators.standingOf(address(10))).mayJoinAt).to.equal(0);
    });

    it("never leaves fewer than four, until another has come", async () => {
      const { operators, address, active, advanceAll, as, staker } = await seated(5);
      await as(0).leave();
      await as(1).leave();
      await advanceAll();
      expect(await active()).to.deep.equal([1, 2, 3, 4]);
      expect(await operators.nextChangeAt()).to.equal(0);
      await expect(operators.advance()).to.be.revertedWithCustomError(operators, "NothingDue");
      expect(await operators.isBound(address(1))).to.equal(true);

      await staker(9).stake(MINIMUM);
      await as(9).join();
      await advanceAll();
      expect(await active()).to.deep.equal([2, 3, 4, 9]);
    });

    it("holds nobody whom governance replaces", async () => {
      const { operators, address, active, advanceAll, as } = await seated(4);
      await as(0).leave();
      await operators.setActive([1, 2, 3].map(address));
      await advanceAll();
      expect(await active()).to.deep.equal([1, 2, 3]);
      expect((await operators.standingOf(address(0))).leavesAt).to.equal(0);
    });

    it("reverts with NotSeated for who neither sits nor asked", async () => {
      const { operators, address, as } = await seated(5);
      await expect(as(9).leave())
        .to.be.revertedWithCustomError(operators, "NotSeated")
        .withArgs(address(9));
    });

    it("reverts with AlreadyLeaving the second time", async () => {
      const { operators, address, as } = await seated(5);
      await as(0).leave();
      const { leavesAt } = await operators.standingOf(address(0));
      await expect(as(0).leave())
        .to.be.revertedWithCustomError(operators, "AlreadyLeaving")
        .withArgs(address(0), leavesAt);
    });
  });

  describe("dismiss", () => {
    it("drops who is slashed below the minimum at the next advance, waiting for no boundary", async () => {
      const { operators, address, active, as, judge, now, reporter } = await seated(5, [9]);
      await expect(judge.slash(address(9), 1, reporter))
        .to.emit(operators, "OperatorDismissed")
        .withArgs(address(9));
      const standing = await operators.standingOf(address(9));
      expect(standing.isDismissed).to.equal(true);
      expect(standing.leavesAt).to.equal(await now());
      await expect(operators.advance())
        .to.emit(operators, "SeatLeft")
        .withArgs(address(9), Seat.stake);
      expect(await active()).to.deep.equal(range(5));
      await expect(as(9).join()).to.be.revertedWithCustomError(operators, "JoinTooEarly");
    });

    it("drops governance's operators as well, and strikes them from a list that waits", async () => {
      const { operators, address, active, advanceAll, judge, reporter, staker } = await seated(6);
      await staker(2).stake(MINIMUM);
      const list = range(7).map(address);
      await operators.setActive(list);
      const { dueAt } = await operators.scheduledActive();
      const others = [0, 1, 3, 4, 5, 6].map(address);
      await expect(judge.slash(address(2), 1, reporter))
        .to.emit(operators, "ActiveOperatorsScheduled")
        .withArgs(dueAt, others);
      await operators.advance();
      expect(await active()).to.deep.equal([0, 1, 3, 4, 5]);
      await advanceAll();
      expect(await active()).to.deep.equal([0, 1, 3, 4, 5, 6]);
    });

    it("strikes who has no seat yet from a list that waits", async () => {
      const { operators, address, active, advanceAll, judge, reporter, staker } = await seated(5);
      await staker(9).stake(MINIMUM);
      await operators.setActive([9, 0, 1, 2, 3].map(address));
      await expect(judge.slash(address(9), 1, reporter)).to.not.emit(
        operators,
        "OperatorDismissed",
      );
      await advanceAll();
      expect(await active()).to.deep.equal([0, 1, 2, 3]);
    });

    it("leaves a list that does not name them as it is", async () => {
      const { operators, address, judge, reporter } = await seated(6);
      const list = range(5).map(address);
      await operators.setActive(list);
      await expect(judge.slash(address(5), 0, reporter)).to.not.emit(
        operators,
        "ActiveOperatorsScheduled",
      );
      expect((await operators.scheduledActive()).accounts).to.deep.equal(list);
    });

    it("strikes nobody from a list of four", async () => {
      const { operators, address, active, advanceAll, judge, reporter, staker } = await seated(5);
      await staker(0).stake(MINIMUM);
      await operators.setActive(range(4).map(address));
      await judge.slash(address(0), 1, reporter);
      await operators.advance();
      expect(await active()).to.deep.equal([1, 2, 3, 4]);
      await advanceAll();
      expect(await active()).to.deep.equal(range(4));
    });

    it("keeps four, and lets the dismissed go before those who only leave", async () => {
      const { operators, address, active, as, judge, networkHelpers, reporter, staker } =
        await seated(5);
      await staker(3).stake(MINIMUM);
      await staker(4).stake(MINIMUM);
      await as(0).leave();
      await networkHelpers.time.increase(DELAY + EPOCH);
      await judge.slash(address(3), 1, reporter);
      await judge.slash(address(4), 1, reporter);
      await operators.advance();
      expect(await active()).to.deep.equal([0, 1, 2, 4]);
      expect((await operators.standingOf(address(4))).isDismissed).to.equal(true);
      expect((await operators.standingOf(address(0))).isDismissed).to.equal(false);
    });

    it("brings a leave that waits forward", async () => {
      const { operators, address, active, as, judge, reporter } = await seated(5, [9]);
      await as(9).leave();
      await judge.slash(address(9), 1, reporter);
      await operators.advance();
      expect(await active()).to.deep.equal(range(5));
    });

    it("keeps who still has the minimum", async () => {
      const { operators, address, judge, reporter, staker } = await seated(5, [9]);
      await staker(9).stake(1);
      await expect(judge.slash(address(9), 1, reporter)).to.not.emit(
        operators,
        "OperatorDismissed",
      );
      await expect(operators.advance()).to.be.revertedWithCustomError(operators, "NothingDue");
    });

    it("happens once, however often it is asked for", async () => {
      const { operators, address, judge, now, reporter, stranger } = await seated(5, [9]);
      await judge.slash(address(9), 1, reporter);
      const time = await now();
      await expect(judge.slash(address(9), 1, reporter)).to.not.emit(
        operators,
        "OperatorDismissed",
      );
      await expect(operators.connect(stranger).dismiss(address(9))).to.not.emit(
        operators,
        "OperatorDismissed",
      );
      expect((await operators.standingOf(address(9))).leavesAt).to.equal(time);
    });

    it("is anyone's call for who sits by less than a minimum that governance raised", async () => {
      const { operators, address, active, stake, stranger } = await seated(5, [9]);
      await stake.setMinimumStake(MINIMUM + TOKEN);
      await expect(operators.connect(stranger).dismiss(address(9)))
        .to.emit(operators, "OperatorDismissed")
        .withArgs(address(9));
      await operators.advance();
      expect(await active()).to.deep.equal(range(5));
    });

    it("is anyone's call for all by stake when governance names no stake any more", async () => {
      const { ethers, operators, address, stranger } = await seated(5, [9]);
      await operators.setStake(ethers.ZeroAddress);
      await expect(operators.connect(stranger).dismiss(address(9)))
        .to.emit(operators, "OperatorDismissed")
        .withArgs(address(9));
    });

    it("reverts with NotDismissible for governance's, for enough stake, and for no seat", async () => {
      const { operators, address, stranger } = await seated(5, [9]);
      for (const i of [0, 9, 10]) {
        await expect(operators.connect(stranger).dismiss(address(i)))
          .to.be.revertedWithCustomError(operators, "NotDismissible")
          .withArgs(address(i));
      }
    });

    it("leaves a registry alone that asks another contract for stakes", async () => {
      const { ethers, operators, address, judge, reporter } = await seated(5, [9]);
      await operators.setStake(ethers.ZeroAddress);
      await expect(judge.slash(address(9), MINIMUM, reporter)).to.not.emit(
        operators,
        "OperatorDismissed",
      );
    });
  });

  it("says where an unknown account stands: nowhere", async () => {
    const { operators, stranger } = await economy();
    const standing = await operators.standingOf(stranger.address);
    expect([...standing]).to.deep.equal([0n, 0n, 0n, false, 0n, 0n]);
    expect(await operators.isBound(stranger.address)).to.equal(false);
    expect(await operators.wasActive(stranger.address, 5)).to.equal(false);
    expect(await operators.nextChangeAt()).to.equal(0);
  });
});

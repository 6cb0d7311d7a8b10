import { expect } from "chai";
import { MaxUint256, parseEther } from "ethers";

import {
  ADMIN,
  AGAINST,
  DAY,
  DELAY,
  deployGovernance,
  FOR,
  GUARDIAN,
  HOUR,
  SETTINGS,
  SHARES,
  State,
} from "./governance.ts";
import type { Governance, Proposal } from "./governance.ts";

const NO_ROLE = `0x${"00".repeat(32)}`;

const work = (gov: Governance) => ({
  target: gov.pausable,
  data: gov.pausable.interface.encodeFunctionData("work"),
});

/** The timelock's arguments for a proposal of this governor. */
async function operationOf(gov: Governance, proposal: Proposal) {
  const governor = BigInt(await gov.ethers.resolveAddress(gov.governor)) << 96n;
  const salt = gov.ethers.toBeHex(governor ^ BigInt(proposal.descriptionHash), 32);
  return [proposal.targets, proposal.values, proposal.calldatas, NO_ROLE, salt] as const;
}

describe("Attacks on governance", () => {
  describe("with borrowed votes", () => {
    /** A contract that Bob lends all that he has, for a transaction. */
    async function withLender() {
      const gov = await deployGovernance();
      const voter = await gov.ethers.deployContract("FlashVoter", [gov.token, gov.governor]);
      await gov.token.connect(gov.bob).approve(voter, MaxUint256);
      return { gov, voter };
    }

    it("a loan of one transaction casts no vote", async () => {
      const { gov, voter } = await withLender();
      const proposal = await gov.propose([work(gov)]);
      await gov.open(proposal);
      await voter.borrowAndVote(gov.bob, SHARES.bob, proposal.id);
      expect(await gov.governor.hasVoted(proposal.id, voter)).to.equal(true);
      expect((await gov.governor.proposalVotes(proposal.id)).forVotes).to.equal(0n);
    });

    it("nor does one at the very second whose votes count", async () => {
      const { gov, voter } = await withLender();
      const { governor, token, networkHelpers } = gov;
      const proposal = await gov.propose([work(gov)]);
      const snapshot = await governor.proposalSnapshot(proposal.id);
      await networkHelpers.time.setNextBlockTimestamp(snapshot);
      await expect(
        voter.borrowAndVote(gov.bob, SHARES.bob, proposal.id),
      ).to.be.revertedWithCustomError(governor, "GovernorUnexpectedProposalState");
      await networkHelpers.time.setNextBlockTimestamp(snapshot + 1n);
      await voter.borrow(gov.bob, SHARES.bob);
      expect(await token.getPastVotes(voter, snapshot)).to.equal(0n);

      const other = await gov.propose([work(gov)]);
      const second = await governor.proposalSnapshot(other.id);
      await networkHelpers.time.setNextBlockTimestamp(second);
      await voter.borrow(gov.bob, SHARES.bob);
      await voter.vote(other.id);
      expect((await governor.proposalVotes(other.id)).forVotes).to.equal(0n);
    });

    it("nor does it propose", async () => {
      const { gov, voter } = await withLender();
      const { target, data } = work(gov);
      await expect(voter.borrowAndPropose(gov.bob, SHARES.bob, target, data))
        .to.be.revertedWithCustomError(gov.governor, "GovernorInsufficientProposerVotes")
        .withArgs(await voter.getAddress(), 0n, SETTINGS.proposalThreshold);
    });

    it("a delegation after the snapshot gives no vote, and none twice", async () => {
      const gov = await deployGovernance();
      const { governor, token, alice, bob, stranger } = gov;
      const proposal = await gov.propose([work(gov)]);
      await gov.open(proposal);
      await governor.connect(bob).castVote(proposal.id, FOR);
      await token.connect(bob).transfer(stranger, SHARES.bob);
      await token.connect(stranger).delegate(stranger);
      await token.connect(alice).delegate(stranger);
      await gov.networkHelpers.mine();
      await governor.connect(stranger).castVote(proposal.id, FOR);
      expect((await governor.proposalVotes(proposal.id)).forVotes).to.equal(SHARES.bob);
    });
  });

  describe("at the last moment", () => {
    it("a late quorum leaves the others time to answer", async () => {
      const gov = await deployGovernance();
      const { governor, alice, bob, networkHelpers } = gov;
      const proposal = await gov.propose([work(gov)]);
      const deadline = await governor.proposalDeadline(proposal.id);
      await networkHelpers.time.setNextBlockTimestamp(deadline - 5n);
      const extended = deadline - 5n + BigInt(SETTINGS.voteExtension);
      await expect(governor.connect(bob).castVote(proposal.id, FOR))
        .to.emit(governor, "ProposalExtended")
        .withArgs(proposal.id, extended);
      expect(await governor.proposalDeadline(proposal.id)).to.equal(extended);
      await networkHelpers.time.setNextBlockTimestamp(extended);
      await governor.connect(alice).castVote(proposal.id, AGAINST);
      await networkHelpers.mine();
      expect(await gov.stateOf(proposal)).to.equal(State.Defeated);
    });

    it("the vote is extended once only, and not where the quorum came early", async () => {
      const gov = await deployGovernance();
      const { governor, alice, bob, networkHelpers } = gov;
      const [late, early] = [await gov.propose([work(gov)]), await gov.propose([work(gov)])];
      const deadline = await governor.proposalDeadline(early.id);
      await gov.open(early);
      await governor.connect(bob).castVote(early.id, FOR);
      await networkHelpers.time.increaseTo((await governor.proposalDeadline(late.id)) - 5n);
      await governor.connect(bob).castVote(late.id, FOR);
      const extended = await governor.proposalDeadline(late.id);
      await networkHelpers.time.increaseTo(extended - 5n);
      await governor.connect(alice).castVote(late.id, AGAINST);
      expect(await governor.proposalDeadline(late.id)).to.equal(extended);
      expect(await governor.proposalDeadline(early.id)).to.equal(deadline);
    });
  });

  describe("by spam", () => {
    it("who has fewer votes than the threshold cannot propose", async () => {
      const gov = await deployGovernance();
      const { governor, small, stranger } = gov;
      for (const [account, votes] of [
        [small, SHARES.small],
        [stranger, 0n],
      ] as const) {
        await expect(gov.propose([work(gov)], account))
          .to.be.revertedWithCustomError(governor, "GovernorInsufficientProposerVotes")
          .withArgs(account.address, votes, SETTINGS.proposalThreshold);
      }
    });

    it("votes that came in the same second do not count towards it", async () => {
      const gov = await deployGovernance();
      const { token, governor, alice, small, networkHelpers } = gov;
      const lists = [[await gov.pausable.getAddress()], [0n], [work(gov).data]] as const;
      const time = (await gov.now()) + 100;
      await networkHelpers.time.setNextBlockTimestamp(time);
      await gov.ethers.provider.send("evm_setAutomine", [false]);
      await token.connect(alice).transfer(small, parseEther("1"));
      const sent = await governor
        .connect(small)
        .propose(lists[0].slice(), lists[1].slice(), lists[2].slice(), "x", {
          gasLimit: 1_000_000,
        });
      await gov.ethers.provider.send("evm_setAutomine", [true]);
      await networkHelpers.mine();
      expect((await gov.ethers.provider.getTransactionReceipt(sent.hash))?.status).to.equal(0);
      // The second after, they do.
      await governor
        .connect(small)
        .propose(lists[0].slice(), lists[1].slice(), lists[2].slice(), "x");
    });

    it("the same proposal stands once", async () => {
      const gov = await deployGovernance();
      await gov.propose([work(gov)], gov.alice, "same");
      await expect(gov.propose([work(gov)], gov.bob, "same")).to.be.revertedWithCustomError(
        gov.governor,
        "GovernorUnexpectedProposalState",
      );
    });

    it("nobody takes a proposal that names its proposer", async () => {
      const gov = await deployGovernance();
      const description = `mine#proposer=${gov.alice.address}`;
      await expect(gov.propose([work(gov)], gov.bob, description))
        .to.be.revertedWithCustomError(gov.governor, "GovernorRestrictedProposer")
        .withArgs(gov.bob.address);
      await gov.propose([work(gov)], gov.alice, description);
    });
  });

  describe("around the timelock", () => {
    it("nothing is executed before its delay has passed", async () => {
      const gov = await deployGovernance();
      const { governor, timelock, pausable, networkHelpers } = gov;
      const proposal = await gov.propose([work(gov)]);
      await expect(gov.execute(proposal)).to.be.revertedWithCustomError(
        governor,
        "GovernorUnexpectedProposalState",
      );
      await gov.carry(proposal);
      await expect(gov.execute(proposal)).to.be.revertedWithCustomError(
        governor,
        "GovernorUnexpectedProposalState",
      );
      await governor["queue(uint256)"](proposal.id);
      const eta = await governor.proposalEta(proposal.id);
      expect(eta).to.equal(BigInt((await gov.now()) + DELAY));
      const operation = await operationOf(gov, proposal);
      await networkHelpers.time.setNextBlockTimestamp(eta - 2n);
      await expect(gov.execute(proposal)).to.be.revertedWithCustomError(
        timelock,
        "TimelockUnexpectedOperationState",
      );
      await networkHelpers.time.setNextBlockTimestamp(eta - 1n);
      await expect(timelock.executeBatch(...operation)).to.be.revertedWithCustomError(
        timelock,
        "TimelockUnexpectedOperationState",
      );
      expect(await pausable.worked()).to.equal(0n);
      await networkHelpers.time.setNextBlockTimestamp(eta);
      await gov.execute(proposal);
      expect(await pausable.worked()).to.equal(1n);
    });

    it("nobody but the governor schedules or cancels", async () => {
      const gov = await deployGovernance();
      const { timelock, alice, deployer, holder, stranger } = gov;
      const { target, data } = work(gov);
      for (const account of [alice, deployer, holder, stranger]) {
        const by = timelock.connect(account) as typeof timelock;
        for (const attempt of [
          () => by.schedule(target, 0, data, NO_ROLE, NO_ROLE, DELAY),
          () => by.scheduleBatch([target], [0], [data], NO_ROLE, NO_ROLE, DELAY),
          () => by.cancel(NO_ROLE),
        ]) {
          await expect(attempt()).to.be.revertedWithCustomError(
            timelock,
            "AccessControlUnauthorizedAccount",
          );
        }
      }
    });

    it("nothing is executed that was not scheduled, and nothing twice", async () => {
      const gov = await deployGovernance();
      const { timelock, governor } = gov;
      const { target, data } = work(gov);
      await expect(
        timelock.execute(target, 0, data, NO_ROLE, NO_ROLE),
      ).to.be.revertedWithCustomError(timelock, "TimelockUnexpectedOperationState");
      const proposal = await gov.propose([work(gov)]);
      await gov.ripen(proposal);
      // Whoever executes it past the governor does what was voted for, and no more.
      await timelock.executeBatch(...(await operationOf(gov, proposal)));
      expect(await gov.stateOf(proposal)).to.equal(State.Executed);
      await expect(gov.execute(proposal)).to.be.revertedWithCustomError(
        governor,
        "GovernorUnexpectedProposalState",
      );
      await expect(
        timelock.executeBatch(...(await operationOf(gov, proposal))),
      ).to.be.revertedWithCustomError(timelock, "TimelockUnexpectedOperationState");
      expect(await gov.pausable.worked()).to.equal(1n);
    });

    it("no setting changes but by a proposal that the governor executes", async () => {
      const gov = await deployGovernance();
      const { governor, timelock, alice, stranger } = gov;
      const data = governor.interface.encodeFunctionData("setVotingPeriod", [1]);
      await expect(alice.sendTransaction({ to: governor, data }))
        .to.be.revertedWithCustomError(governor, "GovernorOnlyExecutor")
        .withArgs(alice.address);
      await expect(governor.relay(stranger, 0, "0x"))
        .to.be.revertedWithCustomError(governor, "GovernorOnlyExecutor")
        .withArgs(alice.address);
      await expect(governor.updateTimelock(stranger))
        .to.be.revertedWithCustomError(governor, "GovernorOnlyExecutor")
        .withArgs(alice.address);
      await expect(governor.setProposalGuardian(stranger))
        .to.be.revertedWithCustomError(governor, "GovernorOnlyExecutor")
        .withArgs(alice.address);
      await expect(timelock.updateDelay(0)).to.be.revertedWithCustomError(
        timelock,
        "TimelockUnauthorizedCaller",
      );
      // Past the governor not even with the timelock as the caller.
      const proposal = await gov.propose([{ target: governor, data }]);
      await gov.ripen(proposal);
      await expect(timelock.executeBatch(...(await operationOf(gov, proposal)))).to.be.revert(
        gov.ethers,
      );
      await gov.execute(proposal);
      expect(await governor.votingPeriod()).to.equal(1n);
    });
  });

  describe("by granting oneself", () => {
    it("no account, the guardian's contract and the governor included, grants or takes a role", async () => {
      const gov = await deployGovernance();
      const { ethers, manager, networkHelpers, guardian, governor } = gov;
      const contracts = [];
      for (const contract of [guardian, governor]) {
        const address = await ethers.resolveAddress(contract);
        await networkHelpers.impersonateAccount(address);
        await networkHelpers.setBalance(address, 10n ** 18n);
        contracts.push(await ethers.getSigner(address));
      }
      for (const account of [gov.alice, gov.deployer, gov.holder, gov.stranger, ...contracts]) {
        const by = manager.connect(account) as typeof manager;
        for (const attempt of [
          () => by.grantRole(ADMIN, account, 0),
          () => by.grantRole(GUARDIAN, account, 0),
          () => by.grantRole(7n, account, 0),
          () => by.revokeRole(ADMIN, gov.timelock),
          () => by.setRoleAdmin(GUARDIAN, 9n),
          () => by.setTargetFunctionRole(gov.feeds, ["0x12345678"], 2n ** 64n - 1n),
          () => by.setTargetClosed(gov.feeds, true),
          () => by.updateAuthority(gov.feeds, account),
        ]) {
          await expect(attempt()).to.be.revertedWithCustomError(
            manager,
            "AccessManagerUnauthorizedAccount",
          );
        }
      }
    });

    it("no account makes itself proposer, canceller or admin of the timelock", async () => {
      const gov = await deployGovernance();
      const { ethers, timelock } = gov;
      for (const account of [gov.alice, gov.deployer, gov.holder, gov.stranger]) {
        const by = timelock.connect(account) as typeof timelock;
        for (const role of [NO_ROLE, ethers.id("PROPOSER_ROLE"), ethers.id("CANCELLER_ROLE")]) {
          expect(await timelock.hasRole(role, account)).to.equal(false);
          await expect(by.grantRole(role, account)).to.be.revertedWithCustomError(
            timelock,
            "AccessControlUnauthorizedAccount",
          );
        }
      }
    });

    it("no restricted function answers to the deployer, the holder or a stranger, by either way", async () => {
      const gov = await deployGovernance();
      const { feeds, manager, operators } = gov;
      const calls = [
        [feeds, feeds.interface.encodeFunctionData("createFeeds", [[], []])],
        [operators, operators.interface.encodeFunctionData("setActive", [[]])],
      ] as const;
      for (const account of [gov.deployer, gov.holder, gov.stranger]) {
        for (const [target, data] of calls) {
          await expect(account.sendTransaction({ to: target, data }))
            .to.be.revertedWithCustomError(feeds, "AccessManagedUnauthorized")
            .withArgs(account.address);
          await expect(
            (manager.connect(account) as typeof manager).execute(target, data),
          ).to.be.revertedWithCustomError(manager, "AccessManagerUnauthorizedCall");
        }
      }
    });
  });

  describe("by what a proposal calls", () => {
    const payment = parseEther("1");

    async function withTarget(way: number) {
      const gov = await deployGovernance();
      await gov.alice.sendTransaction({ to: gov.timelock, value: parseEther("5") });
      const target = await gov.ethers.deployContract("ReenteringTarget", [gov.governor, way]);
      const proposal = await gov.propose([{ target, data: "0x", value: payment }]);
      await target.aim(proposal.id);
      await gov.ripen(proposal);
      return { gov, target, proposal };
    }

    for (const [way, name] of [
      "the governor",
      "the governor in silence",
      "the timelock",
    ].entries()) {
      it(`a payee that executes its payment again through ${name} is not paid twice`, async () => {
        const { gov, target, proposal } = await withTarget(way);
        const balance = () => gov.ethers.provider.getBalance(target);
        if (name.includes("silence")) {
          await gov.execute(proposal);
          expect(await balance()).to.equal(payment);
          expect(await gov.stateOf(proposal)).to.equal(State.Executed);
        } else {
          await expect(gov.execute(proposal)).to.be.revert(gov.ethers);
          expect(await balance()).to.equal(0n);
          expect(await gov.stateOf(proposal)).to.equal(State.Queued);
        }
        expect(await gov.ethers.provider.getBalance(gov.timelock)).to.equal(
          parseEther("5") - (await balance()),
        );
      });
    }

    it("an execution that runs out of gas changes nothing and can be repeated", async () => {
      const gov = await deployGovernance();
      const { ethers, governor, stranger } = gov;
      const target = await ethers.deployContract("CostlyTarget");
      const data = target.interface.encodeFunctionData("work", [100]);
      const proposal = await gov.propose([work(gov), { target, data }]);
      await gov.ripen(proposal);
      const by = governor.connect(stranger);
      for (const gasLimit of [150_000, 600_000, 1_500_000, 2_200_000]) {
        await expect(by["execute(uint256)"](proposal.id, { gasLimit })).to.be.revert(ethers);
        expect(await gov.stateOf(proposal)).to.equal(State.Queued);
        expect(await target.runs()).to.equal(0n);
        expect(await gov.pausable.worked()).to.equal(0n);
      }
      await by["execute(uint256)"](proposal.id, { gasLimit: 5_000_000 });
      expect(await gov.stateOf(proposal)).to.equal(State.Executed);
      expect(await target.runs()).to.equal(1n);
      expect(await gov.pausable.worked()).to.equal(1n);
    });

    it("a call that reverts takes the calls before it back", async () => {
      const gov = await deployGovernance();
      const proposal = await gov.propose([
        work(gov),
        { target: gov.token, data: gov.token.interface.encodeFunctionData("burn", [2n ** 255n]) },
      ]);
      await gov.ripen(proposal);
      await expect(gov.execute(proposal)).to.be.revertedWithCustomError(
        gov.token,
        "ERC20InsufficientBalance",
      );
      expect(await gov.pausable.worked()).to.equal(0n);
      expect(await gov.stateOf(proposal)).to.equal(State.Queued);
    });
  });

  describe("by time", () => {
    it("a vote cannot be prolonged beyond twice its period", async () => {
      const gov = await deployGovernance();
      const { governor } = gov;
      const data = governor.interface.encodeFunctionData("setLateQuorumVoteExtension", [DAY + 1]);
      await expect(gov.enact([{ target: governor, data }]))
        .to.be.revertedWithCustomError(governor, "GovernorPreventLateQuorumVoteExtensionTooLarge")
        .withArgs(DAY + 1, DAY);
    });

    it("who sells after voting has voted; who buys after the snapshot has not", async () => {
      const gov = await deployGovernance();
      const { governor, token, alice, stranger, networkHelpers } = gov;
      const proposal = await gov.propose([work(gov)]);
      const snapshot = await governor.proposalSnapshot(proposal.id);
      await networkHelpers.time.increaseTo(snapshot + BigInt(HOUR));
      await token.connect(stranger).delegate(stranger);
      await token.connect(alice).transfer(stranger, SHARES.alice);
      await governor.connect(stranger).castVote(proposal.id, AGAINST);
      await governor.connect(alice).castVote(proposal.id, FOR);
      const { againstVotes, forVotes } = await governor.proposalVotes(proposal.id);
      expect([againstVotes, forVotes]).to.deep.equal([0n, SHARES.alice]);
    });
  });
});

import { expect } from "chai";
import { ZeroAddress } from "ethers";

import { feedId } from "../../helpers/contracts-fixture.ts";
import { ADMIN, DAY, deployGovernance, GUARDIAN, HOUR, State } from "./governance.ts";
import type { Action, Governance } from "./governance.ts";

const TERM = 180 * DAY;
const FEED = feedId("BTC/USD");

const work = (gov: Governance): Action => ({
  target: gov.pausable,
  data: gov.pausable.interface.encodeFunctionData("work"),
});
const onGuardian = (
  gov: Governance,
  ...[name, args]: ["appoint" | "setGovernor", [string]] | ["dismiss" | "renew", []]
): Action => ({
  target: gov.guardian,
  data: gov.guardian.interface.encodeFunctionData(name as "appoint", args as [string]),
});
const onManager = (gov: Governance, name: string, args: unknown[]): Action => ({
  target: gov.manager,
  data: gov.manager.interface.encodeFunctionData(name, args),
});
const setProposalGuardian = (gov: Governance, guardian: string): Action => ({
  target: gov.governor,
  data: gov.governor.interface.encodeFunctionData("setProposalGuardian", [guardian]),
});

describe("Guardian", () => {
  describe("holder and term", () => {
    it("begins with a holder and a term of 180 days", async () => {
      const gov = await deployGovernance();
      const { ethers, guardian, holder, manager, feeds } = gov;
      expect(await guardian.holder()).to.equal(holder.address);
      expect(await guardian.governor()).to.equal(await gov.governor.getAddress());
      expect(await guardian.priceFeeds()).to.equal(await feeds.getAddress());
      const other = await ethers.deployContract("Guardian", [manager, feeds, gov.alice]);
      expect(await other.termEnds()).to.equal(BigInt((await gov.now()) + TERM));
      await expect(
        ethers.deployContract("Guardian", [manager, feeds, ZeroAddress]),
      ).to.be.revertedWithCustomError(guardian, "ZeroHolder");
    });

    it("appoints, renews and dismisses by governance", async () => {
      const gov = await deployGovernance();
      const { guardian, alice } = gov;
      const appointed = await gov.enact([onGuardian(gov, "appoint", [alice.address])]);
      await expect(appointed)
        .to.emit(guardian, "HolderAppointed")
        .withArgs(alice.address, (await gov.now()) + TERM);
      expect(await guardian.holder()).to.equal(alice.address);
      await gov.networkHelpers.time.increase(100 * DAY);
      const renewed = await gov.enact([onGuardian(gov, "renew", [])]);
      const ends = BigInt((await gov.now()) + TERM);
      await expect(renewed).to.emit(guardian, "TermRenewed").withArgs(alice.address, ends);
      expect(await guardian.termEnds()).to.equal(ends);
      await expect(gov.enact([onGuardian(gov, "dismiss", [])]))
        .to.emit(guardian, "HolderDismissed")
        .withArgs(alice.address);
      expect(await guardian.holder()).to.equal(ZeroAddress);
      expect(await guardian.termEnds()).to.equal(0n);
      await expect(guardian.connect(alice).pause(gov.pausable))
        .to.be.revertedWithCustomError(guardian, "NotHolder")
        .withArgs(alice.address, ZeroAddress);
    });

    it("reverts with NoHolder, ZeroHolder and NoGovernor where there is none", async () => {
      const gov = await deployGovernance();
      const { guardian, stranger } = gov;
      await expect(
        gov.enact([onGuardian(gov, "appoint", [ZeroAddress])]),
      ).to.be.revertedWithCustomError(guardian, "ZeroHolder");
      await expect(gov.enact([onGuardian(gov, "setGovernor", [stranger.address])]))
        .to.be.revertedWithCustomError(guardian, "NoGovernor")
        .withArgs(stranger.address);
      await gov.enact([onGuardian(gov, "dismiss", [])]);
      for (const name of ["dismiss", "renew"] as const) {
        await expect(gov.enact([onGuardian(gov, name, [])])).to.be.revertedWithCustomError(
          guardian,
          "NoHolder",
        );
      }
    });

    it("lets nobody but governance appoint, renew, dismiss or name the governor", async () => {
      const gov = await deployGovernance();
      const { guardian, holder, stranger, deployer } = gov;
      for (const account of [holder, stranger, deployer]) {
        const by = guardian.connect(account);
        for (const attempt of [
          () => by.appoint(account),
          () => by.dismiss(),
          () => by.renew(),
          () => by.setGovernor(gov.token),
        ]) {
          await expect(attempt())
            .to.be.revertedWithCustomError(guardian, "AccessManagedUnauthorized")
            .withArgs(account.address);
        }
      }
    });

    it("obeys its holder alone", async () => {
      const gov = await deployGovernance();
      const { guardian, holder, stranger, deployer, alice } = gov;
      const proposal = await gov.propose([work(gov)]);
      for (const account of [stranger, deployer, alice]) {
        const by = guardian.connect(account);
        for (const attempt of [
          () => by.trip(FEED),
          () => by.pause(gov.pausable),
          () => by.disputePayout(gov.pausable, FEED, ""),
          () => by.veto(proposal.id),
        ]) {
          await expect(attempt())
            .to.be.revertedWithCustomError(guardian, "NotHolder")
            .withArgs(account.address, holder.address);
        }
      }
      // What its contract may do, its holder may not do without it.
      await expect(gov.governor.connect(holder)["cancel(uint256)"](proposal.id))
        .to.be.revertedWithCustomError(gov.governor, "GovernorUnableToCancel")
        .withArgs(proposal.id, holder.address);
    });

    it("is without power from the end of its term on, until governance renews it", async () => {
      const gov = await deployGovernance();
      const { guardian, pausable, networkHelpers } = gov;
      const ends = await guardian.termEnds();
      const proposal = await gov.propose([work(gov)]);
      await networkHelpers.time.setNextBlockTimestamp(ends - 1n);
      await guardian.pause(pausable);
      await networkHelpers.time.setNextBlockTimestamp(ends);
      for (const attempt of [
        () => guardian.pause(pausable),
        () => guardian.trip(FEED),
        () => guardian.disputePayout(pausable, FEED, ""),
        () => guardian.veto(proposal.id),
      ]) {
        await expect(attempt()).to.be.revertedWithCustomError(guardian, "TermEnded").withArgs(ends);
      }
      await gov.enact([onGuardian(gov, "renew", [])]);
      await guardian.pause(pausable);
    });
  });

  describe("trip", () => {
    it("stops a feed within the feed's own budget", async () => {
      const gov = await deployGovernance({ feeds: "reporting" });
      const { guardian, holder, feeds } = gov;
      await expect(guardian.trip(FEED))
        .to.emit(guardian, "TripOrdered")
        .withArgs(FEED, holder.address);
      expect((await feeds.feed(FEED)).status).to.equal(3n);
      await guardian.trip(FEED);
      await expect(guardian.trip(FEED)).to.be.revertedWithCustomError(feeds, "TripExhausted");
    });

    it("cannot empty a feed or change it", async () => {
      const gov = await deployGovernance({ feeds: "reporting" });
      for (const account of [gov.holder, await impersonate(gov)]) {
        await expect(gov.feeds.connect(account).reset(FEED))
          .to.be.revertedWithCustomError(gov.feeds, "AccessManagedUnauthorized")
          .withArgs(account.address);
      }
    });
  });

  describe("pause", () => {
    it("stops a contract within the contract's own budget, and never starts it", async () => {
      const gov = await deployGovernance();
      const { guardian, pausable, holder } = gov;
      const sent = await guardian.pause(pausable);
      await expect(sent)
        .to.emit(guardian, "PauseOrdered")
        .withArgs(await pausable.getAddress(), holder.address, (await gov.now()) + 72 * HOUR);
      await guardian.pause(pausable);
      await expect(guardian.pause(pausable)).to.be.revertedWithCustomError(
        pausable,
        "PauseExhausted",
      );
      for (const account of [holder, await impersonate(gov)]) {
        await expect(pausable.connect(account).unpause())
          .to.be.revertedWithCustomError(pausable, "AccessManagedUnauthorized")
          .withArgs(account.address);
      }
    });

    it("does nothing to a contract that cannot be paused", async () => {
      const gov = await deployGovernance();
      await expect(gov.guardian.pause(gov.token)).to.be.revert(gov.ethers);
      await expect(gov.guardian.pause(gov.stranger)).to.be.revert(gov.ethers);
    });

    it("holds when the holder is replaced, and gives the next one no more of it", async () => {
      const gov = await deployGovernance();
      const { guardian, holder, alice, pausable } = gov;
      const proposal = await gov.propose([onGuardian(gov, "appoint", [alice.address])]);
      await gov.ripen(proposal);
      await guardian.pause(pausable);
      const until = await pausable.pausedUntil();
      await gov.execute(proposal);
      await expect(guardian.pause(pausable))
        .to.be.revertedWithCustomError(guardian, "NotHolder")
        .withArgs(holder.address, alice.address);
      expect(await pausable.pausedUntil()).to.equal(until);
      await expect(pausable.work()).to.be.revertedWithCustomError(pausable, "ContractPaused");
      await guardian.connect(alice).pause(pausable);
      await expect(guardian.connect(alice).pause(pausable)).to.be.revertedWithCustomError(
        pausable,
        "PauseExhausted",
      );
    });

    it("holds when the whole guardian is replaced, and the old one can do nothing more", async () => {
      const gov = await deployGovernance();
      const { ethers, guardian, manager, feeds, pausable, alice, governor } = gov;
      const next = await ethers.deployContract("Guardian", [manager, feeds, alice], alice);
      const setGovernor = next.interface.encodeFunctionData("setGovernor", [
        await governor.getAddress(),
      ]);
      const proposal = await gov.propose([
        onManager(gov, "revokeRole", [GUARDIAN, await guardian.getAddress()]),
        onManager(gov, "grantRole", [GUARDIAN, await next.getAddress(), 0]),
        setProposalGuardian(gov, await next.getAddress()),
        { target: next, data: setGovernor },
      ]);
      await gov.ripen(proposal);
      await guardian.pause(pausable);
      await gov.execute(proposal);
      await expect(pausable.work()).to.be.revertedWithCustomError(pausable, "ContractPaused");
      await expect(guardian.pause(pausable))
        .to.be.revertedWithCustomError(pausable, "AccessManagedUnauthorized")
        .withArgs(await guardian.getAddress());
      const other = await gov.propose([work(gov)]);
      await expect(guardian.veto(other.id))
        .to.be.revertedWithCustomError(governor, "GovernorUnableToCancel")
        .withArgs(other.id, await guardian.getAddress());
      await next.pause(pausable);
      await expect(next.pause(pausable)).to.be.revertedWithCustomError(pausable, "PauseExhausted");
      await next.veto(other.id);
    });
  });

  describe("disputePayout", () => {
    const reason = "pays the wrong accounts";

    it("drops a proposed root within the distributor's budget of the guardian", async () => {
      const gov = await deployGovernance();
      const { guardian, holder } = gov;
      const { distributor, propose } = await deployDistributor(gov);
      const id = await propose(1);
      const sent = guardian.disputePayout(distributor, id, reason);
      await expect(sent)
        .to.emit(guardian, "PayoutDisputeOrdered")
        .withArgs(await distributor.getAddress(), id, holder.address, reason);
      await expect(sent)
        .to.emit(distributor, "ProposalDisputed")
        .withArgs(id, await guardian.getAddress(), reason);
      const DISPUTED = 5n;
      expect(await distributor.stateOf(id)).to.equal(DISPUTED);
      await expect(guardian.disputePayout(distributor, id, reason))
        .to.be.revertedWithCustomError(distributor, "WrongState")
        .withArgs(id, DISPUTED);
      for (let i = 2; i <= 5; i++)
        await guardian.disputePayout(distributor, await propose(i), reason);
      const sixth = await propose(6);
      await expect(
        guardian.disputePayout(distributor, sixth, reason),
      ).to.be.revertedWithCustomError(distributor, "DisputesExhausted");
    });

    it("leaves what is active, and gives its holder and itself no other power over payouts", async () => {
      const gov = await deployGovernance();
      const { guardian, holder } = gov;
      const { approver, content, distributor, propose } = await deployDistributor(gov);
      const id = await propose(1);
      await distributor.connect(approver).approve(id);
      await gov.networkHelpers.time.increase(HOUR);
      await distributor.activate(id);
      const ACTIVATED = 4n;
      await expect(guardian.disputePayout(distributor, id, reason))
        .to.be.revertedWithCustomError(distributor, "WrongState")
        .withArgs(id, ACTIVATED);
      const limits = { perHour: 1n, perDay: 1n, perAccount: 1n, perEpoch: 1n };
      for (const account of [holder, await impersonate(gov)]) {
        const by = distributor.connect(account);
        for (const attempt of [
          () => by.propose(content(2)),
          () => by.dispute(id, reason),
          () => by.setApprovers([account], 1),
          () => by.setLimits(ZeroAddress, limits),
          () => by.reassign(gov.alice, ZeroAddress, account),
          () => by.withdraw(ZeroAddress, account, 1n),
          () => by.unpause(),
        ]) {
          await expect(attempt())
            .to.be.revertedWithCustomError(distributor, "AccessManagedUnauthorized")
            .withArgs(account.address);
        }
      }
      await expect(distributor.connect(holder).guardianDispute(id, reason))
        .to.be.revertedWithCustomError(distributor, "AccessManagedUnauthorized")
        .withArgs(holder.address);
    });

    it("calls nothing but a distributor's guardianDispute, whatever it is pointed at", async () => {
      const gov = await deployGovernance();
      const { ethers, guardian } = gov;
      for (const target of [gov.token, gov.governor, gov.manager, gov.stranger]) {
        await expect(guardian.disputePayout(target, FEED, reason)).to.be.revert(ethers);
      }
    });
  });

  describe("veto", () => {
    it("cancels a proposal that is pending, active, succeeded or queued, for good", async () => {
      const gov = await deployGovernance();
      const { guardian, governor, holder, networkHelpers } = gov;
      const stages: ((of: Awaited<ReturnType<typeof gov.propose>>) => Promise<unknown>)[] = [
        () => Promise.resolve(),
        gov.open,
        gov.carry,
        gov.ripen,
      ];
      for (const stage of stages) {
        const proposal = await gov.propose([work(gov)]);
        await stage(proposal);
        await expect(guardian.veto(proposal.id))
          .to.emit(guardian, "ProposalVetoed")
          .withArgs(proposal.id, holder.address);
        expect(await gov.stateOf(proposal)).to.equal(State.Canceled);
        await expect(gov.execute(proposal)).to.be.revertedWithCustomError(
          governor,
          "GovernorUnexpectedProposalState",
        );
        await networkHelpers.time.increase(31 * DAY);
      }
    });

    it("cannot undo what is executed, and what it cannot cancel does not count", async () => {
      const gov = await deployGovernance();
      const { guardian, governor } = gov;
      const proposal = await gov.propose([work(gov)]);
      await gov.ripen(proposal);
      await gov.execute(proposal);
      for (let i = 0; i < 4; i++) {
        await expect(guardian.veto(proposal.id)).to.be.revertedWithCustomError(
          governor,
          "GovernorUnexpectedProposalState",
        );
      }
      expect(await guardian.nextVetoAt()).to.equal(0n);
      await expect(guardian.veto(1n))
        .to.be.revertedWithCustomError(governor, "GovernorNonexistentProposal")
        .withArgs(1n);
    });

    it("falls at most three times in 30 days, whoever holds it", async () => {
      const gov = await deployGovernance();
      const { guardian, alice, networkHelpers } = gov;
      const spaced: number[] = [];
      for (let i = 0; i < 3; i++) {
        await guardian.veto((await gov.propose([work(gov)])).id);
        spaced.push(await gov.now());
        await networkHelpers.time.increase(DAY);
      }
      await gov.enact([onGuardian(gov, "appoint", [alice.address])]);
      const by = guardian.connect(alice);
      const [fourth, fifth] = [await gov.propose([work(gov)]), await gov.propose([work(gov)])];
      const next = spaced[0]! + 30 * DAY;
      expect(await by.nextVetoAt()).to.equal(next);
      await networkHelpers.time.setNextBlockTimestamp(next - 1);
      await expect(by.veto(fourth.id))
        .to.be.revertedWithCustomError(guardian, "VetoesExhausted")
        .withArgs(next);
      await networkHelpers.time.setNextBlockTimestamp(next);
      await by.veto(fourth.id);
      await expect(by.veto(fifth.id))
        .to.be.revertedWithCustomError(guardian, "VetoesExhausted")
        .withArgs(spaced[1]! + 30 * DAY);
    });

    it("reverts with NoGovernor before a governor is named", async () => {
      const gov = await deployGovernance();
      const { ethers, manager, feeds, alice } = gov;
      const guardian = await ethers.deployContract("Guardian", [manager, feeds, alice], alice);
      await expect(guardian.veto(1n))
        .to.be.revertedWithCustomError(guardian, "NoGovernor")
        .withArgs(ZeroAddress);
    });

    const successor = "0x00000000000000000000000000000000000000a1";
    type Build = (gov: Governance, guardian: string) => Action[];
    const removals: [string, Build][] = [
      ["appoints another holder", (gov) => [onGuardian(gov, "appoint", [successor])]],
      ["dismisses the holder", (gov) => [onGuardian(gov, "dismiss", [])]],
      ["takes the governor's veto away", (gov) => [setProposalGuardian(gov, successor)]],
      [
        "revokes the guardian's role",
        (gov, guardian) => [onManager(gov, "revokeRole", [GUARDIAN, guardian])],
      ],
      [
        "does all of these",
        (gov, guardian) => [
          onGuardian(gov, "dismiss", []),
          setProposalGuardian(gov, successor),
          onManager(gov, "revokeRole", [GUARDIAN, guardian]),
          onGuardian(gov, "appoint", [successor]),
        ],
      ],
    ];
    for (const [name, build] of removals) {
      it(`is refused for a proposal that only ${name}`, async () => {
        const gov = await deployGovernance();
        const { guardian } = gov;
        const actions = build(gov, await guardian.getAddress());
        const proposal = await gov.propose(actions);
        expect(await guardian.isProtected(proposal.id)).to.equal(true);
        await expect(guardian.veto(proposal.id))
          .to.be.revertedWithCustomError(guardian, "ProposalProtected")
          .withArgs(proposal.id);
        await gov.ripen(proposal);
        await expect(guardian.veto(proposal.id)).to.be.revertedWithCustomError(
          guardian,
          "ProposalProtected",
        );
        await gov.execute(proposal);
      });
    }

    const others: [string, Build][] = [
      ["anything before a dismissal", (gov) => [work(gov), onGuardian(gov, "dismiss", [])]],
      ["anything after a dismissal", (gov) => [onGuardian(gov, "dismiss", []), work(gov)]],
      ["a renewal", (gov) => [onGuardian(gov, "renew", [])]],
      ["another governor to veto", (gov) => [onGuardian(gov, "setGovernor", [successor])]],
      [
        "another role's removal",
        (gov, guardian) => [onManager(gov, "revokeRole", [ADMIN, guardian])],
      ],
      [
        "the role's removal from another account",
        (gov) => [onManager(gov, "revokeRole", [GUARDIAN, successor])],
      ],
      [
        "a grant of the role",
        (gov, guardian) => [onManager(gov, "grantRole", [GUARDIAN, guardian, 0])],
      ],
      [
        "the removal with bytes behind it",
        (gov, guardian) => {
          const { target, data } = onManager(gov, "revokeRole", [GUARDIAN, guardian]);
          return [{ target, data: `${data as string}00` }];
        },
      ],
      [
        "an appointment elsewhere",
        (gov) => [{ ...onGuardian(gov, "appoint", [successor]), target: gov.feeds }],
      ],
      [
        "a change of the veto's holder elsewhere",
        (gov) => [{ ...setProposalGuardian(gov, successor), target: gov.guardian }],
      ],
      ["a payment to the guardian", (gov) => [{ target: gov.guardian, data: "0x", value: 1n }]],
      [
        "another of the governor's settings",
        (gov) => [
          {
            target: gov.governor,
            data: gov.governor.interface.encodeFunctionData("setVotingPeriod", [1]),
          },
        ],
      ],
    ];
    for (const [name, build] of others) {
      it(`cancels a proposal of ${name}`, async () => {
        const gov = await deployGovernance();
        const { guardian } = gov;
        const proposal = await gov.propose(build(gov, await guardian.getAddress()));
        expect(await guardian.isProtected(proposal.id)).to.equal(false);
        await guardian.veto(proposal.id);
        expect(await gov.stateOf(proposal)).to.equal(State.Canceled);
      });
    }
  });

  it("holds nothing and spends nothing", async () => {
    const gov = await deployGovernance();
    const { guardian, holder, token, timelock, stranger } = gov;
    await expect(stranger.sendTransaction({ to: guardian, value: 1n })).to.be.revert(gov.ethers);
    expect(guardian.interface.fragments.some((f) => "payable" in f && f.payable === true)).to.equal(
      false,
    );
    const writes = guardian.interface.fragments
      .filter(
        (f) =>
          "stateMutability" in f && f.stateMutability === "nonpayable" && f.type === "function",
      )
      .map((f) => (f as unknown as { name: string }).name);
    expect(writes.sort()).to.deep.equal(
      [
        "appoint",
        "dismiss",
        "disputePayout",
        "pause",
        "renew",
        "setAuthority",
        "setGovernor",
        "trip",
        "veto",
      ].sort(),
    );
    for (const account of [holder, await impersonate(gov)]) {
      await expect(
        token.connect(account).transferFrom(timelock, holder, 1n),
      ).to.be.revertedWithCustomError(token, "ERC20InsufficientAllowance");
    }
    await expect(guardian.connect(holder).setAuthority(holder))
      .to.be.revertedWithCustomError(guardian, "AccessManagedUnauthorized")
      .withArgs(holder.address);
  });
});

/** Signer of the guardian's contract itself. */
async function impersonate(gov: Governance) {
  const address = await gov.guardian.getAddress();
  await gov.networkHelpers.impersonateAccount(address);
  await gov.networkHelpers.setBalance(address, 10n ** 18n);
  return await gov.ethers.getSigner(address);
}

/** A distributor under governance, with one approver and a hand that proposes roots for the first epoch. */
async function deployDistributor(gov: Governance) {
  const { alice, carol: approver, ethers, manager } = gov;
  const config = { challengeSeconds: HOUR, lifetimeSeconds: 30 * DAY, epochSeconds: 0 };
  const distributor = await ethers.deployContract("PayoutDistributor", [
    ...[manager, config, [approver.address], 1],
  ]);
  const address = await distributor.getAddress();
  const PROPOSER = 4n;
  const give = (name: "propose" | "guardianDispute" | "pause", role: bigint): Action =>
    onManager(gov, "setTargetFunctionRole", [
      ...[address, [distributor.interface.getFunction(name).selector], role],
    ]);
  await gov.enact([
    ...[give("propose", PROPOSER), give("guardianDispute", BigInt(GUARDIAN))],
    onManager(gov, "grantRole", [PROPOSER, alice.address, 0]),
  ]);
  const content = (root: number) => ({
    ...{ epoch: 1, root: `0x${String(root).padStart(64, "0")}`, totals: [], uri: "" },
    ...{ dataHash: `0x${"00".repeat(32)}`, snapshotBlock: 1 },
  });
  const propose = async (root: number): Promise<string> => {
    await distributor.connect(alice).propose(content(root));
    return (await distributor.proposalIdOf(content(root))).proposalId;
  };
  return { approver, content, distributor, propose };
}

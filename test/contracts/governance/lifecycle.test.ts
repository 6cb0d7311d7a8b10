import governorArtifact from "@openzeppelin/contracts/build/contracts/IGovernor.json" with { type: "json" };
import { expect } from "chai";
import { Contract, id, parseEther } from "ethers";
import type { ContractTransactionResponse } from "ethers";

import { feedId, PARAMS } from "../../helpers/contracts-fixture.ts";
import {
  ABSTAIN,
  AGAINST,
  DAY,
  DELAY,
  deployGovernance,
  FOR,
  HOUR,
  SETTINGS,
  SHARES,
  State,
} from "./governance.ts";
import type { Governance } from "./governance.ts";

/** Something harmless to propose. */
const anything = (gov: Governance) => ({
  target: gov.pausable,
  data: gov.pausable.interface.encodeFunctionData("work"),
});

describe("DodonaGovernor", () => {
  it("starts with the settings it is given", async () => {
    const { governor, token, timelock, guardian, now } = await deployGovernance();
    expect(await governor.name()).to.equal("DodonaGovernor");
    expect(await governor.CLOCK_MODE()).to.equal("mode=timestamp");
    expect(await governor.clock()).to.equal(await now());
    expect(await governor.votingDelay()).to.equal(SETTINGS.votingDelay);
    expect(await governor.votingPeriod()).to.equal(SETTINGS.votingPeriod);
    expect(await governor.proposalThreshold()).to.equal(SETTINGS.proposalThreshold);
    expect(await governor["quorumNumerator()"]()).to.equal(SETTINGS.quorumPercent);
    expect(await governor.lateQuorumVoteExtension()).to.equal(SETTINGS.voteExtension);
    expect(await governor.token()).to.equal(await token.getAddress());
    expect(await governor.timelock()).to.equal(await timelock.getAddress());
    expect(await governor.proposalGuardian()).to.equal(await guardian.getAddress());
    expect(await governor.quorum((await now()) - 1)).to.equal(parseEther("4000"));
  });

  it("carries a change of a feed's heartbeat from proposal to execution", async () => {
    const gov = await deployGovernance({ feeds: "reporting" });
    const { governor, feeds, networkHelpers } = gov;
    const feed = feedId("BTC/USD");
    const data = feeds.interface.encodeFunctionData("setParams", [
      feed,
      { ...PARAMS, heartbeat: 60 },
    ]);
    const proposal = await gov.propose([{ target: feeds, data }]);
    expect(await gov.stateOf(proposal)).to.equal(State.Pending);
    await gov.open(proposal);
    expect(await gov.stateOf(proposal)).to.equal(State.Active);
    await expect(governor.castVote(proposal.id, FOR))
      .to.emit(governor, "VoteCast")
      .withArgs(gov.alice.address, proposal.id, FOR, SHARES.alice, "");
    await gov.close(proposal);
    expect(await gov.stateOf(proposal)).to.equal(State.Succeeded);
    await governor["queue(uint256)"](proposal.id);
    expect(await gov.stateOf(proposal)).to.equal(State.Queued);
    expect(await governor.proposalEta(proposal.id)).to.equal(BigInt((await gov.now()) + DELAY));
    await networkHelpers.time.increase(DELAY);
    expect((await feeds.params(feed)).heartbeat).to.equal(10n);
    await expect(gov.execute(proposal)).to.emit(governor, "ProposalExecuted").withArgs(proposal.id);
    expect(await gov.stateOf(proposal)).to.equal(State.Executed);
    expect((await feeds.params(feed)).heartbeat).to.equal(60n);
  });

  it("is driven by nothing but OpenZeppelin's published interface", async () => {
    const gov = await deployGovernance();
    const { alice, stranger, networkHelpers, pausable, ethers } = gov;
    const client = new Contract(
      await gov.governor.getAddress(),
      governorArtifact.abi,
      alice,
    ) as Contract & Record<string, (...args: unknown[]) => Promise<unknown>>;
    const call = async (name: string, args: unknown[], by = alice) =>
      (await client.connect(by).getFunction(name)(...args)) as ContractTransactionResponse;
    const read = async (name: string, of: bigint) =>
      (await client.getFunction(name).staticCall(of)) as bigint;
    const lists = [
      [await ethers.resolveAddress(pausable)],
      [0n],
      [pausable.interface.encodeFunctionData("work")],
    ];
    const receipt = await (await call("propose", [...lists, "work"])).wait();
    const created = receipt?.logs
      .map((log) => client.interface.parseLog(log))
      .find((log) => log?.name === "ProposalCreated");
    const proposalId = created?.args["proposalId"] as bigint;
    await networkHelpers.time.increaseTo((await read("proposalSnapshot", proposalId)) + 1n);
    await call("castVoteWithReason", [proposalId, FOR, "it is work"]);
    await networkHelpers.time.increaseTo((await read("proposalDeadline", proposalId)) + 1n);
    await call("queue", [...lists, id("work")], stranger);
    await networkHelpers.time.increaseTo(await read("proposalEta", proposalId));
    await call("execute", [...lists, id("work")], stranger);
    expect(await read("state", proposalId)).to.equal(State.Executed);
    expect(await pausable.worked()).to.equal(1n);
  });

  it("keeps a proposal's calls, so that an id is enough to find and to end it", async () => {
    const gov = await deployGovernance();
    const { governor } = gov;
    const proposal = await gov.propose([anything(gov), anything(gov)]);
    expect(await governor.proposalCount()).to.equal(1n);
    const expected = [
      proposal.targets,
      proposal.values,
      proposal.calldatas,
      proposal.descriptionHash,
    ];
    expect(await governor.proposalDetails(proposal.id)).to.deep.equal(expected);
    expect(await governor.proposalDetailsAt(0)).to.deep.equal([proposal.id, ...expected]);
    await governor["cancel(uint256)"](proposal.id);
    expect(await gov.stateOf(proposal)).to.equal(State.Canceled);
  });

  it("lets a proposer withdraw while the proposal is pending, and not after", async () => {
    const gov = await deployGovernance();
    const { governor, alice, bob } = gov;
    const proposal = await gov.propose([anything(gov)]);
    await expect(governor.connect(bob)["cancel(uint256)"](proposal.id))
      .to.be.revertedWithCustomError(governor, "GovernorUnableToCancel")
      .withArgs(proposal.id, bob.address);
    await gov.open(proposal);
    await expect(governor.connect(alice)["cancel(uint256)"](proposal.id))
      .to.be.revertedWithCustomError(governor, "GovernorUnableToCancel")
      .withArgs(proposal.id, alice.address);
  });

  it("defeats what more votes are against than for", async () => {
    const gov = await deployGovernance();
    const { governor, alice, bob } = gov;
    const proposal = await gov.propose([anything(gov)]);
    await gov.open(proposal);
    await governor.connect(alice).castVote(proposal.id, AGAINST);
    await governor.connect(bob).castVote(proposal.id, FOR);
    await gov.close(proposal);
    expect(await gov.stateOf(proposal)).to.equal(State.Defeated);
    await expect(governor["queue(uint256)"](proposal.id)).to.be.revertedWithCustomError(
      governor,
      "GovernorUnexpectedProposalState",
    );
  });

  it("defeats what does not reach the quorum, to which abstentions count", async () => {
    const gov = await deployGovernance({ settings: { quorumPercent: 6 } });
    const { governor, carol, bob } = gov;
    const [few, enough] = [await gov.propose([anything(gov)]), await gov.propose([anything(gov)])];
    await gov.open(enough);
    for (const proposal of [few, enough]) {
      await governor.connect(carol).castVote(proposal.id, FOR);
    }
    await governor.connect(bob).castVote(enough.id, ABSTAIN);
    await gov.close(enough);
    expect(await gov.stateOf(few)).to.equal(State.Defeated);
    expect(await gov.stateOf(enough)).to.equal(State.Succeeded);
  });

  it("counts a vote once, before its end, and not from who holds none", async () => {
    const gov = await deployGovernance();
    const { governor, alice, stranger } = gov;
    const proposal = await gov.propose([anything(gov)]);
    await expect(governor.castVote(proposal.id, FOR)).to.be.revertedWithCustomError(
      governor,
      "GovernorUnexpectedProposalState",
    );
    await gov.open(proposal);
    await governor.castVote(proposal.id, FOR);
    await expect(governor.castVote(proposal.id, AGAINST))
      .to.be.revertedWithCustomError(governor, "GovernorAlreadyCastVote")
      .withArgs(alice.address);
    await governor.connect(stranger).castVote(proposal.id, AGAINST);
    const { againstVotes, forVotes } = await governor.proposalVotes(proposal.id);
    expect([againstVotes, forVotes]).to.deep.equal([0n, SHARES.alice]);
    await gov.close(proposal);
    await expect(
      governor.connect(gov.bob).castVote(proposal.id, FOR),
    ).to.be.revertedWithCustomError(governor, "GovernorUnexpectedProposalState");
  });

  it("takes a vote by signature, once", async () => {
    const gov = await deployGovernance();
    const { ethers, governor, bob, stranger } = gov;
    const proposal = await gov.propose([anything(gov)]);
    await gov.open(proposal);
    const { chainId } = await ethers.provider.getNetwork();
    const domain = {
      name: "DodonaGovernor",
      version: "1",
      chainId,
      verifyingContract: await governor.getAddress(),
    };
    const types = {
      Ballot: [
        { name: "proposalId", type: "uint256" },
        { name: "support", type: "uint8" },
        { name: "voter", type: "address" },
        { name: "nonce", type: "uint256" },
      ],
    };
    const ballot = { proposalId: proposal.id, support: FOR, voter: bob.address, nonce: 0n };
    const signature = await bob.signTypedData(domain, types, ballot);
    await governor.connect(stranger).castVoteBySig(proposal.id, FOR, bob, signature);
    expect((await governor.proposalVotes(proposal.id)).forVotes).to.equal(SHARES.bob);
    await expect(governor.connect(stranger).castVoteBySig(proposal.id, FOR, bob, signature))
      .to.be.revertedWithCustomError(governor, "GovernorInvalidSignature")
      .withArgs(bob.address);
  });

  it("spends the treasury's coin and tokens through the timelock", async () => {
    const gov = await deployGovernance();
    const { ethers, token, timelock, alice, stranger } = gov;
    await alice.sendTransaction({ to: timelock, value: parseEther("3") });
    const to = ethers.getAddress(ethers.toBeHex(0xabcdef, 20));
    await gov.enact([
      { target: to, data: "0x", value: parseEther("2") },
      { target: token, data: token.interface.encodeFunctionData("transfer", [to, 5n]) },
    ]);
    expect(await ethers.provider.getBalance(to)).to.equal(parseEther("2"));
    expect(await token.balanceOf(to)).to.equal(5n);
    expect(await ethers.provider.getBalance(timelock)).to.equal(parseEther("1"));
    await expect(
      stranger.sendTransaction({ to: gov.governor, value: 1n }),
    ).to.be.revertedWithCustomError(gov.governor, "GovernorDisabledDeposit");
  });

  it("changes its own settings, and the timelock its delay, by proposals alone", async () => {
    const gov = await deployGovernance();
    const { governor, timelock } = gov;
    const own = (name: "setVotingDelay", value: bigint | number) => ({
      target: governor,
      data: governor.interface.encodeFunctionData(name, [value]),
    });
    await gov.enact([
      own("setVotingDelay", 2 * HOUR),
      own("setVotingPeriod" as "setVotingDelay", 3 * DAY),
      own("setProposalThreshold" as "setVotingDelay", parseEther("2000")),
      own("updateQuorumNumerator" as "setVotingDelay", 10),
      own("setLateQuorumVoteExtension" as "setVotingDelay", HOUR),
      { target: timelock, data: timelock.interface.encodeFunctionData("updateDelay", [DAY]) },
    ]);
    expect(await governor.votingDelay()).to.equal(2 * HOUR);
    expect(await governor.votingPeriod()).to.equal(3 * DAY);
    expect(await governor.proposalThreshold()).to.equal(parseEther("2000"));
    expect(await governor["quorumNumerator()"]()).to.equal(10n);
    expect(await governor.lateQuorumVoteExtension()).to.equal(HOUR);
    expect(await timelock.getMinDelay()).to.equal(DAY);
  });

  it("fits the size that chains allow", async () => {
    const { ethers, governor } = await deployGovernance();
    const code = await ethers.provider.getCode(governor);
    expect((code.length - 2) / 2).to.be.lessThan(24_576);
  });
});

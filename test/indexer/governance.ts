/** Token, timelock, governor and guardian on the network of the index tests. */
import { expect } from "chai";
import { id as keccakOfText, parseEther, ZeroAddress, ZeroHash } from "ethers";
import type pg from "pg";

import { DodonaGovernor__factory } from "../../types/ethers-contracts/factories/governance/DodonaGovernor__factory.ts";
import { DodonaToken__factory } from "../../types/ethers-contracts/factories/governance/DodonaToken__factory.ts";
import { IGuardian__factory } from "../../types/ethers-contracts/factories/interfaces/IGuardian__factory.ts";
import { rowsOf } from "./equality.ts";
import { connectTheirs, deployOwn, deployTheirs, mined, type Network } from "./network.ts";

const VOTING_DELAY = 5;
const VOTING_PERIOD = 20;
const TIMELOCK_DELAY = 10;
const QUORUM_PERCENT = 20;
/** By the number of OpenZeppelin's ProposalState. */
const STATES = [
  ...["pending", "active", "cancelled", "defeated", "succeeded", "queued", "expired", "executed"],
];
const TIMELOCK_ROLES = ["PROPOSER_ROLE", "EXECUTOR_ROLE", "CANCELLER_ROLE", "DEFAULT_ADMIN_ROLE"];

/** Deploys governance beside the network's contracts, with voters, and hands the AccessManager's admin role over. */
export async function startGovernance(network: Network) {
  const { admin, provider, manager } = network;
  const [alice, bob, carol, holder] = await Promise.all(
    [6, 7, 8, 9].map((index) => provider.getSigner(index)),
  );
  if (!alice || !bob || !carol || !holder) throw new Error("anvil has ten accounts");
  const timelock = await deployTheirs(admin, "TimelockController", [
    TIMELOCK_DELAY,
    [],
    [ZeroAddress],
    admin.address,
  ]);
  const timelockAddress = await timelock.getAddress();
  const tokenAddress = await deployOwn(admin, "governance/DodonaToken.sol", [
    [alice.address, bob.address, timelockAddress],
    [parseEther("600"), parseEther("300"), parseEther("100")],
  ]);
  const guardianAddress = await deployOwn(admin, "governance/Guardian.sol", [
    ...[manager, network.contracts.priceFeeds, holder.address],
  ]);
  const governorAddress = await deployOwn(admin, "governance/DodonaGovernor.sol", [
    ...[tokenAddress, timelockAddress, guardianAddress],
    {
      votingDelay: VOTING_DELAY,
      votingPeriod: VOTING_PERIOD,
      proposalThreshold: parseEther("10"),
      quorumPercent: QUORUM_PERCENT,
      voteExtension: 5,
    },
  ]);
  const token = DodonaToken__factory.connect(tokenAddress, admin);
  const governor = DodonaGovernor__factory.connect(governorAddress, admin);
  const guardian = IGuardian__factory.connect(guardianAddress, admin);
  const accessManager = connectTheirs(admin, "AccessManager", manager);
  const call = async (on: typeof timelock, name: string, ...args: unknown[]) =>
    await mined(on.getFunction(name).send(...args));
  await mined(guardian.setGovernor(governorAddress));
  const trip = network.feeds.interface.getFunction("trip").selector;
  await call(accessManager, "labelRole", 1n, "Dodona guardian");
  await call(accessManager, "setTargetFunctionRole", network.contracts.priceFeeds, [trip], 1n);
  await call(accessManager, "grantRole", 1n, guardianAddress, 0);
  for (const role of ["PROPOSER_ROLE", "CANCELLER_ROLE"]) {
    await call(timelock, "grantRole", keccakOfText(role), governorAddress);
  }
  await call(accessManager, "grantRole", 0n, timelockAddress, 0);
  await call(accessManager, "renounceRole", 0n, admin.address);
  await call(timelock, "renounceRole", ZeroHash, admin.address);

  return {
    ...{ token, governor, guardian, timelock, accessManager, alice, bob, carol, holder, trip },
    contracts: {
      accessManager: manager,
      governor: governorAddress,
      guardian: guardianAddress,
      timelock: timelockAddress,
      token: tokenAddress,
      // Nothing of the operators' economics happens here.
      ...{ operatorStake: admin.address, slashing: admin.address, operatorRewards: admin.address },
    },
    /** Lets blocks pass until a chain's time of so many seconds later. */
    pass: async (seconds: number): Promise<void> => {
      await network.anvil.rpc("evm_increaseTime", [seconds]);
      await network.mine(1);
    },
    /** Proposes to pay the treasury's tokens to Carol, as Alice. */
    propose: async (amount: bigint, description: string): Promise<bigint> => {
      const pay = token.interface.encodeFunctionData("transfer", [carol.address, amount]);
      await mined(governor.connect(alice).propose([tokenAddress], [0n], [pay], description));
      const [log] = (await governor.queryFilter(governor.filters.ProposalCreated())).slice(-1);
      if (log === undefined) throw new Error("no proposal");
      return log.args.proposalId;
    },
  };
}

/** What `startGovernance` resolves to. */
export type Governance = Awaited<ReturnType<typeof startGovernance>>;

/** State of a proposal by the contract, in the API's words. */
export async function stateOf({ governor }: Governance, proposalId: bigint): Promise<string> {
  return STATES[Number(await governor.state(proposalId))] ?? "unknown";
}

/**
 * Compares voters, power, proposals, votes and roles with what the contracts and their logs say now.
 *
 * @throws AssertionError at the first difference.
 */
export async function expectGovernanceEqualToChain(
  database: pg.Client,
  { accessManager, contracts, governor, timelock, token }: Governance,
): Promise<void> {
  for (const row of await rowsOf(database, "voter", "account")) {
    const account = String(row["account"]);
    const delegate = await token.delegates(account);
    expect(row).to.include({
      balance: String(await token.balanceOf(account)),
      votes: String(await token.getVotes(account)),
      delegate: delegate === ZeroAddress ? null : delegate.toLowerCase(),
    });
  }
  const clock = await token.clock();
  for (const row of await rowsOf(database, "voting_power", "account, since")) {
    if (BigInt(String(row["since"])) >= clock) continue;
    expect(row["votes"]).to.equal(
      String(await token.getPastVotes(String(row["account"]), String(row["since"]))),
    );
  }
  const [supply] = (await rowsOf(database, "token_supply", "since")).slice(-1);
  expect(supply?.["supply"]).to.equal(String(await token.totalSupply()));

  const created = await governor.queryFilter(governor.filters.ProposalCreated());
  const proposals = await rowsOf(database, "proposal", "block, log_index");
  expect(proposals.map((row) => row["id"])).to.deep.equal(
    created.map(({ args }) => String(args.proposalId)),
  );
  for (const row of proposals) {
    const id = BigInt(String(row["id"]));
    const [againstVotes, forVotes, abstainVotes] = await governor.proposalVotes(id);
    expect(row).to.include({
      vote_start: String(await governor.proposalSnapshot(id)),
      vote_end: String(await governor.proposalDeadline(id)),
      against_votes: String(againstVotes),
      for_votes: String(forVotes),
      abstain_votes: String(abstainVotes),
      proposer: (await governor.proposalProposer(id)).toLowerCase(),
    });
    const [targets, values, calldatas] = await governor.proposalDetails(id);
    expect(row["actions"]).to.deep.equal(
      targets.map((target, i) => ({
        target: target.toLowerCase(),
        value: String(values[i]),
        calldata: calldatas[i],
      })),
    );
  }
  const cast = await governor.queryFilter(governor.filters.VoteCast());
  const votes = await rowsOf(database, "vote", "block, voter");
  expect(votes.map((row) => [row["proposal"], row["voter"], row["weight"]])).to.have.deep.members(
    cast.map(({ args }) => [
      ...[String(args.proposalId), args.voter.toLowerCase(), String(args.weight)],
    ]),
  );

  const holders = await rowsOf(database, "role_holder", "contract, role, account");
  const has = async (row: Record<string, unknown>): Promise<boolean> => {
    const account = String(row["account"]);
    const role = String(row["role"]);
    if (row["contract"] === "accessManager") {
      const answer: unknown = await accessManager.getFunction("hasRole")(role, account);
      return (answer as [boolean])[0];
    }
    const hash = role === "DEFAULT_ADMIN_ROLE" ? ZeroHash : keccakOfText(role);
    return (await timelock.getFunction("hasRole")(hash, account)) as boolean;
  };
  for (const row of holders) expect(await has(row), JSON.stringify(row)).to.equal(true);
  const of = (contract: string) =>
    holders
      .filter((row) => row["contract"] === contract)
      .map((row) => [row["role"], row["account"]]);
  const lower = (address: string) => address.toLowerCase();
  expect(of("accessManager")).to.deep.equal([
    ["0", lower(contracts.timelock)],
    ["1", lower(contracts.guardian)],
  ]);
  expect(of("timelock")).to.have.deep.members([
    ["PROPOSER_ROLE", lower(contracts.governor)],
    ["CANCELLER_ROLE", lower(contracts.governor)],
    ["EXECUTOR_ROLE", ZeroAddress],
    ["DEFAULT_ADMIN_ROLE", lower(contracts.timelock)],
  ]);
  expect(holders.every((row) => row["contract"] !== "timelock" || isKnown(row["role"]))).to.equal(
    true,
  );
}

function isKnown(role: unknown): boolean {
  return TIMELOCK_ROLES.includes(String(role));
}

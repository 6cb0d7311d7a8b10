/** Token, timelock, governor, AccessManager and guardian as a deployment leaves them: the deployer keeps nothing. */
import timelockArtifact from "@openzeppelin/contracts/build/contracts/TimelockController.json" with { type: "json" };
import accessManagerArtifact from "@openzeppelin/contracts/build/contracts/AccessManager.json" with { type: "json" };
import { id, parseEther, ZeroAddress } from "ethers";
import type {
  AddressLike,
  BigNumberish,
  BytesLike,
  Contract,
  ContractTransactionResponse,
} from "ethers";

import { at, deployBare, deployNetwork } from "../../helpers/contracts-fixture.ts";

/** Roles of the AccessManager, as contracts/governance/Roles.sol has them. */
export const ADMIN = 0n;
export const GUARDIAN = 1n;

export const HOUR = 3_600;
export const DAY = 24 * HOUR;

/** Settings that tests start from. */
export const SETTINGS = {
  votingDelay: HOUR,
  votingPeriod: DAY,
  proposalThreshold: parseEther("1000"),
  quorumPercent: 4,
  voteExtension: 6 * HOUR,
};

/** Delay of the timelock. */
export const DELAY = 2 * DAY;

/** What each voter gets of a supply of 100,000. */
export const SHARES = {
  alice: parseEther("40000"),
  bob: parseEther("35000"),
  carol: parseEther("5000"),
  small: parseEther("999"),
  treasury: parseEther("19001"),
};

/** IGovernor.ProposalState. */
export const State = {
  Pending: 0n,
  Active: 1n,
  Canceled: 2n,
  Defeated: 3n,
  Succeeded: 4n,
  Queued: 5n,
  Executed: 7n,
};

/** GovernorCountingSimple.VoteType. */
export const AGAINST = 0;
export const FOR = 1;
export const ABSTAIN = 2;

/** One call of a proposal. */
export interface Action {
  target: AddressLike;
  data: BytesLike;
  value?: bigint;
}

/** A proposal's arguments and id. */
export interface Proposal {
  id: bigint;
  targets: string[];
  values: bigint[];
  calldatas: BytesLike[];
  descriptionHash: string;
}

/** What tests use of OpenZeppelin's TimelockController. */
export interface Timelock {
  getMinDelay(): Promise<bigint>;
  hasRole(role: BytesLike, account: AddressLike): Promise<boolean>;
  grantRole(role: BytesLike, account: AddressLike): Promise<ContractTransactionResponse>;
  renounceRole(role: BytesLike, account: AddressLike): Promise<ContractTransactionResponse>;
  updateDelay(delay: BigNumberish): Promise<ContractTransactionResponse>;
  schedule(...args: unknown[]): Promise<ContractTransactionResponse>;
  scheduleBatch(...args: unknown[]): Promise<ContractTransactionResponse>;
  execute(...args: unknown[]): Promise<ContractTransactionResponse>;
  executeBatch(...args: unknown[]): Promise<ContractTransactionResponse>;
  cancel(id: BytesLike): Promise<ContractTransactionResponse>;
}

/** What tests use of OpenZeppelin's AccessManager. */
export interface Manager {
  hasRole(role: bigint, account: AddressLike): Promise<[isMember: boolean, delay: bigint]>;
  grantRole(
    role: bigint,
    account: AddressLike,
    delay: number,
  ): Promise<ContractTransactionResponse>;
  revokeRole(role: bigint, account: AddressLike): Promise<ContractTransactionResponse>;
  renounceRole(role: bigint, account: AddressLike): Promise<ContractTransactionResponse>;
  setTargetFunctionRole(
    target: AddressLike,
    selectors: readonly string[],
    role: bigint,
  ): Promise<ContractTransactionResponse>;
  setRoleAdmin(role: bigint, admin: bigint): Promise<ContractTransactionResponse>;
  setTargetClosed(target: AddressLike, closed: boolean): Promise<ContractTransactionResponse>;
  updateAuthority(
    target: AddressLike,
    authority: AddressLike,
  ): Promise<ContractTransactionResponse>;
  execute(target: AddressLike, data: BytesLike): Promise<ContractTransactionResponse>;
}

const PROPOSER = id("PROPOSER_ROLE");
const CANCELLER = id("CANCELLER_ROLE");

/**
 * Deploys everything and hands over. With `feeds: "reporting"` there are operators and a feed "BTC/USD" that has an
 * answer; otherwise PriceFeeds is there and empty.
 */
export async function deployGovernance(
  options: { feeds?: "empty" | "reporting"; settings?: Partial<typeof SETTINGS> } = {},
) {
  const reporting =
    options.feeds === "reporting" ? await deployNetwork({ names: ["BTC/USD"] }) : null;
  const net = reporting ?? (await deployBare());
  const { ethers, networkHelpers, admin: deployer, feeds } = net;
  const signers = await ethers.getSigners();
  const [alice, bob, carol, small, holder, stranger] = [4, 5, 6, 7, 8, 9].map((i) =>
    at(signers, i),
  ) as [
    typeof deployer,
    typeof deployer,
    typeof deployer,
    typeof deployer,
    typeof deployer,
    typeof deployer,
  ];
  if (reporting) await reporting.submit([67_000_00000000n], (await reporting.now()) + 10);

  const factory = new ethers.ContractFactory(
    timelockArtifact.abi,
    timelockArtifact.bytecode,
    deployer,
  );
  const timelock = (await factory.deploy(
    DELAY,
    [],
    [ZeroAddress],
    deployer,
  )) as unknown as Contract & Timelock;
  // The network's fixture has roles of its own: what it deployed comes under an authority that knows none but the admin.
  const managerFactory = new ethers.ContractFactory(
    accessManagerArtifact.abi,
    accessManagerArtifact.bytecode,
    deployer,
  );
  const manager = (await managerFactory.deploy(deployer)) as unknown as Contract & Manager;
  const former = net.manager as unknown as Manager;
  for (const target of [feeds, net.operators]) await former.updateAuthority(target, manager);
  const token = await ethers.deployContract(
    "DodonaToken",
    [[alice, bob, carol, small, timelock], Object.values(SHARES)],
    deployer,
  );
  const guardian = await ethers.deployContract("Guardian", [manager, feeds, holder], deployer);
  const settings = { ...SETTINGS, ...options.settings };
  const governor = await ethers.deployContract(
    "DodonaGovernor",
    [token, timelock, guardian, settings],
    deployer,
  );
  const pausable = await ethers.deployContract("PausableHarness", [manager], deployer);

  const trip = feeds.interface.getFunction("trip").selector;
  await manager.setTargetFunctionRole(feeds, [trip], GUARDIAN);
  await manager.setTargetFunctionRole(
    pausable,
    [pausable.interface.getFunction("pause").selector],
    GUARDIAN,
  );
  await manager.grantRole(GUARDIAN, guardian, 0);
  await guardian.setGovernor(governor);
  await timelock.grantRole(PROPOSER, governor);
  await timelock.grantRole(CANCELLER, governor);
  await timelock.renounceRole(`0x${"00".repeat(32)}`, deployer);
  await manager.grantRole(ADMIN, timelock, 0);
  await manager.renounceRole(ADMIN, deployer);

  for (const voter of [alice, bob, carol, small]) await token.connect(voter).delegate(voter);
  await networkHelpers.mine();

  let proposals = 0;
  /** Proposes calls, by Alice unless told otherwise, under a description of their own. */
  const propose = async (
    actions: readonly Action[],
    by = alice,
    description = `proposal ${++proposals}`,
  ): Promise<Proposal> => {
    const targets = await Promise.all(
      actions.map(async ({ target }) => await ethers.resolveAddress(target)),
    );
    const values = actions.map(({ value }) => value ?? 0n);
    const calldatas = actions.map(({ data }) => data);
    const descriptionHash = id(description);
    const proposalId = await governor.getProposalId(targets, values, calldatas, descriptionHash);
    await governor.connect(by).propose(targets, values, calldatas, description);
    return { id: proposalId, targets, values, calldatas, descriptionHash };
  };
  const stateOf = (proposal: Proposal) => governor.state(proposal.id);
  /** Waits until votes can be cast. */
  const open = async (proposal: Proposal) =>
    networkHelpers.time.increaseTo((await governor.proposalSnapshot(proposal.id)) + 1n);
  /** Waits until votes can no longer be cast. */
  const close = async (proposal: Proposal) =>
    networkHelpers.time.increaseTo((await governor.proposalDeadline(proposal.id)) + 1n);
  /** Has Alice and Bob vote for a proposal, and its vote end. */
  const carry = async (proposal: Proposal) => {
    await open(proposal);
    for (const voter of [alice, bob]) await governor.connect(voter).castVote(proposal.id, FOR);
    await close(proposal);
  };
  /** Carries a proposal and waits in the timelock until it can be executed. */
  const ripen = async (proposal: Proposal) => {
    await carry(proposal);
    await governor["queue(uint256)"](proposal.id);
    await networkHelpers.time.increaseTo(await governor.proposalEta(proposal.id));
  };
  const execute = (proposal: Proposal) =>
    governor.connect(stranger)["execute(uint256)"](proposal.id);
  /** Does by a proposal what only governance may do. */
  const enact = async (actions: readonly Action[]) => {
    const proposal = await propose(actions);
    await ripen(proposal);
    return await execute(proposal);
  };

  return {
    ethers,
    networkHelpers,
    deployer,
    alice,
    bob,
    carol,
    small,
    holder,
    stranger,
    timelock,
    manager,
    token,
    guardian: guardian.connect(holder),
    governor: governor.connect(alice),
    feeds,
    operators: net.operators,
    pausable: pausable.connect(stranger),
    settings,
    now: () => networkHelpers.time.latest(),
    propose,
    stateOf,
    open,
    close,
    carry,
    ripen,
    execute,
    enact,
  };
}

/** What `deployGovernance` makes. */
export type Governance = Awaited<ReturnType<typeof deployGovernance>>;

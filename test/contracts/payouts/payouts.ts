/** A distributor with roles, approvers and funded tokens, and epochs for it. */
import accessManagerArtifact from "@openzeppelin/contracts/build/contracts/AccessManager.json" with { type: "json" };
import { id, keccak256, parseEther, toUtf8Bytes, ZeroAddress } from "ethers";
import type { BaseContract } from "ethers";
import hre from "hardhat";

import type { IPayoutDistributor } from "../../../types/ethers-contracts/interfaces/IPayoutDistributor.ts";
import type { AccessManager } from "../../helpers/contracts-fixture.ts";
import { at } from "../../helpers/contracts-fixture.ts";
import { payoutTree } from "./tree.ts";
import type { Leaf, Tree } from "./tree.ts";

/** Role numbers in the AccessManager. */
export const ROLES = { guardian: 1n, proposer: 4n, watcher: 5n } as const;

/** States of a proposal, by the interface's numbers. */
export const STATE = {
  Unknown: 0n,
  Proposed: 1n,
  Approved: 2n,
  Ready: 3n,
  Activated: 4n,
  Disputed: 5n,
  Superseded: 6n,
  Void: 7n,
  Expired: 8n,
} as const;

export const HOUR = 3_600;
export const DAY = 86_400;

/** Configuration that tests start from. */
export const CONFIG = { challengeSeconds: HOUR, lifetimeSeconds: 3 * DAY, epochSeconds: 0 };

/** Limits that tests start from: they bind only tests about limits. */
export const LIMITS = {
  perHour: parseEther("1000000"),
  perDay: parseEther("4000000"),
  perAccount: parseEther("500000"),
  perEpoch: parseEther("5000000"),
};

/** Types of what is signed, written down here and not taken from the contract. */
export const TYPES = {
  approval: {
    Approval: [
      { name: "epoch", type: "uint256" },
      { name: "attempt", type: "uint256" },
      { name: "root", type: "bytes32" },
      { name: "totals", type: "Total[]" },
      { name: "dataHash", type: "bytes32" },
      { name: "uri", type: "string" },
      { name: "snapshotBlock", type: "uint256" },
    ],
    Total: [
      { name: "token", type: "address" },
      { name: "amount", type: "uint256" },
    ],
  },
  claimTo: {
    ClaimTo: [
      { name: "account", type: "address" },
      { name: "token", type: "address" },
      { name: "cumulative", type: "uint256" },
      { name: "to", type: "address" },
      { name: "nonce", type: "uint256" },
      { name: "deadline", type: "uint256" },
    ],
  },
};

/** A proposal in plain values. */
export interface Content {
  epoch: bigint;
  root: string;
  totals: { token: string; amount: bigint }[];
  dataHash: string;
  uri: string;
  snapshotBlock: bigint;
}

/** Number i of addresses that nothing else uses. */
export const payee = (i: number): string => `0x${keccak256(toUtf8Bytes(`payee ${i}`)).slice(-40)}`;

/** Deploys everything; the deployer is the AccessManager's admin and so is governance. */
export async function deployPayouts(
  options: {
    config?: Partial<typeof CONFIG>;
    limits?: Partial<typeof LIMITS>;
    threshold?: number;
    /** Deposited of the token and of the native coin. */
    deposit?: bigint;
  } = {},
) {
  const connection = await hre.network.create();
  const { ethers, networkHelpers } = connection;
  const signers = await ethers.getSigners();
  const [governance, proposer, watcher, guardian, funder, relayer] = [0, 1, 2, 3, 4, 5].map((i) =>
    at(signers, i),
  ) as [Signer, Signer, Signer, Signer, Signer, Signer];
  const approvers = [6, 7, 8].map((i) => at(signers, i));
  const users = signers.slice(9);
  const manager = (await new ethers.ContractFactory(
    accessManagerArtifact.abi,
    accessManagerArtifact.bytecode,
    governance,
  ).deploy(governance.address)) as BaseContract & AccessManager;
  const config = { ...CONFIG, ...options.config };
  const limits = { ...LIMITS, ...options.limits };
  const distributor = await ethers.deployContract("PayoutDistributor", [
    manager,
    config,
    approvers.map(({ address }) => address),
    options.threshold ?? 2,
  ]);
  const selectors = (...names: string[]) =>
    names.map((name) => distributor.interface.getFunction(name as "claim").selector);
  await manager.setTargetFunctionRole(distributor, selectors("propose"), ROLES.proposer);
  await manager.setTargetFunctionRole(distributor, selectors("dispute"), ROLES.watcher);
  await manager.setTargetFunctionRole(
    distributor,
    selectors("pause", "guardianDispute"),
    ROLES.guardian,
  );
  await manager.grantRole(ROLES.proposer, proposer.address, 0);
  await manager.grantRole(ROLES.watcher, watcher.address, 0);
  await manager.grantRole(ROLES.guardian, guardian.address, 0);

  const token = await ethers.deployContract("PayoutToken");
  const address = await distributor.getAddress();
  const tokenAddress = await token.getAddress();
  const deposit = options.deposit ?? parseEther("1000");
  for (const listed of [tokenAddress, ZeroAddress]) await distributor.setLimits(listed, limits);
  await token.mint(funder.address, parseEther("1000000000"));
  await token.connect(funder).approve(distributor, 2n ** 255n);
  if (deposit > 0n) {
    await distributor.connect(funder).deposit(tokenAddress, deposit);
    await distributor.connect(funder).deposit(ZeroAddress, deposit, { value: deposit });
  }
  const { chainId } = await ethers.provider.getNetwork();
  const domain = { name: "Dodona Payouts", version: "1", chainId, verifyingContract: address };

  /** Content for the next epoch; what is passed replaces a field. */
  const content = async (fields: Partial<Content> = {}): Promise<Content> => ({
    epoch: (await distributor.activeEpoch()).number + 1n,
    root: id("root"),
    totals: [],
    dataHash: id("data"),
    uri: "https://payouts.example/epoch",
    snapshotBlock: BigInt(await ethers.provider.getBlockNumber()),
    ...fields,
  });

  /** Content whose root and totals are those of these leaves. */
  const contentFor = async (leaves: readonly Leaf[], fields: Partial<Content> = {}) => {
    const sums = new Map<string, bigint>();
    for (const leaf of leaves) {
      sums.set(leaf.token, (sums.get(leaf.token) ?? 0n) + leaf.cumulative);
    }
    const totals = [...sums]
      .map(([token, amount]) => ({ token, amount }))
      .sort((a, b) => (BigInt(a.token) < BigInt(b.token) ? -1 : 1));
    const tree = payoutTree(leaves);
    return { tree, content: await content({ root: tree.root, totals, ...fields }) };
  };

  /** Proposes and returns the identifier. */
  const propose = async (of: Content): Promise<string> => {
    const { proposalId } = await distributor.proposalIdOf(of);
    await distributor.connect(proposer).propose(of);
    return proposalId;
  };

  /** Proposes, has it approved by as many as needed, and lets the challenge window pass. */
  const ready = async (of: Content, by: readonly Signer[] = approvers.slice(0, 2)) => {
    const proposalId = await propose(of);
    for (const approver of by) await distributor.connect(approver).approve(proposalId);
    await networkHelpers.time.increase(config.challengeSeconds);
    return proposalId;
  };

  /** Makes the tree of these leaves the active one. */
  const activate = async (leaves: readonly Leaf[], fields: Partial<Content> = {}) => {
    const { tree, content: made } = await contentFor(leaves, fields);
    await distributor.activate(await ready(made));
    return tree;
  };

  /** Leaf of the token. */
  const leaf = (account: string, cumulative: bigint, of = tokenAddress): Leaf => ({
    account,
    token: of,
    cumulative,
  });

  const claim = (user: Signer, tree: Tree<Leaf>, of: Leaf) =>
    distributor.connect(user).claim(of.token, of.cumulative, tree.proof(of));

  const claimFor = (tree: Tree<Leaf>, of: Leaf) =>
    distributor.connect(relayer).claimFor(of.account, of.token, of.cumulative, tree.proof(of));

  const push = (tree: Tree<Leaf>, leaves: readonly Leaf[], overrides: object = {}) => {
    const { leaves: ordered, proof, proofFlags } = tree.multiProof(leaves);
    const pushed = at(ordered, 0).token;
    return distributor.connect(relayer).push(pushed, ordered, proof, proofFlags, overrides);
  };

  /** Waits for the start of the next UTC day. */
  const nextDay = async () => {
    const now = await networkHelpers.time.latest();
    await networkHelpers.time.increaseTo((Math.floor(now / DAY) + 1) * DAY);
  };

  return {
    connection,
    ethers,
    networkHelpers,
    governance,
    proposer,
    watcher,
    guardian,
    funder,
    relayer,
    approvers,
    users,
    manager,
    distributor,
    address,
    token,
    tokenAddress,
    config,
    limits,
    chainId,
    domain,
    selectors,
    content,
    contentFor,
    propose,
    ready,
    activate,
    leaf,
    claim,
    claimFor,
    push,
    nextDay,
    now: () => networkHelpers.time.latest(),
  };
}

type Signer = Awaited<
  ReturnType<Awaited<ReturnType<typeof hre.network.create>>["ethers"]["getSigners"]>
>[number];

/** What `deployPayouts` makes. */
export type Payouts = Awaited<ReturnType<typeof deployPayouts>>;
/** The interface's limits in plain values. */
export type Limits = IPayoutDistributor.LimitsStruct;

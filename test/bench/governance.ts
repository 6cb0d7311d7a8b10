/**
 * Gas of governance on Hardhat's EVM, beside OpenZeppelin's extensions as its documentation composes them, in the same
 * run. Run by `hardhat run test/bench/governance.ts`.
 */
import timelockArtifact from "@openzeppelin/contracts/build/contracts/TimelockController.json" with { type: "json" };
import type { HardhatEthers } from "@nomicfoundation/hardhat-ethers/types";
import { ContractFactory, parseEther, ZeroAddress } from "ethers";
import type { BaseContract, ContractTransactionResponse } from "ethers";
import hre from "hardhat";

import { at } from "../helpers/contracts-fixture.ts";
import { gasRow, type Row } from "./row.ts";

/** How much more than the plain contracts ours may take. */
const OVERHEAD = 1.1;
const SUPPLY = parseEther("1000000");
const SHARE = parseEther("1000");
const SAMPLES = 8;
const PLAIN = "OpenZeppelin's extensions, plain";
const SMALL = "OpenZeppelin's fewest extensions, proposals not stored";

/** Mean gas of each action. */
interface Costs {
  readonly delegate: number;
  readonly vote: number;
  readonly propose: number;
}

/** What is measured of a token and its governor; the names are OpenZeppelin's. */
interface Subject {
  readonly token: BaseContract;
  readonly governor: BaseContract;
}

/** Measures everything, each subject on a network of its own. */
export async function governanceBench(): Promise<Row[]> {
  const ours = await measure(deployOurs);
  const plain = await measure(deployPlain("PlainGovernor"));
  const small = await measure(deployPlain("SmallGovernor"));
  const names = ["delegate", "vote", "propose"] as const;
  return [
    ...names.map((name) => row(`governance.${name}`, ours[name], PLAIN, plain[name], OVERHEAD)),
    ...names.map((name) => row(`governance.${name}.small`, ours[name], SMALL, small[name], null)),
  ];
}

/** A measured figure and the plain one beside it, whose part `limit` it may take; null for no target. */
function row(
  name: string,
  value: number,
  peer: string,
  peerValue: number,
  limit: number | null,
): Row {
  const target = limit === null ? null : Math.floor(peerValue * limit);
  return gasRow(name, value, target, peer, peerValue);
}

async function measure(deploy: (ethers: HardhatEthers) => Promise<Subject>): Promise<Costs> {
  const { ethers, networkHelpers } = await hre.network.create();
  const { token, governor } = await deploy(ethers);
  const voters = (await ethers.getSigners()).slice(1, SAMPLES + 1);
  const owner = at(await ethers.getSigners(), 0);
  const send = async (by: typeof owner, to: BaseContract, name: string, args: unknown[]) => {
    const method = to.connect(by);
    const sent = (await method.getFunction(name)(...args)) as ContractTransactionResponse;
    return Number((await sent.wait())?.gasUsed ?? 0n);
  };
  for (const voter of voters) await send(owner, token, "transfer", [voter.address, SHARE]);

  const delegate: number[] = [];
  for (const voter of voters) {
    delegate.push(await send(voter, token, "delegate", [voter.address]));
  }
  await networkHelpers.mine();

  const propose: number[] = [];
  const proposalIds: bigint[] = [];
  // One call without value to the token, as long as most changes of a parameter are.
  const calls = [
    [await token.getAddress()],
    [0n],
    [token.interface.encodeFunctionData("approve", [owner.address, 1n])],
  ];
  // The first proposal opens slots that later ones find open.
  for (let i = 0; i <= SAMPLES; i++) {
    const proposal = [...calls, `proposal ${i}, which says in a sentence what it is for`];
    const by = at(voters, i % SAMPLES);
    proposalIds.push(
      (await governor
        .connect(by)
        .getFunction("propose")
        .staticCall(...proposal)) as bigint,
    );
    propose.push(await send(by, governor, "propose", proposal));
  }
  const last = at(proposalIds, SAMPLES);
  const opens = (await governor.getFunction("proposalSnapshot")(last)) as bigint;
  await networkHelpers.time.increaseTo(opens + 1n);

  const vote: number[] = [];
  for (const voter of voters) vote.push(await send(voter, governor, "castVote", [last, 1]));
  return {
    delegate: mean(delegate),
    // The first vote opens the tally.
    vote: mean(vote.slice(1)),
    propose: mean(propose.slice(1)),
  };
}

async function deployOurs(ethers: HardhatEthers): Promise<Subject> {
  const owner = at(await ethers.getSigners(), 0);
  const token = await ethers.deployContract("DodonaToken", [[owner], [SUPPLY]]);
  const governor = await ethers.deployContract("DodonaGovernor", [
    token,
    await deployTimelock(ethers),
    owner,
    {
      votingDelay: 3_600,
      votingPeriod: 86_400,
      proposalThreshold: parseEther("1"),
      quorumPercent: 4,
      voteExtension: 21_600,
    },
  ]);
  return { token, governor };
}

/** The contracts of contracts/test/PlainGovernance.sol, with the same settings. */
function deployPlain(name: "PlainGovernor" | "SmallGovernor") {
  return async (ethers: HardhatEthers): Promise<Subject> => {
    const owner = at(await ethers.getSigners(), 0);
    const token = await ethers.deployContract("PlainToken", [owner, SUPPLY]);
    const timelock = await deployTimelock(ethers);
    return { token, governor: await ethers.deployContract(name, [token, timelock]) };
  };
}

async function deployTimelock(ethers: HardhatEthers): Promise<BaseContract> {
  const owner = at(await ethers.getSigners(), 0);
  const { abi, bytecode } = timelockArtifact;
  return new ContractFactory(abi, bytecode, owner).deploy(0, [], [ZeroAddress], owner.address);
}

function mean(values: readonly number[]): number {
  return Math.round(values.reduce((sum, value) => sum + value, 0) / values.length);
}

if (process.argv.some((argument) => argument.endsWith("test/bench/governance.ts"))) {
  console.table(await governanceBench());
}

/**
 * Gas of staking on Hardhat's EVM, beside OpenZeppelin's plain custodies of the same token, in the same run. Run by
 * `hardhat run test/bench/staking.ts`.
 */
import accessManagerArtifact from "@openzeppelin/contracts/build/contracts/AccessManager.json" with { type: "json" };
import { parseEther } from "ethers";
import type { ContractTransactionResponse } from "ethers";
import hre from "hardhat";

import { at } from "../helpers/contracts-fixture.ts";
import { gasRow, type Row } from "./row.ts";

/** How much more than the plain wrapper ours may take. */
const OVERHEAD = 1.1;
const SUPPLY = parseEther("1000000");
const AMOUNT = parseEther("1000");
const EPOCH_SECONDS = 604_800;
const UNBONDING_SECONDS = 1_814_400;

/** Gas of an account's first deposit, and of a later one. */
interface Costs {
  readonly first: number;
  readonly later: number;
}

/** Measures the first and a later deposit of a holder that votes, in each custody. */
export async function stakingBench(): Promise<Row[]> {
  const { ethers } = await hre.network.create();
  const signers = await ethers.getSigners();
  const [deployer, holder] = [at(signers, 0), at(signers, 1)];
  const manager = await new ethers.ContractFactory(
    accessManagerArtifact.abi,
    accessManagerArtifact.bytecode,
    deployer,
  ).deploy(deployer.address);
  const token = await ethers.deployContract("DodonaToken", [[holder.address], [SUPPLY]]);
  const operators = await ethers.deployContract("Operators", [manager, EPOCH_SECONDS, 0]);
  const stake = await ethers.deployContract("OperatorStake", [
    manager,
    token,
    operators,
    deployer.address,
    UNBONDING_SECONDS,
    AMOUNT,
  ]);
  const wrapper = await ethers.deployContract("PlainWrapper", [token]);
  const vault = await ethers.deployContract("PlainVault", [token]);
  await token.connect(holder).delegate(holder.address);
  for (const custody of [stake, wrapper, vault]) {
    await token.connect(holder).approve(custody, SUPPLY);
    // No custody is measured at the first deposit of all, which opens its totals.
    await token.connect(holder).transfer(deployer, AMOUNT);
    await token.connect(deployer).approve(custody, AMOUNT);
  }
  await stake.connect(deployer).stake(AMOUNT);
  await wrapper.connect(deployer).depositFor(deployer.address, AMOUNT);
  await vault.connect(deployer).deposit(AMOUNT, deployer.address);

  const measure = async (deposit: () => Promise<ContractTransactionResponse>): Promise<Costs> => ({
    first: await gasOf(deposit()),
    later: await gasOf(deposit()),
  });
  const ours = await measure(() => stake.connect(holder).stake(AMOUNT));
  const plain = await measure(() => wrapper.connect(holder).depositFor(holder.address, AMOUNT));
  const vaulted = await measure(() => vault.connect(holder).deposit(AMOUNT, holder.address));
  const names = ["first", "later"] as const;
  return [
    ...names.map((name) =>
      row(`stake.${name}`, ours[name], "OpenZeppelin ERC20Wrapper", plain[name], true),
    ),
    ...names.map((name) =>
      row(`stake.${name}.vault`, ours[name], "OpenZeppelin ERC4626", vaulted[name], false),
    ),
  ];
}

async function gasOf(sending: Promise<ContractTransactionResponse>): Promise<number> {
  const receipt = await (await sending).wait();
  return Number(receipt?.gasUsed ?? 0n);
}

/** A measured figure and the plain one beside it. */
function row(
  name: string,
  value: number,
  peer: string,
  peerValue: number,
  isBounded: boolean,
): Row {
  const target = isBounded ? Math.floor(peerValue * OVERHEAD) : null;
  return gasRow(name, value, target, peer, peerValue);
}

if (process.argv.some((argument) => argument.endsWith("test/bench/staking.ts"))) {
  console.table(await stakingBench());
}

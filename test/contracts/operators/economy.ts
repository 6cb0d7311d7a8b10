/** Token, operators, their stake and their rewards, with accounts that have registered and hold tokens. */
import accessManagerArtifact from "@openzeppelin/contracts/build/contracts/AccessManager.json" with { type: "json" };
import type { BaseContract } from "ethers";
import { toBeHex } from "ethers";
import hre from "hardhat";

import type { AccessManager } from "../../helpers/contracts-fixture.ts";
import { at, keysOf, possessionDigest, range, secretOf } from "../../helpers/contracts-fixture.ts";
import { sign } from "../../helpers/schnorr.ts";

/** Seconds. The delay is no whole number of epochs, so that boundaries matter. */
export const EPOCH = 1_000;
export const DELAY = 2_500;
export const UNBONDING = 100_000;
export const TOKEN = 10n ** 18n;
export const MINIMUM = 1_000n * TOKEN;
export const BUDGET = 700n * TOKEN;
export const SLASHER_ROLE = 2n;
export const GUARDIAN_ROLE = 1n;
export const SCORER_ROLE = 3n;
/** Registered accounts. */
const COUNT = 12;
/** A round number of epochs, so that expectations can be written down. */
const START = 2_000_000_000;

/** Numbers that `IOperators.Seat` and `IOperators.Denial` have. */
export const Seat = { none: 0n, governance: 1n, stake: 2n } as const;
export const Denial = { noSeatLeft: 0n, stakeTooLow: 1n, seatedByGovernance: 2n } as const;

const connection = await hre.network.create();
const { ethers, networkHelpers } = connection;

async function deployEconomy() {
  await networkHelpers.time.setNextBlockTimestamp(START);
  const signers = await ethers.getSigners();
  const [governance, guardian, slasher, scorer, treasury, stranger, reporter] = range(7).map((i) =>
    at(signers, i),
  ) as [Signer, Signer, Signer, Signer, Signer, Signer, Signer];
  const manager = (await new ethers.ContractFactory(
    accessManagerArtifact.abi,
    accessManagerArtifact.bytecode,
    governance,
  ).deploy(governance.address)) as BaseContract & AccessManager;
  const token = await ethers.deployContract("DodonaToken", [
    [governance.address],
    [1_000_000n * TOKEN],
  ]);
  const operators = await ethers.deployContract("Operators", [manager, EPOCH, DELAY]);
  const stake = await ethers.deployContract("OperatorStake", [
    manager,
    token,
    operators,
    treasury.address,
    UNBONDING,
    MINIMUM,
  ]);
  const rewards = await ethers.deployContract("OperatorRewards", [
    manager,
    token,
    operators,
    BUDGET,
  ]);
  const selectors = {
    pause: operators.interface.getFunction("pause").selector,
    slash: stake.interface.getFunction("slash").selector,
    postWeights: rewards.interface.getFunction("postWeights").selector,
  };
  for (const target of [operators, rewards]) {
    await manager.setTargetFunctionRole(target, [selectors.pause], GUARDIAN_ROLE);
  }
  await manager.setTargetFunctionRole(stake, [selectors.slash], SLASHER_ROLE);
  await manager.setTargetFunctionRole(rewards, [selectors.postWeights], SCORER_ROLE);
  await manager.grantRole(GUARDIAN_ROLE, guardian.address, 0);
  await manager.grantRole(SLASHER_ROLE, slasher.address, 0);
  await manager.grantRole(SCORER_ROLE, scorer.address, 0);
  await operators.setStake(stake);

  const { chainId } = await ethers.provider.getNetwork();
  const registry = await operators.getAddress();
  const people: Signer[] = [];
  for (const i of range(COUNT)) {
    const account = ethers.getAddress(toBeHex(0x1000 + i, 20));
    await networkHelpers.impersonateAccount(account);
    await networkHelpers.setBalance(account, 10n ** 20n);
    const person = await ethers.getSigner(account);
    people.push(person);
    const secret = secretOf(i);
    const proof = sign(secret, possessionDigest(account, chainId, registry));
    await operators.connect(person).register(keysOf(secret), proof, `http://127.0.0.1:${8571 + i}`);
    await token.transfer(account, 10_000n * TOKEN);
    await token.connect(person).approve(stake, 2n ** 256n - 1n);
  }
  const addresses = people.map(({ address }) => address);
  const address = (i: number) => at(addresses, i);
  const person = (i: number) => at(people, i);
  const now = async () => await networkHelpers.time.latest();

  return {
    connection,
    ethers,
    networkHelpers,
    chainId,
    governance,
    guardian,
    slasher,
    scorer,
    treasury,
    stranger,
    reporter,
    manager,
    token,
    operators,
    stake,
    rewards,
    registry,
    addresses,
    address,
    person,
    now,
    /** Operators as account i calls it. */
    as: (i: number) => operators.connect(person(i)),
    /** OperatorStake as account i calls it. */
    staker: (i: number) => stake.connect(person(i)),
    /** OperatorStake as the slasher calls it. */
    judge: stake.connect(slasher),
    /** Signature by which account i proves test key `key`. */
    prove: (key: number, i: number) =>
      sign(secretOf(key), possessionDigest(address(i), chainId, registry)),
    /** When a change announced at `time` is due, by the definition: a multiple of the epoch, the delay away. */
    dueFrom: (time: number) => {
      let boundary = START;
      while (boundary < time + DELAY) boundary += EPOCH;
      return boundary;
    },
    /** The next block has this time. */
    at: async (time: number) => await networkHelpers.time.setNextBlockTimestamp(time),
    /** Passes all that was announced so far, and applies it. */
    advanceAll: async () => {
      await networkHelpers.time.setNextBlockTimestamp((await now()) + DELAY + EPOCH);
      return await operators.advance();
    },
    /** Accounts that are active, as indices of `address`. */
    active: async () => {
      const { accounts } = await operators.active();
      return accounts.map((account) => addresses.indexOf(account));
    },
  };
}

type Signer = Awaited<ReturnType<typeof ethers.getSigner>>;

/** What `economy` resolves to. */
export type Economy = Awaited<ReturnType<typeof deployEconomy>>;

/** The same fresh state every time: nobody is active. */
export async function economy(): Promise<Economy> {
  return await networkHelpers.loadFixture(deployEconomy);
}

/** Accounts 0 to `governed` − 1 sit by governance, and those of `staked` by the minimum stake. */
export async function seated(governed: number, staked: readonly number[] = []): Promise<Economy> {
  const env = await economy();
  await env.operators.setActive(range(governed).map(env.address));
  for (const i of staked) {
    await env.staker(i).stake(MINIMUM);
    await env.as(i).join();
  }
  if (staked.length > 0) await env.advanceAll();
  return env;
}

import type { Provider, Signer } from "ethers";
import { id, ZeroAddress, ZeroHash } from "ethers";

import type { Contracts, Governance } from "./contracts.ts";
import type { LocalOperator } from "./operators.ts";
import type { GovernanceParameters } from "./parameters/governance.ts";
import { SCORER_ROLE, SLASHER_ROLE } from "./roles.ts";
import type { Step } from "./step.ts";
import { receiptOf } from "./transactions.ts";

/** Roles of OpenZeppelin's TimelockController. */
export const TIMELOCK_ROLES = {
  admin: ZeroHash,
  proposer: id("PROPOSER_ROLE"),
  canceller: id("CANCELLER_ROLE"),
  executor: id("EXECUTOR_ROLE"),
} as const;

/**
 * Steps that connect governance's contracts with each other and give their roles; the deployer sends them as admin of the
 * AccessManager.
 *
 * @param scorer Account that posts the operators' participation.
 */
export async function governanceSteps(
  { accessManager, governance, operators }: Contracts,
  scorer: string,
): Promise<Step[]> {
  if (governance === null) return [];
  const { governor, guardian, operatorStake, slashing } = governance;
  const [governorAddress, stakeAddress, slasher] = await Promise.all([
    governor.getAddress(),
    operatorStake.getAddress(),
    slashing.getAddress(),
  ]);
  const [vetoes, present, [isSlasher], [isScorer]] = await Promise.all([
    guardian.governor(),
    operators.stake(),
    accessManager.hasRole(SLASHER_ROLE, slasher),
    accessManager.hasRole(SCORER_ROLE, scorer),
  ]);
  const steps: Step[] = [];
  if (vetoes !== governorAddress) {
    steps.push({
      what: "let the guardian veto proposals",
      send: (o) => guardian.setGovernor(governorAddress, o),
    });
  }
  if (present !== stakeAddress) {
    steps.push({
      what: "let operators join by stake",
      send: (o) => operators.setStake(stakeAddress, o),
    });
  }
  if (!isSlasher) {
    steps.push({
      what: `let ${slasher} take stake on evidence`,
      send: (o) => accessManager.grantRole(SLASHER_ROLE, slasher, 0, o),
    });
  }
  if (!isScorer) {
    steps.push({
      what: `let ${scorer} post participation`,
      send: (o) => accessManager.grantRole(SCORER_ROLE, scorer, 0, o),
    });
  }
  return steps;
}

/** Steps that make the governor the timelock's only proposer and leave the timelock no admin but itself. */
export async function timelockHandover(
  { governor, timelock }: Governance,
  deployer: string,
): Promise<Step[]> {
  const proposer = await governor.getAddress();
  const wanted = [
    ["propose", TIMELOCK_ROLES.proposer],
    ["cancel", TIMELOCK_ROLES.canceller],
  ] as const;
  const [hasRoles, isAdmin] = await Promise.all([
    Promise.all(wanted.map(async ([, role]) => await timelock.hasRole(role, proposer))),
    timelock.hasRole(TIMELOCK_ROLES.admin, deployer),
  ]);
  const steps: Step[] = wanted
    .filter((_, index) => hasRoles[index] !== true)
    .map(([verb, role]) => ({
      what: `let the governor ${verb} in the timelock`,
      send: (o) => timelock.grantRole(role, proposer, o),
    }));
  if (isAdmin) {
    steps.push({
      what: `give up the timelock's admin role of ${deployer}`,
      send: (o) => timelock.renounceRole(TIMELOCK_ROLES.admin, deployer, o),
    });
  }
  return steps;
}

/**
 * Lets accounts of this machine vote with their own tokens: a local chain's voters are ready to vote.
 *
 * @returns Number of transactions sent.
 */
export async function ensureDelegated(
  { token }: Governance,
  voters: readonly Signer[],
  provider: Provider,
): Promise<number> {
  const sent = await Promise.all(
    voters.map(async (voter) => {
      const account = await voter.getAddress();
      const [balance, present] = await Promise.all([
        token.balanceOf(account),
        token.delegates(account),
      ]);
      if (balance === 0n || present !== ZeroAddress) return 0;
      const { hash } = await token.connect(voter).delegate(account);
      await receiptOf(provider, hash);
      return 1;
    }),
  );
  return sent.reduce<number>((sum, one) => sum + one, 0);
}

/**
 * Stakes the minimum for every operator of this machine that has staked less, from its own account, as far as its tokens
 * reach.
 *
 * @returns Number of transactions sent.
 */
export async function ensureStaked(
  { operatorStake, token }: Governance,
  operators: readonly LocalOperator[],
  provider: Provider,
): Promise<number> {
  const minimum = await operatorStake.minimumStake();
  const spender = await operatorStake.getAddress();
  const sent = await Promise.all(
    operators.map(async ({ wallet }) => {
      const account = wallet.address;
      const [staked, balance, allowed] = await Promise.all([
        operatorStake.stakeOf(account),
        token.balanceOf(account),
        token.allowance(account, spender),
      ]);
      const missing = minimum - staked;
      if (missing <= 0n || balance < missing) return 0;
      const own = wallet.connect(provider);
      if (allowed < missing) {
        const { hash } = await token.connect(own).approve(spender, missing);
        await receiptOf(provider, hash);
      }
      const { hash } = await operatorStake.connect(own).stake(missing);
      await receiptOf(provider, hash);
      return allowed < missing ? 2 : 1;
    }),
  );
  return sent.reduce<number>((sum, one) => sum + one, 0);
}

/** Differences between governance on chain and in the file, in words. They are reported, never applied. */
export async function governanceDrift(
  { governor, guardian, operatorRewards, operatorStake, slashing, timelock }: Governance,
  { guardian: holder, operators, timelockSeconds, voting }: GovernanceParameters,
): Promise<string[]> {
  const [minimum, unbonding, evidence, equivocation, wrongMedians, budget] = await Promise.all([
    operatorStake.minimumStake(),
    operatorStake.unbondingDelay(),
    slashing.evidencePeriod(),
    slashing.equivocationBps(),
    slashing.wrongMediansBps(),
    operatorRewards.epochBudget(),
  ]);
  const [delay, period, threshold, quorum, extension, minDelay, presentHolder] = await Promise.all([
    governor.votingDelay(),
    governor.votingPeriod(),
    governor.proposalThreshold(),
    governor["quorumNumerator()"](),
    governor.lateQuorumVoteExtension(),
    timelock.getMinDelay(),
    guardian.holder(),
  ]);
  const compared: readonly (readonly [string, bigint | string, bigint | string | number])[] = [
    ["voting delay in seconds", delay, voting.delaySeconds],
    ["voting period in seconds", period, voting.periodSeconds],
    ["proposal threshold", threshold, voting.proposalThreshold],
    ["quorum in percent", quorum, voting.quorumPercent],
    ["vote extension in seconds", extension, voting.extensionSeconds],
    ["timelock's delay in seconds", minDelay, timelockSeconds],
    ["guardian's holder", presentHolder, holder],
    ["minimum stake", minimum, operators.minStake],
    ["unbonding delay in seconds", unbonding, operators.unbondingSeconds],
    ["evidence period in seconds", evidence, operators.evidenceSeconds],
    ["penalty for equivocation in bps", equivocation, operators.equivocationBps],
    ["penalty for wrong medians in bps", wrongMedians, operators.wrongMediansBps],
    ["epoch budget", budget, operators.epochBudget],
  ];
  return compared
    .filter(([, onChain, given]) => String(onChain) !== String(given))
    .map(
      ([name, onChain, given]) =>
        `governance: ${name} is ${onChain} on chain and ${given} in the file`,
    );
}

import timelockArtifact from "@openzeppelin/contracts/build/contracts/TimelockController.json" with { type: "json" };
import type { ArgumentType, IgnitionModuleBuilder } from "@nomicfoundation/ignition-core";
import { ZeroAddress } from "ethers";

import type { RecordedArguments } from "./recorded.ts";
import type { GovernanceParameters } from "../parameters/governance.ts";

/** Ignition's ids of governance's contracts. */
export const GOVERNANCE_FUTURES = {
  token: "Dodona#DodonaToken",
  timelock: "Dodona#TimelockController",
  governor: "Dodona#DodonaGovernor",
  guardian: "Dodona#Guardian",
  operatorStake: "Dodona#OperatorStake",
  slashing: "Dodona#Slashing",
  operatorRewards: "Dodona#OperatorRewards",
} as const;

/**
 * Adds governance to the network's module. The timelock begins under the deployer, who makes the governor its proposer
 * and renounces in the same deployment; anyone may execute what has waited long enough.
 *
 * @param core Contracts that governance governs.
 * @param recorded Arguments of constructors that an earlier run recorded.
 */
export function addGovernance(
  m: IgnitionModuleBuilder,
  core: { accessManager: ArgumentType; operators: ArgumentType; priceFeeds: ArgumentType },
  { guardian, operators, timelockSeconds, token, voting }: GovernanceParameters,
  recorded: RecordedArguments,
): void {
  const { accessManager, priceFeeds } = core;
  const given = (name: keyof typeof GOVERNANCE_FUTURES, args: ArgumentType[]): ArgumentType[] =>
    recorded.get(GOVERNANCE_FUTURES[name]) ?? args;
  const timelock = m.contract(
    "TimelockController",
    timelockArtifact,
    given("timelock", [timelockSeconds, [], [ZeroAddress], m.getAccount(0)]),
  );
  const dodona = m.contract(
    "DodonaToken",
    given("token", [
      [timelock, ...token.holders.map(({ account }) => account)],
      [token.treasury, ...token.holders.map(({ amount }) => amount)],
    ]),
  );
  const watch = m.contract("Guardian", given("guardian", [accessManager, priceFeeds, guardian]));
  const settings = {
    votingDelay: voting.delaySeconds,
    votingPeriod: voting.periodSeconds,
    proposalThreshold: voting.proposalThreshold,
    quorumPercent: voting.quorumPercent,
    voteExtension: voting.extensionSeconds,
  };
  m.contract("DodonaGovernor", given("governor", [dodona, timelock, watch, settings]));
  const stake = m.contract(
    "OperatorStake",
    given("operatorStake", [
      ...[accessManager, dodona, core.operators, timelock],
      ...[operators.unbondingSeconds, operators.minStake],
    ]),
  );
  m.contract(
    "Slashing",
    given("slashing", [
      ...[accessManager, priceFeeds, stake],
      ...[operators.evidenceSeconds, operators.equivocationBps, operators.wrongMediansBps],
    ]),
  );
  m.contract(
    "OperatorRewards",
    given("operatorRewards", [accessManager, dodona, core.operators, operators.epochBudget]),
  );
}

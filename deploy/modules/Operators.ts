import accessManagerArtifact from "@openzeppelin/contracts/build/contracts/AccessManager.json" with { type: "json" };
import { buildModule } from "@nomicfoundation/hardhat-ignition/modules";

import type { RecordedArguments } from "./recorded.ts";

/** Ignition's id of the operators' registry. */
export const OPERATORS_FUTURE = "Operators#Operators";

/** When changes of the active operators take effect. */
export interface Schedule {
  epochSeconds: number;
  /** From a change to the first epoch boundary that it can take effect at, in seconds. */
  changeDelaySeconds: number;
}

/** Where named accounts govern, what they choose takes effect with the next block. */
export const IMMEDIATE: Schedule = { epochSeconds: 1, changeDelaySeconds: 0 };

/**
 * The registry of operators and the AccessManager above everything, in the bytecode that OpenZeppelin publishes. Its
 * admin is the deployer until the deployment hands over to governance.
 *
 * @param recorded Arguments that an earlier run recorded: they are for good, whatever the schedule says now.
 */
export function operatorsModule(schedule: Schedule, recorded: RecordedArguments) {
  return buildModule("Operators", (m) => {
    const accessManager = m.contract("AccessManager", accessManagerArtifact, [m.getAccount(0)]);
    const { changeDelaySeconds, epochSeconds } = schedule;
    const [, ...fixed] = recorded.get(OPERATORS_FUTURE) ?? [];
    const terms = fixed.length === 0 ? [epochSeconds, changeDelaySeconds] : fixed;
    const operators = m.contract("Operators", [accessManager, ...terms]);
    return { accessManager, operators };
  });
}

import accessManagerArtifact from "@openzeppelin/contracts/build/contracts/AccessManager.json" with { type: "json" };
import { buildModule } from "@nomicfoundation/hardhat-ignition/modules";

/**
 * The registry of operators and the AccessManager above everything, in the bytecode that OpenZeppelin publishes. Its
 * admin is the deployer until the deployment hands over to governance.
 */
export const operatorsModule = buildModule("Operators", (m) => {
  const accessManager = m.contract("AccessManager", accessManagerArtifact, [m.getAccount(0)]);
  const operators = m.contract("Operators", [accessManager]);
  return { accessManager, operators };
});

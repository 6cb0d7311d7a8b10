import { parseAbi } from "viem";

/** Events of OpenZeppelin's TimelockController that say who may do what, and how long it waits. */
export const timelockAbi = parseAbi([
  "event RoleGranted(bytes32 indexed role, address indexed account, address indexed sender)",
  "event RoleRevoked(bytes32 indexed role, address indexed account, address indexed sender)",
  "event MinDelayChange(uint256 oldDuration, uint256 newDuration)",
]);

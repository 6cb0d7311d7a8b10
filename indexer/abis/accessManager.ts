import { parseAbi } from "viem";

/** Events of OpenZeppelin's AccessManager that say who may do what. */
export const accessManagerAbi = parseAbi([
  "event RoleLabel(uint64 indexed roleId, string label)",
  "event RoleGranted(uint64 indexed roleId, address indexed account, uint32 delay, uint48 since, bool newMember)",
  "event RoleRevoked(uint64 indexed roleId, address indexed account)",
  "event TargetFunctionRoleUpdated(address indexed target, bytes4 selector, uint64 indexed roleId)",
]);

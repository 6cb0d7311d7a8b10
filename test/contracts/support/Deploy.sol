// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {VM} from "./Vm.sol";

/// @dev Deploys from an artifact, so that whoever does need not compile the contract into itself, and tests what is deployed.
/// @param name Of a contract, unique among the artifacts.
/// @param arguments Of its constructor, encoded.
/// @param value What it is given, in wei.
function deploy(string memory name, bytes memory arguments, uint256 value) returns (address deployed) {
    bytes memory init = bytes.concat(VM.getCode(name), arguments);
    assembly ("memory-safe") {
        deployed := create(value, add(init, 0x20), mload(init))
    }
    require(deployed != address(0), name);
}

/// @dev Deploys a contract that is given nothing.
function deploy(string memory name, bytes memory arguments) returns (address deployed) {
    return deploy(name, arguments, 0);
}

// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {VM} from "../../contracts/support/Vm.sol";

/// @notice Deploys from artifacts, so that campaigns need not compile the contracts into themselves, and is the authority of
/// what it deploys.
abstract contract Deployer {
    /// @notice The authority's answer: only this contract may call what is restricted, and at once.
    function canCall(address caller, address, bytes4) external view returns (bool immediate, uint32 delay) {
        return (caller == address(this), 0);
    }

    function _deploy(string memory name, bytes memory arguments) internal returns (address deployed) {
        bytes memory init = bytes.concat(VM.getCode(name), arguments);
        assembly ("memory-safe") {
            deployed := create(0, add(init, 0x20), mload(init))
        }
        require(deployed != address(0), name);
    }
}

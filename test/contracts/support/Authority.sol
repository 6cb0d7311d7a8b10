// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice Is the authority of what it deploys, and of everything that names it.
abstract contract Authority {
    /// @notice The authority's answer: only this contract may call what is restricted, and at once.
    function canCall(address caller, address, bytes4) external view returns (bool immediate, uint32 delay) {
        return (caller == address(this), 0);
    }
}

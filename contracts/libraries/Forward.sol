// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Forward
/// @notice Passes a read on to another contract and ends the call with its answer, undecoded.
library Forward {
    /// @notice Calls `target` with a selector and one word, and returns its five words or reverts as it did. Never
    /// comes back: its result only gives the caller something to return.
    /// @dev Only for targets that answer with 160 bytes.
    function fiveWords(
        address target,
        bytes4 selector,
        bytes32 argument
    ) internal view returns (uint80, int256, uint256, uint256, uint80) {
        // Memory-safe: ends the execution, so nothing reads memory afterwards; writes 0 to 0x9f only.
        assembly ("memory-safe") {
            mstore(0, selector)
            mstore(4, argument)
            if iszero(staticcall(gas(), target, 0, 0x24, 0, 0xa0)) {
                returndatacopy(0, 0, returndatasize())
                revert(0, returndatasize())
            }
            return(0, 0xa0)
        }
    }
}

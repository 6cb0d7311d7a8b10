// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title BlockHashes
/// @notice Hashes of past blocks, as far back as the chain offers them.
library BlockHashes {
    /// @dev EIP-2935: takes 32 bytes of block number, returns 32 bytes of hash, reverts outside its window.
    address internal constant HISTORY = 0x0000F90827F1C53a10cb7A02335B175320002935;
    uint256 internal constant OPCODE_WINDOW = 256;
    uint256 internal constant HISTORY_WINDOW = 8191;

    /// @notice How many blocks back a hash can be had on this chain.
    function window() internal view returns (uint256) {
        return HISTORY.code.length == 0 ? OPCODE_WINDOW : HISTORY_WINDOW;
    }

    /// @notice Hash of a block, zero if the chain does not offer it.
    function get(uint256 blockNumber) internal view returns (bytes32 hash) {
        hash = blockhash(blockNumber);
        if (hash != 0 || blockNumber >= block.number) return hash;
        (bool success, bytes memory output) = HISTORY.staticcall(abi.encode(blockNumber));
        // Without the contract the call succeeds and returns nothing.
        if (success && output.length == 32) hash = bytes32(output);
    }
}

// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title RandomWords
/// @notice Expands a VRF output into words and hands them to a consumer.
library RandomWords {
    /// @dev `rawFulfillRandomWords(uint256,uint256[])`, Chainlink's callback.
    uint256 private constant SELECTOR = 0x1fe543e3;
    /// @dev Upper bound of the gas between the check and the callback: a cold account's EXTCODESIZE and a CALL.
    uint256 private constant CALL_GAS = 5_000;

    /// @notice Too little gas is left to give the callback what it asked for.
    error InsufficientGas(uint256 given, uint256 required);

    /// @notice Word i is keccak256(abi.encode(output, i)).
    function expand(uint256 output, uint256 count) internal pure returns (uint256[] memory words) {
        words = new uint256[](count);
        for (uint256 i = 0; i < count; ++i) words[i] = uint256(keccak256(abi.encode(output, i)));
    }

    /// @notice Calls the consumer back with exactly its gas, and drops what it returns.
    /// @return success Whether the consumer is a contract and returned.
    function deliver(
        address consumer,
        uint256 gasLimit,
        uint256 requestId,
        uint256 output,
        uint256 count
    ) internal returns (bool success) {
        uint256 data;
        uint256 size;
        // Memory-safe: 128 + 32·count bytes are allocated, and the scratch words at 0 and 0x20 used. The selector is
        // right-aligned in the first word; count is at most 500, so nothing wraps.
        assembly ("memory-safe") {
            data := mload(0x40)
            mstore(data, SELECTOR)
            mstore(add(data, 0x20), requestId)
            mstore(add(data, 0x40), 0x40)
            mstore(add(data, 0x60), count)
            let end := add(add(data, 0x80), shl(5, count))
            mstore(0, output)
            mstore(0x20, 0)
            for {
                let at := add(data, 0x80)
            } lt(at, end) {
                at := add(at, 0x20)
            } {
                mstore(at, keccak256(0, 0x40))
                mstore(0x20, add(mload(0x20), 1))
            }
            mstore(0x40, end)
            data := add(data, 28)
            size := sub(end, data)
        }
        // EIP-150: a call gets at most 63/64 of what is left, silently.
        uint256 required = gasLimit + gasLimit / 63 + 1 + CALL_GAS;
        uint256 given = gasleft();
        if (given < required) revert InsufficientGas(given, required);
        // No memory beyond the data read; nothing of the output is copied, however long.
        assembly ("memory-safe") {
            if extcodesize(consumer) {
                success := call(gasLimit, consumer, 0, data, size, 0, 0)
            }
        }
    }
}

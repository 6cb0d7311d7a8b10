// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title RequestHash
/// @notice Hashes of fixed words, as keccak256(abi.encode(…)) would give them, without a copy that stays in memory.
library RequestHash {
    /// @notice Id of a request: key hash, consumer, subscription, number.
    function id(bytes32 keyHash, address sender, uint256 subId, uint256 ordinal) internal pure returns (uint256 hash) {
        // Memory-safe: 128 bytes beyond the free pointer, as scratch.
        assembly ("memory-safe") {
            let words := mload(0x40)
            mstore(words, keyHash)
            mstore(add(words, 0x20), shr(96, shl(96, sender)))
            mstore(add(words, 0x40), subId)
            mstore(add(words, 0x60), ordinal)
            hash := keccak256(words, 0x80)
        }
    }

    /// @notice What the chain keeps of a request. Its id binds key, consumer, subscription and number.
    function commitment(uint256 requestId, uint256 terms, uint256 details) internal pure returns (bytes32 hash) {
        // Memory-safe: 96 bytes beyond the free pointer, as scratch.
        assembly ("memory-safe") {
            let words := mload(0x40)
            mstore(words, requestId)
            mstore(add(words, 0x20), terms)
            mstore(add(words, 0x40), details)
            hash := keccak256(words, 0x60)
        }
    }

    /// @notice The public key that a proof starts with.
    /// @param proof At least 64 bytes.
    /// @return keyHash Its hash, by which requests name it.
    /// @return x Its x-coordinate.
    /// @return parity 1 if its y is odd, else 0.
    function key(bytes calldata proof) internal pure returns (bytes32 keyHash, uint256 x, uint256 parity) {
        // Memory-safe: the scratch space. The caller has checked the length.
        assembly ("memory-safe") {
            calldatacopy(0, proof.offset, 0x40)
            keyHash := keccak256(0, 0x40)
            x := mload(0)
            parity := and(mload(0x20), 1)
        }
    }

    /// @notice Input of the VRF: chain, this contract, key hash, id, consumer, hash of the request's block.
    function alpha(
        bytes32 keyHash,
        uint256 requestId,
        address sender,
        bytes32 blockHash
    ) internal view returns (bytes32 hash) {
        // Memory-safe: 192 bytes beyond the free pointer, as scratch.
        assembly ("memory-safe") {
            let words := mload(0x40)
            mstore(words, chainid())
            mstore(add(words, 0x20), address())
            mstore(add(words, 0x40), keyHash)
            mstore(add(words, 0x60), requestId)
            mstore(add(words, 0x80), shr(96, shl(96, sender)))
            mstore(add(words, 0xa0), blockHash)
            hash := keccak256(words, 0xc0)
        }
    }
}

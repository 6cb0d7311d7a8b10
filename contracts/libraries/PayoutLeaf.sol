// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title PayoutLeaf
/// @notice Leaves and proofs in OpenZeppelin's standard format (merkle-tree `standard-v1`, leaf encoding address, address,
/// uint256; pairs hashed in sorted order).
library PayoutLeaf {
    /// @notice keccak256(keccak256(abi.encode(account, token, cumulative))). The second hash keeps an inner node, which is a
    /// hash of 64 bytes, from passing for a leaf.
    function hash(address account, address token, uint256 cumulative) internal pure returns (bytes32 leaf) {
        // Memory-safe: writes 96 bytes past the free pointer, which stays where it is, and one word of scratch space.
        assembly ("memory-safe") {
            let free := mload(0x40)
            mstore(free, and(account, 0xffffffffffffffffffffffffffffffffffffffff))
            mstore(add(free, 0x20), and(token, 0xffffffffffffffffffffffffffffffffffffffff))
            mstore(add(free, 0x40), cumulative)
            mstore(0, keccak256(free, 0x60))
            leaf := keccak256(0, 0x20)
        }
    }

    /// @notice Root that a leaf and its proof lead to, as OpenZeppelin's `MerkleProof.processProofCalldata`.
    function rootOf(bytes32 leaf, bytes32[] calldata proof) internal pure returns (bytes32 root) {
        // Memory-safe: writes to both words of scratch space only. Reads calldata within the array, whose bounds the ABI
        // decoder has checked.
        assembly ("memory-safe") {
            root := leaf
            let end := add(proof.offset, shl(5, proof.length))
            for {
                let place := proof.offset
            } lt(place, end) {
                place := add(place, 0x20)
            } {
                let sibling := calldataload(place)
                // The greater of the two goes to the second word.
                let second := shl(5, gt(root, sibling))
                mstore(second, root)
                mstore(xor(second, 0x20), sibling)
                root := keccak256(0, 0x40)
            }
        }
    }
}

// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SECP_P as P} from "./Curves.sol";

/// @title VrfHashes
/// @notice What RFC 9381 hashes on secp256k1 with SHA-256, try-and-increment and suite byte 0xFE. See `ECVRF`.
library VrfHashes {
    /// @notice The increment was not shown to fail: root² ≠ −(x³ + 7). It is valid, or the root is not its own.
    error WrongRoot(uint256 counter, uint256 x, uint256 root);

    /// @notice Try-and-increment (RFC 9381, 5.4.1.1). The y of the point is even; that it exists is checked by `ECVRF.verify`.
    /// @param roots 32 bytes for each failed increment, a multiple of 32 bytes.
    /// @return x SHA-256 of the first increment that has no root.
    function hashToCurve(
        uint256 keyX,
        uint256 keyParity,
        bytes memory alpha,
        bytes calldata roots
    ) internal view returns (uint256 x) {
        uint256 preimage;
        uint256 length;
        // Memory-safe: allocates 3 bytes of prefix, x, alpha, the counter and a zero; the word stored last begins inside.
        assembly ("memory-safe") {
            preimage := mload(0x40)
            length := mload(alpha)
            mstore(preimage, shl(232, or(0xFE0102, keyParity)))
            mstore(add(preimage, 3), keyX)
            mcopy(add(preimage, 35), add(alpha, 0x20), length)
            mstore(add(preimage, add(length, 35)), 0)
            length := add(length, 37)
            mstore(0x40, and(add(preimage, add(length, 61)), not(31)))
        }
        unchecked {
            for (uint256 offset = 0; ;) {
                // Memory-safe: reads the preimage, writes the scratch word at 0. Out of gas is the precompile's only
                // failure, and must not leave an older hash in its place.
                assembly ("memory-safe") {
                    if iszero(staticcall(gas(), 2, preimage, length, 0, 0x20)) {
                        revert(0, 0)
                    }
                    x := mload(0)
                }
                if (offset == roots.length) break;
                uint256 root;
                // No memory. Offset is below the roots' length, a multiple of 32.
                assembly ("memory-safe") {
                    root := calldataload(add(roots.offset, offset))
                }
                if (!isFailed(x, root)) revert WrongRoot(offset >> 5, x, root);
                offset += 32;
                // Memory-safe: the counter's byte, the last but one of the preimage.
                assembly ("memory-safe") {
                    mstore8(sub(add(preimage, length), 2), shr(5, offset))
                }
            }
        }
    }

    /// @notice Whether the root shows that an increment which hashed to x belongs to no point: x ≥ p, or root² = −(x³ + 7).
    function isFailed(uint256 x, uint256 root) internal pure returns (bool failed) {
        // No memory. One branch less than the same in Solidity.
        assembly ("memory-safe") {
            let cube := mulmod(mulmod(x, x, P), x, P)
            failed := iszero(mul(lt(x, P), addmod(addmod(mulmod(root, root, P), 7, P), cube, P)))
        }
    }

    /// @notice Challenge of RFC 9381, 5.4.3: 16 bytes, as a number.
    /// @param proof Proof bytes as in `ECVRF`, at least 129 of them, which hold Γ and U.
    function challenge(
        uint256 keyX,
        uint256 keyParity,
        uint256 hX,
        bytes calldata proof,
        uint256 vX,
        uint256 vY
    ) internal view returns (uint256 c) {
        // Memory-safe: 168 bytes beyond the free pointer as scratch, each written: 2 of prefix, five points of 33, a zero;
        // and the scratch word at 0. Out of gas is the precompile's only failure.
        assembly ("memory-safe") {
            let preimage := mload(0x40)
            mstore(preimage, shl(232, or(0xFE0202, keyParity)))
            mstore(add(preimage, 3), keyX)
            mstore8(add(preimage, 35), 2)
            mstore(add(preimage, 36), hX)
            calldatacopy(add(preimage, 68), proof.offset, 33)
            mstore8(add(preimage, 101), or(2, and(calldataload(add(proof.offset, 97)), 1)))
            calldatacopy(add(preimage, 102), add(proof.offset, 65), 32)
            mstore8(add(preimage, 134), or(2, and(vY, 1)))
            mstore(add(preimage, 135), vX)
            mstore8(add(preimage, 167), 0)
            if iszero(staticcall(gas(), 2, preimage, 168, 0, 0x20)) {
                revert(0, 0)
            }
            c := shr(128, mload(0))
        }
    }

    /// @notice Output of a proof that `ECVRF.verify` accepts (RFC 9381, 5.2).
    /// @param proof At least the 33 bytes of Γ.
    function proofToHash(bytes calldata proof) internal view returns (bytes32 beta) {
        // Memory-safe: 36 bytes of the scratch space. Out of gas is the precompile's only failure.
        assembly ("memory-safe") {
            mstore(0, shl(240, 0xFE03))
            calldatacopy(2, proof.offset, 33)
            mstore8(35, 0)
            if iszero(staticcall(gas(), 2, 0, 36, 0, 0x20)) {
                revert(0, 0)
            }
            beta := mload(0)
        }
    }
}

// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ECVRF} from "../libraries/ECVRF.sol";
import {VrfHashes} from "../libraries/VrfHashes.sol";

/// @title ECVRFHarness
/// @notice Shows the steps of ECVRF to tests, many cases in one call.
contract ECVRFHarness {
    struct Case {
        uint256 keyX;
        uint256 keyParity;
        bytes alpha;
        bytes proof;
    }

    struct Terms {
        uint256 aX;
        uint256 aY;
        uint256 bX;
        uint256 bY;
        uint256 vX;
        uint256 vY;
    }

    /// @notice The output of every case, or zero where the proof is refused.
    function verifyMany(Case[] calldata cases) external view returns (bytes32[] memory betas) {
        betas = new bytes32[](cases.length);
        for (uint256 i = 0; i < cases.length; ++i) {
            try this.verify(cases[i].keyX, cases[i].keyParity, cases[i].alpha, cases[i].proof) returns (bytes32 beta) {
                betas[i] = beta;
            } catch {
                betas[i] = 0;
            }
        }
    }

    function verify(
        uint256 keyX,
        uint256 keyParity,
        bytes calldata alpha,
        bytes calldata proof
    ) external view returns (bytes32) {
        return ECVRF.verify(keyX, keyParity, alpha, proof);
    }

    function hashToCurve(
        uint256 keyX,
        uint256 keyParity,
        bytes calldata alpha,
        bytes calldata roots
    ) external view returns (uint256) {
        return VrfHashes.hashToCurve(keyX, keyParity, alpha, roots);
    }

    function isFailed(uint256 x, uint256 root) external pure returns (bool) {
        return VrfHashes.isFailed(x, root);
    }

    function terms(uint256 m, uint256 u, uint256 v) external pure returns (Terms memory t) {
        (t.aX, t.aY, t.bX, t.bY, t.vX, t.vY) = ECVRF.terms(m, u, v);
    }

    function challenge(
        uint256 keyX,
        uint256 keyParity,
        uint256 hX,
        bytes calldata proof,
        uint256 vX,
        uint256 vY
    ) external view returns (uint256) {
        return VrfHashes.challenge(keyX, keyParity, hX, proof, vX, vY);
    }

    function proofToHash(bytes calldata proof) external view returns (bytes32) {
        return VrfHashes.proofToHash(proof);
    }

    function validateKey(uint256 x, uint256 y) external pure {
        ECVRF.validateKey(x, y);
    }

    /// @notice Whether alpha and what is allocated behind it are the same after a verification amid used memory.
    function keepsMemory(
        uint256 keyX,
        uint256 keyParity,
        bytes calldata alpha,
        bytes calldata proof
    ) external view returns (bool) {
        bytes memory copy = alpha;
        bytes memory neighbour = bytes("0123456789012345678901234567890123456789");
        // Memory-safe: beyond the free pointer.
        assembly ("memory-safe") {
            let free := mload(0x40)
            for {
                let i := 0
            } lt(i, 1024) {
                i := add(i, 32)
            } {
                mstore(add(free, i), not(0))
            }
        }
        ECVRF.verify(keyX, keyParity, copy, proof);
        return
            keccak256(copy) == keccak256(alpha) &&
            keccak256(neighbour) == keccak256("0123456789012345678901234567890123456789");
    }
}

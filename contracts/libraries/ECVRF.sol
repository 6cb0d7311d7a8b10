// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Curves, SECP_N as N, SECP_P as P} from "./Curves.sol";
import {VrfHashes} from "./VrfHashes.sol";

/// @title ECVRF
/// @notice Verifies proofs of the verifiable random function of RFC 9381 on secp256k1 with SHA-256, try-and-increment,
/// suite byte 0xFE: beta is the one output that a key Y = xB has for an input alpha.
/// @dev RFC 9381, 5.3: H is the first x-coordinate of a point among SHA256(0xFE ‖ 0x01 ‖ Y ‖ alpha ‖ counter ‖ 0x00),
/// counter = 0, 1, …, with even y; U = sB − cY; V = sH − cΓ; the proof (Γ, c, s) is valid when c is the first 16 bytes of
/// SHA256(0xFE ‖ 0x02 ‖ Y ‖ H ‖ Γ ‖ U ‖ V ‖ 0x00); beta = SHA256(0xFE ‖ 0x03 ‖ Γ ‖ 0x00). Points are compressed (SEC 1).
///
/// Proof bytes, big-endian, 225 + 32k of them, k ≤ 255:
///
///       0   1  2 + parity of Γ's y
///       1  32  Γ.x
///      33  32  s
///      65  64  U.x, U.y
///     129  96  m, u, v, which give A = sH, B = −cΓ and V = A + B (see `terms`)
///     225 32k  for each counter below k, a square root of −(x³ + 7) for the x that it hashed to
///
/// The proof string of the RFC has c where this has witnesses. Here c is computed from U and V, and U = sB − cY, A = sH,
/// B = −cΓ are checked with it: for the same points that says the same.
///
/// Why no witness can be chosen freely:
///
/// Counter. p ≡ 3 (mod 4), so −1 is no square, and x³ + 7 = −root² with root ≠ 0 is no square either: x belongs to no point.
/// (root = 0 would need x³ = −7, a point of order two; the group's order n is odd.) A valid increment has no root and
/// cannot be skipped. x ≥ p belongs to no point by SEC 1, and its root is not read. The first increment without a root
/// must belong to a point, as ecrecover returns nothing for an r that does not. So H is the H of the RFC.
///
/// Multiplications. ecrecover(h, v, r, s') returns the address of r⁻¹·(s'·K − h·B) where K is the point with x = r and
/// parity v − 27, and nothing if there is no such point, r or s' is outside [1, n), or the result is the identity. With r = Y.x,
/// s' = −c·r, h = −s·r it is sB − cY; with r = H.x, s' = s·r, h = 0 it is sH; with r = Γ.x, s' = −c·r, h = 0 it is −cΓ. Thus Y, H
/// and Γ are checked to be on the curve, whose cofactor is 1, and U, A and B to be these points: another pair of
/// coordinates with the address of the right one is a second preimage of 160 bits, which takes 2^160 trials (collisions
/// do not help: the challenge, hence each address, is settled by the coordinates that it would have to meet).
///
/// Sum. m, u and v are bound because A and B are: `terms` shows that whatever they are, if A and B come out as points of
/// the curve, V comes out as their sum, doubling included; a sum that is the identity cannot be written.
///
/// What has no proof here though it has one in the RFC: H.x or Γ.x in [n, p), s or c zero, U or V the identity, A and B with
/// the same y. For a given key and alpha each has a probability of at most 2^-127.
library ECVRF {
    uint256 private constant U_OFFSET = 65;
    uint256 private constant TERMS_OFFSET = 129;
    uint256 private constant ROOTS_OFFSET = 225;
    uint256 private constant ROOTS_LENGTH_MASK = 32 * 255;
    uint256 private constant ADDRESS_MASK = 0x00ffffffffffffffffffffffffffffffffffffffff;

    /// @notice The key is not a point of the curve with x in [1, n).
    error InvalidKey(uint256 x, uint256 y);
    /// @notice The proof is not 225 + 32k bytes long with k ≤ 255.
    error ProofLength(uint256 given);
    /// @notice Γ does not start with 2 or 3.
    error GammaPrefix(uint256 given);
    /// @notice s is outside [1, n).
    error ScalarOutOfRange(uint256 s);
    /// @notice The increment after the last root belongs to no point: a root is missing.
    error InvalidIncrement(uint256 counter, uint256 x);
    /// @notice Γ is no point of the curve with x in [1, n).
    error InvalidGamma(uint256 x);
    /// @notice The key is no point of the curve with x in [1, n), or its parity is neither 0 nor 1.
    error UnusableKey(uint256 x, uint256 parity);
    /// @notice A is not sH. Addresses stand for points.
    error WrongHashTerm(address given, address expected);
    /// @notice B is not −cΓ.
    error WrongGammaTerm(address given, address expected);
    /// @notice U is not sB − cY.
    error WrongCommitment(address given, address expected);

    /// @notice Full validation of a public key (RFC 9381, 5.4.5; the cofactor is 1), and x < n, which ecrecover needs.
    function validateKey(uint256 x, uint256 y) internal pure {
        // x = 0 is no point: 7 is no square.
        if (x >= N || y >= P || !Curves.isOnSecp256k1(x, y)) revert InvalidKey(x, y);
    }

    /// @notice The output for `alpha` under the key, if the proof is right; reverts otherwise.
    /// @param keyX Affine x of the public key. A key that is not on the curve is refused.
    /// @param keyParity 1 if the key's y is odd, else 0.
    /// @param alpha The input, of any length.
    /// @param proof Proof bytes as above.
    /// @return beta 32 bytes, RFC 9381's proof_to_hash.
    function verify(
        uint256 keyX,
        uint256 keyParity,
        bytes memory alpha,
        bytes calldata proof
    ) internal view returns (bytes32 beta) {
        unchecked {
            // Below ROOTS_OFFSET the difference wraps to a number beyond the mask, which is what 32·k may be.
            if ((proof.length - ROOTS_OFFSET) & ~ROOTS_LENGTH_MASK != 0) revert ProofLength(proof.length);
            uint256 gammaPrefix = word(proof, 0) >> 248;
            if (gammaPrefix >> 1 != 1) revert GammaPrefix(gammaPrefix);
            uint256 s = word(proof, 33);
            // Zero wraps.
            if (s - 1 >= N - 1) revert ScalarOutOfRange(s);

            uint256 hX = VrfHashes.hashToCurve(keyX, keyParity, alpha, rootsOf(proof));
            (uint256 aX, uint256 aY, uint256 bX, uint256 bY, uint256 vX, uint256 vY) = terms(
                word(proof, TERMS_OFFSET),
                word(proof, TERMS_OFFSET + 32),
                word(proof, TERMS_OFFSET + 64)
            );
            uint256 c = VrfHashes.challenge(keyX, keyParity, hX, proof, vX, vY);
            uint256 gammaX = word(proof, 1);

            // N − product lies in [1, N]; ecrecover refuses N, which is c = 0.
            uint256 given = pointAddress(aX, aY);
            uint256 expected = recover(0, 0, hX, mulmod(s, hX, N));
            if (given != expected) refuseHashTerm(given, expected, hX, (proof.length - ROOTS_OFFSET) >> 5);
            given = pointAddress(bX, bY);
            expected = recover(0, gammaPrefix & 1, gammaX, N - mulmod(c, gammaX, N));
            if (given != expected) refuseGammaTerm(given, expected, gammaX);
            given = pointAddress(word(proof, U_OFFSET), word(proof, U_OFFSET + 32));
            expected = recover(N - mulmod(s, keyX, N), keyParity, keyX, N - mulmod(c, keyX, N));
            if (given != expected) refuseCommitment(given, expected, keyX, keyParity);
        }
        return VrfHashes.proofToHash(proof);
    }

    /// @notice The points A and B, and their sum V, from half the slope of the line through them and two more numbers.
    /// @dev With slope λ = 2m, u = (B.x − A.x)/2λ and v = (A.x + B.x)/2λ:
    /// A.x = λ(v − u), B.x = λ(v + u), A.y = m(u² + 3v²) − λ²u, B.y = m(u² + 3v²) + λ²u, V.x = λ² − 2λv, V.y = λ(A.x − V.x) − A.y.
    /// For any m, u, v: B.y − A.y = λ(B.x − A.x), and λ(A.y + B.y) = A.x² + A.x·B.x + B.x². So if both are on y² = x³ + 7: when
    /// A.x ≠ B.x, λ is the slope of their chord; when A.x = B.x, then A.y = B.y (≠ 0, there is no point of order two) and
    /// 2·A.y·λ = 3·A.x², the slope of the tangent. V is their sum in both cases. Three words thus carry two points and
    /// the inverse that adding them would take. All results are below p.
    function terms(
        uint256 m,
        uint256 u,
        uint256 v
    ) internal pure returns (uint256 aX, uint256 aY, uint256 bX, uint256 bY, uint256 vX, uint256 vY) {
        // No memory. Differences are P − a with a ≤ P, a result of mulmod or addmod.
        assembly ("memory-safe") {
            let slope := addmod(m, m, P)
            let square := mulmod(slope, slope, P)
            let half := mulmod(slope, u, P)
            let middle := mulmod(slope, v, P)
            let rise := mulmod(slope, half, P)
            let mean := mulmod(m, addmod(mulmod(u, u, P), mulmod(3, mulmod(v, v, P), P), P), P)
            aX := addmod(middle, sub(P, half), P)
            bX := addmod(middle, half, P)
            aY := addmod(mean, sub(P, rise), P)
            bY := addmod(mean, rise, P)
            vX := addmod(square, sub(P, addmod(middle, middle, P)), P)
            vY := addmod(mulmod(slope, addmod(aX, sub(P, vX), P), P), sub(P, aY), P)
        }
    }

    /// @dev The roots of a proof whose length has been checked.
    function rootsOf(bytes calldata proof) private pure returns (bytes calldata roots) {
        // No memory. The length is at least ROOTS_OFFSET.
        assembly ("memory-safe") {
            roots.offset := add(proof.offset, ROOTS_OFFSET)
            roots.length := sub(proof.length, ROOTS_OFFSET)
        }
    }

    /// @dev 32 bytes at an offset that the caller has checked.
    function word(bytes calldata data, uint256 offset) private pure returns (uint256 value) {
        // No memory.
        assembly ("memory-safe") {
            value := calldataload(add(data.offset, offset))
        }
    }

    /// @dev Address of r⁻¹·(s·K − h·B), where K has x = r and that parity; 2^256 − 1, which is no address, if there is none.
    function recover(uint256 h, uint256 parity, uint256 r, uint256 s) private view returns (uint256 account) {
        // Memory-safe: 128 bytes beyond the free pointer as scratch and the scratch word at 0, set first because a failing
        // ecrecover, out of gas included, returns nothing.
        assembly ("memory-safe") {
            let scratch := mload(0x40)
            mstore(scratch, h)
            mstore(add(scratch, 0x20), add(27, parity))
            mstore(add(scratch, 0x40), r)
            mstore(add(scratch, 0x60), s)
            mstore(0, not(0))
            pop(staticcall(gas(), 1, scratch, 0x80, 0, 0x20))
            account := mload(0)
        }
    }

    /// @dev Address of a point.
    function pointAddress(uint256 x, uint256 y) private pure returns (uint256 account) {
        // Memory-safe: the scratch space.
        assembly ("memory-safe") {
            mstore(0, x)
            mstore(0x20, y)
            account := and(keccak256(0, 0x40), ADDRESS_MASK)
        }
    }

    function refuseHashTerm(uint256 given, uint256 expected, uint256 hX, uint256 counter) private pure {
        if (expected > ADDRESS_MASK) revert InvalidIncrement(counter, hX);
        revert WrongHashTerm(address(uint160(given)), address(uint160(expected)));
    }

    function refuseGammaTerm(uint256 given, uint256 expected, uint256 gammaX) private pure {
        if (expected > ADDRESS_MASK) revert InvalidGamma(gammaX);
        revert WrongGammaTerm(address(uint160(given)), address(uint160(expected)));
    }

    function refuseCommitment(uint256 given, uint256 expected, uint256 keyX, uint256 keyParity) private pure {
        if (expected > ADDRESS_MASK) revert UnusableKey(keyX, keyParity);
        revert WrongCommitment(address(uint160(given)), address(uint160(expected)));
    }
}

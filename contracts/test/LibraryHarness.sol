// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Curves} from "../libraries/Curves.sol";
import {FeedWord} from "../libraries/FeedWord.sol";
import {Schnorr} from "../libraries/Schnorr.sol";
import {SetBlob} from "../libraries/SetBlob.sol";

/// @title LibraryHarness
/// @notice Shows internal library functions to tests, many cases in one call.
contract LibraryHarness {
    struct SignatureCase {
        uint256 x;
        uint256 parity;
        bytes32 digest;
        uint256 s;
        address commitment;
    }

    /// @notice Schnorr.verify of every case.
    function verify(SignatureCase[] calldata cases) external view returns (bool[] memory valid) {
        valid = new bool[](cases.length);
        for (uint256 i = 0; i < cases.length; ++i) {
            SignatureCase calldata c = cases[i];
            valid[i] = Schnorr.verify(c.x, c.parity, c.digest, c.s, c.commitment);
        }
    }

    /// @notice Affine sum of the keys of every bitmap, with whether the inverse is right.
    function sum(
        bytes calldata keys,
        uint256[] calldata signers,
        uint256[] calldata zInverses
    ) external pure returns (uint256[] memory x, uint256[] memory parity, bool[] memory inverse) {
        x = new uint256[](signers.length);
        parity = new uint256[](signers.length);
        inverse = new bool[](signers.length);
        for (uint256 i = 0; i < signers.length; ++i) {
            (uint256 jacobianX, uint256 jacobianY, uint256 z) = Schnorr.sum(keys, signers[i]);
            inverse[i] = Schnorr.isInverse(z, zInverses[i]);
            (x[i], parity[i]) = Schnorr.toAffine(jacobianX, jacobianY, zInverses[i]);
        }
    }

    /// @notice Jacobian sum of the keys of a bitmap.
    function jacobianSum(bytes calldata keys, uint256 signers) external pure returns (uint256, uint256, uint256) {
        return Schnorr.sum(keys, signers);
    }

    function popCount(uint256[] calldata bits) external pure returns (uint256[] memory counts) {
        counts = new uint256[](bits.length);
        for (uint256 i = 0; i < bits.length; ++i) counts[i] = Schnorr.popCount(bits[i]);
    }

    function encodeAverage(uint256[] calldata values) external pure returns (uint256[] memory encoded) {
        encoded = new uint256[](values.length);
        for (uint256 i = 0; i < values.length; ++i) encoded[i] = FeedWord.encodeAverage(values[i]);
    }

    function writeBlob(uint256 length) external returns (address) {
        return SetBlob.write(new bytes(length));
    }

    function isOnSecp256k1(uint256 x, uint256 y) external pure returns (bool) {
        return Curves.isOnSecp256k1(x, y);
    }

    function isOnGrumpkin(uint256 x, uint256 y) external pure returns (bool) {
        return Curves.isOnGrumpkin(x, y);
    }
}

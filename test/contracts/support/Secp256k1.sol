// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Secp256k1
/// @notice Public keys of secret scalars, for tests: the runner's cheat codes give addresses only.
/// @dev Textbook double-and-add in affine coordinates over precomputed doublings would be longer; this one works in
/// projective coordinates with complete formulas (Renes, Costello, Batina, IACR 2015/1060, algorithms 7 and 9 for
/// a = 0, b3 = 21), which share nothing with the library under test.
library Secp256k1 {
    uint256 internal constant P = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEFFFFFC2F;
    uint256 internal constant GX = 0x79BE667EF9DCBBAC55A06295CE870B07029BFCDB2DCE28D959F2815B16F81798;
    uint256 internal constant GY = 0x483ADA7726A3C4655DA4FBFC0E1108A8FD17B448A68554199C47D08FFB10D4B8;

    /// @notice Affine public key of a secret, 0 < secret < n.
    function publicKey(uint256 secret) internal view returns (uint256 x, uint256 y) {
        uint256[3] memory sum = [uint256(0), 1, 0];
        uint256[3] memory doubled = [GX, GY, 1];
        for (; secret != 0; secret >>= 1) {
            if (secret & 1 == 1) sum = _add(sum, doubled);
            doubled = _add(doubled, doubled);
        }
        uint256 inverse = invert(sum[2]);
        return (mulmod(sum[0], inverse, P), mulmod(sum[1], inverse, P));
    }

    /// @notice Inverse modulo the field's prime, by Fermat's little theorem and the precompile for powers.
    function invert(uint256 value) internal view returns (uint256) {
        (bool ok, bytes memory result) = address(5).staticcall(
            abi.encode(uint256(32), uint256(32), uint256(32), value, P - 2, P)
        );
        require(ok, "modexp");
        return abi.decode(result, (uint256));
    }

    /// @dev Complete addition, algorithm 7.
    function _add(uint256[3] memory p, uint256[3] memory q) private pure returns (uint256[3] memory r) {
        unchecked {
            uint256 xx = mulmod(p[0], q[0], P);
            uint256 yy = mulmod(p[1], q[1], P);
            uint256 zz = mulmod(21, mulmod(p[2], q[2], P), P);
            uint256 xy = _cross(p[0], p[1], q[0], q[1], addmod(xx, yy, P));
            uint256 yz = addmod(mulmod(p[1], q[2], P), mulmod(q[1], p[2], P), P);
            uint256 xz = mulmod(21, addmod(mulmod(p[0], q[2], P), mulmod(q[0], p[2], P), P), P);
            uint256 sum = addmod(yy, zz, P);
            uint256 difference = addmod(yy, P - zz, P);
            uint256 triple = mulmod(3, xx, P);
            r[0] = addmod(mulmod(xy, difference, P), P - mulmod(yz, xz, P), P);
            r[1] = addmod(mulmod(difference, sum, P), mulmod(triple, xz, P), P);
            r[2] = addmod(mulmod(sum, yz, P), mulmod(triple, xy, P), P);
        }
    }

    /// @dev (a + b)(c + d) − s.
    function _cross(uint256 a, uint256 b, uint256 c, uint256 d, uint256 s) private pure returns (uint256) {
        unchecked {
            return addmod(mulmod(addmod(a, b, P), addmod(c, d, P), P), P - s, P);
        }
    }
}

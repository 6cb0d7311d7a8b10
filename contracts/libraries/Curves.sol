// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @dev Field modulus of secp256k1, y² = x³ + 7 (SEC 2, 2.4.1).
uint256 constant SECP_P = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEFFFFFC2F;
/// @dev Order of secp256k1; prime, cofactor 1.
uint256 constant SECP_N = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141;
/// @dev Field modulus of grumpkin, y² = x³ − 17: the order of BN254's groups (EIP-197). Cofactor 1.
uint256 constant GRUMPKIN_P = 0x30644E72E131A029B85045B68181585D2833E84879B9709143E1F593F0000001;

/// @title Curves
/// @notice Equations of the two curves that operators' keys lie on.
library Curves {
    /// @notice Whether y² = x³ + 7 modulo p. The caller checks that both are below p.
    function isOnSecp256k1(uint256 x, uint256 y) internal pure returns (bool) {
        return mulmod(y, y, SECP_P) == addmod(mulmod(mulmod(x, x, SECP_P), x, SECP_P), 7, SECP_P);
    }

    /// @notice Whether y² = x³ − 17 modulo the field. The caller checks that both are below it.
    function isOnGrumpkin(uint256 x, uint256 y) internal pure returns (bool) {
        return
            mulmod(y, y, GRUMPKIN_P) ==
            addmod(mulmod(mulmod(x, x, GRUMPKIN_P), x, GRUMPKIN_P), GRUMPKIN_P - 17, GRUMPKIN_P);
    }
}

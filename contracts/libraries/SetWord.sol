// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice One immutable configuration in one storage word; `SetWord` says where what lies.
type PackedSet is uint256;

using SetWord for PackedSet global;

/// @dev Bit at which the number of operators starts. At file level because only such constants reach assembly.
uint256 constant SET_OPERATORS = 224;

/// @title SetWord
/// @notice Layout of the word that points to a set.
/// @dev From the least significant bit: blob address 160, set id 32, since 32, operators 8, feeds 8, quorum 8.
library SetWord {
    function pack(
        address blob_,
        uint256 id_,
        uint256 since_,
        uint256 operators_,
        uint256 feeds_,
        uint256 quorum_
    ) internal pure returns (PackedSet) {
        return
            PackedSet.wrap(
                uint256(uint160(blob_)) |
                    (id_ << 160) |
                    (since_ << 192) |
                    (operators_ << SET_OPERATORS) |
                    (feeds_ << 232) |
                    (quorum_ << 240)
            );
    }

    /// @notice Contract whose code holds keys and parameters.
    function blob(PackedSet set) internal pure returns (address) {
        return address(uint160(PackedSet.unwrap(set)));
    }

    function id(PackedSet set) internal pure returns (uint256) {
        return uint32(PackedSet.unwrap(set) >> 160);
    }

    /// @notice First slot that the set may sign, unix seconds.
    function since(PackedSet set) internal pure returns (uint256) {
        return uint32(PackedSet.unwrap(set) >> 192);
    }

    function operators(PackedSet set) internal pure returns (uint256) {
        return uint8(PackedSet.unwrap(set) >> SET_OPERATORS);
    }

    function feeds(PackedSet set) internal pure returns (uint256) {
        return uint8(PackedSet.unwrap(set) >> 232);
    }

    function quorum(PackedSet set) internal pure returns (uint256) {
        return uint8(PackedSet.unwrap(set) >> 240);
    }

    /// @notice Bits `first` to `last`, both below 256.
    function range(uint256 first, uint256 last) internal pure returns (uint256) {
        return (~uint256(0) << first) & ~(~uint256(1) << last);
    }
}

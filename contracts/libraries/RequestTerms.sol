// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title RequestTerms
/// @notice What a request costs and where it is kept, in one word.
/// @dev Bits: reserve 0–71, premium 72–135, bond share 136–207, all in wei; index of the proving key 208–217; place in the
/// subscription's ring 218–222; whether it found the ring full 223; its number in the subscription 224–255.
library RequestTerms {
    uint256 private constant PREMIUM_SHIFT = 72;
    uint256 private constant BOND_SHIFT = 136;
    uint256 private constant INDEX_SHIFT = 208;
    uint256 private constant INDEX_MASK = 0x3FF;
    uint256 private constant PLACE_SHIFT = 218;
    uint256 private constant PLACE_MASK = 0x1F;
    uint256 private constant OVERFLOW = 1 << 223;
    uint256 private constant NUMBER_SHIFT = 224;

    /// @notice Terms without a place. The arguments are within their fields.
    function pack(
        uint256 reserve_,
        uint256 premium_,
        uint256 bondShare_,
        uint256 keyIndex_
    ) internal pure returns (uint256) {
        return reserve_ | (premium_ << PREMIUM_SHIFT) | (bondShare_ << BOND_SHIFT) | (keyIndex_ << INDEX_SHIFT);
    }

    /// @notice The same terms with the request's number and its place: below 32 in the ring, 32 outside.
    function placed(uint256 terms, uint256 number_, uint256 place_) internal pure returns (uint256) {
        return terms | (number_ << NUMBER_SHIFT) | (place_ << PLACE_SHIFT);
    }

    function reserve(uint256 terms) internal pure returns (uint256) {
        return uint72(terms);
    }

    function premium(uint256 terms) internal pure returns (uint256) {
        return uint64(terms >> PREMIUM_SHIFT);
    }

    function bondShare(uint256 terms) internal pure returns (uint256) {
        return uint72(terms >> BOND_SHIFT);
    }

    function keyIndex(uint256 terms) internal pure returns (uint256) {
        return (terms >> INDEX_SHIFT) & INDEX_MASK;
    }

    /// @notice Place in the ring, for a request that is not outside.
    function place(uint256 terms) internal pure returns (uint256) {
        return (terms >> PLACE_SHIFT) & PLACE_MASK;
    }

    function isOverflow(uint256 terms) internal pure returns (bool) {
        return terms & OVERFLOW != 0;
    }

    function number(uint256 terms) internal pure returns (uint256) {
        return terms >> NUMBER_SHIFT;
    }
}

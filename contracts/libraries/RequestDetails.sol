// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title RequestDetails
/// @notice When and how a request wants its words, in one word.
/// @dev Bits: number of the request's block 0–63, confirmations 64–79, callback gas 80–111, words 112–143.
library RequestDetails {
    uint256 private constant CONFIRMATIONS_SHIFT = 64;
    uint256 private constant GAS_SHIFT = 80;
    uint256 private constant WORDS_SHIFT = 112;

    function pack(
        uint256 blockNumber_,
        uint256 confirmations_,
        uint256 callbackGas_,
        uint256 numWords_
    ) internal pure returns (uint256) {
        return
            blockNumber_ |
            (confirmations_ << CONFIRMATIONS_SHIFT) |
            (callbackGas_ << GAS_SHIFT) |
            (numWords_ << WORDS_SHIFT);
    }

    function blockNumber(uint256 details) internal pure returns (uint256) {
        return uint64(details);
    }

    function confirmations(uint256 details) internal pure returns (uint256) {
        return uint16(details >> CONFIRMATIONS_SHIFT);
    }

    function callbackGas(uint256 details) internal pure returns (uint256) {
        return uint32(details >> GAS_SHIFT);
    }

    function numWords(uint256 details) internal pure returns (uint256) {
        return uint32(details >> WORDS_SHIFT);
    }
}

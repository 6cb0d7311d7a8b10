// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title IDodonaToken
/// @notice What the token says beside ERC-20, ERC-2612, ERC-5805 and ERC-6372, which are its interface.
/// @dev Votes count only when delegated, to oneself included. Time points are unix seconds.
interface IDodonaToken {
    /// @notice Lists that belong together differ in length.
    error LengthMismatch(uint256 accounts, uint256 amounts);
}

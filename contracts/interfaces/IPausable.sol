// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title IPausable
/// @notice A contract whose guardian can stop part of what it does, for a while.
/// @dev Warning: a pause lapses by itself after 72 hours, and at most two begin within 30 days: a guardian can delay, but
/// never hold. What a pause stops is said by the contract; it never stops anyone from taking out what is theirs to take,
/// unless the contract says so.
interface IPausable {
    /// @notice The guardian stopped the contract until `until`, unix seconds.
    event Paused(uint64 until);
    /// @notice Governance ended a pause early. What the guardian used of its budget stays used.
    event Unpaused();

    /// @notice The contract is paused until `until`, unix seconds.
    error ContractPaused(uint64 until);
    /// @notice Two pauses began within 30 days; the next may begin at `nextAllowed`, unix seconds.
    error PauseExhausted(uint64 nextAllowed);
    /// @notice There is no pause to end.
    error NotPaused();

    /// @notice Stops the contract for 72 hours from now; a pause that holds is renewed. Restricted to the guardian.
    /// @return until End of the pause, unix seconds.
    function pause() external returns (uint64 until);

    /// @notice Ends a pause. Restricted to governance.
    function unpause() external;

    /// @notice End of the latest pause, unix seconds; 0 if there was none or governance ended it. Past if it has lapsed.
    function pausedUntil() external view returns (uint64);
}

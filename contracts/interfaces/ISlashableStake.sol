// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title ISlashableStake
/// @notice What slashing needs of the operators' stakes and no more.
interface ISlashableStake {
    /// @notice Takes stake of an operator, bonded and unbonding alike. Restricted to the slashing contract.
    /// @param amount At most what is slashable.
    /// @param reporter Who gets the reporter's share.
    function slash(address account, uint256 amount, address reporter) external;

    /// @notice Stake of an account that can be slashed now, bonded and unbonding.
    function slashable(address account) external view returns (uint256);

    /// @notice Seconds that stake takes to leave.
    function unbondingDelay() external view returns (uint256);
}

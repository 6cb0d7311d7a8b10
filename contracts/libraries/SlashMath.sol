// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IOperatorStake} from "../interfaces/IOperatorStake.sol";

/// @title SlashMath
/// @notice Where a slashed amount comes from and where it goes, in the token's smallest unit.
library SlashMath {
    /// @dev The reporter gets 1/10.
    uint256 internal constant REPORTER_DIVISOR = 10;
    /// @dev 1/2 is burned.
    uint256 internal constant BURN_DIVISOR = 2;

    /// @notice What is left after `amount` was taken: ⌊amount · unbonding / (staked + unbonding)⌋ of what unbonds, the rest of
    /// what is staked, so that rounding never helps an operator to keep its seat.
    /// @dev The rest is at most `staked`: amount · staked / total rounded up, where amount ≤ total. Products of two values
    /// below 2^105 do not overflow. Reverts with InsufficientStake.
    function remaining(
        uint256 staked,
        uint256 unbonding,
        uint256 amount
    ) internal pure returns (uint256 stakedAfter, uint256 unbondingAfter) {
        uint256 total = staked + unbonding;
        if (amount > total) revert IOperatorStake.InsufficientStake(amount, total);
        uint256 fromUnbonding = total == 0 ? 0 : (amount * unbonding) / total;
        return (staked - (amount - fromUnbonding), unbonding - fromUnbonding);
    }

    /// @notice ⌊amount / 10⌋ for the reporter if there is one, ⌈amount / 2⌉ to burn, the rest for the treasury.
    /// @dev The first two never exceed the amount: for amount ≤ 9 the reporter gets nothing, above ⌊a/10⌋ + ⌈a/2⌉ ≤ a.
    function split(
        uint256 amount,
        bool hasReporter
    ) internal pure returns (uint256 reporterShare, uint256 burned, uint256 treasuryShare) {
        if (hasReporter) reporterShare = amount / REPORTER_DIVISOR;
        burned = amount - amount / BURN_DIVISOR;
        treasuryShare = amount - reporterShare - burned;
    }
}

// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {IOperators} from "./IOperators.sol";

/// @title IOperatorRewards
/// @notice Pays operators by epoch for taking part.
/// @dev Whoever sends tokens here, the treasury above all, funds it. An epoch's budget is set aside when its weights are
/// posted, is open to challenge for one epoch's length, and then belongs to the operators. Epochs are the registry's.
///
/// Warning: the scorer says who took part, off chain and from indexed rounds. It can favour one operator over others of
/// the same epoch, up to the budget and unless someone objects; it can pay nobody who was not active. The guardian's pause
/// drops every epoch still open to challenge, stops posting and claiming while it lasts, and is rationed.
interface IOperatorRewards {
    /// @notice Where an epoch stands.
    enum Status {
        None,
        Posted,
        Dropped
    }

    /// @notice One epoch's posting.
    /// @param status Where it stands.
    /// @param claimableAt End of the challenge, unix seconds.
    /// @param totalWeight Sum of the weights.
    /// @param budget What is shared, in the token's smallest unit.
    /// @param allocated Sum of all rewards, at most the budget: shares are rounded down.
    /// @param paid What was claimed of it.
    struct Epoch {
        Status status;
        uint48 claimableAt;
        uint32 totalWeight;
        uint128 budget;
        uint128 allocated;
        uint128 paid;
    }

    /// @notice Governance changed what an epoch pays at most.
    event EpochBudgetChanged(uint256 budget);

    /// @notice The scorer posted who took part in an epoch.
    event EpochWeightsPosted(
        uint48 indexed epoch,
        uint256 budget,
        uint256 allocated,
        uint48 claimableAt,
        address[] accounts,
        uint16[] weights
    );

    /// @notice Guardian or governance dropped an epoch: it pays nothing, and what was set aside is free again.
    event EpochDropped(uint48 indexed epoch, uint256 released);

    /// @notice An operator was paid for an epoch.
    event RewardClaimed(uint48 indexed epoch, address indexed account, uint256 amount);

    /// @notice Token and registry cannot be zero.
    error ZeroAddress();
    /// @notice The budget is more than an epoch can hold.
    error BudgetTooHigh(uint256 given, uint256 most);
    /// @notice The epoch has not ended, or it ended too long ago.
    error EpochOutOfRange(uint48 given, uint48 first, uint48 last);
    /// @notice The epoch was posted, once is all.
    error AlreadyPosted(uint48 epoch);
    /// @notice The lists differ in length, or are empty, or too long.
    error WeightsLength(uint256 accounts, uint256 weights, uint256 most);
    /// @notice A weight is zero or above the highest.
    error WeightOutOfRange(address account, uint16 given, uint16 most);
    /// @notice Accounts must ascend, so that none stands twice.
    error AccountsNotAscending(address account, address previous);
    /// @notice The account was not active in the epoch.
    error WasNotActive(address account, uint48 epoch);
    /// @notice Nothing is there, or budgeted, to be shared.
    error NothingFunded(uint256 available, uint256 epochBudget);
    /// @notice The epoch has no posting that holds.
    error NotPosted(uint48 epoch);
    /// @notice The challenge has not ended.
    error StillOpen(uint48 epoch, uint48 claimableAt);
    /// @notice The challenge has ended.
    error ChallengeEnded(uint48 epoch, uint48 claimableAt);
    /// @notice The account has no reward of the epoch, or none any more.
    error NothingToClaim(uint48 epoch, address account);

    /// @notice Posts the weights of an epoch that has ended, once, at most four epochs after it. Restricted to the scorer.
    /// @dev Shares the lesser of the epoch's budget and what is available.
    /// @param epoch Number of the epoch.
    /// @param accounts Who took part, ascending, at most 64; each must have been active in the epoch.
    /// @param weights 1 to 10,000 each, for example basis points of the epoch's rounds.
    function postWeights(uint48 epoch, address[] calldata accounts, uint16[] calldata weights) external;

    /// @notice Drops an epoch that is open to challenge. Restricted to governance.
    /// @dev The guardian drops all that are open by `pause`.
    function dropEpoch(uint48 epoch) external;

    /// @notice Pays an operator its reward of an epoch. Anyone may call it; it always goes to the operator.
    function claim(uint48 epoch, address account) external returns (uint256 amount);

    /// @notice Pays an operator its rewards of several epochs; reverts as `claim` does.
    function claimMany(uint48[] calldata epochs, address account) external returns (uint256 amount);

    /// @notice Sets what an epoch posted from now on pays at most. Restricted to governance.
    function setEpochBudget(uint256 budget) external;

    /// @notice An epoch's posting; all zero if there is none.
    function epochOf(uint48 epoch) external view returns (Epoch memory);

    /// @notice Reward that an account can claim of an epoch, at the end of its challenge; 0 if claimed or dropped.
    function rewardOf(uint48 epoch, address account) external view returns (uint256);

    /// @notice What an epoch pays at most.
    function epochBudget() external view returns (uint256);

    /// @notice What is here and set aside for no epoch.
    function available() external view returns (uint256);

    /// @notice What is set aside for posted epochs and not yet paid.
    function reserved() external view returns (uint256);

    /// @notice The token that is paid.
    function token() external view returns (IERC20);

    /// @notice The registry that says who was active, and how long an epoch is.
    function operators() external view returns (IOperators);
}

// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

import {GuardedPause} from "../governance/GuardedPause.sol";
import {IOperatorRewards} from "../interfaces/IOperatorRewards.sol";
import {IOperators} from "../interfaces/IOperators.sol";

/// @title OperatorRewards
/// @notice Pays operators by epoch for taking part.
contract OperatorRewards is IOperatorRewards, GuardedPause {
    using SafeERC20 for IERC20;

    /// @dev Twice the seats of a set: an epoch may see a change.
    uint256 internal constant MAX_ACCOUNTS = 64;
    uint16 internal constant MAX_WEIGHT = 10_000;
    /// @dev An epoch that nobody posted in time stays unpaid, so that a stolen scorer cannot reach back for budgets.
    uint48 internal constant POST_WITHIN_EPOCHS = 4;

    /// @inheritdoc IOperatorRewards
    IERC20 public immutable token;
    /// @inheritdoc IOperatorRewards
    IOperators public immutable operators;
    /// @dev The registry's, which never changes.
    uint48 internal immutable EPOCH_SECONDS;

    /// @inheritdoc IOperatorRewards
    uint256 public epochBudget;
    /// @inheritdoc IOperatorRewards
    uint256 public reserved;
    mapping(uint48 epoch => Epoch) internal _epochs;
    /// @dev 0 for who has none, or has claimed.
    mapping(uint48 epoch => mapping(address account => uint16)) internal _weights;

    constructor(
        address authority,
        IERC20 token_,
        IOperators operators_,
        uint256 epochBudget_
    ) AccessManaged(authority) {
        if (address(token_) == address(0) || address(operators_) == address(0)) revert ZeroAddress();
        (token, operators, EPOCH_SECONDS) = (token_, operators_, operators_.epochSeconds());
        _setEpochBudget(epochBudget_);
    }

    /// @inheritdoc IOperatorRewards
    function postWeights(
        uint48 epoch,
        address[] calldata accounts,
        uint16[] calldata weights
    ) external restricted whenNotPaused {
        _checkEpoch(epoch);
        if (accounts.length == 0 || accounts.length != weights.length || accounts.length > MAX_ACCOUNTS) {
            revert WeightsLength(accounts.length, weights.length, MAX_ACCOUNTS);
        }
        uint256 free = available();
        uint256 budget = epochBudget < free ? epochBudget : free;
        if (budget == 0) revert NothingFunded(free, epochBudget);
        uint256 totalWeight = _storeWeights(epoch, accounts, weights);
        uint256 allocated = 0;
        for (uint256 i = 0; i < weights.length; ++i) allocated += (budget * weights[i]) / totalWeight;

        uint48 claimableAt = uint48(block.timestamp) + EPOCH_SECONDS;
        _epochs[epoch] = Epoch({
            status: Status.Posted,
            claimableAt: claimableAt,
            totalWeight: uint32(totalWeight),
            budget: uint128(budget),
            allocated: uint128(allocated),
            paid: 0
        });
        reserved += allocated;
        emit EpochWeightsPosted(epoch, budget, allocated, claimableAt, accounts, weights);
    }

    /// @inheritdoc IOperatorRewards
    function dropEpoch(uint48 epoch) external restricted {
        Epoch storage posted = _posted(epoch);
        if (block.timestamp >= posted.claimableAt) revert ChallengeEnded(epoch, posted.claimableAt);
        _drop(epoch, posted);
    }

    /// @inheritdoc IOperatorRewards
    function claim(uint48 epoch, address account) external whenNotPaused returns (uint256 amount) {
        amount = _take(epoch, account);
        token.safeTransfer(account, amount);
    }

    /// @inheritdoc IOperatorRewards
    function claimMany(uint48[] calldata epochs, address account) external whenNotPaused returns (uint256 amount) {
        for (uint256 i = 0; i < epochs.length; ++i) amount += _take(epochs[i], account);
        token.safeTransfer(account, amount);
    }

    /// @inheritdoc IOperatorRewards
    function setEpochBudget(uint256 budget) external restricted {
        _setEpochBudget(budget);
    }

    /// @inheritdoc IOperatorRewards
    function epochOf(uint48 epoch) external view returns (Epoch memory) {
        return _epochs[epoch];
    }

    /// @inheritdoc IOperatorRewards
    function rewardOf(uint48 epoch, address account) external view returns (uint256) {
        Epoch storage posted = _epochs[epoch];
        return posted.status == Status.Posted ? _share(posted, _weights[epoch][account]) : 0;
    }

    /// @inheritdoc IOperatorRewards
    function available() public view returns (uint256) {
        return token.balanceOf(address(this)) - reserved;
    }

    /// @dev The guardian's objection to what is open to challenge; later it may stop claims for a while and no more.
    function _pauseBegan() internal override {
        uint48 current = operators.currentEpoch();
        // Posted within `POST_WITHIN_EPOCHS` of its end, and open for one epoch more.
        for (uint48 epoch = current - POST_WITHIN_EPOCHS - 1; epoch < current; ++epoch) {
            Epoch storage posted = _epochs[epoch];
            if (posted.status == Status.Posted && block.timestamp < posted.claimableAt) _drop(epoch, posted);
        }
    }

    function _checkEpoch(uint48 epoch) internal view {
        uint48 current = operators.currentEpoch();
        uint48 first = current - POST_WITHIN_EPOCHS;
        if (epoch >= current || epoch < first) revert EpochOutOfRange(epoch, first, current - 1);
        if (_epochs[epoch].status != Status.None) revert AlreadyPosted(epoch);
    }

    function _storeWeights(
        uint48 epoch,
        address[] calldata accounts,
        uint16[] calldata weights
    ) internal returns (uint256 total) {
        address previous = address(0);
        for (uint256 i = 0; i < accounts.length; ++i) {
            (address account, uint16 weight) = (accounts[i], weights[i]);
            if (account <= previous) revert AccountsNotAscending(account, previous);
            if (weight == 0 || weight > MAX_WEIGHT) revert WeightOutOfRange(account, weight, MAX_WEIGHT);
            if (!operators.wasActive(account, epoch)) revert WasNotActive(account, epoch);
            _weights[epoch][account] = weight;
            total += weight;
            previous = account;
        }
    }

    function _drop(uint48 epoch, Epoch storage posted) internal {
        posted.status = Status.Dropped;
        reserved -= posted.allocated;
        emit EpochDropped(epoch, posted.allocated);
    }

    /// @dev Takes an account's reward out of what is set aside.
    function _take(uint48 epoch, address account) internal returns (uint256 amount) {
        Epoch storage posted = _posted(epoch);
        if (block.timestamp < posted.claimableAt) revert StillOpen(epoch, posted.claimableAt);
        amount = _share(posted, _weights[epoch][account]);
        if (amount == 0) revert NothingToClaim(epoch, account);
        delete _weights[epoch][account];
        posted.paid += uint128(amount);
        reserved -= amount;
        emit RewardClaimed(epoch, account, amount);
    }

    function _setEpochBudget(uint256 budget) internal {
        if (budget > type(uint128).max) revert BudgetTooHigh(budget, type(uint128).max);
        epochBudget = budget;
        emit EpochBudgetChanged(budget);
    }

    function _posted(uint48 epoch) internal view returns (Epoch storage posted) {
        posted = _epochs[epoch];
        if (posted.status != Status.Posted) revert NotPosted(epoch);
    }

    /// @dev ⌊budget · weight / totalWeight⌋; the budget is below 2^128.
    function _share(Epoch storage posted, uint256 weight) internal view returns (uint256) {
        return weight == 0 ? 0 : (posted.budget * weight) / posted.totalWeight;
    }
}

// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {ERC20Burnable} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Burnable.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {IOperators} from "../interfaces/IOperators.sol";
import {IOperatorStake} from "../interfaces/IOperatorStake.sol";
import {ISlashableStake} from "../interfaces/ISlashableStake.sol";
import {SlashMath} from "../libraries/SlashMath.sol";

/// @title OperatorStake
/// @notice Custody of what operators stake.
contract OperatorStake is IOperatorStake, AccessManaged {
    using SafeERC20 for IERC20;

    /// @dev One slot: 104 bits hold 2·10^13 tokens of 18 decimals.
    struct Balance {
        uint104 staked;
        uint104 unbonding;
        uint48 releaseAt;
    }

    uint256 internal constant LEAST_UNBONDING = 2;
    uint256 internal constant MOST_UNBONDING = 365 days;
    uint256 internal constant LEAST_MINIMUM = 1e18;
    uint256 internal constant MOST_MINIMUM = 1e24;

    /// @inheritdoc IOperatorStake
    IERC20 public immutable token;
    /// @inheritdoc IOperatorStake
    IOperators public immutable operators;
    /// @inheritdoc IOperatorStake
    address public immutable treasury;
    /// @inheritdoc ISlashableStake
    uint256 public immutable unbondingDelay;

    /// @inheritdoc IOperatorStake
    uint256 public minimumStake;
    mapping(address account => Balance) internal _balances;

    /// @param token_ The network's token: burnable, without fees or callbacks.
    /// @param unbondingDelay_ Seconds, at most 365 days.
    /// @param minimumStake_ 1 to 1,000,000 tokens of 18 decimals.
    constructor(
        address authority,
        IERC20 token_,
        IOperators operators_,
        address treasury_,
        uint256 unbondingDelay_,
        uint256 minimumStake_
    ) AccessManaged(authority) {
        if (address(token_) == address(0) || address(operators_) == address(0) || treasury_ == address(0)) {
            revert ZeroAddress();
        }
        if (unbondingDelay_ < LEAST_UNBONDING || unbondingDelay_ > MOST_UNBONDING) {
            revert UnbondingOutOfRange(unbondingDelay_, LEAST_UNBONDING, MOST_UNBONDING);
        }
        (token, operators, treasury, unbondingDelay) = (token_, operators_, treasury_, unbondingDelay_);
        _setMinimumStake(minimumStake_);
    }

    /// @inheritdoc IOperatorStake
    function stake(uint256 amount) external {
        _stake(msg.sender, amount);
    }

    /// @inheritdoc IOperatorStake
    function stakeFor(address account, uint256 amount) external {
        _stake(account, amount);
    }

    /// @inheritdoc IOperatorStake
    function announceUnstake(uint256 amount) external {
        if (amount == 0) revert ZeroAmount();
        Balance memory balance = _balances[msg.sender];
        if (amount > balance.staked) revert InsufficientStake(amount, balance.staked);
        uint256 remaining = balance.staked - amount;
        if (remaining < minimumStake && operators.isBound(msg.sender)) {
            revert StakeBound(msg.sender, remaining, minimumStake);
        }
        balance.staked = uint104(remaining);
        balance.unbonding += uint104(amount);
        balance.releaseAt = uint48(block.timestamp + unbondingDelay);
        _balances[msg.sender] = balance;
        emit UnstakeAnnounced(msg.sender, amount, balance.unbonding, balance.releaseAt);
    }

    /// @inheritdoc IOperatorStake
    function withdraw() external {
        Balance storage balance = _balances[msg.sender];
        uint256 amount = balance.unbonding;
        if (amount == 0) revert NothingUnbonding(msg.sender);
        if (block.timestamp < balance.releaseAt) revert StillUnbonding(balance.releaseAt);
        (balance.unbonding, balance.releaseAt) = (0, 0);
        emit Withdrawn(msg.sender, amount);
        token.safeTransfer(msg.sender, amount);
    }

    /// @inheritdoc IOperatorStake
    function setMinimumStake(uint256 minimum) external restricted {
        _setMinimumStake(minimum);
    }

    /// @inheritdoc IOperatorStake
    function slash(address account, uint256 amount, address reporter) external restricted {
        Balance memory balance = _balances[account];
        (uint256 staked, uint256 unbonding) = SlashMath.remaining(balance.staked, balance.unbonding, amount);
        // Each is at most what it was.
        (balance.staked, balance.unbonding) = (uint104(staked), uint104(unbonding));
        _balances[account] = balance;
        (uint256 reporterShare, uint256 burned, uint256 treasuryShare) = SlashMath.split(
            amount,
            reporter != address(0)
        );
        emit Slashed(account, amount, reporter, reporterShare, burned, treasuryShare, staked, unbonding);

        // A registry that asks another contract for stakes has no use for this one's judgement.
        if (staked < minimumStake && address(operators.stake()) == address(this)) operators.dismiss(account);
        if (burned != 0) ERC20Burnable(address(token)).burn(burned);
        if (reporterShare != 0) token.safeTransfer(reporter, reporterShare);
        if (treasuryShare != 0) token.safeTransfer(treasury, treasuryShare);
    }

    /// @inheritdoc IOperatorStake
    function stakeOf(address account) external view returns (uint256) {
        return _balances[account].staked;
    }

    /// @inheritdoc IOperatorStake
    function unbondingOf(address account) external view returns (uint256 amount, uint48 releaseAt) {
        Balance storage balance = _balances[account];
        return (balance.unbonding, balance.releaseAt);
    }

    /// @inheritdoc ISlashableStake
    function slashable(address account) external view returns (uint256) {
        Balance storage balance = _balances[account];
        return uint256(balance.staked) + balance.unbonding;
    }

    function _stake(address account, uint256 amount) internal {
        if (amount == 0) revert ZeroAmount();
        if (account == address(0)) revert ZeroAddress();
        Balance storage balance = _balances[account];
        uint256 total = balance.staked + amount;
        balance.staked = SafeCast.toUint104(total);
        emit Staked(account, msg.sender, amount, total);
        token.safeTransferFrom(msg.sender, address(this), amount);
    }

    function _setMinimumStake(uint256 minimum) internal {
        if (minimum < LEAST_MINIMUM || minimum > MOST_MINIMUM) {
            revert MinimumOutOfRange(minimum, LEAST_MINIMUM, MOST_MINIMUM);
        }
        minimumStake = minimum;
        emit MinimumStakeChanged(minimum);
    }
}

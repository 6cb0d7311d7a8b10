// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {IOperators} from "./IOperators.sol";
import {ISlashableStake} from "./ISlashableStake.sol";

/// @title IOperatorStake
/// @notice Custody of what operators stake.
/// @dev Only for the network's own token, which takes no fee and calls nobody. Staked tokens have no votes. What is
/// unbonding can be slashed like what is staked until it has been withdrawn.
///
/// Warning: stake that leaves can be slashed for one unbonding delay. That outlasts evidence, as Slashing checks, if
/// consumers sync within the difference after a set has changed. Above the minimum an operator may unbond while it sits.
interface IOperatorStake is ISlashableStake {
    /// @notice Tokens were staked for an account, which has `total` staked now.
    event Staked(address indexed account, address indexed payer, uint256 amount, uint256 total);

    /// @notice An account unbonds an amount; all that it unbonds, `unbonding`, is free at `releaseAt`, unix seconds.
    event UnstakeAnnounced(address indexed account, uint256 amount, uint256 unbonding, uint48 releaseAt);

    /// @notice Unbonded tokens went back to their account.
    event Withdrawn(address indexed account, uint256 amount);

    /// @notice An account lost `amount` = `reporterShare` + `burned` + `treasuryShare`.
    /// @param staked What it has staked now.
    /// @param unbonding What it unbonds now.
    event Slashed(
        address indexed account,
        uint256 amount,
        address indexed reporter,
        uint256 reporterShare,
        uint256 burned,
        uint256 treasuryShare,
        uint256 staked,
        uint256 unbonding
    );

    /// @notice Governance changed the minimum stake.
    event MinimumStakeChanged(uint256 minimum);

    /// @notice Token, registry and treasury cannot be zero.
    error ZeroAddress();
    /// @notice The unbonding delay lies outside its bounds, in seconds.
    error UnbondingOutOfRange(uint256 given, uint256 least, uint256 most);
    /// @notice The minimum stake lies outside its bounds.
    error MinimumOutOfRange(uint256 given, uint256 least, uint256 most);
    /// @notice Nothing was to be staked or unstaked.
    error ZeroAmount();
    /// @notice More than there is.
    error InsufficientStake(uint256 given, uint256 available);
    /// @notice The account is an operator, or asked to be one: the minimum stays.
    error StakeBound(address account, uint256 remaining, uint256 minimum);
    /// @notice Nothing unbonds.
    error NothingUnbonding(address account);
    /// @notice What unbonds is free at `releaseAt`, unix seconds.
    error StillUnbonding(uint48 releaseAt);

    /// @notice Stakes the caller's tokens, of which it must have allowed the amount.
    function stake(uint256 amount) external;

    /// @notice Stakes the caller's tokens for another account, to which they then belong.
    function stakeFor(address account, uint256 amount) external;

    /// @notice Begins to unbond an amount of the caller's stake.
    /// @dev The delay starts anew for all that the caller unbonds: whoever has some that is free withdraws it first. While
    /// the account has a seat, or a request for one, the minimum must remain.
    function announceUnstake(uint256 amount) external;

    /// @notice Pays out all that the caller unbonds, when its delay has passed.
    function withdraw() external;

    /// @notice Sets the minimum stake, within its bounds. Restricted to governance.
    /// @dev Operators that sit by stake and have less can be dismissed from then on.
    function setMinimumStake(uint256 minimum) external;

    /// @inheritdoc ISlashableStake
    /// @dev A tenth goes to the reporter, rounded down (none if it is zero), half is burned, rounded up, the treasury gets
    /// the rest. Taken from what unbonds in proportion, rounded down, the rest from what is staked. An operator left with
    /// less than the minimum staked is dismissed. Reverts with InsufficientStake above `slashable`.
    function slash(address account, uint256 amount, address reporter) external;

    /// @notice What an account has staked, without what it unbonds.
    function stakeOf(address account) external view returns (uint256);

    /// @notice What an account unbonds, and when that is free, unix seconds.
    function unbondingOf(address account) external view returns (uint256 amount, uint48 releaseAt);

    /// @notice Least stake of an operator that sits by stake.
    function minimumStake() external view returns (uint256);

    /// @notice The token that is staked.
    function token() external view returns (IERC20);

    /// @notice The registry whose operators stake here.
    function operators() external view returns (IOperators);

    /// @notice Who gets what is neither burned nor the reporter's.
    function treasury() external view returns (address);
}

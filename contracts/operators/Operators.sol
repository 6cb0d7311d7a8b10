// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {Checkpoints} from "@openzeppelin/contracts/utils/structs/Checkpoints.sol";

import {GuardedPause} from "../governance/GuardedPause.sol";
import {IOperators} from "../interfaces/IOperators.sol";
import {IOperatorStake} from "../interfaces/IOperatorStake.sol";
import {Roster, Rosters} from "../libraries/Roster.sol";
import {OperatorKeys} from "./OperatorKeys.sol";

/// @title Operators
/// @notice Registry of the operators' keys and of who is active.
contract Operators is OperatorKeys, GuardedPause {
    using Checkpoints for Checkpoints.Trace208;
    using Rosters for Roster;

    uint48 internal constant MAX_EPOCH_SECONDS = 30 days;
    uint48 internal constant MAX_CHANGE_DELAY = 90 days;
    /// @dev Epochs that an account waits after it gave up a seat, so that nobody comes and goes with every set.
    uint48 internal constant REJOIN_EPOCHS = 4;

    /// @inheritdoc IOperators
    uint48 public immutable epochSeconds;
    /// @inheritdoc IOperators
    uint48 public immutable changeDelay;

    /// @inheritdoc IOperators
    uint32 public activeVersion;
    /// @dev How many of the active operators sit by governance: the first ones.
    uint8 internal _governed;
    uint48 internal _scheduledFor;
    /// @inheritdoc IOperators
    IOperatorStake public stake;
    address[] internal _active;
    address[] internal _scheduled;
    /// @dev At most as many as there are seats by stake.
    address[] internal _requests;
    mapping(address account => Standing) internal _standings;
    /// @dev By time: how often an account took or left a seat. It is active while that is odd.
    mapping(address account => Checkpoints.Trace208) internal _turns;

    /// @param epochSeconds_ 1 second to 30 days.
    /// @param changeDelay_ At most 90 days.
    constructor(address authority, uint48 epochSeconds_, uint48 changeDelay_) AccessManaged(authority) {
        if (epochSeconds_ == 0 || epochSeconds_ > MAX_EPOCH_SECONDS || changeDelay_ > MAX_CHANGE_DELAY) {
            revert ScheduleOutOfRange(epochSeconds_, changeDelay_);
        }
        (epochSeconds, changeDelay) = (epochSeconds_, changeDelay_);
    }

    /// @inheritdoc IOperators
    function setActive(address[] calldata accounts) external restricted {
        if (accounts.length > Rosters.MOST) revert TooManyOperators(accounts.length, Rosters.MOST);
        for (uint256 i = 0; i < accounts.length; ++i) {
            _requireRegistered(accounts[i]);
            for (uint256 j = 0; j < i; ++j) {
                if (accounts[j] == accounts[i]) revert OperatorRepeated(accounts[i]);
            }
        }
        _scheduled = accounts;
        if (_active.length == 0) {
            _scheduledFor = uint48(block.timestamp);
            _advance();
        } else {
            _scheduledFor = _dueAt();
            emit ActiveOperatorsScheduled(_scheduledFor, accounts);
        }
    }

    /// @inheritdoc IOperators
    function setStake(IOperatorStake newStake) external restricted {
        if (address(newStake) != address(0)) {
            address registry = address(newStake.operators());
            if (registry != address(this)) revert StakeOfAnother(newStake, registry);
        }
        stake = newStake;
        emit StakeChanged(newStake);
    }

    /// @inheritdoc IOperators
    function join() external whenNotPaused {
        _requireRegistered(msg.sender);
        Standing storage standing = _standings[msg.sender];
        if (_isBound(standing)) revert AlreadySeated(msg.sender);
        if (block.timestamp < standing.mayJoinAt) revert JoinTooEarly(msg.sender, standing.mayJoinAt);
        IOperatorStake stake_ = stake;
        if (address(stake_) == address(0)) revert NoStakeContract();
        (uint256 staked, uint256 minimum) = (stake_.stakeOf(msg.sender), stake_.minimumStake());
        if (staked < minimum) revert StakeTooLow(staked, minimum);
        (uint256 taken, uint256 limit) = stakeSeats();
        if (taken + _requests.length >= limit) revert NoSeatLeft(limit);

        _requests.push(msg.sender);
        standing.requestedFor = _dueAt();
        emit SeatRequested(msg.sender, standing.requestedFor);
    }

    /// @inheritdoc IOperators
    function leave() external {
        Standing storage standing = _standings[msg.sender];
        if (standing.leavesAt != 0) revert AlreadyLeaving(msg.sender, standing.leavesAt);
        if (standing.seat != Seat.None) {
            standing.leavesAt = _dueAt();
            emit LeaveAnnounced(msg.sender, standing.leavesAt);
        } else if (standing.requestedFor != 0) {
            standing.requestedFor = 0;
            standing.mayJoinAt = _rejoinAt();
            _removeInOrder(_requests, msg.sender);
            emit SeatRequestWithdrawn(msg.sender);
        } else {
            revert NotSeated(msg.sender);
        }
    }

    /// @inheritdoc IOperators
    function dismiss(address account) external {
        Standing storage standing = _standings[account];
        if (msg.sender == address(stake)) {
            // Governance chose it before it knew; a list that would become too short stays as governance wrote it.
            if (_scheduledFor != 0 && _scheduled.length > Rosters.LEAST && _removeInOrder(_scheduled, account)) {
                emit ActiveOperatorsScheduled(_scheduledFor, _scheduled);
            }
            if (standing.seat == Seat.None) return;
        } else if (standing.seat != Seat.Stake || _hasMinimum(account)) {
            revert NotDismissible(account);
        }
        if (standing.isDismissed) return;
        (standing.leavesAt, standing.isDismissed) = (uint48(block.timestamp), true);
        emit OperatorDismissed(account);
    }

    /// @inheritdoc IOperators
    function announceKeys(Keys calldata keys, Possession calldata possession) external {
        _requireRegistered(msg.sender);
        _reserve(keys, possession);
        _announced[msg.sender] = keys;
        Standing storage standing = _standings[msg.sender];
        if (standing.seat == Seat.None) return _rotate(msg.sender);
        standing.keysChangeAt = _dueAt();
        emit KeysAnnounced(msg.sender, keys, standing.keysChangeAt);
    }

    /// @inheritdoc IOperators
    function advance() external returns (uint32 version) {
        return _advance();
    }

    /// @inheritdoc IOperators
    function active() external view returns (uint32 version, address[] memory accounts, Keys[] memory keys) {
        version = activeVersion;
        accounts = _active;
        keys = new Keys[](accounts.length);
        for (uint256 i = 0; i < accounts.length; ++i) keys[i] = _keys[accounts[i]];
    }

    /// @inheritdoc IOperators
    function currentEpoch() external view returns (uint48) {
        return uint48(block.timestamp) / epochSeconds;
    }

    /// @inheritdoc IOperators
    function standingOf(address account) external view returns (Standing memory) {
        return _standings[account];
    }

    /// @inheritdoc IOperators
    function isBound(address account) external view returns (bool) {
        return _isBound(_standings[account]);
    }

    /// @inheritdoc IOperators
    function wasActive(address account, uint48 epoch) external view returns (bool) {
        Checkpoints.Trace208 storage turns = _turns[account];
        uint256 atStart = turns.upperLookupRecent(epoch * epochSeconds);
        return atStart % 2 == 1 || turns.upperLookupRecent((epoch + 1) * epochSeconds - 1) != atStart;
    }

    /// @inheritdoc IOperators
    function announcedKeys(address account) external view returns (uint48 dueAt, Keys memory keys) {
        return (_standings[account].keysChangeAt, _announced[account]);
    }

    /// @inheritdoc IOperators
    function scheduledActive() external view returns (uint48 dueAt, address[] memory accounts) {
        return (_scheduledFor, _scheduled);
    }

    /// @inheritdoc IOperators
    function seatRequests() external view returns (address[] memory accounts) {
        return _requests;
    }

    /// @inheritdoc IOperators
    function stakeSeats() public view returns (uint256 taken, uint256 limit) {
        return (_active.length - _governed, Rosters.stakeLimit(_governed));
    }

    /// @inheritdoc IOperators
    function nextChangeAt() public view returns (uint48 next) {
        next = _scheduledFor;
        for (uint256 i = 0; i < _requests.length; ++i) next = _earlier(next, _standings[_requests[i]].requestedFor);
        bool mayLeave = _active.length > Rosters.LEAST;
        for (uint256 i = 0; i < _active.length; ++i) {
            Standing storage standing = _standings[_active[i]];
            next = _earlier(next, standing.keysChangeAt);
            if (mayLeave) next = _earlier(next, standing.leavesAt);
        }
    }

    function _advance() internal returns (uint32 version) {
        Roster memory roster = Rosters.from(_active, _governed);
        bool isChanged = _isDue(_scheduledFor);
        if (isChanged) {
            roster = roster.replaceGoverned(_scheduled);
            delete _scheduled;
            _scheduledFor = 0;
        }
        (address[] memory granted, bool isAnswered) = _answerRequests(roster);
        bool isReleased = _release(roster);
        for (uint256 i = 0; i < granted.length && granted[i] != address(0); ++i) {
            if (roster.has(granted[i])) isChanged = true;
            else emit SeatDenied(granted[i], Denial.NoSeatLeft);
        }
        if (_rotateDue(roster) || isReleased || isChanged) _seat(roster);
        else if (!isAnswered) revert NothingDue(nextChangeAt());
        return activeVersion;
    }

    /// @dev Answers the requests that are due, and those of whom governance seats by now.
    /// @return granted Who joined the roster, then zeros.
    /// @return isAnswered Whether there was any.
    function _answerRequests(Roster memory roster) internal returns (address[] memory granted, bool isAnswered) {
        granted = new address[](_requests.length);
        (uint256 grants, uint256 i) = (0, 0);
        while (i < _requests.length) {
            address account = _requests[i];
            Standing storage standing = _standings[account];
            bool isSeated = roster.has(account);
            if (!isSeated && !_isDue(standing.requestedFor)) {
                ++i;
                continue;
            }
            isAnswered = true;
            standing.requestedFor = 0;
            _removeInOrder(_requests, account);
            if (isSeated) {
                emit SeatDenied(account, Denial.SeatedByGovernance);
            } else if (!roster.hasRoom()) {
                emit SeatDenied(account, Denial.NoSeatLeft);
            } else if (!_hasMinimum(account)) {
                emit SeatDenied(account, Denial.StakeTooLow);
            } else {
                roster.push(account);
                granted[grants++] = account;
            }
        }
    }

    /// @dev Takes those off the roster who leave, the dismissed before the others, as far as enough remain.
    function _release(Roster memory roster) internal view returns (bool isReleased) {
        for (uint256 round = 0; round < 2; ++round) {
            for (uint256 i = 0; i < roster.length && roster.length > Rosters.LEAST;) {
                Standing storage standing = _standings[roster.accounts[i]];
                if (_isDue(standing.leavesAt) && (round == 1 || standing.isDismissed)) {
                    roster.removeAt(i);
                    isReleased = true;
                } else {
                    ++i;
                }
            }
        }
    }

    /// @dev Puts the announced keys that are due into use. Whoever loses its seat gets its own with that.
    function _rotateDue(Roster memory roster) internal returns (bool isRotated) {
        for (uint256 i = 0; i < roster.length; ++i) {
            address account = roster.accounts[i];
            if (_isDue(_standings[account].keysChangeAt)) {
                _standings[account].keysChangeAt = 0;
                _rotate(account);
                isRotated = true;
            }
        }
    }

    /// @dev Makes a roster the active operators.
    function _seat(Roster memory roster) internal {
        address[] memory before = _active;
        for (uint256 i = 0; i < before.length; ++i) {
            if (!roster.has(before[i])) _unseat(before[i]);
        }
        for (uint256 i = 0; i < roster.length; ++i) {
            Standing storage standing = _standings[roster.accounts[i]];
            Seat seat = i < roster.governed ? Seat.Governance : Seat.Stake;
            if (standing.seat == seat) continue;
            if (standing.seat == Seat.None) _turn(roster.accounts[i]);
            standing.seat = seat;
            emit SeatTaken(roster.accounts[i], seat);
        }
        _active = roster.list();
        _governed = uint8(roster.governed);
        emit ActiveOperatorsChanged(++activeVersion, _active);
    }

    function _unseat(address account) internal {
        Standing storage standing = _standings[account];
        emit SeatLeft(account, standing.seat);
        if (standing.leavesAt != 0) standing.mayJoinAt = _rejoinAt();
        if (standing.keysChangeAt != 0) _rotate(account);
        (standing.seat, standing.isDismissed) = (Seat.None, false);
        (standing.leavesAt, standing.keysChangeAt) = (0, 0);
        _turn(account);
    }

    function _turn(address account) internal {
        Checkpoints.Trace208 storage turns = _turns[account];
        turns.push(uint48(block.timestamp), turns.latest() + 1);
    }

    /// @dev False if the account is not in the list.
    function _removeInOrder(address[] storage list, address account) internal returns (bool) {
        uint256 length = list.length;
        for (uint256 i = 0; i < length; ++i) {
            if (list[i] != account) continue;
            for (uint256 j = i + 1; j < length; ++j) list[j - 1] = list[j];
            list.pop();
            return true;
        }
        return false;
    }

    function _hasMinimum(address account) internal view returns (bool) {
        IOperatorStake stake_ = stake;
        return address(stake_) != address(0) && stake_.stakeOf(account) >= stake_.minimumStake();
    }

    /// @dev First epoch boundary that is at least the delay away.
    function _dueAt() internal view returns (uint48) {
        uint48 earliest = uint48(block.timestamp) + changeDelay;
        return ((earliest + epochSeconds - 1) / epochSeconds) * epochSeconds;
    }

    function _rejoinAt() internal view returns (uint48) {
        return uint48(block.timestamp) + REJOIN_EPOCHS * epochSeconds;
    }

    function _isDue(uint48 time) internal view returns (bool) {
        return time != 0 && time <= block.timestamp;
    }

    function _isBound(Standing storage standing) internal view returns (bool) {
        return standing.seat != Seat.None || standing.requestedFor != 0;
    }

    /// @dev The earlier of two times of which 0 is none.
    function _earlier(uint48 a, uint48 b) internal pure returns (uint48) {
        return a == 0 || (b != 0 && b < a) ? b : a;
    }
}

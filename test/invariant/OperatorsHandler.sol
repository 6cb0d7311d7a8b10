// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IOperatorRewards} from "../../contracts/interfaces/IOperatorRewards.sol";
import {IOperators} from "../../contracts/interfaces/IOperators.sol";
import {IPausable} from "../../contracts/interfaces/IPausable.sol";
import {VM} from "../contracts/support/Vm.sol";
import {OperatorsWorld} from "./OperatorsWorld.sol";

/// @title OperatorsHandler
/// @notice What may happen to operators, their stake and their rewards, with bounded inputs, and a record of what did.
contract OperatorsHandler is OperatorsWorld {
    uint256 internal constant LEAST_SEATS = 4;

    uint256 public slashedInAll;
    uint256 public paidInAll;
    uint256 public fundedInAll;
    /// @notice How often things happened, so that a campaign that reaches nothing is noticed.
    uint256 public advances;
    uint256 public dismissals;
    uint256 public rotations;
    uint256 public denials;

    bool public slashedTooMuch;
    bool public sharesBroken;
    bool public fellBelowFour;
    bool public leftTooEarly;
    bool public seatedWithoutStake;
    bool public keyChangedHands;
    bool public advanceContradicted;
    bool public paidTwice;

    /// @dev When an account was last seen with a seat or a request.
    mapping(address account => uint256) internal _lastBoundAt;
    /// @dev Lowest minimum since an account asked for its seat, and what it lost to slashes since.
    mapping(address account => uint256) internal _required;
    mapping(address account => uint256) internal _lost;
    mapping(uint256 keyX => address) internal _holder;
    mapping(uint48 epoch => mapping(address account => bool)) internal _isPaid;
    uint48[] internal _postings;
    uint256 internal _nextKey = ACCOUNTS;

    modifier noting() {
        for (uint256 i = 0; i < ACCOUNTS; ++i) {
            if (operators.isBound(_accounts[i])) _lastBoundAt[_accounts[i]] = block.timestamp;
        }
        _;
    }

    function deposit(uint256 who, uint256 beneficiary, uint256 amount) external noting {
        address account = _of(who);
        amount = amount % 3 == 0 ? amount % 100 : amount % 30e18;
        VM.prank(account);
        try stake.stakeFor(_of(beneficiary), amount) {} catch {}
    }

    function unstake(uint256 who, uint256 amount) external noting {
        address account = _of(who);
        uint256 staked = stake.stakeOf(account);
        amount = amount % 3 == 0 ? staked : amount % (staked + 2);
        bool isBound = operators.isBound(account);
        VM.prank(account);
        try stake.announceUnstake(amount) {
            if (isBound && stake.stakeOf(account) < stake.minimumStake()) leftTooEarly = true;
        } catch {}
    }

    function withdraw(uint256 who) external noting {
        address account = _of(who);
        VM.prank(account);
        try stake.withdraw() {
            bool isJudged = block.timestamp < _lastBoundAt[account] + UNBONDING;
            if (isJudged && stake.stakeOf(account) + _lost[account] < _required[account]) leftTooEarly = true;
        } catch {}
    }

    function slash(uint256 who, uint256 amount, bool isReported) external noting {
        address account = _of(who);
        uint256 slashable = stake.slashable(account);
        amount = amount % 4 == 0 ? amount % 50 : amount % (slashable + 2);
        address reporter = isReported ? address(uint160(REPORTER)) : address(0);
        uint256[4] memory before = _places();
        try stake.slash(account, amount, reporter) {
            uint256[4] memory present = _places();
            (uint256 share, uint256 rest) = (present[1] - before[1], present[2] - before[2]);
            uint256 burned = before[3] - present[3];
            if (share > amount / 10 || burned * 2 < amount || share + rest + burned != amount) sharesBroken = true;
            if (before[0] - present[0] != amount) sharesBroken = true;
            if (amount > slashable || slashable - stake.slashable(account) != amount) slashedTooMuch = true;
            slashedInAll += amount;
            _lost[account] += amount;
            if (operators.standingOf(account).isDismissed) ++dismissals;
        } catch {
            if (amount <= slashable) slashedTooMuch = true;
        }
    }

    function setMinimum(uint256 minimum) external noting {
        stake.setMinimumStake(1e18 + (minimum % 20e18));
        for (uint256 i = 0; i < ACCOUNTS; ++i) {
            address account = _accounts[i];
            if (_required[account] > stake.minimumStake()) _required[account] = stake.minimumStake();
        }
    }

    function join(uint256 who) external noting {
        address account = _of(who);
        VM.prank(account);
        try operators.join() {
            (_required[account], _lost[account]) = (stake.minimumStake(), 0);
        } catch {}
    }

    /// @notice Stakes and joins: what random calls alone put together too seldom.
    function enter(uint256 who) external noting {
        uint256 amount = stake.minimumStake() + 5e18;
        VM.prank(_of(who));
        try stake.stake(amount) {
            this.join(who);
        } catch {}
    }

    /// @notice Enters, waits and is seated, if there is a seat.
    function sit(uint256 who) external noting {
        this.enter(who);
        VM.warp(block.timestamp + DELAY + EPOCH);
        this.advance();
    }

    function leave(uint256 who) external noting {
        // Rare, or nobody would sit long enough for anything.
        if (who % 3 != 0) return;
        VM.prank(_of(who));
        try operators.leave() {} catch {}
    }

    function dismiss(uint256 who) external noting {
        address account = _of(who);
        IOperators.Seat seat = operators.standingOf(account).seat;
        try operators.dismiss(account) {
            bool isLow = stake.stakeOf(account) < stake.minimumStake();
            if (seat != IOperators.Seat.Stake || !isLow) advanceContradicted = true;
        } catch {}
    }

    function rotate(uint256 who) external noting {
        if (_nextKey == _keys.length) return;
        address account = _of(who);
        (IOperators.Keys memory keys, IOperators.Possession memory possession) = _prove(_nextKey++, account);
        VM.prank(account);
        operators.announceKeys(keys, possession);
        _holder[keys.x] = account;
    }

    /// @notice Tries a key that another account announced or used.
    function reuseKey(uint256 who, uint256 key) external noting {
        address account = _of(who);
        (IOperators.Keys memory keys, IOperators.Possession memory possession) = _prove(key % _nextKey, account);
        VM.prank(account);
        try operators.announceKeys(keys, possession) {
            keyChangedHands = true;
        } catch {}
    }

    /// @notice Governance chooses; mostly five and some more, sometimes few or none.
    function choose(uint256 mask, uint256 first) external noting {
        if (first % 4 == 3) return;
        if (mask % 8 != 0) mask |= 31;
        if (mask % 16 != 0) mask &= 63;
        address[] memory list = new address[](ACCOUNTS);
        uint256 count = 0;
        for (uint256 i = 0; i < ACCOUNTS; ++i) {
            if ((mask >> i) & 1 == 1) list[count++] = _of((first % ACCOUNTS) + i);
        }
        assembly ("memory-safe") {
            mstore(list, count)
        }
        bool[] memory before = _bound();
        operators.setActive(list);
        _forgive(before);
    }

    function advance() external noting {
        uint48 next = operators.nextChangeAt();
        bool isDue = next != 0 && next <= block.timestamp;
        (uint48 listDueAt, ) = operators.scheduledActive();
        bool isListDue = listDueAt != 0 && listDueAt <= block.timestamp;
        (uint32 version, address[] memory before, ) = operators.active();
        uint256 requests = operators.seatRequests().length;
        bool[] memory bound = _bound();
        try operators.advance() returns (uint32 present) {
            ++advances;
            if (!isDue) advanceContradicted = true;
            (, address[] memory accounts, ) = operators.active();
            if (!isListDue && before.length >= LEAST_SEATS && accounts.length < LEAST_SEATS) fellBelowFour = true;
            if (present == version && requests > operators.seatRequests().length) ++denials;
            _checkArrivals(before, accounts);
            _forgive(bound);
        } catch {
            if (isDue) advanceContradicted = true;
        }
    }

    function wait_(uint256 dt) external noting {
        VM.warp(block.timestamp + (dt % 5 == 0 ? dt % 1_500 : dt % 120));
    }

    function fund(uint256 amount) external noting {
        amount %= 20e18;
        if (token.balanceOf(address(this)) < amount) return;
        token.transfer(address(rewards), amount);
        fundedInAll += amount;
    }

    function setBudget(uint256 budget) external noting {
        rewards.setEpochBudget(budget % 4 == 0 ? budget % 30 : budget % 10e18);
    }

    function post(uint256 age, uint256 mask, uint256 seed) external noting {
        uint48 epoch = operators.currentEpoch() - uint48(age % 6);
        address[] memory accounts = new address[](ACCOUNTS);
        uint16[] memory weights = new uint16[](ACCOUNTS);
        uint256 count = 0;
        for (uint256 i = 0; i < ACCOUNTS; ++i) {
            if ((mask >> i) & 1 == 0 || !operators.wasActive(_accounts[i], epoch)) continue;
            accounts[count] = _accounts[i];
            weights[count++] = uint16((uint256(keccak256(abi.encode(seed, i))) % 10_000) + 1);
        }
        assembly ("memory-safe") {
            mstore(accounts, count)
            mstore(weights, count)
        }
        try rewards.postWeights(epoch, accounts, weights) {
            _postings.push(epoch);
        } catch {}
    }

    function drop(uint256 pick, bool isGuardian) external noting {
        if (_postings.length == 0) return;
        if (isGuardian && pick % 4 == 0) {
            try IPausable(address(rewards)).pause() {} catch {}
        } else if (pick % 2 == 0) {
            try rewards.dropEpoch(_postings[pick % _postings.length]) {} catch {}
        } else if (block.timestamp < IPausable(address(rewards)).pausedUntil()) {
            IPausable(address(rewards)).unpause();
        }
    }

    function claim(uint256 pick, uint256 who) external noting {
        if (_postings.length == 0) return;
        (uint48 epoch, address account) = (_postings[pick % _postings.length], _of(who));
        uint256 before = token.balanceOf(account);
        try rewards.claim(epoch, account) returns (uint256 amount) {
            if (_isPaid[epoch][account] || token.balanceOf(account) - before != amount) paidTwice = true;
            _isPaid[epoch][account] = true;
            paidInAll += amount;
            try rewards.claim(epoch, account) {
                paidTwice = true;
            } catch {}
        } catch {}
    }

    function postings() external view returns (uint48[] memory) {
        return _postings;
    }

    function secretsUsed() external view returns (uint256) {
        return _nextKey;
    }

    /// @notice Whether every key that was ever announced still belongs to its account.
    function areKeysWhoseTheyWere() external view returns (bool) {
        for (uint256 i = 0; i < _nextKey; ++i) {
            uint256 x = _keys[i][0];
            if (operators.accountOf(x) != (i < ACCOUNTS ? _accounts[i] : _holder[x])) return false;
        }
        return true;
    }

    /// @dev Whoever came by stake has the minimum at that moment.
    function _checkArrivals(address[] memory before, address[] memory present) internal {
        for (uint256 i = 0; i < present.length; ++i) {
            bool isNew = true;
            for (uint256 j = 0; j < before.length; ++j) {
                if (before[j] == present[i]) isNew = false;
            }
            IOperators.Standing memory standing = operators.standingOf(present[i]);
            if (!isNew || standing.seat != IOperators.Seat.Stake) continue;
            if (stake.stakeOf(present[i]) < stake.minimumStake()) seatedWithoutStake = true;
        }
    }

    function _bound() internal view returns (bool[] memory bound) {
        bound = new bool[](ACCOUNTS);
        for (uint256 i = 0; i < ACCOUNTS; ++i) bound[i] = operators.isBound(_accounts[i]);
    }

    /// @dev Whom governance seats anew needs no stake, and may have unbonded what it had.
    function _forgive(bool[] memory before) internal {
        for (uint256 i = 0; i < ACCOUNTS; ++i) {
            bool isGoverned = operators.standingOf(_accounts[i]).seat == IOperators.Seat.Governance;
            if (isGoverned && !before[i]) _required[_accounts[i]] = 0;
        }
    }

    /// @dev Tokens of the custody, the reporter and the treasury, and the supply.
    function _places() internal view returns (uint256[4] memory) {
        return
            [
                token.balanceOf(address(stake)),
                token.balanceOf(address(uint160(REPORTER))),
                token.balanceOf(address(uint160(TREASURY))),
                token.totalSupply()
            ];
    }

    function _of(uint256 who) internal view returns (address) {
        return _accounts[who % ACCOUNTS];
    }
}

// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IOperatorRewards} from "../../contracts/interfaces/IOperatorRewards.sol";
import {IOperators} from "../../contracts/interfaces/IOperators.sol";
import {deploy} from "../contracts/support/Deploy.sol";
import {OperatorsHandler} from "./OperatorsHandler.sol";

/// @notice Numbered in README.md. Each campaign drives the same handler.
contract OperatorsInvariants {
    OperatorsHandler internal _handler;

    function setUp() public {
        _handler = OperatorsHandler(deploy("OperatorsHandler", ""));
        _handler.start();
        _handler.choose(31, 0);
    }

    function targetContracts() public view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(_handler);
    }

    /// @notice 31. The stake contract holds exactly what accounts have staked and unbond.
    function invariant_31_stakeAccountedEqualsTokensHeld() public view {
        uint256 sum = 0;
        for (uint256 i = 0; i < _handler.ACCOUNTS(); ++i) sum += _handler.stake().slashable(_handler.accountAt(i));
        require(sum == _handler.token().balanceOf(address(_handler.stake())), "held");
    }

    /// @notice 32. A slash is what the reporter gets (a tenth at most), what burns (half at least) and what the treasury
    /// gets; nobody loses more than it staked and unbonds, and what burned is all that the supply ever lost.
    function invariant_32_slashesCreateNothing() public view {
        require(!_handler.sharesBroken() && !_handler.slashedTooMuch(), "slash");
        uint256 burned = 1_000_000e18 - _handler.token().totalSupply();
        uint256 given = _handler.token().balanceOf(address(0x4E90)) + _handler.token().balanceOf(address(0x7EA5));
        require(burned + given == _handler.slashedInAll(), "sum");
    }

    /// @notice 33. Seats by stake are at most ⌊(n−1)/3⌋ of n; requests never promise more than could be.
    function invariant_33_seatsByStakeAreAThirdAtMost() public view {
        (, address[] memory accounts, ) = _handler.operators().active();
        uint256 byStake = 0;
        for (uint256 i = 0; i < accounts.length; ++i) {
            IOperators.Seat seat = _handler.operators().standingOf(accounts[i]).seat;
            require(seat != IOperators.Seat.None, "seat");
            if (seat == IOperators.Seat.Stake) ++byStake;
        }
        require(byStake == 0 || byStake <= (accounts.length - 1) / 3, "third");
        (uint256 taken, ) = _handler.operators().stakeSeats();
        require(taken == byStake, "taken");
    }

    /// @notice 34. Nobody is active without registered keys, or twice; a key stays its account's for ever.
    function invariant_34_activeOperatorsHaveKeys() public view {
        (, address[] memory accounts, IOperators.Keys[] memory keys) = _handler.operators().active();
        for (uint256 i = 0; i < accounts.length; ++i) {
            require(keys[i].x != 0 && _handler.operators().accountOf(keys[i].x) == accounts[i], "key");
            for (uint256 j = 0; j < i; ++j) require(accounts[i] != accounts[j] && keys[i].x != keys[j].x, "twice");
        }
        require(!_handler.keyChangedHands() && _handler.areKeysWhoseTheyWere(), "hands");
    }

    /// @notice 35. An epoch pays at most what was set aside for it, that at most its budget, each account once; what is set
    /// aside is there.
    function invariant_35_epochsPayAtMostTheirBudget() public view {
        uint48[] memory postings = _handler.postings();
        (uint256 paid, uint256 reserved) = (0, 0);
        for (uint256 i = 0; i < postings.length; ++i) {
            IOperatorRewards.Epoch memory posted = _handler.rewards().epochOf(postings[i]);
            require(posted.paid <= posted.allocated && posted.allocated <= posted.budget, "epoch");
            paid += posted.paid;
            if (posted.status == IOperatorRewards.Status.Posted) reserved += posted.allocated - posted.paid;
        }
        uint256 held = _handler.token().balanceOf(address(_handler.rewards()));
        require(paid == _handler.paidInAll() && !_handler.paidTwice(), "paid");
        require(reserved == _handler.rewards().reserved() && reserved <= held, "reserved");
        require(held + paid == _handler.fundedInAll(), "held");
    }

    /// @notice 36. While an operator can be judged for its seat, the minimum of its stake stays, but for what it lost.
    function invariant_36_stakeStaysWhileItCanBeJudged() public view {
        require(!_handler.leftTooEarly(), "left");
        require(!_handler.seatedWithoutStake(), "seated");
    }

    /// @notice 37. Leaves and dismissals never bring the seats from four or more below four; `advance` does something exactly
    /// when `nextChangeAt` says so.
    function invariant_37_changesHappenWhenDueAndLeaveFour() public view {
        require(!_handler.fellBelowFour(), "four");
        require(!_handler.advanceContradicted(), "due");
    }

    /// @notice The handler's calls reach what the invariants are about.
    function test_handlerReachesEverything() public {
        _handler.wait_(61);
        _handler.advance();
        _handler.enter(5);
        _handler.enter(6);
        _handler.rotate(0);
        _handler.wait_(121 * 5 + 0);
        _handler.advance();
        require(_handler.advances() == 1, "advanced");
        (uint256 taken, ) = _handler.operators().stakeSeats();
        require(taken == 2, "joined");
        _handler.fund(19e18);
        _handler.wait_(5 * 20);
        _handler.post(1, 127, 3);
        require(_handler.postings().length == 1, "posted");
        _handler.wait_(5 * 20);
        _handler.claim(0, 5);
        require(_handler.paidInAll() != 0, "claimed");
        _handler.slash(5, 14_999_999_999_999_999_999, true);
        require(_handler.dismissals() == 1, "dismissed");
        _handler.advance();
        _handler.unstake(6, 3);
        _handler.leave(6);
        _handler.reuseKey(1, 0);
        _handler.wait_(5 * 40);
        _handler.advance();
        (taken, ) = _handler.operators().stakeSeats();
        require(taken == 0, "left");
        _handler.unstake(6, 3);
        _handler.wait_(5 * 290);
        _handler.withdraw(6);
        require(_handler.stake().slashable(_handler.accountAt(6)) == 0, "withdrawn");
        _handler.enter(7);
        _handler.slash(7, 13_999_999_999_999_999_999, false);
        _handler.wait_(5 * 40);
        _handler.advance();
        require(_handler.denials() == 1, "denied");
        invariant_31_stakeAccountedEqualsTokensHeld();
        invariant_32_slashesCreateNothing();
        invariant_33_seatsByStakeAreAThirdAtMost();
        invariant_34_activeOperatorsHaveKeys();
        invariant_35_epochsPayAtMostTheirBudget();
        invariant_36_stakeStaysWhileItCanBeJudged();
        invariant_37_changesHappenWhenDueAndLeaveFour();
    }
}

// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IPayoutDistributor} from "../../../contracts/interfaces/IPayoutDistributor.sol";
import {PayoutToken} from "../../../contracts/test/payout/PayoutTokens.sol";
import {deploy} from "../../contracts/support/Deploy.sol";
import {PayoutsHandler} from "./PayoutsHandler.sol";

/// @notice Numbered in README.md. Each campaign drives the same handler.
contract PayoutsInvariants {
    PayoutsHandler internal _handler;

    function setUp() public {
        _handler = PayoutsHandler(payable(deploy("PayoutsHandler", "")));
        _handler.start{value: 1e26}();
        require(_handler.activations() == 1, "the first epoch is not active");
    }

    function targetContracts() public view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(_handler);
    }

    /// @dev The runner gives whoever it calls from a fortune: that must never be an account of the test.
    function targetSenders() public pure returns (address[] memory senders) {
        senders = new address[](1);
        senders[0] = address(0xCA11);
    }

    /// @notice 1. Of every token, paid ≤ approved ≤ deposited, and deposited is what was deposited less what was taken
    /// back.
    function invariant_1_paidApprovedDeposited() public view {
        for (uint256 t = 0; t < _handler.TOKENS(); ++t) {
            IPayoutDistributor.TokenState memory state = _state(t);
            require(state.paid <= state.approved && state.approved <= state.deposited, "order");
            require(state.deposited == _handler.deposited(t), "deposited");
        }
    }

    /// @notice 2. The distributor holds exactly what was deposited and not paid.
    function invariant_2_balanceIsDepositsLessPaid() public view {
        for (uint256 t = 0; t < _handler.TOKENS(); ++t) {
            IPayoutDistributor.TokenState memory state = _state(t);
            require(_balance(address(_handler.distributor()), t) == state.deposited - state.paid, "balance");
        }
    }

    /// @notice 3. No hour's payments of a token exceed the limit per hour.
    function invariant_3_perHour() public view {
        require(!_handler.exceededHour(), "hour");
    }

    /// @notice 4. No day's payments of a token exceed the limit per day.
    function invariant_4_perDay() public view {
        require(!_handler.exceededDay(), "day");
    }

    /// @notice 5. No account is paid more of a token in a day than the limit per account.
    function invariant_5_perAccount() public view {
        require(!_handler.exceededAccount(), "account");
    }

    /// @notice 6. What an account was paid never falls, and is at most the largest leaf it had in an active root.
    function invariant_6_paidIsMonotoneAndBelowItsLeaf() public view {
        require(!_handler.wentBack(), "monotone");
        for (uint256 t = 0; t < _handler.TOKENS(); ++t) {
            for (uint256 i = 0; i < _handler.ACCOUNTS(); ++i) {
                (address account, address token) = (_handler.accounts(i), _handler.tokens(t));
                uint256 paid = _handler.distributor().accountState(account, token).paid;
                require(paid <= _handler.largestLeaf(account, token), "leaf");
            }
        }
    }

    /// @notice 7. What accounts were paid sums to what the token counts as paid.
    function invariant_7_sumsAgree() public view {
        for (uint256 t = 0; t < _handler.TOKENS(); ++t) {
            uint256 sum;
            for (uint256 i = 0; i < _handler.ACCOUNTS(); ++i) {
                sum += _handler.distributor().accountState(_handler.accounts(i), _handler.tokens(t)).paid;
            }
            require(sum == _state(t).paid && sum == _handler.paid(_handler.tokens(t)), "sum");
        }
    }

    /// @notice 8. A root becomes active only with enough approvals of the present approvers, undisputed, after its
    /// challenge window and before its expiry; epochs grow by one.
    function invariant_8_onlyApprovedProposalsActivate() public view {
        require(!_handler.activatedWrongly(), "activation");
        require(_handler.distributor().activeEpoch().number == _handler.activations(), "number");
    }

    /// @notice 9. No activation raises a total by more than the limit per epoch.
    function invariant_9_perEpoch() public view {
        require(!_handler.exceededEpoch(), "epoch");
    }

    /// @notice 10. No altered leaf or proof, foreign account, unsigned redirection, strange or repeated approval is
    /// ever accepted.
    function invariant_10_nothingForgedCounts() public view {
        require(!_handler.acceptedForgery(), "forgery");
    }

    /// @notice 11. Nothing is paid and no root becomes active while a pause holds.
    function invariant_11_pausesStopPayments() public view {
        require(!_handler.movedWhilePaused(), "paused");
    }

    /// @notice 12. A claim pays exactly what is owed and limits allow, and is refused only where that is nothing, a
    /// pause holds, or the receiver refuses.
    function invariant_12_limitsDelayAndNeverLock() public view {
        require(!_handler.refusedWithoutReason(), "refused");
        require(!_handler.paidOtherwise(), "amount");
    }

    /// @notice 13. A push pays everybody it could, whatever one of its recipients does.
    function invariant_13_pushesAreNotBlocked() public view {
        require(!_handler.pushBlocked(), "push");
    }

    /// @notice 14. Watcher and guardian each drop at most five proposals in 24 hours.
    function invariant_14_disputesAreRationed() public view {
        require(!_handler.tooManyDisputes(), "disputes");
    }

    /// @notice 15. Every receiver holds exactly what was paid to it: accounts, those their claims are reassigned to,
    /// those they named.
    function invariant_15_paymentsReachWhoIsOwed() public view {
        for (uint256 t = 0; t < _handler.TOKENS(); ++t) {
            address token = _handler.tokens(t);
            for (uint256 i = 0; i < _handler.ACCOUNTS(); ++i) {
                address account = _handler.accounts(i);
                require(_balance(account, t) == _handler.received(account, token), "account");
            }
            for (uint256 i = 0; i < 4; ++i) {
                address named = address(uint160(0x7000 + i));
                address rescue = address(uint160(0x8000 + i));
                require(_balance(named, t) == _handler.received(named, token), "named");
                require(_balance(rescue, t) == _handler.received(rescue, token), "rescue");
            }
        }
    }

    function _state(uint256 token) internal view returns (IPayoutDistributor.TokenState memory) {
        return _handler.distributor().tokenState(_handler.tokens(token));
    }

    function _balance(address of_, uint256 token) internal view returns (uint256) {
        address address_ = _handler.tokens(token);
        return address_ == address(0) ? of_.balance : PayoutToken(address_).balanceOf(of_);
    }
}

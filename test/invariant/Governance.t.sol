// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {deploy} from "../contracts/support/Deploy.sol";
import {GovernanceHandler} from "./GovernanceHandler.sol";

/// @notice Numbered in README.md. Each campaign drives the same handler.
contract GovernanceInvariants {
    GovernanceHandler internal _handler;
    uint256 internal _supply;

    function setUp() public {
        _handler = GovernanceHandler(deploy("GovernanceHandler", ""));
        _supply = _handler.token().totalSupply();
    }

    function targetContracts() public view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(_handler);
    }

    /// @dev The timelock alone may call the handler back.
    function targetSenders() public pure returns (address[] memory senders) {
        senders = new address[](1);
        senders[0] = address(0xCA11);
    }

    /// @notice 11. All votes together are the balances of those who delegated.
    function invariant_11_votingPowerEqualsSupplyDelegated() public view {
        (uint256 votes, uint256 delegated) = _handler.power();
        require(votes == delegated, "power");
    }

    /// @notice 12. The supply is what was minted at deployment less what was burned, and somebody's to the last unit.
    function invariant_12_supplyOnlyBurns() public view {
        uint256 supply = _handler.token().totalSupply();
        require(supply == _supply - _handler.burned(), "supply");
        require(supply == _handler.balances(), "balances");
    }

    /// @notice 13. Nobody has a role but who was given it at deployment, and nobody does what only governance may.
    function invariant_13_rolesStayAsListed() public view {
        require(!_handler.breached(), "breached");
        require(!_handler.rolesChanged(), "roles");
        require(_handler.hasListedRoles(address(_handler.timelock())), "timelock");
        require(_handler.hasListedRoles(address(_handler.guardian())), "guardian");
        require(_handler.hasListedRoles(_handler.holder()), "holder");
    }

    /// @notice 14. The guardian acts for its holder alone, within its term, vetoes at most three times in 30 days, and
    /// nothing that only replaces or removes it.
    function invariant_14_guardianKeepsItsRates() public view {
        require(!_handler.guardianExceeded(), "exceeded");
        require(_handler.guardian().holder() == _handler.holder(), "holder");
        require(_handler.guardian().termEnds() == _handler.termEnds(), "term");
    }

    /// @notice 15. A pause lasts 72 hours from its latest beginning and no longer, and at most two begin in 30 days.
    function invariant_15_pausesKeepTheirBudget() public view {
        require(!_handler.pausesExceeded(), "exceeded");
        require(_handler.pausable().pausedUntil() == _handler.pausedUntil(), "until");
    }

    /// @notice 16. A proposal does what it says once, after it was carried and the timelock's delay has passed, or never.
    function invariant_16_proposalsWaitForTheTimelock() public view {
        require(!_handler.executedEarly(), "early");
        require(_handler.isConsistent(), "consistent");
    }

    /// @notice 17. The treasury is spent by executed proposals alone.
    function invariant_17_treasuryIsSpentByProposals() public view {
        require(_handler.token().balanceOf(address(_handler.timelock())) == _handler.treasury(), "treasury");
    }

    /// @notice 18. No more is voted on a proposal than there were votes at its snapshot.
    function invariant_18_votesAreCountedOnce() public view {
        require(_handler.isVotedWithinSupply(), "votes");
    }

    /// @notice The handler's calls reach what the invariants are about.
    function test_handlerReachesEverything() public {
        for (uint256 kind = 0; kind < 8; ++kind) {
            _handler.pause(0, true);
            _handler.propose(2, kind, 0x20_03_00);
            for (uint256 step = 0; step < 4; ++step) _handler.conduct(1);
            // Nothing is paused that could be unpaused when it is that proposal's turn, and no holder is left to renew.
            if (kind == 3) {
                _handler.propose(2, 2, 0x20_00_00);
                for (uint256 step = 0; step < 4; ++step) _handler.conduct(1);
            }
        }
        require(_handler.proposals() == 9, "proposed");
        require(_handler.executions() >= 8, "executed");
        require(_handler.pauses() >= 2, "paused");
        _handler.propose(2, 2, 0);
        for (uint256 step = 0; step < 4; ++step) _handler.conduct(1);
        for (uint256 i = 0; i < 4; ++i) {
            _handler.propose(1, 0, 0);
            _handler.veto(1, 0, true);
        }
        require(_handler.vetoes() == 3, "vetoed");
        for (uint256 which = 0; which < 16; ++which) {
            for (uint256 seed = 0; seed < 12; ++seed) _handler.attack(seed, which, (seed << 16) | (seed << 8) | seed);
        }
        require(!_handler.breached() && !_handler.rolesChanged() && !_handler.guardianExceeded(), "flags");
        require(!_handler.pausesExceeded() && !_handler.executedEarly(), "flags");
        require(_handler.isConsistent() && _handler.isVotedWithinSupply(), "consistent");
    }
}

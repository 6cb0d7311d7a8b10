// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {deploy} from "../contracts/support/Deploy.sol";
import {RandomnessHandler} from "./RandomnessHandler.sol";

/// @notice Numbered in README.md. Each campaign drives the same handler.
contract RandomnessInvariants {
    RandomnessHandler internal _handler;

    function setUp() public {
        _handler = RandomnessHandler(payable(deploy("RandomnessHandler", "", 1_000 ether)));
        _handler.start();
    }

    function targetContracts() public view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(_handler);
    }

    /// @dev The runner gives whoever it calls from a fortune: that must never be the coordinator.
    function targetSenders() public pure returns (address[] memory senders) {
        senders = new address[](1);
        senders[0] = address(0xCA11);
    }

    /// @notice 8. The coordinator holds exactly what it owes.
    /// hardhat-config: invariant.runs = 32
    /// hardhat-config: invariant.depth = 40
    function invariant_8_liabilitiesEqualTheBalance() public view {
        require(_handler.liabilities() == address(_handler.coordinator()).balance, "liabilities");
    }

    /// @notice 9. A request is fulfilled or refunded, never both, never twice.
    /// hardhat-config: invariant.runs = 32
    /// hardhat-config: invariant.depth = 40
    function invariant_9_requestsEndOnce() public view {
        require(!_handler.endedTwice(), "twice");
        require(_handler.isConsistent(), "consistent");
    }

    /// @notice 10. Nothing but a proof for a request's own seed produces words, and exactly its words.
    /// hardhat-config: invariant.runs = 32
    /// hardhat-config: invariant.depth = 40
    function invariant_10_onlyAProofMakesWords() public view {
        require(!_handler.forgeryAccepted(), "forgery");
        require(!_handler.wrongWords(), "words");
    }

    /// @notice The handler's calls reach what the invariants are about.
    function test_handlerReachesEverything() public {
        _handler.request(0, 0, 0, 900_000, 3);
        _handler.request(1, 1, 0, 900_000, 1);
        _handler.wait_(2);
        _handler.forge(0, 0, 100);
        _handler.forge(0, 1, 100);
        _handler.forge(0, 2, 100);
        _handler.forge(0, 3, 1);
        _handler.alter(0, 1, 5, false);
        _handler.fulfill(0);
        require(_handler.fulfilments() == 1, "fulfilled");
        _handler.misbehave(2);
        _handler.fulfillMany(0, 2);
        require(_handler.fulfilments() == 2, "batch");
        _handler.requestMany(0, 19);
        _handler.requestMany(0, 19);
        require(_handler.requests() == 40, "made");
        _handler.wait_(24);
        _handler.wait_(24);
        _handler.wait_(24);
        _handler.refund(2);
        _handler.refund(39);
        require(_handler.refunds() == 2, "refunded");
        require(_handler.liabilities() == address(_handler.coordinator()).balance, "liabilities");
        require(_handler.isConsistent(), "consistent");
        require(!_handler.forgeryAccepted() && !_handler.wrongWords() && !_handler.endedTwice(), "flags");
    }
}

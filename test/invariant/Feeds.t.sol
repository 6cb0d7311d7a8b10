// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IPriceFeeds} from "../../contracts/interfaces/IPriceFeeds.sol";
import {SetId} from "../../contracts/types/SetId.sol";
import {deploy} from "../contracts/support/Deploy.sol";
import {World} from "../contracts/support/World.sol";
import {FeedsHandler} from "./FeedsHandler.sol";

/// @notice Numbered in README.md. Each campaign drives the same handler.
contract FeedsInvariants {
    World internal _world;
    FeedsHandler internal _handler;

    function setUp() public {
        _world = World(deploy("World", ""));
        _handler = FeedsHandler(deploy("FeedsHandler", abi.encode(_world)));
        // A cool-down that a short campaign can pass.
        _world.start(_handler.FEEDS(), IPriceFeeds.Params(10, 20, 50, 1_000, 3_600, 20, 2, 5_000, 3, 3));
    }

    function targetContracts() public view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(_handler);
    }

    /// @notice 1. An answer changes only through a valid report, and then to what that report says.
    /// hardhat-config: invariant.runs = 64
    /// hardhat-config: invariant.depth = 50
    function invariant_1_answersChangeOnlyThroughValidReports() public view {
        require(!_handler.answerChangedOtherwise(), "answer");
        for (uint256 i = 0; i < _handler.FEEDS(); ++i) {
            require(_world.feeds().feed(_world.idOf(i)).answer == _handler.served(i), "served");
        }
    }

    /// @notice 2. A round grows by one with each published answer and never otherwise.
    /// hardhat-config: invariant.runs = 64
    /// hardhat-config: invariant.depth = 50
    function invariant_2_roundsCountPublications() public view {
        for (uint256 i = 0; i < _handler.FEEDS(); ++i) {
            require(_world.feeds().feed(_world.idOf(i)).round == _handler.publications(i), "round");
        }
    }

    /// @notice 3. A feed that is Suspended or Tripped serves the answer that it served when it was last Live, and no
    /// single report makes a Tripped feed publish.
    /// hardhat-config: invariant.runs = 64
    /// hardhat-config: invariant.depth = 50
    function invariant_3_suspendedFeedsServeNothingNew() public view {
        require(!_handler.publishedWhileTripped(), "tripped");
        for (uint256 i = 0; i < _handler.FEEDS(); ++i) {
            IPriceFeeds.Feed memory state = _world.feeds().feed(_world.idOf(i));
            if (state.status == IPriceFeeds.Status.Empty) continue;
            (, int256 answer, , uint256 updatedAt, ) = _world.feeds().latestRoundData(_world.idOf(i));
            require(uint256(answer) == _handler.lastLive(i), "answer");
            require(updatedAt == _handler.lastLiveAt(i), "time");
        }
    }

    /// @notice 4. The blob of every set that ever was active stays as it was.
    /// hardhat-config: invariant.runs = 64
    /// hardhat-config: invariant.depth = 50
    function invariant_4_blobsOfEarlierSetsStay() public view {
        (SetId current, , , ) = _world.feeds().currentSet();
        for (uint32 id = 1; id <= SetId.unwrap(current); ++id) {
            (address blob, , ) = _world.feeds().setOf(SetId.wrap(id));
            require(blob.code.length > 1, "code");
            bytes32 known = _handler.blobHash(id);
            require(known == 0 || blob.codehash == known, "hash");
        }
    }

    /// @notice 5. updatedAt ≤ lastReportAt ≤ now, lastReportAt never goes back, and a Live feed has both equal.
    /// hardhat-config: invariant.runs = 64
    /// hardhat-config: invariant.depth = 50
    function invariant_5_timesAreInOrder() public view {
        require(!_handler.lastReportWentBack(), "back");
        for (uint256 i = 0; i < _handler.FEEDS(); ++i) {
            IPriceFeeds.Feed memory state = _world.feeds().feed(_world.idOf(i));
            require(state.updatedAt <= state.lastReportAt && state.lastReportAt <= block.timestamp, "order");
            if (state.status == IPriceFeeds.Status.Live) require(state.updatedAt == state.lastReportAt, "live");
            require((state.average == 0) == (state.status == IPriceFeeds.Status.Empty), "average");
        }
    }

    /// @notice 6. At most two trips of a feed begin within 30 days.
    /// hardhat-config: invariant.runs = 64
    /// hardhat-config: invariant.depth = 50
    function invariant_6_tripsAreRationed() public view {
        require(!_handler.tripsExceeded(), "trips");
    }

    /// @notice 7. No forged, altered or repeated report is ever accepted.
    /// hardhat-config: invariant.runs = 64
    /// hardhat-config: invariant.depth = 50
    function invariant_7_invalidReportsAreRefused() public view {
        require(!_handler.acceptedInvalid(), "accepted");
    }
}

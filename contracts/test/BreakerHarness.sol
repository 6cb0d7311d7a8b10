// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IPriceFeeds} from "../interfaces/IPriceFeeds.sol";
import {Breaker} from "../libraries/Breaker.sol";
import {PackedFeed} from "../libraries/FeedWord.sol";
import {PackedParams, ParamsWord} from "../libraries/ParamsWord.sol";

/// @title BreakerHarness
/// @notice Shows the breaker's pure arithmetic to differential tests, whole sequences in one call.
contract BreakerHarness {
    /// @notice One thing that happens to a feed.
    /// @param action 0 report, 1 the guardian trips (ignored while Empty, as the contract reverts), 2 governance resets.
    /// @param answer Median of the report; ignored by other actions.
    /// @param slot Slot of the report; ignored by other actions.
    /// @param blockTime Time of the block, unix seconds.
    struct Step {
        uint8 action;
        uint96 answer;
        uint32 slot;
        uint64 blockTime;
    }

    uint64 internal constant TRIP_SECONDS = 72 hours;

    /// @notice Runs one sequence from a state.
    /// @param word Feed word before (layout in FeedWord), 0 for a new feed.
    /// @param trippedUntil End of a trip that holds, else 0.
    /// @return words Feed word after each step; unchanged by a report that the contract would reject.
    /// @return outcomes Per step: Breaker.Outcome for a report (0 Held, 1 Published, 2 Suspended, 3 Resumed,
    /// 4 Reordered, 5 Dormant), 0 for a trip or a reset.
    /// @return until End of the trip after the last step, 0 if none.
    function run(
        uint256 word,
        uint64 trippedUntil,
        IPriceFeeds.Params memory params,
        Step[] memory steps
    ) public pure returns (uint256[] memory words, uint8[] memory outcomes, uint64 until) {
        PackedFeed feed = PackedFeed.wrap(word);
        PackedParams packed = ParamsWord.pack(params);
        until = trippedUntil;
        words = new uint256[](steps.length);
        outcomes = new uint8[](steps.length);
        for (uint256 i = 0; i < steps.length; ++i) {
            Step memory s = steps[i];
            if (s.action == 0) {
                Breaker.Outcome outcome = Breaker.Outcome.Published;
                PackedFeed next = Breaker.publishLive(feed, packed, s.answer, s.slot);
                if (PackedFeed.unwrap(next) == 0) {
                    (next, outcome) = Breaker.stepUncommon(feed, packed, s.answer, s.slot, s.blockTime, until);
                }
                feed = next;
                outcomes[i] = uint8(outcome);
            } else if (s.action == 1) {
                if (feed.status() != 0) {
                    feed = Breaker.trip(feed);
                    until = s.blockTime + TRIP_SECONDS;
                }
            } else {
                feed = feed.emptied();
                until = 0;
            }
            words[i] = PackedFeed.unwrap(feed);
        }
    }

    /// @notice Many sequences from new feeds in one call; `words[i][j]` is sequence i after its step j.
    function runMany(
        IPriceFeeds.Params[] memory params,
        Step[][] memory steps
    ) external pure returns (uint256[][] memory words, uint8[][] memory outcomes) {
        words = new uint256[][](steps.length);
        outcomes = new uint8[][](steps.length);
        for (uint256 i = 0; i < steps.length; ++i) {
            (words[i], outcomes[i], ) = run(0, 0, params[i], steps[i]);
        }
    }

    /// @notice Fields of a feed word; the status is the stored one, never Dormant.
    function decode(uint256 word) external pure returns (IPriceFeeds.Feed memory) {
        return PackedFeed.wrap(word).unpack();
    }
}

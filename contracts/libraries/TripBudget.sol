// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IPriceFeeds} from "../interfaces/IPriceFeeds.sol";
import {FeedId} from "../types/FeedId.sol";

/// @title TripBudget
/// @notice How often the guardian may stop a feed: a trip lapses by itself, and at most two begin within 30 days, so
/// that a guardian can delay a feed but never hold it.
library TripBudget {
    /// @param until End of the trip, unix seconds, 0 if there is none or governance reset the feed.
    /// @param last Start of the latest trip.
    /// @param beforeLast Start of the one before it.
    struct Record {
        uint64 until;
        uint64 last;
        uint64 beforeLast;
    }

    uint64 internal constant DURATION = 72 hours;
    uint64 internal constant WINDOW = 30 days;

    /// @notice Records a trip that begins now; reverts with TripExhausted. A trip that holds is renewed.
    function begin(Record storage record, FeedId feedId) internal returns (uint64 until) {
        uint64 time = uint64(block.timestamp);
        uint64 nextAllowed = record.beforeLast + WINDOW;
        if (record.beforeLast != 0 && time < nextAllowed) revert IPriceFeeds.TripExhausted(feedId, nextAllowed);
        until = time + DURATION;
        (record.until, record.last, record.beforeLast) = (until, time, record.last);
    }
}

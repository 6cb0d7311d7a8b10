// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AggregatorV3Interface} from "@chainlink/contracts/src/v0.8/shared/interfaces/AggregatorV3Interface.sol";

import {IPriceFeeds} from "../interfaces/IPriceFeeds.sol";
import {FeedId} from "../types/FeedId.sol";

/// @title ReadConsumer
/// @notice Measures by gasleft what a dapp pays for a high-level read, cold and then warm in the same transaction.
contract ReadConsumer {
    /// @notice Reads through Chainlink's interface twice.
    function readProxy(AggregatorV3Interface feed) external view returns (uint256 cold, uint256 warm, int256 answer) {
        uint256 start = gasleft();
        (, answer, , , ) = feed.latestRoundData();
        cold = start - gasleft();
        start = gasleft();
        (, answer, , , ) = feed.latestRoundData();
        warm = start - gasleft();
    }

    /// @notice Reads PriceFeeds itself twice.
    function readDirect(
        IPriceFeeds feeds,
        FeedId feedId
    ) external view returns (uint256 cold, uint256 warm, int256 answer) {
        uint256 start = gasleft();
        (, answer, , , ) = feeds.latestRoundData(feedId);
        cold = start - gasleft();
        start = gasleft();
        (, answer, , , ) = feeds.latestRoundData(feedId);
        warm = start - gasleft();
    }
}

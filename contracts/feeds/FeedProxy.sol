// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IFeedProxy} from "../interfaces/IFeedProxy.sol";
import {IPriceFeeds} from "../interfaces/IPriceFeeds.sol";
import {Forward} from "../libraries/Forward.sol";
import {FeedId} from "../types/FeedId.sol";

/// @title FeedProxy
/// @notice One feed behind Chainlink's AggregatorV3 interface. No owner, no storage: target and feed never change.
/// @dev May be deployed before its feed is created; until the feed's first answer, reads revert with NoData.
contract FeedProxy is IFeedProxy {
    uint256 private constant VERSION = 1;

    address private immutable TARGET;
    FeedId private immutable FEED_ID;

    constructor(IPriceFeeds target, FeedId feedId) {
        TARGET = address(target);
        FEED_ID = feedId;
    }

    /// @inheritdoc IFeedProxy
    function latestRoundData()
        external
        view
        returns (uint80 roundId, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredInRound)
    {
        return Forward.fiveWords(TARGET, IPriceFeeds.latestRoundData.selector, FeedId.unwrap(FEED_ID));
    }

    /// @inheritdoc IFeedProxy
    function getRoundData(
        uint80 roundId
    )
        external
        view
        returns (uint80 round, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredInRound)
    {
        return IPriceFeeds(TARGET).getRoundData(FEED_ID, roundId);
    }

    /// @inheritdoc IFeedProxy
    function latestAnswer() external view returns (int256 answer) {
        (, answer, , , ) = IPriceFeeds(TARGET).latestRoundData(FEED_ID);
    }

    /// @inheritdoc IFeedProxy
    function latestTimestamp() external view returns (uint256 updatedAt) {
        (, , , updatedAt, ) = IPriceFeeds(TARGET).latestRoundData(FEED_ID);
    }

    /// @inheritdoc IFeedProxy
    function latestRound() external view returns (uint256 round) {
        (round, , , , ) = IPriceFeeds(TARGET).latestRoundData(FEED_ID);
    }

    /// @inheritdoc IFeedProxy
    function getAnswer(uint256 roundId) external view returns (int256 answer) {
        (, answer, , , ) = IPriceFeeds(TARGET).getRoundData(FEED_ID, _round(roundId));
    }

    /// @inheritdoc IFeedProxy
    function getTimestamp(uint256 roundId) external view returns (uint256 updatedAt) {
        (, , , updatedAt, ) = IPriceFeeds(TARGET).getRoundData(FEED_ID, _round(roundId));
    }

    /// @inheritdoc IFeedProxy
    function source() external view returns (address target, FeedId feedId) {
        return (TARGET, FEED_ID);
    }

    /// @inheritdoc IFeedProxy
    function description() external view returns (string memory) {
        bytes32 id = FeedId.unwrap(FEED_ID);
        uint256 length;
        while (length < 32 && id[length] != 0) ++length;
        bytes memory text = new bytes(length);
        for (uint256 i = 0; i < length; ++i) text[i] = id[i];
        return string(text);
    }

    /// @inheritdoc IFeedProxy
    function decimals() external pure returns (uint8) {
        return 8;
    }

    /// @inheritdoc IFeedProxy
    function version() external pure returns (uint256) {
        return VERSION;
    }

    function _round(uint256 roundId) private pure returns (uint80) {
        if (roundId > type(uint80).max) revert RoundOutOfRange(roundId);
        return uint80(roundId);
    }
}

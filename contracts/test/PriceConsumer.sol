// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AggregatorV3Interface} from "@chainlink/contracts/src/v0.8/shared/interfaces/AggregatorV3Interface.sol";

/// @title PriceConsumer
/// @notice A dapp that knows nothing but Chainlink's AggregatorV3Interface.
contract PriceConsumer {
    AggregatorV3Interface internal immutable FEED;

    constructor(AggregatorV3Interface feed) {
        FEED = feed;
    }

    function read()
        external
        view
        returns (uint80 roundId, int256 answer, uint256 updatedAt, uint8 decimals, string memory description)
    {
        (roundId, answer, , updatedAt, ) = FEED.latestRoundData();
        decimals = FEED.decimals();
        description = FEED.description();
    }

    function answerOf(uint80 roundId) external view returns (int256 answer) {
        (, answer, , , ) = FEED.getRoundData(roundId);
    }
}

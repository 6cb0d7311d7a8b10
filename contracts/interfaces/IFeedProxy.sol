// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {FeedId} from "../types/FeedId.sol";

/// @title IFeedProxy
/// @notice One feed behind the interface that dapps already compile against: every function of Chainlink's
/// AggregatorV3Interface and of the older AggregatorInterface, same selectors and shapes.
/// @dev Warning: where Chainlink's older functions return zero for a round without data, these revert.
interface IFeedProxy {
    /// @notice No feed has a round number this large.
    error RoundOutOfRange(uint256 roundId);

    /// @notice Contract that holds the feed, and the feed's id there.
    function source() external view returns (address target, FeedId feedId);

    /// @notice Decimals of every answer: 8.
    function decimals() external view returns (uint8);

    /// @notice The feed's id as text, for example "BTC/USD".
    function description() external view returns (string memory);

    /// @notice Version of this interface.
    function version() external view returns (uint256);

    /// @notice Latest round; reverts with NoData while the feed has none.
    function latestRoundData()
        external
        view
        returns (uint80 roundId, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredInRound);

    /// @notice A round that the feed's history still holds; reverts with RoundNotKept.
    function getRoundData(
        uint80 roundId
    ) external view returns (uint80 round, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredInRound);

    /// @notice Latest answer.
    function latestAnswer() external view returns (int256);

    /// @notice Slot of the latest answer, unix seconds.
    function latestTimestamp() external view returns (uint256);

    /// @notice Number of the latest round.
    function latestRound() external view returns (uint256);

    /// @notice Answer of a kept round.
    function getAnswer(uint256 roundId) external view returns (int256);

    /// @notice Slot of a kept round, unix seconds.
    function getTimestamp(uint256 roundId) external view returns (uint256);
}

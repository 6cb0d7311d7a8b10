// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title FeedId
/// @notice Name of a feed as a left-aligned ASCII short string, for example "BTC/USD".
type FeedId is bytes32;

// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title SetId
/// @notice Number of one immutable configuration (operators' keys and feeds' parameters). The first is 1.
type SetId is uint32;

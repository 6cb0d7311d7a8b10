// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title IL1DataFee
/// @notice What a rollup charges for carrying a transaction's data on its parent chain, beside the gas.
/// @dev One small adapter per kind of rollup, named at the coordinator's deployment.
interface IL1DataFee {
    /// @notice Wei charged for a transaction with this calldata, at this block's prices.
    function dataFee(bytes calldata data) external view returns (uint256);
}

// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IL1DataFee} from "../interfaces/IL1DataFee.sol";

/// @notice A data fee by the byte.
contract VrfDataFee is IL1DataFee {
    uint256 public immutable weiPerByte;

    constructor(uint256 weiPerByte_) {
        weiPerByte = weiPerByte_;
    }

    function dataFee(bytes calldata data) external view returns (uint256) {
        return data.length * weiPerByte;
    }
}

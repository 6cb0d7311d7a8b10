// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @notice A token whose holders change by the hundred, so that a month of a chain goes by in minutes.
contract PayoutHolders is ERC20("Held", "HELD") {
    function mintAll(address[] calldata to, uint256[] calldata amounts) external {
        for (uint256 i = 0; i < to.length; ++i) _mint(to[i], amounts[i]);
    }

    /// @notice Moves amounts between accounts that nobody has the keys of.
    function moveAll(address[] calldata from, address[] calldata to, uint256[] calldata amounts) external {
        for (uint256 i = 0; i < from.length; ++i) _transfer(from[i], to[i], amounts[i]);
    }
}

/// @notice What is used of Multicall3, for chains that have none.
contract PayoutMulticall {
    struct Call3 {
        address target;
        bool allowFailure;
        bytes callData;
    }

    struct Result {
        bool success;
        bytes returnData;
    }

    function aggregate3(Call3[] calldata calls) external view returns (Result[] memory results) {
        results = new Result[](calls.length);
        for (uint256 i = 0; i < calls.length; ++i) {
            (results[i].success, results[i].returnData) = calls[i].target.staticcall(calls[i].callData);
        }
    }
}

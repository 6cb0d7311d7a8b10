// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";

import {GuardedPause} from "../governance/GuardedPause.sol";

/// @title PausableHarness
/// @notice The least contract with a pause.
contract PausableHarness is GuardedPause {
    uint256 public worked;

    constructor(address authority) AccessManaged(authority) {}

    function work() external whenNotPaused {
        ++worked;
    }

    function isPaused() external view returns (bool) {
        return _isPaused();
    }
}

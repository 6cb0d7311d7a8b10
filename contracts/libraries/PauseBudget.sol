// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IPausable} from "../interfaces/IPausable.sol";

/// @title PauseBudget
/// @notice How often the guardian may pause a contract: a pause lapses by itself, and at most two begin within 30 days, so
/// that a guardian can delay a contract but never hold it.
library PauseBudget {
    /// @param until End of the pause, unix seconds, 0 if there is none or governance ended it.
    /// @param last Start of the latest pause.
    /// @param beforeLast Start of the one before it.
    struct Record {
        uint64 until;
        uint64 last;
        uint64 beforeLast;
    }

    uint64 internal constant DURATION = 72 hours;
    uint64 internal constant WINDOW = 30 days;

    /// @notice Records a pause that begins now; reverts with PauseExhausted. A pause that holds is renewed.
    function begin(Record storage record) internal returns (uint64 until) {
        uint64 time = uint64(block.timestamp);
        uint64 nextAllowed = record.beforeLast + WINDOW;
        if (record.beforeLast != 0 && time < nextAllowed) revert IPausable.PauseExhausted(nextAllowed);
        until = time + DURATION;
        (record.until, record.last, record.beforeLast) = (until, time, record.last);
    }

    /// @notice Ends the pause that holds; reverts with NotPaused. What was used of the budget stays used.
    function end(Record storage record) internal {
        if (!holds(record)) revert IPausable.NotPaused();
        record.until = 0;
    }

    /// @notice Whether a pause holds now.
    function holds(Record storage record) internal view returns (bool) {
        return block.timestamp < record.until;
    }
}

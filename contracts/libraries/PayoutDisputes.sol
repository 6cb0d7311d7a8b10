// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IPayoutDistributor} from "../interfaces/IPayoutDistributor.sol";

/// @notice Times of the latest five disputes, 48 bits each, the latest in the lowest.
type DisputeTimes is uint256;

/// @title PayoutDisputes
/// @notice How often proposals may be dropped, so that who drops them can delay payouts but never hold them.
library PayoutDisputes {
    uint256 internal constant WINDOW = 1 days;
    uint256 private constant TIME_BITS = 48;
    uint256 private constant OLDEST_SHIFT = 192;

    /// @notice The times with one more, now; reverts with DisputesExhausted where all of them lie within the window.
    function begun(DisputeTimes times) internal view returns (DisputeTimes) {
        uint256 nextAllowed = next(times);
        if (block.timestamp < nextAllowed) revert IPayoutDistributor.DisputesExhausted(nextAllowed);
        // The oldest is pushed out of the field.
        return DisputeTimes.wrap(uint240((DisputeTimes.unwrap(times) << TIME_BITS) | block.timestamp));
    }

    /// @notice First time at which a dispute is allowed, unix seconds; 0 if there were fewer than five.
    function next(DisputeTimes times) internal pure returns (uint256) {
        uint256 oldest = DisputeTimes.unwrap(times) >> OLDEST_SHIFT;
        return oldest == 0 ? 0 : oldest + WINDOW;
    }
}

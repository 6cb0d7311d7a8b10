// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title ObservationMedian
/// @notice The median that a report publishes: always a price that somebody observed.
library ObservationMedian {
    /// @notice Element ⌊(count−1)/2⌋ of the first `count` values in ascending order; zero of none.
    /// @dev Sorts these values in place by insertion: a set has at most 31 operators.
    /// @param count At most the number of values.
    function lower(uint256[] memory values, uint256 count) internal pure returns (uint256) {
        if (count == 0) return 0;
        for (uint256 i = 1; i < count; ++i) {
            uint256 value = values[i];
            uint256 j = i;
            for (; j > 0 && values[j - 1] > value; --j) values[j] = values[j - 1];
            values[j] = value;
        }
        return values[(count - 1) / 2];
    }
}

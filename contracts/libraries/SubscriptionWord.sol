// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice What a request and a fulfilment change of a subscription, in one slot.
type PackedSubscription is uint256;

/// @title SubscriptionWord
/// @notice Balance, what is owed to an operator, and which requests are pending.
/// @dev Bits: balance 0–79 and owed 80–159 in wei; requests made 160–191; index of the key that is owed 192–206; ring
/// 208–239, a bit for each of its places that a pending request holds; pending requests outside the ring 240–255.
///
/// A request takes the lowest free place of its subscription's ring. The place's commitment is overwritten by the next
/// request there and never cleared: it counts only while its bit is set. So a fulfilment writes no slot but this one, and a
/// request writes over a slot that is in use, unless more are pending than ever before. One that finds the ring full is
/// kept under its id.
library SubscriptionWord {
    uint256 internal constant RING_SIZE = 32;
    uint256 internal constant MAX_AMOUNT = type(uint80).max;

    uint256 private constant OWED_SHIFT = 80;
    uint256 private constant REQUESTS_SHIFT = 160;
    uint256 private constant INDEX_SHIFT = 192;
    uint256 private constant INDEX_MASK = 0x7FFF;
    uint256 private constant RING_SHIFT = 208;
    uint256 private constant OVERFLOW_SHIFT = 240;
    uint256 private constant DEBT_MASK = (INDEX_MASK << INDEX_SHIFT) | (MAX_AMOUNT << OWED_SHIFT);

    /// @notice The balance or what is owed would not fit its field, in wei.
    error BalanceTooBig(uint256 balance, uint256 max);
    /// @notice The subscription has made as many requests, or has as many pending, as it can.
    error TooManyRequests(uint256 limit);

    function balance(PackedSubscription word) internal pure returns (uint256) {
        return uint80(PackedSubscription.unwrap(word));
    }

    function owed(PackedSubscription word) internal pure returns (uint256) {
        return uint80(PackedSubscription.unwrap(word) >> OWED_SHIFT);
    }

    function requests(PackedSubscription word) internal pure returns (uint256) {
        return uint32(PackedSubscription.unwrap(word) >> REQUESTS_SHIFT);
    }

    function keyIndex(PackedSubscription word) internal pure returns (uint256) {
        return (PackedSubscription.unwrap(word) >> INDEX_SHIFT) & INDEX_MASK;
    }

    /// @notice Whether a place of the ring is taken.
    function isTaken(PackedSubscription word, uint256 place) internal pure returns (bool) {
        return PackedSubscription.unwrap(word) & _unit(place) != 0;
    }

    /// @notice Number of pending requests.
    function pending(PackedSubscription word) internal pure returns (uint256 count) {
        count = PackedSubscription.unwrap(word) >> OVERFLOW_SHIFT;
        for (uint256 i = 0; i < RING_SIZE; ++i) {
            if (isTaken(word, i)) ++count;
        }
    }

    /// @notice Adds to the balance.
    function credited(PackedSubscription word, uint256 amount) internal pure returns (PackedSubscription) {
        uint256 sum = balance(word) + amount;
        if (sum > MAX_AMOUNT) revert BalanceTooBig(sum, MAX_AMOUNT);
        unchecked {
            // The sum fits the lowest field.
            return PackedSubscription.wrap(PackedSubscription.unwrap(word) + amount);
        }
    }

    /// @notice Counts a request that reserves an amount, which the balance covers.
    /// @return next The word after it.
    /// @return place Its place in the ring, or RING_SIZE if the ring is full.
    function opened(
        PackedSubscription word,
        uint256 reserve
    ) internal pure returns (PackedSubscription next, uint256 place) {
        uint256 raw = PackedSubscription.unwrap(word);
        uint256 number = requests(word);
        if (number == type(uint32).max) revert TooManyRequests(number);
        unchecked {
            while (place < RING_SIZE && isTaken(word, place)) ++place;
            // Each field has room: the balance covers the reserve, the counters are below their bounds. Adding 1 to the
            // outside's count is adding a bit to place 32 of the ring.
            if (place == RING_SIZE && raw >> OVERFLOW_SHIFT == type(uint16).max)
                revert TooManyRequests(type(uint16).max);
            return (PackedSubscription.wrap(raw + _unit(place) + (1 << REQUESTS_SHIFT) - reserve), place);
        }
    }

    /// @notice Ends a request that is pending.
    /// @param place Its place in the ring, or RING_SIZE.
    function closed(PackedSubscription word, uint256 place) internal pure returns (PackedSubscription) {
        unchecked {
            // A pending request is counted, in the ring or outside.
            return PackedSubscription.wrap(PackedSubscription.unwrap(word) - _unit(place));
        }
    }

    /// @notice Whether a payment can be added to what is owed: to the same key, and within the field.
    function canOwe(PackedSubscription word, uint256 index, uint256 amount) internal pure returns (bool) {
        return keyIndex(word) == index && owed(word) + amount <= MAX_AMOUNT;
    }

    /// @notice Adds a payment to what is owed, after `canOwe`.
    function withOwed(PackedSubscription word, uint256 amount) internal pure returns (PackedSubscription) {
        unchecked {
            return PackedSubscription.wrap(PackedSubscription.unwrap(word) + (amount << OWED_SHIFT));
        }
    }

    /// @notice Replaces what is owed. The arguments are within their fields.
    function withDebt(
        PackedSubscription word,
        uint256 index,
        uint256 amount
    ) internal pure returns (PackedSubscription) {
        return
            PackedSubscription.wrap(
                (PackedSubscription.unwrap(word) & ~DEBT_MASK) | (index << INDEX_SHIFT) | (amount << OWED_SHIFT)
            );
    }

    /// @dev What a pending request adds to the word. Beyond the ring's last place begins the count of those outside.
    function _unit(uint256 place) private pure returns (uint256) {
        unchecked {
            // A place is at most 32.
            return 1 << (RING_SHIFT + place);
        }
    }
}

// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IPriceFeeds} from "../interfaces/IPriceFeeds.sol";
import {FeedId} from "../types/FeedId.sol";
import {FeedRows, SetBlob} from "./SetBlob.sol";
import {PackedSet} from "./SetWord.sol";

/// @title Report
/// @notice Reads the packed bytes of a report, makes the digest that its signers sign, and emits the report.
/// @dev Layout, big-endian: uint32 set id ‖ uint32 slot ‖ uint32 signers ‖ bytes32 observation root ‖
/// k × (uint8 feed index ‖ uint8 values ‖ uint96 answer). Lengths are the caller's to check with `isWellFormed`.
library Report {
    using SetBlob for FeedRows;

    uint256 internal constant HEAD_BYTES = 44;
    uint256 internal constant ENTRY_BYTES = 14;
    uint256 private constant ANSWER_BOUND = 1 << 95;
    bytes32 internal constant TAG = "Dodona report v1";

    /// @notice Whether the length is a head and a whole, positive number of entries.
    function isWellFormed(bytes calldata report) internal pure returns (bool wellFormed) {
        // Memory-safe: touches no memory. If the subtraction wraps around, the first comparison says no.
        assembly ("memory-safe") {
            let length := report.length
            wellFormed := gt(gt(length, HEAD_BYTES), mod(sub(length, HEAD_BYTES), ENTRY_BYTES))
        }
    }

    /// @notice Set id, slot and signers' bitmap of a well-formed report.
    function head(bytes calldata report) internal pure returns (uint32 setId, uint32 slot, uint32 signers) {
        // Memory-safe: touches no memory. A well-formed report is longer than the 12 bytes that are used.
        assembly ("memory-safe") {
            let word := calldataload(report.offset)
            setId := shr(224, word)
            slot := and(shr(192, word), 0xffffffff)
            signers := and(shr(160, word), 0xffffffff)
        }
    }

    /// @notice What the signers of a report hash: tag ‖ chain id ‖ this contract ‖ report, in memory.
    function preimage(bytes calldata report) internal view returns (bytes memory message) {
        bytes32 tag = TAG;
        // Memory-safe: allocates at the free pointer the length's word, three words, the report and a word of zeros
        // behind it, which pads the report for `emitAccepted`. A report is no longer than the calldata.
        assembly ("memory-safe") {
            message := mload(0x40)
            mstore(message, add(0x60, report.length))
            mstore(add(message, 0x20), tag)
            mstore(add(message, 0x40), chainid())
            mstore(add(message, 0x60), address())
            let content := add(message, 0x80)
            calldatacopy(content, report.offset, report.length)
            mstore(add(content, report.length), 0)
            mstore(0x40, and(add(add(content, report.length), 0x3f), not(0x1f)))
        }
    }

    /// @notice Where the first and the last entry of a `preimage` lie in memory.
    function entries(bytes memory message) internal pure returns (uint256 first, uint256 last) {
        // Memory-safe: reads a length; writes nothing. A well-formed report has an entry, so first ≤ last.
        assembly ("memory-safe") {
            first := add(message, add(0x80, HEAD_BYTES))
            last := add(message, add(0x20, sub(mload(message), ENTRY_BYTES)))
        }
    }

    /// @notice Entry at a place in memory that counts from those of `entries`.
    /// @return index Feed index in the set, below 256.
    /// @return values Number of values under the median, below 256.
    /// @return answer The median, below 2^96.
    function entryAt(uint256 position) internal pure returns (uint256 index, uint256 values, uint256 answer) {
        // Memory-safe: writes nothing. The word ends inside the word of zeros behind the report or before it; only the
        // entry's own 14 bytes are used.
        assembly ("memory-safe") {
            let word := mload(position)
            index := byte(0, word)
            values := byte(1, word)
            answer := and(shr(144, word), 0xffffffffffffffffffffffff)
        }
    }

    /// @notice Feed index alone of the entry at a place in memory.
    function indexAt(uint256 position) internal pure returns (uint256 index) {
        // Memory-safe: as `entryAt`.
        assembly ("memory-safe") {
            index := byte(0, mload(position))
        }
    }

    /// @notice Answer alone of the entry at a place in memory.
    function answerAt(uint256 position) internal pure returns (uint256 answer) {
        // Memory-safe: as `entryAt`.
        assembly ("memory-safe") {
            answer := and(shr(144, mload(position)), 0xffffffffffffffffffffffff)
        }
    }

    /// @notice Number of values alone of the entry at a place in memory.
    function valuesAt(uint256 position) internal pure returns (uint256 values) {
        // Memory-safe: as `entryAt`.
        assembly ("memory-safe") {
            values := byte(1, mload(position))
        }
    }

    /// @notice Set id of the report of a `preimage`.
    function setOf(bytes memory message) internal pure returns (uint256 setId) {
        // Memory-safe: reads inside the message; writes nothing.
        assembly ("memory-safe") {
            setId := shr(224, mload(add(message, 0x80)))
        }
    }

    /// @notice Whether bit `index` of `indices` and bit `values` of `counts` are set, and 0 < answer < 2^95.
    /// @dev One result without branches: a branch for each costs a batch more than the checks themselves.
    function isWithin(
        uint256 index,
        uint256 indices,
        uint256 values,
        uint256 counts,
        uint256 answer
    ) internal pure returns (bool within) {
        // Memory-safe: touches no memory. An answer of zero wraps around; the comparison leaves one bit.
        assembly ("memory-safe") {
            within := lt(sub(answer, 1), sub(ANSWER_BOUND, 1))
            within := and(within, and(shr(index, indices), shr(values, counts)))
        }
    }

    /// @notice Reverts with what is wrong with an entry that is not within its bounds.
    /// @param position The entry's place in memory; the entries before it were within theirs.
    /// @param rows The set's rows from the first to the last entry's.
    function refuse(bytes memory message, uint256 position, FeedRows rows, PackedSet set) internal pure {
        uint256 index = indexAt(position);
        (uint256 first, uint256 last) = entries(message);
        if (position != first) {
            uint256 previous = indexAt(position - ENTRY_BYTES);
            if (index <= previous) revert IPriceFeeds.FeedsNotAscending(index, previous);
        }
        uint256 highest = indexAt(last);
        if (index > highest) revert IPriceFeeds.FeedsNotAscending(highest, index);
        FeedId feedId = rows.idAt(index);
        uint256 values = valuesAt(position);
        if (values < set.quorum() || values > set.operators()) {
            revert IPriceFeeds.ValuesOutOfRange(feedId, values, set.quorum(), set.operators());
        }
        revert IPriceFeeds.AnswerOutOfRange(feedId, answerAt(position));
    }

    /// @notice Emits ReportAccepted with the report of a `preimage`, whose first words it destroys.
    /// @dev The event's data is the ABI's encoding of `bytes`: offset, length, and the report padded with zeros to
    /// whole words. Copying it from the calldata again would cost more.
    function emitAccepted(bytes memory message) internal {
        bytes32 topic = IPriceFeeds.ReportAccepted.selector;
        // Memory-safe: reads and writes only what `preimage` allocated: offset and length replace its second and third
        // word, the padding is less than the word of zeros behind the report.
        assembly ("memory-safe") {
            let length := sub(mload(message), 0x60)
            mstore(add(message, 0x40), 0x20)
            mstore(add(message, 0x60), length)
            log1(add(message, 0x40), and(add(length, 0x5f), not(0x1f)), topic)
        }
    }
}

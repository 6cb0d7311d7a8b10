// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IPriceFeeds} from "../interfaces/IPriceFeeds.sol";

/// @notice Whole state of one feed in one storage word; `FeedWord` says where what lies.
type PackedFeed is uint256;

using FeedWord for PackedFeed global;

/// @notice A feed in storage. A struct only so that one storage pointer serves for reading and writing.
struct FeedState {
    PackedFeed word;
}

/// @dev Bit at which each field starts. At file level because only such constants reach assembly.
uint256 constant FEED_UPDATED_AT = 95;
uint256 constant FEED_ROUND = 127;
uint256 constant FEED_LAST_REPORT_AT = 159;
uint256 constant FEED_AVERAGE = 191;
uint256 constant FEED_EXPONENT = 231;
uint256 constant FEED_SIDE = 237;
uint256 constant FEED_AGE = 239;
uint256 constant FEED_REPORTS = 251;
uint256 constant FEED_STATUS = 254;
/// @dev Masks of fields, shifted down to bit 0.
uint256 constant FEED_ANSWER_MASK = 0x7fffffffffffffffffffffff;
uint256 constant FEED_TIME_MASK = 0xffffffff;
uint256 constant FEED_MANTISSA_MASK = 0xffffffffff;
uint256 constant FEED_EXPONENT_MASK = 0x3f;
/// @dev Bits of an average's mantissa.
uint256 constant FEED_MANTISSA_BITS = 40;

/// @title FeedWord
/// @notice Layout of a feed's storage word.
/// @dev From the least significant bit:
///
///   bits  | at  | field
///   95    | 0   | answer, 8 decimals
///   32    | 95  | updatedAt, slot of the answer
///   32    | 127 | round
///   32    | 159 | lastReportAt, slot of the last accepted report
///   46    | 191 | moving average: 6-bit exponent e above a 40-bit mantissa m, value m << e
///   2     | 237 | candidate side: 0 below the band, 1 above it, 2 after a trip
///   12    | 239 | candidate age, seconds
///   3     | 251 | candidate reports
///   2     | 254 | status: Empty, Live, Suspended, Tripped
///
/// The low 159 bits are what a history ring keeps of a round. Arguments are not masked: the caller keeps each
/// within its width (slots and rounds are uint32, answers below 2^95).
library FeedWord {
    uint256 internal constant EMPTY = 0;
    uint256 internal constant LIVE = 1;
    uint256 internal constant SUSPENDED = 2;
    uint256 internal constant TRIPPED = 3;

    uint256 private constant ROUND_RECORD_MASK = (1 << FEED_LAST_REPORT_AT) - 1;
    /// @dev Everything but lastReportAt and the candidate with its status.
    uint256 private constant ANSWER_AND_AVERAGE_MASK = ROUND_RECORD_MASK | (((1 << 46) - 1) << FEED_AVERAGE);

    function answer(PackedFeed feed) internal pure returns (uint256) {
        return PackedFeed.unwrap(feed) & FEED_ANSWER_MASK;
    }

    function updatedAt(PackedFeed feed) internal pure returns (uint256) {
        return uint32(PackedFeed.unwrap(feed) >> FEED_UPDATED_AT);
    }

    function round(PackedFeed feed) internal pure returns (uint256) {
        return uint32(PackedFeed.unwrap(feed) >> FEED_ROUND);
    }

    function lastReportAt(PackedFeed feed) internal pure returns (uint256) {
        return uint32(PackedFeed.unwrap(feed) >> FEED_LAST_REPORT_AT);
    }

    /// @notice Moving average, decoded; 8 decimals, 40 significant bits.
    function average(PackedFeed feed) internal pure returns (uint256) {
        uint256 encoded = PackedFeed.unwrap(feed) >> FEED_AVERAGE;
        return (encoded & FEED_MANTISSA_MASK) << ((encoded >> FEED_MANTISSA_BITS) & FEED_EXPONENT_MASK);
    }

    function candidateSide(PackedFeed feed) internal pure returns (uint256) {
        return (PackedFeed.unwrap(feed) >> FEED_SIDE) & 0x3;
    }

    function candidateAge(PackedFeed feed) internal pure returns (uint256) {
        return (PackedFeed.unwrap(feed) >> FEED_AGE) & 0xfff;
    }

    function candidateReports(PackedFeed feed) internal pure returns (uint256) {
        return (PackedFeed.unwrap(feed) >> FEED_REPORTS) & 0x7;
    }

    function status(PackedFeed feed) internal pure returns (uint256) {
        return PackedFeed.unwrap(feed) >> FEED_STATUS;
    }

    /// @notice Answer, slot and round alone, as a history ring keeps them.
    function roundRecord(PackedFeed feed) internal pure returns (PackedFeed) {
        return PackedFeed.wrap(PackedFeed.unwrap(feed) & ROUND_RECORD_MASK);
    }

    /// @notice The feed after it has published an answer that becomes its average too: next round, both times are the
    /// report's slot, no candidate.
    function seeded(PackedFeed feed, uint256 answer_, uint256 slot) internal pure returns (PackedFeed) {
        return
            PackedFeed.wrap(
                answer_ |
                    (slot << FEED_UPDATED_AT) |
                    ((feed.round() + 1) << FEED_ROUND) |
                    (slot << FEED_LAST_REPORT_AT) |
                    (encodeAverage(answer_) << FEED_AVERAGE) |
                    (LIVE << FEED_STATUS)
            );
    }

    /// @notice The same answer and average, another last report, candidate and status.
    function withCandidate(
        PackedFeed feed,
        uint256 slot,
        uint256 side,
        uint256 age,
        uint256 reports,
        uint256 status_
    ) internal pure returns (PackedFeed) {
        return
            PackedFeed.wrap(
                (PackedFeed.unwrap(feed) & ANSWER_AND_AVERAGE_MASK) |
                    (slot << FEED_LAST_REPORT_AT) |
                    (side << FEED_SIDE) |
                    (age << FEED_AGE) |
                    (reports << FEED_REPORTS) |
                    (status_ << FEED_STATUS)
            );
    }

    /// @notice The same answer and average as Live, without its candidate.
    function withoutCandidate(PackedFeed feed) internal pure returns (PackedFeed) {
        return feed.withCandidate(feed.lastReportAt(), 0, 0, 0, LIVE);
    }

    /// @notice An Empty feed that keeps only its round and the time of its last report.
    function emptied(PackedFeed feed) internal pure returns (PackedFeed) {
        return PackedFeed.wrap((feed.round() << FEED_ROUND) | (feed.lastReportAt() << FEED_LAST_REPORT_AT));
    }

    /// @notice `value` as a 40-bit mantissa and an exponent, rounded down: e = max(0, bits(value) − 40),
    /// m = value >> e. Any value below 2^96 keeps 40 significant bits, a relative error below 2^-39.
    function encodeAverage(uint256 value) internal pure returns (uint256) {
        uint256 exponent = 0;
        while (value >> FEED_MANTISSA_BITS != 0) {
            value >>= 1;
            ++exponent;
        }
        return (exponent << FEED_MANTISSA_BITS) | value;
    }

    /// @notice Ends the call with the feed's answer in the five words of AggregatorV3's round data. Never comes back:
    /// its result only gives the caller something to return.
    function returnRoundData(PackedFeed feed) internal pure returns (uint80, int256, uint256, uint256, uint80) {
        // Memory-safe: ends the execution, so nothing reads memory afterwards.
        assembly ("memory-safe") {
            let round_ := and(shr(FEED_ROUND, feed), FEED_TIME_MASK)
            let time := and(shr(FEED_UPDATED_AT, feed), FEED_TIME_MASK)
            mstore(0, round_)
            mstore(0x20, and(feed, FEED_ANSWER_MASK))
            mstore(0x40, time)
            mstore(0x60, time)
            mstore(0x80, round_)
            return(0, 0xa0)
        }
    }

    /// @notice All fields, for readers outside the chain. Dormancy needs parameters and is the caller's to add.
    function unpack(PackedFeed feed) internal pure returns (IPriceFeeds.Feed memory) {
        // Every cast narrows to the field's own width or more.
        return
            IPriceFeeds.Feed({
                answer: uint96(feed.answer()),
                average: uint96(feed.average()),
                updatedAt: uint32(feed.updatedAt()),
                lastReportAt: uint32(feed.lastReportAt()),
                round: uint32(feed.round()),
                status: IPriceFeeds.Status(feed.status()),
                candidateSide: uint8(feed.candidateSide()),
                candidateAge: uint16(feed.candidateAge()),
                candidateReports: uint8(feed.candidateReports())
            });
    }
}

// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {
    FEED_AVERAGE,
    FEED_EXPONENT,
    FEED_EXPONENT_MASK,
    FEED_LAST_REPORT_AT,
    FEED_MANTISSA_BITS,
    FEED_MANTISSA_MASK,
    FEED_ROUND,
    FEED_STATUS,
    FEED_TIME_MASK,
    FEED_UPDATED_AT,
    FeedWord,
    PackedFeed
} from "./FeedWord.sol";
import {PackedParams} from "./ParamsWord.sol";

/// @title Breaker
/// @notice Decides what a valid report does to a feed: publish, suspend, confirm, resume.
/// @dev Pure, so that the operators' and the replay's TypeScript can be held equal to it on every integer.
///
/// Average: E' = E + (p − E)·dt/τ, dt = min(slot − updatedAt, τ), the division truncated toward zero and the result
/// rounded down to 40 significant bits. Band: |p − E|·10,000 ≤ bandBps·E.
///
/// An answer outside the band starts a candidate and is not published. The candidate restarts when the side changes
/// or more than two expected reports are missing, ends when an answer is back in the band, and becomes answer and
/// average once it has held for `cooldown` seconds and `minReports` reports; the average is frozen meanwhile.
///
/// Arithmetic is unchecked: answers and averages are below 2^96, times and rounds below 2^32, parameters below 2^24,
/// so no product reaches 2^128; each subtraction stands behind the comparison that makes it safe. A round overflows
/// after 2^32 publications, later than uint32 time does.
library Breaker {
    /// @notice What a report did.
    /// Held: accepted, nothing published. Published: the answer is the feed's. Suspended: a candidate starts on a
    /// feed that was Live or whose trip lapsed. Resumed: published by a feed that was Suspended. Reordered and
    /// Dormant: the report must be rejected, the feed is unchanged.
    enum Outcome {
        Held,
        Published,
        Suspended,
        Resumed,
        Reordered,
        Dormant
    }

    uint256 private constant BPS = 10_000;
    uint256 private constant LIVE = 1;
    uint256 private constant BELOW = 0;
    uint256 private constant ABOVE = 1;
    uint256 private constant ANY_SIDE = 2;
    uint256 private constant MAX_AGE = 4_095;
    uint256 private constant MAX_REPORTS = 7;

    /// @notice The common case, kept short: a Live feed publishes an answer inside its band. Zero in any other case,
    /// which is then `stepUncommon`'s.
    /// @param feed State before.
    /// @param params Parameters of the feed, within their bounds.
    /// @param answer Median of the report, 0 < answer < 2^95.
    /// @param slot Slot of the report, unix seconds.
    function publishLive(
        PackedFeed feed,
        PackedParams params,
        uint256 answer,
        uint256 slot
    ) internal pure returns (PackedFeed next) {
        uint256 band = params.bandBps();
        uint256 tau = params.tau();
        uint256 dormancy = params.dormancy();
        // A Live feed's last report is the one that it published.
        uint256 last = feed.updatedAt();
        // Memory-safe: touches no memory. Without branches, since a jump costs more than what it would skip:
        // everything is computed and multiplied by 0 in any other case. The result is then unused, and the loop ends
        // after 216 rounds whatever its input.
        assembly ("memory-safe") {
            // A Live feed has no candidate: above its average's mantissa stand an exponent below 64 and the status.
            let exponent := xor(shr(FEED_EXPONENT, feed), shl(sub(FEED_STATUS, FEED_EXPONENT), LIVE))
            let average := shl(exponent, and(shr(FEED_AVERAGE, feed), FEED_MANTISSA_MASK))
            let distance := sub(answer, average)
            // −limit ≤ distance·10,000 ≤ limit as one comparison: below −limit the sum wraps to a huge number.
            let limit := mul(band, average)
            let uncommon := gt(add(mul(distance, BPS), limit), shl(1, limit))
            // 1 ≤ elapsed ≤ dormancy as one comparison: a time that is zero or negative wraps around and is beyond any
            // dormancy.
            let elapsed := sub(slot, last)
            uncommon := or(uncommon, gt(exponent, FEED_EXPONENT_MASK))
            let common := gt(lt(sub(elapsed, 1), dormancy), uncommon)
            if gt(elapsed, tau) {
                elapsed := tau
            }
            // SDIV truncates toward zero. The result lies between average and answer.
            average := add(average, sdiv(mul(distance, elapsed), tau))
            // FeedWord.encodeAverage, beginning with the exponent before: right if the mantissa has just 40 bits.
            let mantissa := shr(exponent, average)
            if xor(shr(sub(FEED_MANTISSA_BITS, 1), mantissa), 1) {
                mantissa := average
                exponent := 0
                for {} shr(FEED_MANTISSA_BITS, mantissa) {} {
                    mantissa := shr(1, mantissa)
                    exponent := add(exponent, 1)
                }
            }
            // The next round, where rounds stand: it never carries, as each round has a slot of its own.
            next := add(and(feed, shl(FEED_ROUND, FEED_TIME_MASK)), shl(FEED_ROUND, 1))
            next := or(or(answer, next), shl(FEED_AVERAGE, or(shl(FEED_MANTISSA_BITS, exponent), mantissa)))
            // Both times are the slot.
            let times := mul(slot, or(shl(FEED_UPDATED_AT, 1), shl(FEED_LAST_REPORT_AT, 1)))
            next := mul(common, or(next, or(times, shl(FEED_STATUS, LIVE))))
        }
    }

    /// @notice Whether there is more to do than to store what `publishLive` made: it made nothing, or rounds are kept.
    function isUncommon(PackedFeed next, PackedParams params) internal pure returns (bool) {
        uint256 history = params.historyBits();
        uint256 either;
        // Memory-safe: touches no memory. Without a branch for each.
        assembly ("memory-safe") {
            either := or(iszero(next), history)
        }
        return either != 0;
    }

    /// @notice Every case that `publishLive` leaves.
    /// @param blockTime Time of the block, unix seconds.
    /// @param trippedUntil End of the guardian's trip, used only while the feed is Tripped.
    function stepUncommon(
        PackedFeed feed,
        PackedParams params,
        uint256 answer,
        uint256 slot,
        uint256 blockTime,
        uint256 trippedUntil
    ) internal pure returns (PackedFeed, Outcome) {
        unchecked {
            uint256 status = feed.status();
            uint256 last = feed.lastReportAt();
            if (slot <= last) return (feed, Outcome.Reordered);
            if (status == FeedWord.EMPTY) return (feed.seeded(answer, slot), Outcome.Published);
            if (slot - last > params.dormancy()) return (feed, Outcome.Dormant);
            if (status == FeedWord.TRIPPED) {
                if (blockTime < trippedUntil) {
                    return (feed.withCandidate(slot, 0, 0, 0, FeedWord.TRIPPED), Outcome.Held);
                }
                return (feed.withCandidate(slot, ANY_SIDE, 0, 1, FeedWord.SUSPENDED), Outcome.Suspended);
            }
            uint256 side = answer > feed.average() ? ABOVE : BELOW;
            if (status == FeedWord.LIVE) {
                return (feed.withCandidate(slot, side, 0, 1, FeedWord.SUSPENDED), Outcome.Suspended);
            }
            if (feed.candidateSide() == ANY_SIDE) return _confirm(feed, params, answer, slot, ANY_SIDE);
            // Back in the band it publishes as a Live feed would, however long ago its answer was.
            PackedFeed resumed = publishLive(feed.withoutCandidate(), params.withoutDormancy(), answer, slot);
            if (PackedFeed.unwrap(resumed) != 0) return (resumed, Outcome.Resumed);
            return _confirm(feed, params, answer, slot, side);
        }
    }

    /// @notice The guardian's trip: nothing is published until it lapses; a candidate is forgotten.
    function trip(PackedFeed feed) internal pure returns (PackedFeed) {
        return feed.withCandidate(feed.lastReportAt(), 0, 0, 0, FeedWord.TRIPPED);
    }

    /// @dev A Suspended feed got an answer that does not end the suspension by itself.
    /// @param side Where the answer lies, ANY_SIDE after a trip.
    function _confirm(
        PackedFeed feed,
        PackedParams params,
        uint256 answer,
        uint256 slot,
        uint256 side
    ) private pure returns (PackedFeed, Outcome) {
        unchecked {
            uint256 elapsed = slot - feed.lastReportAt();
            if (side != feed.candidateSide() || elapsed > 2 * _expectedInterval(params)) {
                return (feed.withCandidate(slot, side, 0, 1, FeedWord.SUSPENDED), Outcome.Held);
            }
            uint256 age = feed.candidateAge() + elapsed;
            if (age > MAX_AGE) age = MAX_AGE;
            uint256 reports = feed.candidateReports();
            if (reports < MAX_REPORTS) ++reports;
            if (age >= params.cooldown() && reports >= params.minReports()) {
                return (feed.seeded(answer, slot), Outcome.Resumed);
            }
            return (feed.withCandidate(slot, side, age, reports, FeedWord.SUSPENDED), Outcome.Held);
        }
    }

    /// @dev Longest time between two reports that honest operators need while a feed is Suspended, rounded down.
    function _expectedInterval(PackedParams params) private pure returns (uint256) {
        uint256 confirmation = params.cooldown() / params.minReports();
        return params.heartbeat() > confirmation ? params.heartbeat() : confirmation;
    }
}

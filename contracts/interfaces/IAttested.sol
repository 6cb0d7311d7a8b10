// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {FeedId} from "../types/FeedId.sol";

/// @title IAttested
/// @notice Prices of which it is proved that they are the medians of a quorum's signed observations: what a consumer reads
/// that wants no other.
/// @dev Warning: attestations are made hourly or on demand, so an attested price is older than the feed's. Ask for the
/// oldest that will do with `attestedWithin`, or compare `updatedAt` yourself.
///
/// Warning: a report that PriceFeeds never accepted is a quorum's statement all the same and can be attested: the
/// breaker, trips and resets of a feed do not hold here. `isRoundAttested` tells whether a price that PriceFeeds
/// published is attested.
interface IAttested {
    /// @notice An attested price, all of it from one storage slot.
    /// @param answer Lower median, 8 decimals; 0 if there is none.
    /// @param values Number of prices under the median.
    /// @param setId Set of the operators.
    /// @param signers Operators of the set that signed the report, bit i for operator i.
    /// @param included Operators of the set whose observations the median is of.
    /// @param attestedAt Time of the attestation, unix seconds.
    struct AttestedPrice {
        uint96 answer;
        uint8 values;
        uint32 setId;
        uint32 signers;
        uint32 included;
        uint48 attestedAt;
    }

    /// @notice No price of the feed was ever attested.
    error NotAttested(FeedId feedId);
    /// @notice The latest attested price is older than the caller takes.
    error StaleAttestation(FeedId feedId, uint256 updatedAt, uint256 oldest);

    /// @notice Attested price of the latest slot; reverts with NotAttested.
    /// @return answer Lower median, 8 decimals.
    /// @return updatedAt Slot of the price, unix seconds.
    /// @return round Number of the price among the feed's latest attested ones. No round of PriceFeeds.
    function latestAttested(FeedId feedId) external view returns (int256 answer, uint256 updatedAt, uint80 round);

    /// @notice The same, but reverts with StaleAttestation if the slot is more than `maxAge` seconds before the block.
    function attestedWithin(
        FeedId feedId,
        uint256 maxAge
    ) external view returns (int256 answer, uint256 updatedAt, uint80 round);

    /// @notice Attested price of a slot; zeros if there is none.
    function attestedAt(FeedId feedId, uint32 slot) external view returns (AttestedPrice memory);

    /// @notice Whether what PriceFeeds published in a round is attested. Reverts with RoundNotKept for a round that
    /// PriceFeeds does not keep, and with UnknownFeed; the latest round is always kept.
    function isRoundAttested(FeedId feedId, uint80 roundId) external view returns (bool);
}

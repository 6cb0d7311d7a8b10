// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IPriceFeeds} from "./IPriceFeeds.sol";

/// @dev Feeds of a chunk: what one proof can state.
uint256 constant CHUNK_FEEDS = 10;

/// @title IMedianProofs
/// @notice Says whether medians follow from the observations under a root, by proof.
interface IMedianProofs {
    /// @notice Medians of a chunk of feeds, and their proof.
    /// @param chunk The feeds are those with indices 10 · chunk to 10 · chunk + 9 of the set.
    /// @param quorum Number of prices that every median has at least.
    /// @param included Operators of the set whose observations are under the root, bit i for operator i.
    /// @param entries By feed of the chunk: number of prices · 2^96 + lower median, or 0 where nothing is stated.
    /// @param proof Proof of the circuit `price_batch`.
    struct MedianProof {
        uint8 chunk;
        uint8 quorum;
        uint32 included;
        uint256[CHUNK_FEEDS] entries;
        bytes proof;
    }

    /// @notice The set has no operator for a bit of the bitmap.
    error IncludedBeyondSet(uint256 included, uint256 operators);
    /// @notice More operators are included than a proof can be about.
    error TooManyIncluded(uint256 given, uint256 most);

    /// @notice Reverts unless it is proved that operators of the set signed, for this chain, `priceFeeds`, set and slot,
    /// the observations whose hash the root is, and that their medians are these; reverts with PriceFeeds' UnknownSet.
    /// @dev Says nothing about who vouches for the root. Two proofs under one root never state different medians of a feed.
    function requireProven(uint32 setId, uint32 slot, bytes32 root, MedianProof calldata proof) external view;

    /// @notice The contract that keeps sets and their keys, and under which operators sign.
    function priceFeeds() external view returns (IPriceFeeds);
}

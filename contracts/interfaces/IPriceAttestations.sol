// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {FeedId} from "../types/FeedId.sol";
import {IAttested} from "./IAttested.sol";
import {IMedianProofs} from "./IMedianProofs.sol";
import {IPriceFeeds} from "./IPriceFeeds.sol";
import {IProofConsumer} from "./IProofConsumer.sol";
import {IReportErrors} from "./IReportErrors.sol";

/// @title IPriceAttestations
/// @notice Keeps which reports are proved to have the exact medians of observations that operators of their set signed.
/// Anyone may bring a report of any set with its proofs; nobody has any power here.
/// @dev A report is verified again from its bytes and signature, so no history is needed. What is attested is keyed on
/// what was stated, never on a proof's bytes: a chunk of a report is attested once.
///
/// A proof is over at most eleven operators and sets of at most 110 feeds; a report over more cannot be attested.
///
/// Warning: a proof adds to a report that the quorum's keys were right about its medians, not that observations were
/// honest. Of a set that is no longer active, whoever has a quorum of its keys can still have reports for its time
/// attested: a feed's latest price only ever moves to a later slot, and old slots show.
interface IPriceAttestations is IAttested, IMedianProofs, IProofConsumer, IReportErrors {
    /// @notice A proof that a chunk of a report has exact medians.
    /// @param chunk The feeds are those with indices 10 · chunk to 10 · chunk + 9 of the set.
    /// @param proof Proof of the circuit `price_batch`.
    struct ChunkProof {
        uint8 chunk;
        bytes proof;
    }

    /// @notice What is known of a report.
    /// @param setId Set that it is of; 0 if no chunk of the report was ever proved.
    /// @param slot Unix seconds.
    /// @param signers Operators that signed it, bit i for operator i of the set.
    /// @param included Operators whose observations it is of.
    /// @param chunks Chunks with feeds of the report, bit i for chunk i.
    /// @param proven Those of them that are proved.
    /// @param attestedAt When the last one was, unix seconds; 0 while some are left.
    struct Attestation {
        uint32 setId;
        uint32 slot;
        uint32 signers;
        uint32 included;
        uint32 chunks;
        uint32 proven;
        uint48 attestedAt;
    }

    /// @notice Chunks of a report were proved.
    /// @param reportDigest What the signers signed (`IPriceFeeds.reportDigest`).
    /// @param chunks Chunks that this call proved, bit i for chunk i.
    /// @param complete Whether no chunk of the report is left.
    event ReportAttested(
        bytes32 indexed reportDigest,
        uint32 indexed setId,
        uint32 indexed slot,
        bytes32 observationRoot,
        uint32 signers,
        uint32 included,
        uint32 chunks,
        bool complete
    );

    /// @notice A feed's price of a slot was attested. There is no event where another report had it attested before.
    /// @param round Number of the price among the feed's latest attested ones, 0 if a later slot was attested before.
    event PriceAttested(
        FeedId indexed feedId,
        uint32 indexed slot,
        bytes32 indexed reportDigest,
        uint96 answer,
        uint8 values,
        uint32 round
    );

    /// @notice There is nothing to attest.
    error NoProofs();
    /// @notice The report has no feed in this chunk.
    error ChunkNotInReport(uint256 chunk, uint256 chunks);
    /// @notice This chunk of the report is attested already.
    error ChunkAttested(bytes32 reportDigest, uint256 chunk);
    /// @notice The report's slot lies after the block.
    error FutureReport(uint32 slot, uint256 blockTime);
    /// @notice The set has no feed with this index.
    error UnknownFeedIndex(uint256 index, uint256 feeds);
    /// @notice Entries must be strictly ascending by feed index, so no feed stands twice.
    error FeedsNotAscending(uint256 index, uint256 previous);
    /// @notice The median stands on fewer values than the quorum, or on more than there are operators.
    error ValuesOutOfRange(FeedId feedId, uint256 given, uint256 quorum, uint256 operators);
    /// @notice The answer is zero or not below 2^95.
    error AnswerOutOfRange(FeedId feedId, uint256 answer);

    /// @notice Attests chunks of a signed report, or reverts whole. A report is attested when all chunks with feeds of it
    /// are, in one call or several; each chunk's prices count at once.
    /// @dev Costs 0.9 to 1.4 million gas a chunk, the most for ten feeds that were never attested. The call needs more than
    /// it costs: the verifier must be given PROOF_GAS. A wrong proof reverts with InvalidProof and burns at most that
    /// more than what came before it.
    /// @param report Packed bytes as `IPriceFeeds.submit` takes them, of any set, accepted or not.
    /// @param signature Multisignature of a quorum or more over the report.
    /// @param included Operators whose observations are under the report's root, bit i for operator i of the set.
    /// @param proofs One for each chunk, with the set's quorum and the report's entries as they stand.
    function attest(
        bytes calldata report,
        IPriceFeeds.Signature calldata signature,
        uint32 included,
        ChunkProof[] calldata proofs
    ) external;

    /// @notice What is known of a report; zeros if nothing is.
    /// @param reportDigest What its signers signed.
    function attestation(bytes32 reportDigest) external view returns (Attestation memory);
}

// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IAttested} from "../interfaces/IAttested.sol";
import {CHUNK_FEEDS, IMedianProofs} from "../interfaces/IMedianProofs.sol";
import {IPriceAttestations} from "../interfaces/IPriceAttestations.sol";
import {IPriceFeeds} from "../interfaces/IPriceFeeds.sol";
import {Report} from "../libraries/Report.sol";
import {Schnorr} from "../libraries/Schnorr.sol";
import {SignedReport} from "../libraries/SignedReport.sol";
import {FeedId} from "../types/FeedId.sol";
import {SetId} from "../types/SetId.sol";
import {IVerifier} from "../verifiers/IVerifier.sol";
import {ProofConsumer} from "./ProofConsumer.sol";

/// @title PriceAttestations
/// @notice Keeps which reports are proved to have the exact medians of observations that operators of their set signed.
contract PriceAttestations is IPriceAttestations, ProofConsumer {
    /// @dev A statement about a chunk. The circuit's public inputs follow from it and the set.
    struct Statement {
        uint32 setId;
        uint32 slot;
        uint256 chunk;
        uint256 quorum;
        uint256 included;
        bytes32 root;
        uint256[CHUNK_FEEDS] entries;
    }

    /// @dev What is read of a report's set.
    struct Set {
        uint256[4][] keys;
        FeedId[] feeds;
        uint256 quorum;
    }

    /// @dev Number and slot of a feed's latest attested price.
    struct Latest {
        uint32 slot;
        uint32 round;
    }

    /// @dev Keys that the circuit has room for.
    uint256 internal constant MOST_INCLUDED = 11;
    /// @dev The circuit's public inputs: nine of the head, the entries, and two coordinates a key.
    uint256 internal constant HEAD_INPUTS = 9;
    uint256 internal constant INPUTS = HEAD_INPUTS + CHUNK_FEEDS + 2 * MOST_INCLUDED;
    /// @dev Where the root begins in a report: behind set id, slot and signers.
    uint256 internal constant ROOT_OFFSET = 12;
    uint256 internal constant ANSWER_BOUND = 1 << 95;
    uint256 internal constant COUNT_SHIFT = 96;

    /// @inheritdoc IMedianProofs
    IPriceFeeds public immutable priceFeeds;

    mapping(bytes32 reportDigest => Attestation) internal _attestations;
    mapping(FeedId => mapping(uint32 slot => AttestedPrice)) internal _prices;
    mapping(FeedId => Latest) internal _latest;

    /// @param verifier_ Verifier of `price_batch`.
    constructor(IPriceFeeds priceFeeds_, IVerifier verifier_) ProofConsumer(verifier_) {
        priceFeeds = priceFeeds_;
    }

    /// @inheritdoc IPriceAttestations
    function attest(
        bytes calldata report,
        IPriceFeeds.Signature calldata signature,
        uint32 included,
        ChunkProof[] calldata proofs
    ) external {
        if (proofs.length == 0) revert NoProofs();
        if (!Report.isWellFormed(report)) revert ReportLength(report.length);
        (uint32 setId, uint32 slot, uint32 signers) = Report.head(report);
        if (slot > block.timestamp) revert FutureReport(slot, block.timestamp);
        SignedReport.requireSlotOfSet(priceFeeds, setId, slot);
        bytes32 digest = priceFeeds.reportDigest(report);
        Set memory set = _describe(setId);
        set.quorum = SignedReport.requireSigned(priceFeeds, set.keys, setId, signers, digest, signature);

        (uint256[] memory entries, uint256 chunks) = _entriesOf(report, set);
        Statement memory statement;
        (statement.setId, statement.slot, statement.quorum, statement.included) = (setId, slot, set.quorum, included);
        statement.root = bytes32(report[ROOT_OFFSET:Report.HEAD_BYTES]);
        Attestation memory record = _attestations[digest];
        uint256 before = record.proven;
        uint256 proven = before;
        AttestedPrice memory price = AttestedPrice(0, 0, setId, signers, included, uint48(block.timestamp));
        for (uint256 i = 0; i < proofs.length; ++i) {
            uint256 chunk = proofs[i].chunk;
            if ((chunks >> chunk) & 1 == 0) revert ChunkNotInReport(chunk, chunks);
            if ((proven >> chunk) & 1 == 1) revert ChunkAttested(digest, chunk);
            proven |= 1 << chunk;
            statement.chunk = chunk;
            for (uint256 k = 0; k < CHUNK_FEEDS; ++k) statement.entries[k] = entries[chunk * CHUNK_FEEDS + k];
            _requireStated(statement, set, proofs[i].proof);
            _keep(statement, set.feeds, price, digest);
        }

        bool complete = proven == chunks;
        // Feed indices are below 256, so chunks are below 26.
        _attestations[digest] = Attestation({
            setId: setId,
            slot: slot,
            signers: signers,
            included: included,
            chunks: uint32(chunks),
            proven: uint32(proven),
            attestedAt: complete ? uint48(block.timestamp) : 0
        });
        emit ReportAttested(digest, setId, slot, statement.root, signers, included, uint32(proven ^ before), complete);
    }

    /// @inheritdoc IMedianProofs
    function requireProven(uint32 setId, uint32 slot, bytes32 root, MedianProof calldata proof) external view {
        Statement memory statement = Statement({
            setId: setId,
            slot: slot,
            chunk: proof.chunk,
            quorum: proof.quorum,
            included: proof.included,
            root: root,
            entries: proof.entries
        });
        _requireStated(statement, _describe(setId), proof.proof);
    }

    /// @inheritdoc IAttested
    function attestedWithin(
        FeedId feedId,
        uint256 maxAge
    ) external view returns (int256 answer, uint256 updatedAt, uint80 round) {
        (answer, updatedAt, round) = latestAttested(feedId);
        if (block.timestamp > updatedAt && block.timestamp - updatedAt > maxAge) {
            revert StaleAttestation(feedId, updatedAt, block.timestamp - maxAge);
        }
    }

    /// @inheritdoc IAttested
    function attestedAt(FeedId feedId, uint32 slot) external view returns (AttestedPrice memory) {
        return _prices[feedId][slot];
    }

    /// @inheritdoc IAttested
    function isRoundAttested(FeedId feedId, uint80 roundId) external view returns (bool) {
        (, int256 answer, , uint256 updatedAt, ) = priceFeeds.getRoundData(feedId, roundId);
        // PriceFeeds serves no answer of zero, which is what a slot that was not attested has.
        return uint256(answer) == _prices[feedId][uint32(updatedAt)].answer;
    }

    /// @inheritdoc IPriceAttestations
    function attestation(bytes32 reportDigest) external view returns (Attestation memory) {
        return _attestations[reportDigest];
    }

    /// @inheritdoc IAttested
    function latestAttested(FeedId feedId) public view returns (int256 answer, uint256 updatedAt, uint80 round) {
        Latest memory latest = _latest[feedId];
        if (latest.round == 0) revert NotAttested(feedId);
        return (int256(uint256(_prices[feedId][latest.slot].answer)), latest.slot, latest.round);
    }

    /// @dev Keeps the prices that a proved statement has, unless the slot has one.
    /// @param price Everything of a price but answer and values.
    function _keep(
        Statement memory statement,
        FeedId[] memory feeds,
        AttestedPrice memory price,
        bytes32 digest
    ) internal {
        for (uint256 k = 0; k < CHUNK_FEEDS; ++k) {
            uint256 entry = statement.entries[k];
            if (entry == 0) continue;
            FeedId feedId = feeds[statement.chunk * CHUNK_FEEDS + k];
            // Another report of the slot may have other observations, and so another median: the first stays.
            if (_prices[feedId][statement.slot].answer != 0) continue;
            (price.answer, price.values) = (uint96(entry), uint8(entry >> COUNT_SHIFT));
            _prices[feedId][statement.slot] = price;
            Latest memory latest = _latest[feedId];
            bool isLatest = statement.slot > latest.slot;
            if (isLatest) _latest[feedId] = Latest(statement.slot, latest.round + 1);
            emit PriceAttested(
                feedId,
                statement.slot,
                digest,
                price.answer,
                price.values,
                isLatest ? latest.round + 1 : 0
            );
        }
    }

    function _describe(uint32 setId) internal view returns (Set memory set) {
        (, set.keys, set.feeds, ) = priceFeeds.describeSet(SetId.wrap(setId));
    }

    /// @dev A report's entries by feed index of its set, and the chunks that have any.
    function _entriesOf(
        bytes calldata report,
        Set memory set
    ) internal pure returns (uint256[] memory entries, uint256 chunks) {
        uint256 operators = set.keys.length;
        entries = new uint256[](_chunksOf(set) * CHUNK_FEEDS);
        uint256 next = 0;
        for (uint256 entry = Report.HEAD_BYTES; entry < report.length; entry += Report.ENTRY_BYTES) {
            uint256 index = uint8(report[entry]);
            uint256 values = uint8(report[entry + 1]);
            uint256 answer = uint96(bytes12(report[entry + 2:entry + Report.ENTRY_BYTES]));
            if (index >= set.feeds.length) revert UnknownFeedIndex(index, set.feeds.length);
            if (index < next) revert FeedsNotAscending(index, next - 1);
            FeedId feedId = set.feeds[index];
            if (values < set.quorum || values > operators) {
                revert ValuesOutOfRange(feedId, values, set.quorum, operators);
            }
            if (answer == 0 || answer >= ANSWER_BOUND) revert AnswerOutOfRange(feedId, answer);
            entries[index] = (values << COUNT_SHIFT) | answer;
            chunks |= 1 << (index / CHUNK_FEEDS);
            next = index + 1;
        }
    }

    /// @dev Reverts unless the statement is proved. The keys of those included are the set's, by ascending index.
    function _requireStated(Statement memory statement, Set memory set, bytes calldata proof) internal view {
        uint256 included = statement.included;
        if (included >> set.keys.length != 0) revert IncludedBeyondSet(included, set.keys.length);
        uint256 count = Schnorr.popCount(included);
        if (count > MOST_INCLUDED) revert TooManyIncluded(count, MOST_INCLUDED);
        bytes32[] memory inputs = new bytes32[](INPUTS);
        inputs[0] = bytes32(block.chainid);
        inputs[1] = bytes32(uint256(uint160(address(priceFeeds))));
        inputs[2] = bytes32(uint256(statement.setId));
        inputs[3] = bytes32(uint256(statement.slot));
        inputs[4] = bytes32(statement.chunk);
        inputs[5] = bytes32(_chunksOf(set));
        inputs[6] = bytes32(statement.quorum);
        inputs[7] = bytes32(included);
        inputs[8] = statement.root;
        for (uint256 k = 0; k < CHUNK_FEEDS; ++k) inputs[HEAD_INPUTS + k] = bytes32(statement.entries[k]);
        uint256 place = HEAD_INPUTS + CHUNK_FEEDS;
        for (uint256 i = 0; i < set.keys.length; ++i) {
            if ((included >> i) & 1 == 0) continue;
            inputs[place++] = bytes32(set.keys[i][2]);
            inputs[place++] = bytes32(set.keys[i][3]);
        }
        _requireProven(proof, inputs);
    }

    /// @dev Chunks that an observation of the set's feeds has.
    function _chunksOf(Set memory set) internal pure returns (uint256) {
        return (set.feeds.length + CHUNK_FEEDS - 1) / CHUNK_FEEDS;
    }
}

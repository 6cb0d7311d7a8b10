// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";

import {IOperators} from "../interfaces/IOperators.sol";
import {IPriceFeeds} from "../interfaces/IPriceFeeds.sol";
import {Breaker} from "../libraries/Breaker.sol";
import {FeedState, FeedWord, PackedFeed} from "../libraries/FeedWord.sol";
import {PackedParams, ParamsWord} from "../libraries/ParamsWord.sol";
import {Report} from "../libraries/Report.sol";
import {Schnorr} from "../libraries/Schnorr.sol";
import {FeedRows, SetBlob} from "../libraries/SetBlob.sol";
import {PackedSet, SetWord} from "../libraries/SetWord.sol";
import {TripBudget} from "../libraries/TripBudget.sol";
import {FeedId} from "../types/FeedId.sol";
import {SetId} from "../types/SetId.sol";

/// @title PriceFeeds
/// @notice Every price feed of the network: reports go in, answers come out.
contract PriceFeeds is IPriceFeeds, AccessManaged {
    using SetBlob for PackedSet;
    using SetBlob for bytes;
    using SetBlob for FeedRows;
    using TripBudget for TripBudget.Record;

    /// @inheritdoc IPriceFeeds
    uint8 public constant decimals = 8;

    uint256 internal constant MAX_REPORT_AGE = 60;
    uint256 internal constant PREVIOUS_SET_VALIDITY = 60;
    uint256 internal constant MAX_FEEDS = 255;

    /// @notice Registry of the operators that `sync` takes over.
    IOperators public immutable registry;

    PackedSet internal _current;
    /// @dev Version of the registry's active operators that the current set holds.
    uint32 internal _operatorsVersion;
    mapping(uint256 setId => PackedSet) internal _sets;
    mapping(FeedId => FeedState) internal _feeds;
    mapping(FeedId => mapping(uint256 index => PackedFeed)) internal _rounds;
    mapping(FeedId => TripBudget.Record) internal _trips;

    constructor(address authority, IOperators registry_) AccessManaged(authority) {
        registry = registry_;
    }

    /// @inheritdoc IPriceFeeds
    function submit(bytes calldata report, Signature calldata signature) external {
        if (!Report.isWellFormed(report)) revert ReportLength(report.length);
        (uint32 setId, uint32 slot, uint32 signers) = Report.head(report);
        PackedSet set = _setFor(setId, slot);
        _checkSlot(slot);
        bytes memory message = Report.preimage(report);
        _checkSignature(set, signers, message, signature);
        _apply(set, slot, message);
        Report.emitAccepted(message);
    }

    /// @inheritdoc IPriceFeeds
    function createFeeds(FeedId[] calldata feedIds_, Params[] calldata params_) external restricted {
        if (feedIds_.length != params_.length) revert LengthMismatch(feedIds_.length, params_.length);
        PackedSet set = _current;
        uint256 count = set.feeds();
        if (count + feedIds_.length > MAX_FEEDS) revert TooManyFeeds(count + feedIds_.length, MAX_FEEDS);
        bytes memory rows = bytes.concat(set.feedRows(), new bytes(feedIds_.length * SetBlob.FEED_BYTES));
        for (uint256 i = 0; i < feedIds_.length; ++i) {
            FeedId feedId = feedIds_[i];
            if (FeedId.unwrap(feedId) == 0) revert EmptyFeedId();
            if (rows.indexOf(count, feedId) != count) revert FeedExists(feedId);
            rows.setFeed(count++, feedId, ParamsWord.pack(params_[i]));
            emit FeedCreated(feedId, params_[i]);
        }
        _activate(set.keys(), rows, set.proofKeys(), set.accounts());
    }

    /// @inheritdoc IPriceFeeds
    function setParams(FeedId feedId, Params calldata params_) external restricted {
        PackedSet set = _current;
        (bytes memory rows, uint256 index) = _find(set, feedId);
        rows.setFeed(index, feedId, ParamsWord.pack(params_));
        emit FeedChanged(feedId, params_);
        _activate(set.keys(), rows, set.proofKeys(), set.accounts());
    }

    /// @inheritdoc IPriceFeeds
    function sync() external {
        (uint32 version, address[] memory operators, IOperators.Keys[] memory operatorKeys) = registry.active();
        if (version == _operatorsVersion) revert AlreadySynced(version);
        _operatorsVersion = version;
        (bytes memory keys, bytes memory proofKeys, bytes memory accounts) = ("", "", "");
        for (uint256 i = 0; i < operators.length; ++i) {
            IOperators.Keys memory key = operatorKeys[i];
            keys = abi.encodePacked(keys, key.x, key.y);
            proofKeys = abi.encodePacked(proofKeys, key.proofX, key.proofY);
            accounts = abi.encodePacked(accounts, operators[i]);
        }
        _activate(keys, _current.feedRows(), proofKeys, accounts);
    }

    /// @inheritdoc IPriceFeeds
    function trip(FeedId feedId) external restricted {
        _paramsOf(feedId);
        PackedFeed state = _feeds[feedId].word;
        if (state.status() == FeedWord.EMPTY) revert NoData(feedId);
        uint64 until = _trips[feedId].begin(feedId);
        _feeds[feedId].word = Breaker.trip(state);
        emit FeedTripped(feedId, until);
    }

    /// @inheritdoc IPriceFeeds
    function reset(FeedId feedId) external restricted {
        _paramsOf(feedId);
        _feeds[feedId].word = _feeds[feedId].word.emptied();
        // What the guardian used of its budget stays used.
        _trips[feedId].until = 0;
        emit FeedReset(feedId);
    }

    /// @inheritdoc IPriceFeeds
    function latestRoundData(
        FeedId feedId
    )
        external
        view
        returns (uint80 roundId, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredInRound)
    {
        PackedFeed state = _feeds[feedId].word;
        if (state.status() == FeedWord.EMPTY) revert NoData(feedId);
        return state.returnRoundData();
    }

    /// @inheritdoc IPriceFeeds
    function getRoundData(
        FeedId feedId,
        uint80 round
    )
        external
        view
        returns (uint80 roundId, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredInRound)
    {
        uint256 kept = _paramsOf(feedId).history();
        PackedFeed state = _feeds[feedId].word;
        if (state.status() == FeedWord.EMPTY || state.round() != round) {
            // A ring of another size may have left any round at this index: only the stored number decides.
            if (kept != 0) state = _rounds[feedId][round % kept];
            if (kept == 0 || round == 0 || state.round() != round) revert RoundNotKept(feedId, round);
        }
        return state.returnRoundData();
    }

    /// @inheritdoc IPriceFeeds
    function feed(FeedId feedId) external view returns (Feed memory) {
        PackedSet set = _current;
        bytes memory rows = set.feedRows();
        uint256 index = rows.indexOf(set.feeds(), feedId);
        if (index == set.feeds()) return PackedFeed.wrap(0).unpack();
        (, PackedParams packed) = rows.feedAt(index);
        return _describe(feedId, packed);
    }

    /// @inheritdoc IPriceFeeds
    function params(FeedId feedId) external view returns (Params memory) {
        return _paramsOf(feedId).unpack();
    }

    /// @inheritdoc IPriceFeeds
    function feedIds() external view returns (FeedId[] memory) {
        return _current.feedRows().ids();
    }

    /// @inheritdoc IPriceFeeds
    function snapshot() external view returns (SetId setId, uint32 since, Feed[] memory feeds) {
        PackedSet set = _current;
        bytes memory rows = set.feedRows();
        feeds = new Feed[](set.feeds());
        for (uint256 i = 0; i < feeds.length; ++i) {
            (FeedId feedId, PackedParams packed) = rows.feedAt(i);
            feeds[i] = _describe(feedId, packed);
        }
        return (SetId.wrap(uint32(set.id())), uint32(set.since()), feeds);
    }

    /// @inheritdoc IPriceFeeds
    function currentSet() external view returns (SetId setId, address blob, uint32 since, uint8 quorum) {
        PackedSet set = _current;
        return (SetId.wrap(uint32(set.id())), set.blob(), uint32(set.since()), uint8(set.quorum()));
    }

    /// @inheritdoc IPriceFeeds
    function setOf(SetId setId) external view returns (address blob, uint32 since, uint8 quorum) {
        PackedSet set = _knownSet(setId);
        return (set.blob(), uint32(set.since()), uint8(set.quorum()));
    }

    /// @inheritdoc IPriceFeeds
    function describeSet(
        SetId setId
    )
        external
        view
        returns (address[] memory operators, uint256[4][] memory keys, FeedId[] memory feeds, Params[] memory params_)
    {
        PackedSet set = _knownSet(setId);
        operators = set.accounts().addresses();
        keys = new uint256[4][](operators.length);
        bytes memory points = set.keys();
        bytes memory proofPoints = set.proofKeys();
        for (uint256 i = 0; i < keys.length; ++i) {
            (keys[i][0], keys[i][1]) = points.keyAt(i);
            (keys[i][2], keys[i][3]) = proofPoints.keyAt(i);
        }
        bytes memory rows = set.feedRows();
        feeds = rows.ids();
        params_ = new Params[](feeds.length);
        for (uint256 i = 0; i < feeds.length; ++i) {
            (, PackedParams packed) = rows.feedAt(i);
            params_[i] = packed.unpack();
        }
    }

    /// @inheritdoc IPriceFeeds
    function reportDigest(bytes calldata report) external view returns (bytes32) {
        return keccak256(bytes.concat(Report.TAG, abi.encode(block.chainid, this), report));
    }

    /// @inheritdoc IPriceFeeds
    function trippedUntil(FeedId feedId) external view returns (uint64) {
        return _trips[feedId].until;
    }

    /// @dev Updates every feed of a report whose signature was checked.
    function _apply(PackedSet set, uint256 slot, bytes memory message) internal {
        // Bit i of `indices` is feed index i, bit i of `counts` number i of values: what an entry may have.
        (uint256 position, uint256 end) = Report.entries(message);
        uint256 indices;
        FeedRows rows;
        {
            // Entries ascend: the first and the last bound what has to be read of the blob.
            uint256 first = Report.indexAt(position);
            uint256 last = Report.indexAt(end);
            if (last >= set.feeds()) revert UnknownFeedIndex(last, set.feeds());
            if (last < first) revert FeedsNotAscending(last, first);
            rows = set.feedRows(first, last);
            indices = SetWord.range(first, last);
        }
        uint256 counts = SetWord.range(set.quorum(), set.operators());
        unchecked {
            // Each entry takes its index and all below it; the last has the highest, with which the loop ends.
            for (; indices != 0; position += Report.ENTRY_BYTES) {
                (uint256 index, uint256 values, uint256 answer) = Report.entryAt(position);
                if (!Report.isWithin(index, indices, values, counts, answer)) {
                    Report.refuse(message, position, rows, _sets[Report.setOf(message)]);
                }
                indices &= ~uint256(1) << index;
                (PackedParams packed, FeedState storage state) = rows.take(index, _feeds);
                PackedFeed before = state.word;
                PackedFeed next = Breaker.publishLive(before, packed, answer, slot);
                if (Breaker.isUncommon(next, packed)) next = _stepUncommon(before, packed, slot, rows, position);
                state.word = next;
            }
        }
        // Entries are left, whose last has an index that was taken.
        (, end) = Report.entries(message);
        if (position <= end) revert FeedsNotAscending(Report.indexAt(position), Report.indexAt(end));
    }

    /// @dev The feed's next state where an answer is not simply published, or where rounds are kept.
    function _stepUncommon(
        PackedFeed state,
        PackedParams packed,
        uint256 slot,
        FeedRows rows,
        uint256 position
    ) internal returns (PackedFeed next) {
        FeedId feedId = rows.idAt(Report.indexAt(position));
        uint256 answer = Report.answerAt(position);
        next = Breaker.publishLive(state, packed, answer, slot);
        if (PackedFeed.unwrap(next) == 0) {
            Breaker.Outcome outcome;
            uint256 until = _trips[feedId].until;
            (next, outcome) = Breaker.stepUncommon(state, packed, answer, slot, block.timestamp, until);
            if (outcome == Breaker.Outcome.Reordered) {
                revert ReorderedReport(feedId, uint32(slot), uint32(state.lastReportAt()));
            }
            if (outcome == Breaker.Outcome.Dormant) revert FeedDormant(feedId, uint32(state.lastReportAt()));
            if (outcome == Breaker.Outcome.Suspended) {
                emit FeedSuspended(feedId, uint32(slot), uint96(answer), uint96(state.average()));
            } else if (outcome == Breaker.Outcome.Resumed) {
                emit FeedResumed(feedId, uint32(slot), uint96(answer));
            }
        }
        uint256 kept = packed.history();
        if (kept != 0 && next.round() != state.round()) _rounds[feedId][next.round() % kept] = next.roundRecord();
    }

    /// @dev Writes a new blob and makes it the current set.
    function _activate(bytes memory keys, bytes memory rows, bytes memory proofKeys, bytes memory accounts) internal {
        address blob = SetBlob.write(bytes.concat(keys, rows, proofKeys, accounts));
        uint256 setId = _current.id() + 1;
        uint256 operators = accounts.length / SetBlob.ACCOUNT_BYTES;
        uint256 quorum = operators / 2 + 1;
        PackedSet set = SetWord.pack(
            blob,
            setId,
            uint32(block.timestamp),
            operators,
            rows.length / SetBlob.FEED_BYTES,
            quorum
        );
        _current = set;
        _sets[setId] = set;
        emit SetActivated(
            SetId.wrap(uint32(setId)),
            blob,
            uint32(block.timestamp),
            uint8(quorum),
            _operatorsVersion,
            accounts.addresses(),
            rows.ids()
        );
    }

    function _checkSlot(uint32 slot) internal view {
        unchecked {
            // One comparison for both ends, as the age of a slot that lies ahead wraps around.
            if (block.timestamp - slot > MAX_REPORT_AGE) {
                if (slot > block.timestamp) revert FutureReport(slot, block.timestamp);
                revert StaleReport(slot, block.timestamp - MAX_REPORT_AGE);
            }
        }
    }

    /// @dev The set that a report names, if it may sign this slot at this time.
    function _setFor(uint256 setId, uint32 slot) internal view returns (PackedSet set) {
        set = _current;
        uint256 current = set.id();
        uint256 since = set.since();
        if (setId == current) {
            if (slot < since) revert SlotOutsideSet(slot, uint32(since));
        } else {
            if (setId == 0 || setId + 1 != current) {
                revert WrongSet(SetId.wrap(uint32(setId)), SetId.wrap(uint32(current)));
            }
            if (slot >= since) revert SlotOutsideSet(slot, uint32(since));
            if (block.timestamp > since + PREVIOUS_SET_VALIDITY) {
                revert ExpiredSet(SetId.wrap(uint32(setId)), since + PREVIOUS_SET_VALIDITY);
            }
            set = _sets[setId];
        }
    }

    function _checkSignature(
        PackedSet set,
        uint256 signers,
        bytes memory message,
        Signature calldata signature
    ) internal view {
        if (signers >> set.operators() != 0) revert SignerBeyondSet(signers, set.operators());
        uint256 count = Schnorr.popCount(signers);
        unchecked {
            // Fewer than the quorum; before the first set, whose quorum of zero wraps around, any number.
            if (count <= set.quorum() - 1) revert TooFewSigners(count, set.quorum());
        }
        (uint256 x, uint256 y, uint256 z) = Schnorr.sum(set.borrowKeys(), signers);
        if (!Schnorr.isInverse(z, signature.zInverse)) revert WrongInverse(signature.zInverse);
        uint256 parity;
        (x, parity) = Schnorr.toAffine(x, y, signature.zInverse);
        if (!Schnorr.isScalar(signature.s)) revert ScalarOutOfRange(signature.s);
        address commitment = signature.commitment;
        if (commitment == address(0)) revert ZeroCommitment();
        if (!Schnorr.verifyInRange(x, parity, keccak256(message), signature.s, commitment)) revert InvalidSignature();
    }

    function _paramsOf(FeedId feedId) internal view returns (PackedParams packed) {
        (bytes memory rows, uint256 index) = _find(_current, feedId);
        (, packed) = rows.feedAt(index);
    }

    /// @dev Every feed row of a set, and which one is the feed's.
    function _find(PackedSet set, FeedId feedId) internal view returns (bytes memory rows, uint256 index) {
        rows = set.feedRows();
        index = rows.indexOf(set.feeds(), feedId);
        if (index == set.feeds()) revert UnknownFeed(feedId);
    }

    function _knownSet(SetId setId) internal view returns (PackedSet set) {
        set = _sets[SetId.unwrap(setId)];
        if (set.id() == 0) revert UnknownSet(setId);
    }

    function _describe(FeedId feedId, PackedParams packed) internal view returns (Feed memory state) {
        state = _feeds[feedId].word.unpack();
        if (state.status != Status.Empty && block.timestamp > state.lastReportAt + packed.dormancy()) {
            state.status = Status.Dormant;
        }
    }
}

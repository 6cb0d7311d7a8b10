// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";

import {IOperators} from "../interfaces/IOperators.sol";
import {IPriceFeeds} from "../interfaces/IPriceFeeds.sol";
import {Breaker} from "../libraries/Breaker.sol";
import {FeedWord, PackedFeed} from "../libraries/FeedWord.sol";
import {PackedParams, ParamsWord} from "../libraries/ParamsWord.sol";
import {Report} from "../libraries/Report.sol";
import {Schnorr} from "../libraries/Schnorr.sol";
import {SetBlob} from "../libraries/SetBlob.sol";
import {PackedSet, SetWord} from "../libraries/SetWord.sol";
import {TripBudget} from "../libraries/TripBudget.sol";
import {FeedId} from "../types/FeedId.sol";
import {SetId} from "../types/SetId.sol";

/// @title PriceFeeds
/// @notice Every price feed of the network: reports go in, answers come out.
contract PriceFeeds is IPriceFeeds, AccessManaged {
    using SetBlob for PackedSet;
    using SetBlob for bytes;
    using TripBudget for TripBudget.Record;

    /// @dev A struct only so that one storage pointer serves for reading and writing.
    struct State {
        PackedFeed word;
    }

    /// @inheritdoc IPriceFeeds
    uint8 public constant decimals = 8;

    uint256 internal constant MAX_REPORT_AGE = 60;
    uint256 internal constant PREVIOUS_SET_VALIDITY = 60;
    uint256 internal constant MAX_FEEDS = 255;
    uint256 internal constant ANSWER_BOUND = 1 << 95;

    /// @notice Registry of the operators that `sync` takes over.
    IOperators public immutable registry;

    PackedSet internal _current;
    /// @dev Version of the registry's active operators that the current set holds.
    uint32 internal _operatorsVersion;
    mapping(uint256 setId => PackedSet) internal _sets;
    mapping(FeedId => State) internal _feeds;
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
        _checkSignature(set, signers, report, signature);
        _apply(set, slot, report);
        emit ReportAccepted(report);
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
        return Report.digest(report);
    }

    /// @inheritdoc IPriceFeeds
    function trippedUntil(FeedId feedId) external view returns (uint64) {
        return _trips[feedId].until;
    }

    /// @dev Updates every feed of a report whose signature was checked.
    function _apply(PackedSet set, uint256 slot, bytes calldata report) internal {
        uint256 end = report.length;
        // Entries ascend: the first and the last bound what has to be read of the blob.
        (uint256 first, , ) = Report.entryAt(report, Report.HEAD_BYTES);
        (uint256 last, , ) = Report.entryAt(report, end - Report.ENTRY_BYTES);
        if (last >= set.feeds()) revert UnknownFeedIndex(last, set.feeds());
        if (last < first) revert FeedsNotAscending(last, first);
        uint256 beyond = last + 1;
        bytes memory rows = set.feedRows(first, beyond);
        uint256 lowest = first;
        uint256 quorum = set.quorum();
        uint256 spare = set.operators() - quorum;
        unchecked {
            // One comparison serves for a whole range, as a − low wraps if a < low. Never lowest > beyond; the rest is
            // bounded by 256 and by the calldata's length.
            for (uint256 position = Report.HEAD_BYTES; position < end; position += Report.ENTRY_BYTES) {
                (uint256 index, uint256 values, uint256 answer) = Report.entryAt(report, position);
                if (index - lowest >= beyond - lowest) {
                    if (index < lowest) revert FeedsNotAscending(index, lowest - 1);
                    revert FeedsNotAscending(last, index);
                }
                (FeedId feedId, PackedParams packed) = rows.feedAt(index - first);
                if (values - quorum > spare) revert ValuesOutOfRange(feedId, values, quorum, set.operators());
                if (answer - 1 >= ANSWER_BOUND - 1) revert AnswerOutOfRange(feedId, answer);
                _update(feedId, packed, answer, slot);
                lowest = index + 1;
            }
        }
    }

    /// @dev Applies one answer to one feed.
    function _update(FeedId feedId, PackedParams packed, uint256 answer, uint256 slot) internal {
        State storage state = _feeds[feedId];
        PackedFeed before = state.word;
        PackedFeed next = Breaker.publishLive(before, packed, answer, slot);
        if (PackedFeed.unwrap(next) == 0) next = _stepUncommon(feedId, before, packed, answer, slot);
        state.word = next;
        uint256 kept = packed.history();
        if (kept != 0) {
            if (next.round() != before.round()) _rounds[feedId][next.round() % kept] = next.roundRecord();
        }
    }

    /// @dev The feed's next state where an answer is not simply published.
    function _stepUncommon(
        FeedId feedId,
        PackedFeed state,
        PackedParams packed,
        uint256 answer,
        uint256 slot
    ) internal returns (PackedFeed next) {
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
        if (slot > block.timestamp) revert FutureReport(slot, block.timestamp);
        if (slot + MAX_REPORT_AGE < block.timestamp) revert StaleReport(slot, block.timestamp - MAX_REPORT_AGE);
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
        bytes calldata report,
        Signature calldata signature
    ) internal view {
        if (signers >> set.operators() != 0) revert SignerBeyondSet(signers, set.operators());
        if (!Schnorr.isScalar(signature.s)) revert ScalarOutOfRange(signature.s);
        if (signature.commitment == address(0)) revert ZeroCommitment();
        uint256 count = Schnorr.popCount(signers);
        // Before the first set the quorum is zero; nobody's signature is none.
        if (count < set.quorum() || count == 0) revert TooFewSigners(count, set.quorum());
        (uint256 x, uint256 y, uint256 z) = Schnorr.sum(set.keys(), signers);
        if (!Schnorr.isInverse(z, signature.zInverse)) revert WrongInverse(signature.zInverse);
        uint256 parity;
        (x, parity) = Schnorr.toAffine(x, y, signature.zInverse);
        if (!Schnorr.verify(x, parity, Report.digest(report), signature.s, signature.commitment)) {
            revert InvalidSignature();
        }
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

// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {FeedId} from "../types/FeedId.sol";
import {SetId} from "../types/SetId.sol";

/// @title IPriceFeeds
/// @notice Every price feed of the network: reports go in, answers come out.
/// @dev Warning: an answer is as honest as a majority of the active operators. Readers must check `updatedAt`.
interface IPriceFeeds {
    /// @notice What a feed serves and why.
    /// Empty: no answer yet, reads revert. Live: serves the latest answer. Suspended: serves the last good answer
    /// while an out-of-band one is confirmed. Tripped: the same, by the guardian. Dormant: silent beyond its limit,
    /// accepts no report until governance resets it.
    enum Status {
        Empty,
        Live,
        Suspended,
        Tripped,
        Dormant
    }

    /// @notice Parameters of one feed.
    /// @param heartbeat Longest time between two reports, in seconds, 1 to 2^24-1.
    /// @param deviationBps Change of the answer that makes a report due, in basis points, 1 to 10,000.
    /// @param cosignToleranceBps Furthest that a cosigner lets the answer be from its own price, 1 to 10,000.
    /// @param bandBps Half-width of the breaker's band around the moving average, in basis points, 1 to 10,000.
    /// @param tau Time constant of the moving average, in seconds, 1 to 2^24-1.
    /// @param cooldown Time that an out-of-band answer must hold before it is published, in seconds, 1 to 4,095.
    /// @param minReports Reports that must confirm an out-of-band answer, 1 to 7.
    /// @param dormancy Silence after which the feed needs governance, in seconds, above the heartbeat, to 2^24-1.
    /// @param minVenues Venues that an operator needs for an observation, 1 to 255.
    /// @param history Rounds kept for getRoundData, 0 to 65,535.
    struct Params {
        uint24 heartbeat;
        uint16 deviationBps;
        uint16 cosignToleranceBps;
        uint16 bandBps;
        uint24 tau;
        uint16 cooldown;
        uint8 minReports;
        uint24 dormancy;
        uint8 minVenues;
        uint16 history;
    }

    /// @notice State of one feed, all of it from one storage slot.
    /// @param answer Last published answer, 8 decimals, 0 while Empty.
    /// @param average Moving average, 8 decimals, rounded down to 40 significant bits.
    /// @param updatedAt Slot of the answer, unix seconds.
    /// @param lastReportAt Slot of the last accepted report that carried the feed, unix seconds.
    /// @param round Round of the answer; grows by one with every published answer.
    /// @param status Stored status, Dormant when that is what the feed is at the current block.
    /// @param candidateSide While Suspended: 0 below the band, 1 above it, 2 after a trip (any answer counts).
    /// @param candidateAge While Suspended: seconds from the candidate's start to `lastReportAt`, at most 4,095.
    /// @param candidateReports While Suspended: reports that confirmed the candidate, at most 7.
    struct Feed {
        uint96 answer;
        uint96 average;
        uint32 updatedAt;
        uint32 lastReportAt;
        uint32 round;
        Status status;
        uint8 candidateSide;
        uint16 candidateAge;
        uint8 candidateReports;
    }

    /// @notice Accountable Schnorr multisignature over a report.
    /// @param s Sum of the partial signatures, 0 < s < n.
    /// @param commitment Ethereum address of the aggregated nonce point R.
    /// @param zInverse Inverse modulo p of the Jacobian z that results when the signers' keys are summed in order.
    struct Signature {
        uint256 s;
        address commitment;
        uint256 zInverse;
    }

    /// @notice A configuration became active; `since` is the first slot it may sign.
    /// @param blob Contract whose code holds keys and parameters (layout in SetBlob).
    event SetActivated(
        SetId indexed setId,
        address blob,
        uint32 since,
        uint8 quorum,
        uint32 operatorsVersion,
        address[] operators,
        FeedId[] feeds
    );

    /// @notice A feed was created with these parameters.
    event FeedCreated(FeedId indexed feedId, Params params);
    /// @notice Parameters of a feed changed.
    event FeedChanged(FeedId indexed feedId, Params params);

    /// @notice A report was accepted. The bytes are the report itself (layout at `submit`).
    event ReportAccepted(bytes report);

    /// @notice An answer outside the band was not published; a candidate starts.
    event FeedSuspended(FeedId indexed feedId, uint32 slot, uint96 answer, uint96 average);
    /// @notice The feed publishes again, with this answer; emitted before the report's ReportAccepted.
    event FeedResumed(FeedId indexed feedId, uint32 slot, uint96 answer);
    /// @notice The guardian stopped the feed until `until`, unix seconds.
    event FeedTripped(FeedId indexed feedId, uint64 until);
    /// @notice Governance emptied the feed: the next valid report seeds it anew.
    event FeedReset(FeedId indexed feedId);

    /// @notice The report's length is not head plus a whole, positive number of entries.
    error ReportLength(uint256 given);
    /// @notice The report's slot is older than the oldest that is accepted.
    error StaleReport(uint32 slot, uint256 oldest);
    /// @notice The report's slot lies after the block.
    error FutureReport(uint32 slot, uint256 blockTime);
    /// @notice The set is neither the active one nor the one before.
    error WrongSet(SetId given, SetId current);
    /// @notice The previous set is no longer valid.
    error ExpiredSet(SetId given, uint256 validUntil);
    /// @notice The slot belongs to the time of another set.
    error SlotOutsideSet(uint32 slot, uint32 boundary);
    /// @notice The feed already has a report for this slot or a later one.
    error ReorderedReport(FeedId feedId, uint32 slot, uint32 last);
    /// @notice Fewer signers than the quorum.
    error TooFewSigners(uint256 given, uint256 quorum);
    /// @notice The bitmap names a signer that the set does not have.
    error SignerBeyondSet(uint256 signers, uint256 operators);
    /// @notice The median stands on fewer values than the quorum, or on more than there are operators.
    error ValuesOutOfRange(FeedId feedId, uint256 given, uint256 quorum, uint256 operators);
    /// @notice The response scalar is zero or not below the group's order.
    error ScalarOutOfRange(uint256 s);
    /// @notice The commitment to the nonce point is the zero address.
    error ZeroCommitment();
    /// @notice The inverse is not that of the aggregated key's z, or the keys cancel.
    error WrongInverse(uint256 zInverse);
    /// @notice The signature is not one of these signers over this report, chain and contract.
    error InvalidSignature();
    /// @notice The set has no feed with this index.
    error UnknownFeedIndex(uint256 index, uint256 feeds);
    /// @notice Entries must be strictly ascending by feed index, so no feed stands twice.
    error FeedsNotAscending(uint256 index, uint256 previous);
    /// @notice The answer is zero or not below 2^95.
    error AnswerOutOfRange(FeedId feedId, uint256 answer);
    /// @notice The feed was silent beyond its limit and needs governance.
    error FeedDormant(FeedId feedId, uint32 last);
    /// @notice There is no feed with this id.
    error UnknownFeed(FeedId feedId);
    /// @notice The feed exists already.
    error FeedExists(FeedId feedId);
    /// @notice A feed id is empty.
    error EmptyFeedId();
    /// @notice Lists that belong together differ in length.
    error LengthMismatch(uint256 feeds, uint256 params);
    /// @notice A parameter lies outside its bounds (see Params).
    error ParamOutOfRange(bytes32 name, uint256 given);
    /// @notice The set would hold more feeds than its blob can.
    error TooManyFeeds(uint256 given, uint256 limit);
    /// @notice The feed has no answer.
    error NoData(FeedId feedId);
    /// @notice The round is not, or no longer, in the feed's history.
    error RoundNotKept(FeedId feedId, uint80 roundId);
    /// @notice The set was never activated.
    error UnknownSet(SetId setId);
    /// @notice The operators' registry has no change that this contract does not know.
    error AlreadySynced(uint32 version);
    /// @notice The feed was tripped and renewed within 30 days.
    error TripExhausted(FeedId feedId, uint64 nextAllowed);

    /// @notice Accepts a report and updates every feed it carries, or reverts whole.
    /// @param report Packed bytes, big-endian: uint32 setId, uint32 slot, uint32 signers (bit i is operator i of the
    /// set), bytes32 observation root, then one or more entries of uint8 feed index, uint8 number of values under the
    /// median, uint96 answer. 44 + 14·k bytes.
    /// @param signature Multisignature of the signers over
    /// keccak256("Dodona report v1" as bytes32 ‖ chain id ‖ this contract ‖ report).
    function submit(bytes calldata report, Signature calldata signature) external;

    /// @notice Creates feeds in a new set. Restricted to governance.
    function createFeeds(FeedId[] calldata feedIds, Params[] calldata params) external;

    /// @notice Changes the parameters of a feed in a new set. Restricted to governance.
    function setParams(FeedId feedId, Params calldata params) external;

    /// @notice Takes the active operators of the registry into a new set. Anyone may call.
    function sync() external;

    /// @notice Stops a feed for 72 h; renewable once in 30 days. Restricted to the guardian.
    function trip(FeedId feedId) external;

    /// @notice Empties a feed, so that the next valid report seeds it. Restricted to governance.
    function reset(FeedId feedId) external;

    /// @notice Latest answer in Chainlink's shape. Reverts with NoData while the feed is Empty or unknown.
    function latestRoundData(
        FeedId feedId
    )
        external
        view
        returns (uint80 roundId, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredInRound);

    /// @notice A kept round in Chainlink's shape. The latest round is always kept.
    function getRoundData(
        FeedId feedId,
        uint80 round
    )
        external
        view
        returns (uint80 roundId, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredInRound);

    /// @notice State of a feed; Empty and zero for an unknown one.
    function feed(FeedId feedId) external view returns (Feed memory);

    /// @notice Parameters of a feed; reverts with UnknownFeed.
    function params(FeedId feedId) external view returns (Params memory);

    /// @notice Ids of the active set's feeds, by index.
    function feedIds() external view returns (FeedId[] memory);

    /// @notice Everything an operator needs each slot, in one call: the active set and every feed's state by index.
    function snapshot() external view returns (SetId setId, uint32 since, Feed[] memory feeds);

    /// @notice The active set.
    function currentSet() external view returns (SetId setId, address blob, uint32 since, uint8 quorum);

    /// @notice Blob, first slot and quorum of any set that ever was active; reverts with UnknownSet.
    function setOf(SetId setId) external view returns (address blob, uint32 since, uint8 quorum);

    /// @notice Operators, keys, feeds and parameters of any set, decoded from its blob.
    function describeSet(
        SetId setId
    )
        external
        view
        returns (address[] memory operators, uint256[4][] memory keys, FeedId[] memory feeds, Params[] memory params);

    /// @notice Digest that the signers of a report sign.
    function reportDigest(bytes calldata report) external view returns (bytes32);

    /// @notice Until when the guardian's trip holds, unix seconds; 0 if never tripped.
    function trippedUntil(FeedId feedId) external view returns (uint64);

    /// @notice Decimals of every answer: 8.
    function decimals() external view returns (uint8);
}

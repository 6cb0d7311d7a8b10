// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";

import {IPayoutDistributor} from "../interfaces/IPayoutDistributor.sol";
import {DisputeTimes, PayoutDisputes} from "../libraries/PayoutDisputes.sol";
import {PayoutProposal} from "../libraries/PayoutProposal.sol";
import {PayoutWords, TokenWord} from "../libraries/PayoutWords.sol";
import {PayoutLedger} from "./PayoutLedger.sol";

/// @title PayoutEpochs
/// @notice How a root comes to pay: proposed, approved, open to challenge, activated.
abstract contract PayoutEpochs is PayoutLedger, EIP712 {
    using PayoutWords for TokenWord;

    /// @dev All but the last three in one slot. Bit i of `approvedBy` is approver i of the version.
    struct Record {
        uint32 epoch;
        uint32 attempt;
        uint32 version;
        uint32 approvedBy;
        uint8 approvals;
        bool isDisputed;
        bool isActivated;
        uint40 proposedAt;
        uint40 approvedAt;
        bytes32 root;
        bytes32 dataHash;
        Total[] totals;
    }

    uint256 internal constant MAX_APPROVERS = 32;
    uint256 internal constant MAX_CHALLENGE = 30 days;
    uint256 internal constant MAX_LIFETIME = 90 days;
    uint256 internal constant MAX_EPOCH = 30 days;

    uint32 internal immutable _challengeSeconds;
    uint32 internal immutable _lifetimeSeconds;
    uint32 internal immutable _epochSeconds;

    /// @dev Copy of the active root that claims read; zero from the start of a pause to the first claim after it. So that
    /// a pause costs claims no slot of its own.
    bytes32 internal _payingRoot;
    Epoch internal _epoch;
    uint32 internal _approversVersion;
    uint8 internal _threshold;
    DisputeTimes internal _watcherDisputes;
    DisputeTimes internal _guardianDisputes;
    address[] internal _approvers;
    /// @dev Place in the list of approvers, plus one.
    mapping(address account => uint256) internal _approverPlace;
    mapping(bytes32 proposalId => Record) internal _records;
    /// @dev How often a content was proposed; the key is its identifier as attempt 0.
    mapping(bytes32 content => uint32) internal _attempts;

    constructor(Config memory config_, address[] memory approvers_, uint8 threshold) EIP712("Dodona Payouts", "1") {
        _checkSetting("challengeSeconds", config_.challengeSeconds, 1, MAX_CHALLENGE);
        _checkSetting("lifetimeSeconds", config_.lifetimeSeconds, uint256(config_.challengeSeconds) + 1, MAX_LIFETIME);
        _checkSetting("epochSeconds", config_.epochSeconds, 0, MAX_EPOCH);
        _challengeSeconds = config_.challengeSeconds;
        _lifetimeSeconds = config_.lifetimeSeconds;
        _epochSeconds = config_.epochSeconds;
        _setApprovers(approvers_, threshold);
    }

    /// @inheritdoc IPayoutDistributor
    function propose(Proposal calldata proposed) external restricted returns (bytes32 proposalId) {
        PayoutProposal.check(proposed);
        uint32 expected = _epoch.number + 1;
        if (proposed.epoch != expected) revert WrongEpoch(proposed.epoch, expected);
        for (uint256 i = 0; i < proposed.totals.length; ++i) _checkTotal(proposed.totals[i]);
        bytes32 content;
        uint32 attempt;
        State state;
        (content, proposalId, attempt, state) = _identify(proposed);
        if (state != State.Unknown) revert ProposalExists(proposalId, state);
        _attempts[content] = attempt;
        Record storage record = _records[proposalId];
        record.epoch = proposed.epoch;
        record.attempt = attempt;
        record.version = _approversVersion;
        record.proposedAt = uint40(block.timestamp);
        record.root = proposed.root;
        record.dataHash = proposed.dataHash;
        record.totals = proposed.totals;
        emit EpochProposed(
            proposalId,
            proposed.epoch,
            msg.sender,
            attempt,
            proposed.root,
            proposed.totals,
            proposed.dataHash,
            proposed.uri,
            proposed.snapshotBlock
        );
    }

    /// @inheritdoc IPayoutDistributor
    function approve(bytes32 proposalId) external {
        _approve(proposalId, msg.sender);
    }

    /// @inheritdoc IPayoutDistributor
    function approveBySig(bytes32 proposalId, address approver, bytes calldata signature) external {
        if (!SignatureChecker.isValidSignatureNowCalldata(approver, proposalId, signature)) {
            revert InvalidSignature(approver, proposalId);
        }
        _approve(proposalId, approver);
    }

    /// @inheritdoc IPayoutDistributor
    function dispute(bytes32 proposalId, string calldata reason) external restricted {
        _watcherDisputes = PayoutDisputes.begun(_watcherDisputes);
        _drop(proposalId, reason);
    }

    /// @inheritdoc IPayoutDistributor
    function guardianDispute(bytes32 proposalId, string calldata reason) external restricted {
        _guardianDisputes = PayoutDisputes.begun(_guardianDisputes);
        _drop(proposalId, reason);
    }

    /// @inheritdoc IPayoutDistributor
    function activate(bytes32 proposalId) external whenNotPaused nonReentrant {
        State state = stateOf(proposalId);
        if (state != State.Ready) revert WrongState(proposalId, state);
        uint256 earliest = _epoch.number == 0 ? 0 : _epoch.activatedAt + _epochSeconds;
        if (block.timestamp < earliest) revert EpochTooEarly(block.timestamp, earliest);

        Record storage record = _records[proposalId];
        (uint32 number, bytes32 root) = (record.epoch, record.root);
        for (uint256 i = 0; i < record.totals.length; ++i) _approveTotal(number, record.totals[i]);
        record.isActivated = true;
        _payingRoot = root;
        _epoch = Epoch({number: number, activatedAt: uint64(block.timestamp), root: root, proposalId: proposalId});
        emit EpochActivated(number, proposalId, root);
    }

    /// @inheritdoc IPayoutDistributor
    function setApprovers(address[] calldata accounts, uint8 threshold) external restricted {
        for (uint256 i = 0; i < _approvers.length; ++i) delete _approverPlace[_approvers[i]];
        _setApprovers(accounts, threshold);
    }

    /// @inheritdoc IPayoutDistributor
    function config() external view returns (Config memory) {
        return
            Config({
                challengeSeconds: _challengeSeconds,
                lifetimeSeconds: _lifetimeSeconds,
                epochSeconds: _epochSeconds
            });
    }

    /// @inheritdoc IPayoutDistributor
    function activeEpoch() external view returns (Epoch memory) {
        return _epoch;
    }

    /// @inheritdoc IPayoutDistributor
    function proposal(bytes32 proposalId) external view returns (ProposalInfo memory info) {
        Record storage record = _records[proposalId];
        info.state = stateOf(proposalId);
        if (info.state == State.Unknown) return info;
        info.epoch = record.epoch;
        info.attempt = record.attempt;
        info.approvals = record.approvals;
        info.proposedAt = record.proposedAt;
        if (record.approvedAt != 0) info.challengeEndsAt = uint64(record.approvedAt) + _challengeSeconds;
        info.expiresAt = uint64(record.proposedAt) + _lifetimeSeconds;
        info.root = record.root;
        info.dataHash = record.dataHash;
        info.totals = record.totals;
    }

    /// @inheritdoc IPayoutDistributor
    function proposalIdOf(Proposal calldata proposed) external view returns (bytes32 proposalId, uint32 attempt) {
        (, proposalId, attempt, ) = _identify(proposed);
    }

    /// @inheritdoc IPayoutDistributor
    function hasApproved(bytes32 proposalId, address account) external view returns (bool) {
        Record storage record = _records[proposalId];
        uint256 place = _approverPlace[account];
        return place != 0 && record.version == _approversVersion && (record.approvedBy >> (place - 1)) & 1 != 0;
    }

    /// @inheritdoc IPayoutDistributor
    function approvers() external view returns (uint32 version, address[] memory accounts, uint8 threshold) {
        return (_approversVersion, _approvers, _threshold);
    }

    /// @inheritdoc IPayoutDistributor
    function stateOf(bytes32 proposalId) public view returns (State) {
        Record storage record = _records[proposalId];
        if (record.proposedAt == 0) return State.Unknown;
        if (record.isActivated) return State.Activated;
        if (record.isDisputed) return State.Disputed;
        if (record.epoch <= _epoch.number) return State.Superseded;
        if (record.version != _approversVersion) return State.Void;
        if (block.timestamp >= uint256(record.proposedAt) + _lifetimeSeconds) return State.Expired;
        if (record.approvedAt == 0) return State.Proposed;
        return block.timestamp < uint256(record.approvedAt) + _challengeSeconds ? State.Approved : State.Ready;
    }

    function _approve(bytes32 proposalId, address approver) internal {
        uint256 place = _approverPlace[approver];
        if (place == 0) revert NotApprover(approver);
        _requireOpen(proposalId);
        Record storage record = _records[proposalId];
        uint32 bit = uint32(1 << (place - 1));
        if (record.approvedBy & bit != 0) revert AlreadyApproved(proposalId, approver);
        record.approvedBy |= bit;
        uint8 approvals = ++record.approvals;
        emit ProposalApproved(proposalId, approver, approvals);
        if (approvals == _threshold) {
            record.approvedAt = uint40(block.timestamp);
            emit ChallengeStarted(proposalId, uint64(block.timestamp) + _challengeSeconds);
        }
    }

    function _drop(bytes32 proposalId, string calldata reason) internal {
        _requireOpen(proposalId);
        _records[proposalId].isDisputed = true;
        emit ProposalDisputed(proposalId, msg.sender, reason);
    }

    function _setApprovers(address[] memory accounts, uint8 threshold) internal {
        _checkSetting("approvers", accounts.length, 1, MAX_APPROVERS);
        _checkSetting("threshold", threshold, 1, accounts.length);
        for (uint256 i = 0; i < accounts.length; ++i) {
            address account = accounts[i];
            if (account == address(0) || _approverPlace[account] != 0) revert InvalidApprover(account);
            _approverPlace[account] = i + 1;
        }
        _approvers = accounts;
        _threshold = threshold;
        emit ApproversChanged(++_approversVersion, accounts, threshold);
    }

    function _approveTotal(uint32 number, Total memory total) internal {
        _checkTotal(total);
        (address token, uint96 amount) = (total.token, total.amount);
        Token storage entry = _tokens[token];
        uint96 deposited = entry.deposited;
        if (amount > deposited) revert NotFunded(token, amount, deposited);
        uint96 previous = entry.approved;
        entry.word = entry.word.withRemaining(amount - _paidOf(entry));
        entry.approved = amount;
        emit TotalApproved(number, token, amount, previous);
    }

    function _pauseBegan() internal override {
        _payingRoot = 0;
    }

    /// @dev The root that claims are proved against; reverts while paused.
    function _rootForClaims() internal returns (bytes32 root) {
        root = _payingRoot;
        if (root == 0) {
            _requireNotPaused();
            root = _epoch.root;
            _payingRoot = root;
        }
    }

    /// @dev A total may fall, but not below what is paid, and rise by no more than an epoch's limit.
    function _checkTotal(Total memory total) internal view {
        Token storage entry = _requireListed(total.token);
        uint96 paid = _paidOf(entry);
        if (total.amount < paid) revert TotalBelowPaid(total.token, total.amount, paid);
        uint96 increase = total.amount > entry.approved ? total.amount - entry.approved : 0;
        if (increase > entry.perEpoch) revert IncreaseTooBig(total.token, increase, entry.perEpoch);
    }

    function _requireOpen(bytes32 proposalId) internal view {
        State state = stateOf(proposalId);
        if (!_isOpen(state)) revert WrongState(proposalId, state);
    }

    /// @dev The last attempt at a content if that one is open or activated, else the next, in state Unknown.
    /// @return content The content as attempt 0.
    function _identify(
        Proposal calldata proposed
    ) internal view returns (bytes32 content, bytes32 proposalId, uint32 attempt, State state) {
        PayoutProposal.Approval memory approval = PayoutProposal.approvalOf(proposed);
        content = _digest(approval, 0);
        attempt = _attempts[content];
        if (attempt != 0) {
            proposalId = _digest(approval, attempt);
            state = stateOf(proposalId);
            if (_isOpen(state) || state == State.Activated) return (content, proposalId, attempt, state);
        }
        return (content, _digest(approval, ++attempt), attempt, State.Unknown);
    }

    function _digest(PayoutProposal.Approval memory approval, uint32 attempt) internal view returns (bytes32) {
        return _hashTypedDataV4(PayoutProposal.hash(approval, attempt));
    }

    function _isOpen(State state) internal pure returns (bool) {
        return state == State.Proposed || state == State.Approved || state == State.Ready;
    }
}

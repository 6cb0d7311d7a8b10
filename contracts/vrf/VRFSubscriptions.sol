// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IVRFSubscriptions} from "../interfaces/IVRFSubscriptions.sol";
import {PackedSubscription, SubscriptionWord} from "../libraries/SubscriptionWord.sol";

/// @title VRFSubscriptions
/// @notice Prepaid accounts that pay for randomness in native coin.
/// @dev Whatever changes state is refused while a callback runs, so nothing moves under a fulfilment's feet.
abstract contract VRFSubscriptions is IVRFSubscriptions {
    using SubscriptionWord for PackedSubscription;

    /// @dev A struct only so that one storage pointer serves for reading and writing.
    struct Account {
        PackedSubscription word;
    }

    struct Management {
        address owner;
        /// @dev Place in the list of subscriptions.
        uint96 index;
        address proposedOwner;
        address[] consumers;
    }

    uint256 internal constant MAX_CONSUMERS = 100;

    mapping(uint256 subId => Account) internal _accounts;
    /// @dev keccak256(request id, terms, details) at a place of a subscription's ring or, outside the ring, at the id.
    mapping(uint256 place => bytes32) internal _commitments;
    mapping(address consumer => mapping(uint256 subId => bool)) internal _isConsumer;
    mapping(uint256 subId => Management) internal _managements;
    uint256[] internal _subIds;
    uint256 internal _created;
    /// @dev 1 while a call that changes state runs. A word of its own is written without being read.
    uint256 internal transient _entered;

    /// @dev For whatever changes state and is called from outside. No callback gets in while it runs.
    modifier nonReentrant() {
        _enter();
        _;
        _leave();
    }

    /// @inheritdoc IVRFSubscriptions
    function createSubscription() external nonReentrant returns (uint256 subId) {
        // The block hash keeps a reorganisation from handing an id that someone already uses to another creator. 64 bits of
        // it are a quarter of the calldata of 256, and nobody finds 2^64 others between two blocks.
        do {
            subId = uint64(
                uint256(keccak256(abi.encode(address(this), msg.sender, blockhash(block.number - 1), _created++)))
            );
        } while (subId == 0 || _managements[subId].owner != address(0));
        Management storage management = _managements[subId];
        management.owner = msg.sender;
        management.index = uint96(_subIds.length);
        _subIds.push(subId);
        // The first request shall not pay for a new slot. No commitment hashes to 1.
        _commitments[subId << 8] = bytes32(uint256(1));
        emit SubscriptionCreated(subId, msg.sender);
    }

    /// @inheritdoc IVRFSubscriptions
    function fundSubscriptionWithNative(uint256 subId) external payable nonReentrant {
        _requireSubscription(subId);
        PackedSubscription word = _accounts[subId].word;
        uint256 before = word.balance();
        _accounts[subId].word = word.credited(msg.value);
        emit SubscriptionFundedWithNative(subId, before, before + msg.value);
    }

    /// @inheritdoc IVRFSubscriptions
    function addConsumer(uint256 subId, address consumer) external nonReentrant {
        _requireOwner(subId);
        if (_isConsumer[consumer][subId]) return;
        address[] storage consumers = _managements[subId].consumers;
        if (consumers.length == MAX_CONSUMERS) revert TooManyConsumers(MAX_CONSUMERS);
        _isConsumer[consumer][subId] = true;
        consumers.push(consumer);
        emit SubscriptionConsumerAdded(subId, consumer);
    }

    /// @inheritdoc IVRFSubscriptions
    function removeConsumer(uint256 subId, address consumer) external nonReentrant {
        _requireOwner(subId);
        if (!_isConsumer[consumer][subId]) revert InvalidConsumer(subId, consumer);
        _requireNothingPending(subId);
        delete _isConsumer[consumer][subId];
        address[] storage consumers = _managements[subId].consumers;
        uint256 last = consumers.length - 1;
        for (uint256 i = 0; i < last; ++i) {
            if (consumers[i] == consumer) {
                consumers[i] = consumers[last];
                break;
            }
        }
        consumers.pop();
        emit SubscriptionConsumerRemoved(subId, consumer);
    }

    /// @inheritdoc IVRFSubscriptions
    function cancelSubscription(uint256 subId, address to) external nonReentrant {
        _requireOwner(subId);
        _requireNothingPending(subId);
        PackedSubscription word = _collect(subId, _accounts[subId].word);
        uint256 amount = word.balance();
        Management storage management = _managements[subId];
        address[] storage consumers = management.consumers;
        for (uint256 i = 0; i < consumers.length; ++i) delete _isConsumer[consumers[i]][subId];
        uint256 moved = _subIds[_subIds.length - 1];
        _subIds[management.index] = moved;
        _managements[moved].index = management.index;
        _subIds.pop();
        delete _managements[subId];
        delete _accounts[subId];
        emit SubscriptionCanceled(subId, to, 0, amount);
        _send(to, amount);
    }

    /// @inheritdoc IVRFSubscriptions
    function requestSubscriptionOwnerTransfer(uint256 subId, address newOwner) external nonReentrant {
        _requireOwner(subId);
        _managements[subId].proposedOwner = newOwner;
        emit SubscriptionOwnerTransferRequested(subId, msg.sender, newOwner);
    }

    /// @inheritdoc IVRFSubscriptions
    function acceptSubscriptionOwnerTransfer(uint256 subId) external nonReentrant {
        address owner = _requireSubscription(subId);
        address proposed = _managements[subId].proposedOwner;
        if (msg.sender != proposed) revert MustBeRequestedOwner(msg.sender, proposed);
        _managements[subId].owner = msg.sender;
        delete _managements[subId].proposedOwner;
        emit SubscriptionOwnerTransferred(subId, owner, msg.sender);
    }

    /// @inheritdoc IVRFSubscriptions
    function pendingRequestExists(uint256 subId) external view returns (bool) {
        _requireSubscription(subId);
        return _accounts[subId].word.pending() != 0;
    }

    /// @inheritdoc IVRFSubscriptions
    function pendingRequests(uint256 subId) external view returns (uint256) {
        _requireSubscription(subId);
        return _accounts[subId].word.pending();
    }

    /// @inheritdoc IVRFSubscriptions
    function getSubscription(
        uint256 subId
    )
        external
        view
        returns (uint96 balance, uint96 nativeBalance, uint64 reqCount, address owner, address[] memory consumers)
    {
        owner = _requireSubscription(subId);
        PackedSubscription word = _accounts[subId].word;
        return (0, uint96(word.balance()), uint64(word.requests()), owner, _managements[subId].consumers);
    }

    /// @inheritdoc IVRFSubscriptions
    function getActiveSubscriptionIds(uint256 startIndex, uint256 maxCount) external view returns (uint256[] memory) {
        uint256 count = _subIds.length;
        if (startIndex >= count) revert IndexOutOfRange(startIndex, count);
        uint256 left = count - startIndex;
        if (maxCount != 0 && maxCount < left) left = maxCount;
        uint256[] memory ids = new uint256[](left);
        for (uint256 i = 0; i < left; ++i) ids[i] = _subIds[startIndex + i];
        return ids;
    }

    /// @dev Makes what a subscription owes rewards of the key that it owes it to; returns its word without the debt.
    function _collect(uint256 subId, PackedSubscription word) internal virtual returns (PackedSubscription);

    function _send(address to, uint256 amount) internal {
        (bool success, ) = to.call{value: amount}("");
        if (!success) revert FailedToSendNative(to, amount);
    }

    function _enter() internal {
        _requireNotEntered();
        _entered = 1;
    }

    function _leave() internal {
        _entered = 0;
    }

    function _requireNotEntered() internal view {
        if (_entered != 0) revert ReentrantCall();
    }

    function _requireSubscription(uint256 subId) internal view returns (address owner) {
        owner = _managements[subId].owner;
        if (owner == address(0)) revert InvalidSubscription(subId);
    }

    function _requireOwner(uint256 subId) internal view {
        address owner = _requireSubscription(subId);
        if (msg.sender != owner) revert MustBeSubOwner(msg.sender, owner);
    }

    function _requireNothingPending(uint256 subId) internal view {
        uint256 pending = _accounts[subId].word.pending();
        if (pending != 0) revert PendingRequestExists(subId, pending);
    }
}

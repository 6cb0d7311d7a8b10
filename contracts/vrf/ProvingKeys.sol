// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";

import {GuardedPause} from "../governance/GuardedPause.sol";
import {IVRFCoordinator} from "../interfaces/IVRFCoordinator.sol";
import {ECVRF} from "../libraries/ECVRF.sol";
import {PackedSubscription, SubscriptionWord} from "../libraries/SubscriptionWord.sol";
import {VRFSubscriptions} from "./VRFSubscriptions.sol";

/// @title ProvingKeys
/// @notice Keys that answer requests, with their terms, rewards and bonds.
abstract contract ProvingKeys is IVRFCoordinator, AccessManaged, VRFSubscriptions, GuardedPause {
    using SubscriptionWord for PackedSubscription;

    /// @dev What a request reads, one slot. `admits`: registered, and the bond that stays holds a share. A pause takes it
    /// from every key, and after the pause the first request gives it back: so that a request need not read of pauses.
    struct Terms {
        uint64 maxGasPrice;
        uint64 premium;
        uint72 bondShare;
        uint16 index;
        bool active;
        bool admits;
    }

    /// @dev One slot, so that a refund writes no more.
    struct Earnings {
        uint96 rewards;
        uint80 bond;
        uint80 withdrawing;
    }

    struct Key {
        Terms terms;
        Earnings earnings;
        address operator;
        uint64 withdrawableFrom;
    }

    /// @dev What a request's terms hold of an index.
    uint256 internal constant MAX_KEYS = 0x3FF;

    mapping(bytes32 keyHash => Key) internal _keys;
    /// @dev The key of index i is at i − 1.
    bytes32[] internal _keyHashes;

    /// @inheritdoc IVRFCoordinator
    function registerProvingKey(uint256 x, uint256 y, address operator, KeyTerms calldata terms) external restricted {
        ECVRF.validateKey(x, y);
        if (operator == address(0)) revert ZeroOperator();
        bytes32 keyHash = keccak256(abi.encode(x, y));
        Key storage key = _keys[keyHash];
        address holder = key.operator;
        // A key that came back to another operator would carry off the first one's rewards and bond.
        if (key.terms.active || (holder != address(0) && holder != operator)) {
            revert ProvingKeyAlreadyRegistered(keyHash, holder);
        }
        if (holder == address(0)) {
            if (_keyHashes.length == MAX_KEYS) revert TooManyKeys(MAX_KEYS);
            _keyHashes.push(keyHash);
            key.terms.index = uint16(_keyHashes.length);
            key.operator = operator;
        }
        key.terms.active = true;
        _setTerms(key, terms);
        emit ProvingKeyRegistered(keyHash, operator, x, y, terms.maxGasPrice, terms.premium, terms.bondShare);
    }

    /// @inheritdoc IVRFCoordinator
    function setProvingKeyTerms(bytes32 keyHash, KeyTerms calldata terms) external restricted {
        Key storage key = _activeKey(keyHash);
        _setTerms(key, terms);
        emit ProvingKeyTermsChanged(keyHash, terms.maxGasPrice, terms.premium, terms.bondShare);
    }

    /// @inheritdoc IVRFCoordinator
    function deregisterProvingKey(bytes32 keyHash) external restricted {
        Key storage key = _activeKey(keyHash);
        key.terms.active = false;
        key.terms.admits = false;
        emit ProvingKeyDeregistered(keyHash, key.operator);
    }

    /// @inheritdoc IVRFCoordinator
    function depositBond(bytes32 keyHash) external payable nonReentrant {
        Key storage key = _knownKey(keyHash);
        uint256 bond = key.earnings.bond + msg.value;
        if (bond > type(uint80).max) revert BondTooBig(bond, type(uint80).max);
        key.earnings.bond = uint80(bond);
        _refresh(key);
        emit BondDeposited(keyHash, msg.sender, msg.value, bond);
    }

    /// @inheritdoc IVRFCoordinator
    function announceBondWithdrawal(bytes32 keyHash, uint256 amount) external nonReentrant {
        Key storage key = _operatedKey(keyHash);
        uint256 bond = key.earnings.bond;
        if (amount > bond) revert BondExhausted(keyHash, bond, amount);
        // The last requests admitted by this part of the bond expire, and then there is as long again to refund them.
        uint256 from = amount == 0 ? 0 : block.number + 2 * _deadlineBlocks() + 1;
        key.earnings.withdrawing = uint80(amount);
        key.withdrawableFrom = uint64(from);
        _refresh(key);
        emit BondWithdrawalAnnounced(keyHash, msg.sender, amount, from);
    }

    /// @inheritdoc IVRFCoordinator
    function withdrawBond(bytes32 keyHash, address to) external nonReentrant returns (uint256 amount) {
        Key storage key = _operatedKey(keyHash);
        Earnings memory earnings = key.earnings;
        amount = earnings.withdrawing;
        if (amount == 0) revert NothingToWithdraw(keyHash);
        if (block.number < key.withdrawableFrom) revert BondNotWithdrawable(block.number, key.withdrawableFrom);
        earnings.bond -= uint80(amount);
        earnings.withdrawing = 0;
        key.earnings = earnings;
        key.withdrawableFrom = 0;
        emit BondWithdrawn(keyHash, msg.sender, to, amount, earnings.bond);
        _send(to, amount);
    }

    /// @inheritdoc IVRFCoordinator
    function collect(uint256[] calldata subIds) external nonReentrant {
        for (uint256 i = 0; i < subIds.length; ++i) {
            _accounts[subIds[i]].word = _collect(subIds[i], _accounts[subIds[i]].word);
        }
    }

    /// @inheritdoc IVRFCoordinator
    function withdrawRewards(bytes32 keyHash, address to) external nonReentrant returns (uint256 amount) {
        Key storage key = _operatedKey(keyHash);
        amount = key.earnings.rewards;
        if (amount == 0) revert NothingToWithdraw(keyHash);
        key.earnings.rewards = 0;
        emit RewardsWithdrawn(keyHash, msg.sender, to, amount);
        _send(to, amount);
    }

    /// @inheritdoc IVRFCoordinator
    function provingKey(bytes32 keyHash) external view returns (ProvingKey memory) {
        Key storage key = _keys[keyHash];
        return
            ProvingKey({
                operator: key.operator,
                active: key.terms.active,
                terms: KeyTerms(key.terms.maxGasPrice, key.terms.premium, key.terms.bondShare),
                rewards: key.earnings.rewards,
                bond: key.earnings.bond,
                withdrawing: key.earnings.withdrawing,
                withdrawableFrom: key.withdrawableFrom
            });
    }

    /// @inheritdoc IVRFCoordinator
    function keyHashAt(uint256 index) public view returns (bytes32) {
        return index == 0 || index > _keyHashes.length ? bytes32(0) : _keyHashes[index - 1];
    }

    /// @inheritdoc IVRFCoordinator
    function owedBy(uint256 subId) external view returns (bytes32 keyHash, uint256 amount) {
        PackedSubscription word = _accounts[subId].word;
        return (keyHashAt(word.keyIndex()), word.owed());
    }

    function _collect(uint256 subId, PackedSubscription word) internal override returns (PackedSubscription) {
        uint256 amount = word.owed();
        if (amount == 0) return word;
        bytes32 keyHash = keyHashAt(word.keyIndex());
        _keys[keyHash].earnings.rewards += uint96(amount);
        emit RewardsCollected(keyHash, subId, amount);
        return word.withDebt(0, 0);
    }

    /// @dev Takes a bond share, or what is left of the bond, from a key.
    function _slash(bytes32 keyHash, uint256 share) internal returns (uint256 amount) {
        Key storage key = _keys[keyHash];
        Earnings memory earnings = key.earnings;
        amount = share < earnings.bond ? share : earnings.bond;
        earnings.bond -= uint80(amount);
        // What is announced cannot exceed what is left.
        if (earnings.withdrawing > earnings.bond) earnings.withdrawing = earnings.bond;
        key.earnings = earnings;
        _refresh(key);
    }

    function _setTerms(Key storage key, KeyTerms calldata terms) internal {
        key.terms.maxGasPrice = terms.maxGasPrice;
        key.terms.premium = terms.premium;
        key.terms.bondShare = terms.bondShare;
        _refresh(key);
    }

    /// @dev Brings `admits` in line with bond and terms.
    function _refresh(Key storage key) internal {
        Earnings memory earnings = key.earnings;
        bool admits = key.terms.active && earnings.bond - earnings.withdrawing >= key.terms.bondShare;
        if (admits != key.terms.admits) key.terms.admits = admits && !_isPaused();
    }

    /// @dev As many keys as there can be fit into a block's gas.
    function _pauseBegan() internal override {
        uint256 count = _keyHashes.length;
        for (uint256 i = 0; i < count; ++i) {
            Terms storage terms = _keys[_keyHashes[i]].terms;
            if (terms.admits) terms.admits = false;
        }
    }

    /// @dev Terms of a key that takes requests, for a request.
    function _admit(bytes32 keyHash) internal returns (Terms memory terms) {
        terms = _keys[keyHash].terms;
        if (!terms.admits) {
            _requireAdmitting(keyHash, terms);
            _keys[keyHash].terms.admits = true;
        }
    }

    /// @dev Terms of a key that takes requests.
    function _admittingTerms(bytes32 keyHash) internal view returns (Terms memory terms) {
        terms = _keys[keyHash].terms;
        if (!terms.admits) _requireAdmitting(keyHash, terms);
    }

    /// @dev For a key that does not say that it takes requests: says why not, unless all that kept it was a pause.
    function _requireAdmitting(bytes32 keyHash, Terms memory terms) internal view {
        if (!terms.active) revert NoSuchProvingKey(keyHash);
        _requireNotPaused();
        Earnings memory earnings = _keys[keyHash].earnings;
        uint256 available = earnings.bond - earnings.withdrawing;
        if (available < terms.bondShare) revert BondExhausted(keyHash, available, terms.bondShare);
    }

    function _activeKey(bytes32 keyHash) internal view returns (Key storage key) {
        key = _keys[keyHash];
        if (!key.terms.active) revert NoSuchProvingKey(keyHash);
    }

    function _knownKey(bytes32 keyHash) internal view returns (Key storage key) {
        key = _keys[keyHash];
        if (key.operator == address(0)) revert NoSuchProvingKey(keyHash);
    }

    function _operatedKey(bytes32 keyHash) internal view returns (Key storage key) {
        key = _knownKey(keyHash);
        if (msg.sender != key.operator) revert NotOperator(msg.sender, key.operator);
    }

    function _deadlineBlocks() internal view virtual returns (uint256);
}

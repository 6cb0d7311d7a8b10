// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";

import {IL1DataFee} from "../interfaces/IL1DataFee.sol";
import {IVRFCoordinator} from "../interfaces/IVRFCoordinator.sol";
import {BlockHashes} from "../libraries/BlockHashes.sol";
import {ECVRF} from "../libraries/ECVRF.sol";
import {RandomWords} from "../libraries/RandomWords.sol";
import {RequestDetails} from "../libraries/RequestDetails.sol";
import {RequestHash} from "../libraries/RequestHash.sol";
import {RequestTerms} from "../libraries/RequestTerms.sol";
import {PackedSubscription, SubscriptionWord} from "../libraries/SubscriptionWord.sol";
import {ProvingKeys} from "./ProvingKeys.sol";

/// @title VRFCoordinator
/// @notice Takes requests for random words and delivers the words that come with a proof.
contract VRFCoordinator is ProvingKeys {
    using SubscriptionWord for PackedSubscription;

    uint32 internal constant MAX_WORDS = 500;
    uint256 internal constant KEY_BYTES = 64;
    /// @dev bytes4(keccak256("VRF ExtraArgsV1")), and the length of it with its one boolean.
    bytes4 internal constant EXTRA_ARGS_TAG = 0x92fd1338;
    uint256 internal constant EXTRA_ARGS_BYTES = 36;
    uint256 internal constant MAX_CALLBACK_GAS = 10_000_000;
    uint256 internal constant MIN_OVERHEAD_GAS = 100_000;
    uint256 internal constant MAX_OVERHEAD_GAS = 10_000_000;
    /// @dev Upper bound of the gas that a word takes before the callback.
    uint256 internal constant WORD_GAS = 150;
    /// @dev Gas of a transaction, and that of a fulfilment outside its own measurement.
    uint256 internal constant TRANSACTION_GAS = 21_000;
    uint256 internal constant UNMEASURED_GAS = 2_500;
    /// @dev What a batch adds to each of its items.
    uint256 internal constant ITEM_GAS = 3_400;
    /// @dev Price of a byte of calldata that is not zero. What the zeros are cheaper is part of the unmeasured gas.
    uint256 internal constant CALLDATA_BYTE_GAS = 16;
    /// @dev Kept back from a batch item, for the event that says why it was left out.
    uint256 internal constant SKIP_GAS = 10_000;

    uint16 internal immutable _minConfirmations;
    uint16 internal immutable _maxConfirmations;
    uint32 internal immutable _maxCallbackGas;
    uint32 internal immutable _deadline;
    uint32 internal immutable _overheadGas;
    uint64 internal immutable _tipCap;
    IL1DataFee internal immutable _l1DataFee;

    /// @inheritdoc IVRFCoordinator
    mapping(uint256 requestId => uint256) public outputOf;
    mapping(uint256 blockNumber => bytes32) internal _blockhashes;
    /// @dev Items of the batch that is running.
    uint256 internal transient _items;

    constructor(address authority, Config memory config_) AccessManaged(authority) {
        _checkBounds("minConfirmations", config_.minConfirmations, 1, config_.maxConfirmations);
        _checkBounds("deadlineBlocks", config_.deadlineBlocks, config_.maxConfirmations + 1, BlockHashes.window());
        _checkBounds("maxCallbackGas", config_.maxCallbackGas, 1, MAX_CALLBACK_GAS);
        _checkBounds("overheadGas", config_.overheadGas, MIN_OVERHEAD_GAS, MAX_OVERHEAD_GAS);
        _minConfirmations = config_.minConfirmations;
        _maxConfirmations = config_.maxConfirmations;
        _maxCallbackGas = config_.maxCallbackGas;
        _deadline = config_.deadlineBlocks;
        _overheadGas = config_.overheadGas;
        _tipCap = config_.tipCap;
        _l1DataFee = IL1DataFee(config_.l1DataFee);
    }

    /// @inheritdoc IVRFCoordinator
    function requestRandomWords(RandomWordsRequest calldata req) external returns (uint256 requestId) {
        _requireNotEntered();
        uint256 subId = req.subId;
        if (!_isConsumer[msg.sender][subId]) _refuseConsumer(subId);
        (bytes32 keyHash, uint16 confirmations) = (req.keyHash, req.requestConfirmations);
        (uint32 callbackGasLimit, uint32 numWords) = (req.callbackGasLimit, req.numWords);
        _checkRequest(confirmations, callbackGasLimit, numWords, req.extraArgs);
        uint256 terms = _termsOf(_admit(keyHash), callbackGasLimit, numWords);

        PackedSubscription word = _accounts[subId].word;
        uint256 reserve = RequestTerms.reserve(terms);
        if (word.balance() < reserve) revert InsufficientBalance(word.balance(), reserve);
        uint256 number = word.requests();
        uint256 place;
        (word, place) = word.opened(reserve);
        terms = RequestTerms.placed(terms, number, place);
        requestId = RequestHash.id(keyHash, msg.sender, subId, number);
        _accounts[subId].word = word;
        _commitments[_placeOf(subId, requestId, terms)] = RequestHash.commitment(
            requestId,
            terms,
            RequestDetails.pack(block.number, confirmations, callbackGasLimit, numWords)
        );
        emit RandomWordsRequested(
            keyHash,
            requestId,
            terms,
            subId,
            confirmations,
            callbackGasLimit,
            numWords,
            req.extraArgs,
            msg.sender
        );
    }

    /// @inheritdoc IVRFCoordinator
    /// @dev Guarded as by `nonReentrant`, except that a batch may call its items: each is a call of its own, so that one
    /// that reverts takes nothing along.
    function fulfillRandomWords(bytes calldata proof, Request calldata request) external {
        uint256 gasAtStart = gasleft();
        bool isItem = msg.sender == address(this);
        if (!isItem) _enter();
        _fulfill(proof, request, gasAtStart, isItem ? TRANSACTION_GAS / _items + ITEM_GAS : TRANSACTION_GAS);
        if (!isItem) _leave();
    }

    /// @inheritdoc IVRFCoordinator
    function fulfillMany(
        bytes[] calldata proofs,
        Request[] calldata requests
    ) external nonReentrant returns (uint256 fulfilled) {
        uint256 count = requests.length;
        if (proofs.length != count) revert LengthMismatch(proofs.length, count);
        _items = count;
        for (uint256 i = 0; i < count; ++i) {
            Request calldata request = requests[i];
            uint256 itemGas = _itemGas(request.details);
            // EIP-150 withholds a 64th from the item; each item left needs what it takes to say that it was left out.
            uint256 required = (itemGas * 64) / 63 + (count - i) * SKIP_GAS;
            uint256 given = gasleft();
            if (given < required) {
                bytes memory reason = abi.encodeWithSelector(RandomWords.InsufficientGas.selector, given, required);
                emit FulfillmentSkipped(requestIdOf(request), reason);
                continue;
            }
            try this.fulfillRandomWords{gas: itemGas}(proofs[i], request) {
                ++fulfilled;
            } catch (bytes memory reason) {
                emit FulfillmentSkipped(requestIdOf(request), reason);
            }
        }
    }

    /// @inheritdoc IVRFCoordinator
    function refund(Request calldata request) external nonReentrant {
        (uint256 subId, uint256 terms) = (request.subId, request.terms);
        bytes32 keyHash = keyHashAt(RequestTerms.keyIndex(terms));
        (uint256 requestId, PackedSubscription word) = _pending(request, keyHash);
        uint256 deadline = RequestDetails.blockNumber(request.details) + _deadline;
        if (block.number <= deadline) revert DeadlineNotPassed(block.number, deadline);
        uint256 bond = _slash(keyHash, RequestTerms.bondShare(terms));
        uint256 reserve = RequestTerms.reserve(terms);
        _accounts[subId].word = _close(requestId, word, terms).credited(reserve + bond);
        emit RequestRefunded(requestId, subId, uint96(reserve), uint96(bond));
    }

    /// @inheritdoc IVRFCoordinator
    function storeBlockhash(uint256 blockNumber) external {
        if (_blockhashes[blockNumber] != 0) revert BlockhashAlreadyStored(blockNumber);
        bytes32 hash = BlockHashes.get(blockNumber);
        if (hash == 0) revert BlockhashNotAvailable(blockNumber);
        _blockhashes[blockNumber] = hash;
        emit BlockhashStored(blockNumber, hash);
    }

    /// @inheritdoc IVRFCoordinator
    function config() external view returns (Config memory) {
        return
            Config({
                minConfirmations: _minConfirmations,
                maxConfirmations: _maxConfirmations,
                maxCallbackGas: _maxCallbackGas,
                deadlineBlocks: _deadline,
                overheadGas: _overheadGas,
                tipCap: _tipCap,
                l1DataFee: address(_l1DataFee)
            });
    }

    /// @inheritdoc IVRFCoordinator
    function reserveOf(bytes32 keyHash, uint32 callbackGasLimit, uint32 numWords) external view returns (uint256) {
        return RequestTerms.reserve(_termsOf(_admittingTerms(keyHash), callbackGasLimit, numWords));
    }

    /// @inheritdoc IVRFCoordinator
    function isPending(Request calldata request) external view returns (bool) {
        (uint256 subId, uint256 terms) = (request.subId, request.terms);
        uint256 requestId = requestIdOf(request);
        return
            _isOpen(_accounts[subId].word, requestId, terms) &&
            _commitments[_placeOf(subId, requestId, terms)] ==
                RequestHash.commitment(requestId, terms, request.details);
    }

    /// @inheritdoc IVRFCoordinator
    function requestIdOf(Request calldata request) public view returns (uint256) {
        bytes32 keyHash = keyHashAt(RequestTerms.keyIndex(request.terms));
        return RequestHash.id(keyHash, request.sender, request.subId, RequestTerms.number(request.terms));
    }

    /// @inheritdoc IVRFCoordinator
    function alphaOf(Request calldata request) external view returns (bytes32) {
        bytes32 keyHash = keyHashAt(RequestTerms.keyIndex(request.terms));
        return _alpha(keyHash, requestIdOf(request), request.sender, request.details);
    }

    /// @inheritdoc IVRFCoordinator
    function blockhashOf(uint256 blockNumber) public view returns (bytes32 hash) {
        hash = blockhash(blockNumber);
        if (hash == 0) hash = _blockhashes[blockNumber];
        if (hash == 0) hash = BlockHashes.get(blockNumber);
        if (hash == 0) revert BlockhashNotAvailable(blockNumber);
    }

    /// @inheritdoc IVRFCoordinator
    function isBlockhashStored(uint256 blockNumber) external view returns (bool) {
        return _blockhashes[blockNumber] != 0;
    }

    /// @inheritdoc IVRFCoordinator
    function wordsOf(uint256 output, uint32 numWords) external pure returns (uint256[] memory) {
        if (numWords > MAX_WORDS) revert NumWordsTooBig(numWords, MAX_WORDS);
        return RandomWords.expand(output, numWords);
    }

    /// @dev Checks everything about a fulfilment, calls back, books the payment and ends the request.
    /// @param fixedGas Gas of the transaction that this fulfilment bears beside its calldata and what is measured here.
    function _fulfill(bytes calldata proof, Request calldata request, uint256 gasAtStart, uint256 fixedGas) internal {
        if (proof.length < KEY_BYTES) revert ProofTooShort(proof.length, KEY_BYTES);
        (bytes32 keyHash, uint256 keyX, uint256 keyParity) = RequestHash.key(proof);
        (uint256 terms, uint256 details) = (request.terms, request.details);
        (uint256 requestId, PackedSubscription word) = _pending(request, keyHash);
        _checkTime(details);
        bytes memory alpha = abi.encodePacked(_alpha(keyHash, requestId, request.sender, details));
        uint256 output = uint256(ECVRF.verify(keyX, keyParity, alpha, proof[KEY_BYTES:]));
        // Ended before anything is called; what it cost is booked after.
        uint256 subId = request.subId;
        word = _close(requestId, word, terms);
        _accounts[subId].word = word;
        bool success = RandomWords.deliver(
            request.sender,
            RequestDetails.callbackGas(details),
            requestId,
            output,
            RequestDetails.numWords(details)
        );
        if (!success) outputOf[requestId] = output;

        uint256 payment = _payment(terms, gasAtStart, fixedGas);
        // No call that could change the subscription's word gets in while the callback runs.
        word = word.credited(RequestTerms.reserve(terms) - payment);
        uint256 index = RequestTerms.keyIndex(terms);
        if (word.canOwe(index, payment)) word = word.withOwed(payment);
        else word = _collect(subId, word).withDebt(index, payment);
        _accounts[subId].word = word;
        emit RandomWordsFulfilled(requestId, output, subId, uint96(payment), true, success, false);
    }

    /// @dev Ends a request that `_pending` found.
    function _close(uint256 requestId, PackedSubscription word, uint256 terms) internal returns (PackedSubscription) {
        if (!RequestTerms.isOverflow(terms)) return word.closed(RequestTerms.place(terms));
        delete _commitments[requestId];
        return word.closed(SubscriptionWord.RING_SIZE);
    }

    /// @dev What the subscription is charged for a fulfilment, in wei; never more than was reserved.
    function _payment(uint256 terms, uint256 gasAtStart, uint256 fixedGas) internal view returns (uint256 payment) {
        uint256 reserve = RequestTerms.reserve(terms);
        payment = RequestTerms.premium(terms);
        if (address(_l1DataFee) != address(0)) payment += _l1DataFee.dataFee(msg.data);
        unchecked {
            // Prices and amounts of gas are far below 2^128.
            uint256 price = block.basefee + _tipCap;
            if (tx.gasprice < price) price = tx.gasprice;
            uint256 gasUsed = gasAtStart - gasleft() + fixedGas + UNMEASURED_GAS + msg.data.length * CALLDATA_BYTE_GAS;
            payment += gasUsed * price;
        }
        if (payment > reserve) payment = reserve;
    }

    /// @dev Id and subscription of a request that is pending with exactly these fields under this key.
    function _pending(
        Request calldata request,
        bytes32 keyHash
    ) internal view returns (uint256 requestId, PackedSubscription word) {
        (uint256 subId, uint256 terms) = (request.subId, request.terms);
        requestId = RequestHash.id(keyHash, request.sender, subId, RequestTerms.number(terms));
        word = _accounts[subId].word;
        if (!_isOpen(word, requestId, terms)) revert NoCorrespondingRequest(subId, RequestTerms.number(terms));
        bytes32 given = RequestHash.commitment(requestId, terms, request.details);
        bytes32 expected = _commitments[_placeOf(subId, requestId, terms)];
        if (given != expected) revert IncorrectCommitment(given, expected);
    }

    /// @dev Whether any request is pending at the place that these terms name.
    function _isOpen(PackedSubscription word, uint256 requestId, uint256 terms) internal view returns (bool) {
        if (RequestTerms.isOverflow(terms)) return _commitments[requestId] != 0;
        return word.isTaken(RequestTerms.place(terms));
    }

    function _alpha(
        bytes32 keyHash,
        uint256 requestId,
        address sender,
        uint256 details
    ) internal view returns (bytes32) {
        return RequestHash.alpha(keyHash, requestId, sender, blockhashOf(RequestDetails.blockNumber(details)));
    }

    function _checkTime(uint256 details) internal view {
        uint256 blockNumber = RequestDetails.blockNumber(details);
        unchecked {
            // The block number is one that has been.
            uint256 earliest = blockNumber + RequestDetails.confirmations(details);
            if (block.number < earliest) revert NotConfirmed(block.number, earliest);
            uint256 deadline = blockNumber + _deadline;
            if (block.number > deadline) revert DeadlinePassed(block.number, deadline);
        }
    }

    /// @dev Gas that a batch gives an item: what the request reserved, and the 64th that EIP-150 withholds from a callback.
    function _itemGas(uint256 details) internal view returns (uint256) {
        uint256 callbackGas = RequestDetails.callbackGas(details);
        return _overheadGas + RequestDetails.numWords(details) * WORD_GAS + (callbackGas * 64) / 63;
    }

    function _checkRequest(
        uint16 confirmations,
        uint32 callbackGasLimit,
        uint32 numWords,
        bytes calldata extraArgs
    ) internal view {
        if (confirmations < _minConfirmations || confirmations > _maxConfirmations) {
            revert InvalidRequestConfirmations(confirmations, _minConfirmations, _maxConfirmations);
        }
        if (callbackGasLimit > _maxCallbackGas) revert GasLimitTooBig(callbackGasLimit, _maxCallbackGas);
        if (numWords > MAX_WORDS) revert NumWordsTooBig(numWords, MAX_WORDS);
        uint256 length = extraArgs.length;
        if (length != 0 && (length != EXTRA_ARGS_BYTES || bytes4(extraArgs) != EXTRA_ARGS_TAG)) {
            revert InvalidExtraArgs();
        }
    }

    /// @dev Terms of a request made now, without its place.
    function _termsOf(Terms memory terms, uint256 callbackGasLimit, uint256 numWords) internal view returns (uint256) {
        unchecked {
            // Below 2^64 · (2^32 + 2^24 + 2^32 · 150) + 2^64.
            uint256 gas = callbackGasLimit + _overheadGas + numWords * WORD_GAS;
            uint256 reserve = terms.maxGasPrice * gas + terms.premium;
            if (reserve > type(uint72).max) revert InsufficientBalance(type(uint72).max, reserve);
            return RequestTerms.pack(reserve, terms.premium, terms.bondShare, terms.index);
        }
    }

    function _refuseConsumer(uint256 subId) internal view {
        _requireSubscription(subId);
        revert InvalidConsumer(subId, msg.sender);
    }

    function _deadlineBlocks() internal view override returns (uint256) {
        return _deadline;
    }

    /// @dev Where a request's commitment is kept. Ids of subscriptions are below 2^64, ids of requests are hashes.
    function _placeOf(uint256 subId, uint256 requestId, uint256 terms) internal pure returns (uint256) {
        if (RequestTerms.isOverflow(terms)) return requestId;
        return (subId << 8) | RequestTerms.place(terms);
    }

    function _checkBounds(bytes32 name, uint256 given, uint256 min, uint256 max) internal pure {
        if (given < min || given > max) revert InvalidConfig(name, given, min, max);
    }
}

// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IRaffleRandomness} from "../interfaces/IRaffleRandomness.sol";
import {IVRFCoordinator} from "../interfaces/IVRFCoordinator.sol";

/// @title RaffleRandomness
/// @notice Asks once a day for the random word that a raffle among payouts is drawn with.
contract RaffleRandomness is IRaffleRandomness {
    /// @dev One word is the seed of a whole draw.
    uint32 internal constant NUM_WORDS = 1;
    /// @dev The callback notes that it came; the word itself is read from the coordinator.
    uint32 internal constant CALLBACK_GAS = 30_000;

    IVRFCoordinator internal immutable _coordinator;
    bytes32 internal immutable _keyHash;
    uint256 internal immutable _subId;
    uint16 internal immutable _confirmations;
    uint64 internal immutable _firstEnd;

    Asked internal _asked;

    constructor(IVRFCoordinator coordinator_, Terms memory terms_) {
        if (terms_.firstEnd == 0) revert ZeroFirstEnd();
        _coordinator = coordinator_;
        _keyHash = terms_.keyHash;
        _subId = terms_.subId;
        _confirmations = terms_.confirmations;
        _firstEnd = terms_.firstEnd;
    }

    /// @inheritdoc IRaffleRandomness
    function ask() external returns (uint256 requestId) {
        // A snapshot is the last block at or before a day's end, so a later time means a later block.
        if (block.timestamp <= _firstEnd) revert DayNotOver(block.timestamp, uint256(_firstEnd) + 1);
        uint32 day = uint32((block.timestamp - _firstEnd - 1) / 1 days) + 1;
        Asked memory last = _asked;
        if (last.day == day) {
            // The coordinator keeps the output of an answer whose callback failed.
            bool isAnswered = last.isAnswered || _coordinator.outputOf(last.requestId) != 0;
            if (isAnswered) revert AlreadyAnswered(day, last.requestId);
            uint256 deadline = last.blockNumber + _coordinator.config().deadlineBlocks;
            if (block.number <= deadline) revert StillPending(last.requestId, block.number, deadline);
        }
        requestId = _coordinator.requestRandomWords(
            IVRFCoordinator.RandomWordsRequest({
                keyHash: _keyHash,
                subId: _subId,
                requestConfirmations: _confirmations,
                callbackGasLimit: CALLBACK_GAS,
                numWords: NUM_WORDS,
                extraArgs: ""
            })
        );
        _asked = Asked({day: day, blockNumber: uint64(block.number), isAnswered: false, requestId: requestId});
        emit WordAsked(day, requestId, msg.sender);
    }

    /// @notice Notes, from the coordinator alone, that the latest request was answered. The word stands in the
    /// coordinator's event.
    function rawFulfillRandomWords(uint256 requestId, uint256[] calldata) external {
        if (msg.sender != address(_coordinator)) revert OnlyCoordinator(msg.sender);
        if (requestId == _asked.requestId) _asked.isAnswered = true;
    }

    /// @inheritdoc IRaffleRandomness
    function terms() external view returns (Terms memory) {
        return Terms({keyHash: _keyHash, subId: _subId, confirmations: _confirmations, firstEnd: _firstEnd});
    }

    /// @inheritdoc IRaffleRandomness
    function coordinator() external view returns (address) {
        return address(_coordinator);
    }

    /// @inheritdoc IRaffleRandomness
    function asked() external view returns (Asked memory) {
        return _asked;
    }
}

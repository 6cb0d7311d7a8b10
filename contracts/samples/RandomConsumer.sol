// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IVRFCoordinator} from "../interfaces/IVRFCoordinator.sol";

/// @title RandomConsumer
/// @notice A small dapp: its owner asks for random words, and it keeps what is delivered.
contract RandomConsumer {
    IVRFCoordinator public immutable coordinator;
    address public immutable owner;

    mapping(uint256 requestId => uint256[]) internal _words;
    /// @notice How often words were delivered for a request.
    mapping(uint256 requestId => uint256) public deliveries;

    error OnlyCoordinator(address caller);
    error OnlyOwner(address caller);

    constructor(IVRFCoordinator coordinator_) {
        coordinator = coordinator_;
        owner = msg.sender;
    }

    /// @notice Requests random words.
    function request(IVRFCoordinator.RandomWordsRequest calldata wanted) external returns (uint256 requestId) {
        if (msg.sender != owner) revert OnlyOwner(msg.sender);
        return coordinator.requestRandomWords(wanted);
    }

    /// @notice Takes delivered words, from the coordinator alone.
    function rawFulfillRandomWords(uint256 requestId, uint256[] calldata randomWords) external {
        if (msg.sender != address(coordinator)) revert OnlyCoordinator(msg.sender);
        _words[requestId] = randomWords;
        ++deliveries[requestId];
    }

    /// @notice Words of a request; empty before they are delivered.
    function wordsOf(uint256 requestId) external view returns (uint256[] memory) {
        return _words[requestId];
    }
}

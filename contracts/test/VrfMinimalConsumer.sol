// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IVRFCoordinator} from "../interfaces/IVRFCoordinator.sol";

/// @notice The cheapest consumer there is, for what a coordinator costs by itself. Chainlink's coordinator takes it too.
contract VrfMinimalConsumer {
    IVRFCoordinator internal immutable _coordinator;
    bytes32 internal immutable _keyHash;
    uint256 internal immutable _subId;
    bool internal immutable _isStoring;

    mapping(uint256 requestId => uint256) public wordOf;

    error OnlyCoordinator(address caller);

    constructor(IVRFCoordinator coordinator, bytes32 keyHash, uint256 subId, bool isStoring) {
        _coordinator = coordinator;
        _keyHash = keyHash;
        _subId = subId;
        _isStoring = isStoring;
    }

    function request() external {
        _coordinator.requestRandomWords(
            IVRFCoordinator.RandomWordsRequest({
                keyHash: _keyHash,
                subId: _subId,
                requestConfirmations: 1,
                callbackGasLimit: 100_000,
                numWords: 1,
                extraArgs: abi.encodeWithSelector(bytes4(keccak256("VRF ExtraArgsV1")), true)
            })
        );
    }

    function rawFulfillRandomWords(uint256 requestId, uint256[] calldata randomWords) external {
        if (msg.sender != address(_coordinator)) revert OnlyCoordinator(msg.sender);
        if (_isStoring) wordOf[requestId] = randomWords[0];
    }
}

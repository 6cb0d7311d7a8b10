// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IVRFCoordinator} from "../interfaces/IVRFCoordinator.sol";

/// @notice The least that a consumer is: takes its words and does nothing with them.
contract VrfConsumer {
    IVRFCoordinator public immutable coordinator;

    error OnlyCoordinator(address caller);

    constructor(IVRFCoordinator coordinator_) {
        coordinator = coordinator_;
    }

    function request(
        bytes32 keyHash,
        uint256 subId,
        uint16 confirmations,
        uint32 callbackGasLimit,
        uint32 numWords
    ) external returns (uint256) {
        return
            coordinator.requestRandomWords(
                IVRFCoordinator.RandomWordsRequest({
                    keyHash: keyHash,
                    subId: subId,
                    requestConfirmations: confirmations,
                    callbackGasLimit: callbackGasLimit,
                    numWords: numWords,
                    extraArgs: ""
                })
            );
    }

    function requestWith(IVRFCoordinator.RandomWordsRequest calldata req) external returns (uint256) {
        return coordinator.requestRandomWords(req);
    }

    function rawFulfillRandomWords(uint256 requestId, uint256[] calldata randomWords) external {
        if (msg.sender != address(coordinator)) revert OnlyCoordinator(msg.sender);
        _consume(requestId, randomWords);
    }

    function _consume(uint256 requestId, uint256[] calldata randomWords) internal virtual {}
}

/// @notice Keeps the first word of each request.
contract VrfStoringConsumer is VrfConsumer {
    mapping(uint256 requestId => uint256) public wordOf;

    constructor(IVRFCoordinator coordinator_) VrfConsumer(coordinator_) {}

    function _consume(uint256 requestId, uint256[] calldata randomWords) internal override {
        wordOf[requestId] = randomWords[0];
    }
}

/// @notice Does in its callback what it was told to.
contract VrfUnrulyConsumer is VrfConsumer {
    bytes internal _call;
    uint256 public burnGas;
    uint256 public returnBytes;
    uint256 public gasSeen;
    uint256[] internal _words;
    bool public isReverting;
    bytes public failure;

    constructor(IVRFCoordinator coordinator_) VrfConsumer(coordinator_) {}

    receive() external payable {}

    /// @notice The callback makes this call to the coordinator and keeps what it answers.
    function setCall(bytes calldata call_) external {
        _call = call_;
    }

    function setReverting(bool isReverting_) external {
        isReverting = isReverting_;
    }

    /// @notice The callback reverts with so many bytes.
    function setReturnBytes(uint256 returnBytes_) external {
        returnBytes = returnBytes_;
    }

    /// @notice The callback burns so much gas.
    function setBurnGas(uint256 burnGas_) external {
        burnGas = burnGas_;
    }

    function words() external view returns (uint256[] memory) {
        return _words;
    }

    function _consume(uint256, uint256[] calldata randomWords) internal override {
        uint256 gasAtStart = gasleft();
        uint256 size = returnBytes;
        if (size != 0) {
            assembly ("memory-safe") {
                revert(mload(0x40), size)
            }
        }
        if (isReverting) revert OnlyCoordinator(address(this));
        if (_call.length != 0) {
            (bool success, bytes memory output) = address(coordinator).call(_call);
            failure = success ? bytes("") : output;
        }
        if (burnGas == 0) {
            gasSeen = gasAtStart;
            _words = randomWords;
        }
        while (gasAtStart - gasleft() < burnGas) {}
    }

    /// @notice Makes a call as this contract.
    function execute(bytes calldata call_) external payable {
        (bool success, bytes memory output) = address(coordinator).call{value: msg.value}(call_);
        if (!success) {
            assembly ("memory-safe") {
                revert(add(output, 0x20), mload(output))
            }
        }
    }
}

/// @notice Refuses native coin.
contract VrfPayless {
    receive() external payable {
        revert();
    }
}

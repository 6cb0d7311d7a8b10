// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";

/// @notice Takes the native coin as it is told to.
contract PayoutRecipient {
    enum Manner {
        Accept,
        Refuse,
        BurnGas,
        RefuseAtLength
    }

    Manner public manner;
    /// @notice What is called when coins arrive, and how that ended.
    address public callee;
    bytes public data;
    bool public succeeded;
    bytes public answer;

    error Refused();

    receive() external payable {
        if (manner == Manner.Refuse) revert Refused();
        if (manner == Manner.BurnGas) {
            for (;;) {} // solhint-disable-line no-empty-blocks
        }
        if (manner == Manner.RefuseAtLength) {
            // Memory-safe: ends the execution.
            assembly ("memory-safe") {
                revert(0, 20000)
            }
        }
        if (callee != address(0)) (succeeded, answer) = callee.call(data);
    }

    function behave(Manner wanted) external {
        manner = wanted;
    }

    /// @notice What to call when coins arrive.
    function reenter(address callee_, bytes calldata data_) external {
        (callee, data) = (callee_, data_);
    }

    /// @notice Calls as this account.
    function execute(address to, bytes calldata call) external {
        (bool success, bytes memory returned) = to.call(call);
        // Memory-safe: ends the execution with what was returned.
        if (!success) {
            assembly ("memory-safe") {
                revert(add(returned, 0x20), mload(returned))
            }
        }
    }
}

/// @notice A contract account: its owner's signatures count as its own.
contract PayoutWallet is IERC1271 {
    address public immutable owner;

    constructor(address owner_) {
        owner = owner_;
    }

    function isValidSignature(bytes32 hash, bytes calldata signature) external view returns (bytes4) {
        return ECDSA.recoverCalldata(hash, signature) == owner ? this.isValidSignature.selector : bytes4(0);
    }
}

// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {LowLevelCall} from "@openzeppelin/contracts/utils/LowLevelCall.sol";

import {IPayoutDistributor} from "../interfaces/IPayoutDistributor.sol";

/// @title PayoutTransfer
/// @notice Sends a token or, as address(0), the native coin. Data that a recipient returns is never copied.
library PayoutTransfer {
    /// @dev What a push grants a transfer. A recipient of the native coin needs far less, a token behind proxies and hooks
    /// somewhat less.
    uint256 internal constant TOKEN_GAS = 300_000;
    uint256 internal constant NATIVE_GAS = 50_000;

    /// @notice Sends with all the gas there is; reverts where it fails.
    function send(address token, address to, uint256 amount) internal {
        if (token != address(0)) SafeERC20.safeTransfer(IERC20(token), to, amount);
        else if (!LowLevelCall.callNoReturn(to, amount, "")) revert IPayoutDistributor.SendFailed(to, amount);
    }

    /// @notice Sends with the gas that a push grants.
    /// @return success Whether it arrived, as SafeERC20 judges it: the call succeeded, and returned true or, if the token
    /// has code, nothing.
    function trySend(address token, address to, uint256 amount) internal returns (bool success) {
        if (token == address(0)) {
            // Memory-safe: neither passes nor takes data.
            assembly ("memory-safe") {
                success := call(NATIVE_GAS, to, amount, 0, 0, 0, 0)
            }
        } else {
            bytes memory data = abi.encodeCall(IERC20.transfer, (to, amount));
            // Memory-safe: reads `data`, writes one word of what is returned to scratch space.
            assembly ("memory-safe") {
                success := call(TOKEN_GAS, token, 0, add(data, 0x20), mload(data), 0, 0x20)
                if success {
                    switch returndatasize()
                    case 0 {
                        success := gt(extcodesize(token), 0)
                    }
                    default {
                        success := and(gt(returndatasize(), 0x1f), eq(mload(0), 1))
                    }
                }
            }
        }
    }

    /// @notice Gas that `trySend` needs so that EIP-150 withholds nothing of what it grants.
    function grant(address token) internal pure returns (uint256) {
        return ((token == address(0) ? NATIVE_GAS : TOKEN_GAS) * 64) / 63;
    }
}

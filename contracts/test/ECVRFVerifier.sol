// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ECVRF} from "../libraries/ECVRF.sol";

/// @title ECVRFVerifier
/// @notice ECVRF.verify of 32 bytes and nothing else, for what a verification costs.
contract ECVRFVerifier {
    function verify(
        uint256 keyX,
        uint256 keyParity,
        bytes32 alpha,
        bytes calldata proof
    ) external view returns (bytes32) {
        return ECVRF.verify(keyX, keyParity, abi.encodePacked(alpha), proof);
    }
}

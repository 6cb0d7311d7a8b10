// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {VRFMaliciousConsumerV2Plus} from "@chainlink/contracts/src/v0.8/vrf/dev/testhelpers/VRFMaliciousConsumerV2Plus.sol";
import {VRFV2PlusConsumerExample} from "@chainlink/contracts/src/v0.8/vrf/dev/testhelpers/VRFV2PlusConsumerExample.sol";

/// @notice Chainlink's example as it is; a name here makes it an artifact.
contract ChainlinkConsumer is VRFV2PlusConsumerExample {
    constructor(address coordinator, address link) VRFV2PlusConsumerExample(coordinator, link) {}
}

/// @notice Chainlink's malicious consumer as it is.
contract ChainlinkMaliciousConsumer is VRFMaliciousConsumerV2Plus {
    constructor(address coordinator, address link) VRFMaliciousConsumerV2Plus(coordinator, link) {}
}

/// @notice Meets `transferAndCall` of consumers that fund in LINK, and does nothing: the network has no LINK.
contract ChainlinkNoLink {
    function transferAndCall(address, uint256, bytes calldata) external pure returns (bool) {
        return true;
    }
}

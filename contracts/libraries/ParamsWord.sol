// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IPriceFeeds} from "../interfaces/IPriceFeeds.sol";

/// @notice Parameters of one feed in one word, as a set's blob holds them; `ParamsWord` says where what lies.
type PackedParams is uint256;

using ParamsWord for PackedParams global;

/// @title ParamsWord
/// @notice Layout and bounds of a feed's parameters.
/// @dev From the least significant bit: heartbeat 24, deviationBps 16, cosignToleranceBps 16, bandBps 16, tau 24,
/// cooldown 16, minReports 8, dormancy 24, minVenues 8, history 16; the rest is zero.
library ParamsWord {
    uint256 private constant MAX_BPS = 10_000;
    uint256 private constant MAX_COOLDOWN = 4_095;
    uint256 private constant MAX_REPORTS = 7;

    function heartbeat(PackedParams params) internal pure returns (uint256) {
        return uint24(PackedParams.unwrap(params));
    }

    function bandBps(PackedParams params) internal pure returns (uint256) {
        return uint16(PackedParams.unwrap(params) >> 56);
    }

    function tau(PackedParams params) internal pure returns (uint256) {
        return uint24(PackedParams.unwrap(params) >> 72);
    }

    function cooldown(PackedParams params) internal pure returns (uint256) {
        return uint16(PackedParams.unwrap(params) >> 96);
    }

    function minReports(PackedParams params) internal pure returns (uint256) {
        return uint8(PackedParams.unwrap(params) >> 112);
    }

    function dormancy(PackedParams params) internal pure returns (uint256) {
        return uint24(PackedParams.unwrap(params) >> 120);
    }

    function history(PackedParams params) internal pure returns (uint256) {
        return uint16(PackedParams.unwrap(params) >> 152);
    }

    /// @notice Checks every bound of IPriceFeeds.Params and packs; reverts with ParamOutOfRange.
    function pack(IPriceFeeds.Params memory params) internal pure returns (PackedParams) {
        _check("heartbeat", params.heartbeat, params.heartbeat != 0);
        _check("deviationBps", params.deviationBps, params.deviationBps != 0 && params.deviationBps <= MAX_BPS);
        _check(
            "cosignToleranceBps",
            params.cosignToleranceBps,
            params.cosignToleranceBps != 0 && params.cosignToleranceBps <= MAX_BPS
        );
        _check("bandBps", params.bandBps, params.bandBps != 0 && params.bandBps <= MAX_BPS);
        _check("tau", params.tau, params.tau != 0);
        _check("cooldown", params.cooldown, params.cooldown != 0 && params.cooldown <= MAX_COOLDOWN);
        _check("minReports", params.minReports, params.minReports != 0 && params.minReports <= MAX_REPORTS);
        _check("dormancy", params.dormancy, params.dormancy > params.heartbeat);
        _check("minVenues", params.minVenues, params.minVenues != 0);
        return
            PackedParams.wrap(
                uint256(params.heartbeat) |
                    (uint256(params.deviationBps) << 24) |
                    (uint256(params.cosignToleranceBps) << 40) |
                    (uint256(params.bandBps) << 56) |
                    (uint256(params.tau) << 72) |
                    (uint256(params.cooldown) << 96) |
                    (uint256(params.minReports) << 112) |
                    (uint256(params.dormancy) << 120) |
                    (uint256(params.minVenues) << 144) |
                    (uint256(params.history) << 152)
            );
    }

    /// @notice Inverse of `pack`.
    function unpack(PackedParams params) internal pure returns (IPriceFeeds.Params memory) {
        uint256 word = PackedParams.unwrap(params);
        return
            IPriceFeeds.Params({
                heartbeat: uint24(word),
                deviationBps: uint16(word >> 24),
                cosignToleranceBps: uint16(word >> 40),
                bandBps: uint16(word >> 56),
                tau: uint24(word >> 72),
                cooldown: uint16(word >> 96),
                minReports: uint8(word >> 112),
                dormancy: uint24(word >> 120),
                minVenues: uint8(word >> 144),
                history: uint16(word >> 152)
            });
    }

    function _check(bytes32 name, uint256 given, bool valid) private pure {
        if (!valid) revert IPriceFeeds.ParamOutOfRange(name, given);
    }
}

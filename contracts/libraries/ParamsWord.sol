// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IPriceFeeds} from "../interfaces/IPriceFeeds.sol";

/// @notice Parameters of one feed in one word, as a set's blob holds them; `ParamsWord` says where what lies.
type PackedParams is uint256;

using ParamsWord for PackedParams global;

/// @title ParamsWord
/// @notice Layout and bounds of a feed's parameters.
/// @dev From the least significant bit: bandBps 16, history 16, tau 24, heartbeat 24, deviationBps 16,
/// cosignToleranceBps 16, cooldown 16, minReports 8, minVenues 8, and on top, in 32 bits, dormancy; the rest is
/// zero. What every report needs lies where few instructions reach it.
library ParamsWord {
    uint256 private constant MAX_BPS = 10_000;
    uint256 private constant MAX_COOLDOWN = 4_095;
    uint256 private constant MAX_REPORTS = 7;
    uint256 private constant HISTORY_MASK = 0xffff << 16;

    function heartbeat(PackedParams params) internal pure returns (uint256) {
        return uint24(PackedParams.unwrap(params) >> 56);
    }

    function bandBps(PackedParams params) internal pure returns (uint256) {
        return uint16(PackedParams.unwrap(params));
    }

    function tau(PackedParams params) internal pure returns (uint256) {
        return uint24(PackedParams.unwrap(params) >> 32);
    }

    function cooldown(PackedParams params) internal pure returns (uint256) {
        return uint16(PackedParams.unwrap(params) >> 112);
    }

    function minReports(PackedParams params) internal pure returns (uint256) {
        return uint8(PackedParams.unwrap(params) >> 128);
    }

    function dormancy(PackedParams params) internal pure returns (uint256) {
        return PackedParams.unwrap(params) >> 224;
    }

    function history(PackedParams params) internal pure returns (uint256) {
        return uint16(PackedParams.unwrap(params) >> 16);
    }

    /// @notice The same with a dormancy above every uint32 time.
    function withoutDormancy(PackedParams params) internal pure returns (PackedParams) {
        return PackedParams.wrap(PackedParams.unwrap(params) | (0xffffffff << 224));
    }

    /// @notice Above zero if rounds are kept at all: `history` where it stands.
    function historyBits(PackedParams params) internal pure returns (uint256) {
        return PackedParams.unwrap(params) & HISTORY_MASK;
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
                uint256(params.bandBps) |
                    (uint256(params.history) << 16) |
                    (uint256(params.tau) << 32) |
                    (uint256(params.heartbeat) << 56) |
                    (uint256(params.deviationBps) << 80) |
                    (uint256(params.cosignToleranceBps) << 96) |
                    (uint256(params.cooldown) << 112) |
                    (uint256(params.minReports) << 128) |
                    (uint256(params.minVenues) << 136) |
                    (uint256(params.dormancy) << 224)
            );
    }

    /// @notice Inverse of `pack`.
    function unpack(PackedParams params) internal pure returns (IPriceFeeds.Params memory) {
        uint256 word = PackedParams.unwrap(params);
        return
            IPriceFeeds.Params({
                heartbeat: uint24(word >> 56),
                deviationBps: uint16(word >> 80),
                cosignToleranceBps: uint16(word >> 96),
                bandBps: uint16(word),
                tau: uint24(word >> 32),
                cooldown: uint16(word >> 112),
                minReports: uint8(word >> 128),
                dormancy: uint24(word >> 224),
                minVenues: uint8(word >> 136),
                history: uint16(word >> 16)
            });
    }

    function _check(bytes32 name, uint256 given, bool valid) private pure {
        if (!valid) revert IPriceFeeds.ParamOutOfRange(name, given);
    }
}

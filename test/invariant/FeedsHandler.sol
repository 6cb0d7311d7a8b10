// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IPriceFeeds} from "../../contracts/interfaces/IPriceFeeds.sol";
import {SetId} from "../../contracts/types/SetId.sol";
import {VM} from "../contracts/support/Vm.sol";
import {World} from "../contracts/support/World.sol";

/// @title FeedsHandler
/// @notice What may happen to feeds, with bounded inputs, and a record of what did.
contract FeedsHandler {
    uint256 public constant FEEDS = 3;
    uint256 internal constant START_PRICE = 1e11;
    uint256 internal constant MAX_SETS = 40;

    World internal immutable WORLD;

    /// @notice Answer that each feed serves by the record, 0 while Empty.
    uint256[FEEDS] public served;
    uint256[FEEDS] public publications;
    /// @notice Answer and its slot when the feed was last seen Live.
    uint256[FEEDS] public lastLive;
    uint256[FEEDS] public lastLiveAt;
    mapping(uint32 setId => bytes32) public blobHash;
    bool public answerChangedOtherwise;
    bool public publishedWhileTripped;
    bool public lastReportWentBack;
    bool public tripsExceeded;
    bool public acceptedInvalid;

    uint256[FEEDS] internal _price;
    uint256[][FEEDS] internal _tripTimes;
    bytes internal _lastReport;
    IPriceFeeds.Signature internal _lastSignature;

    constructor(World world) {
        WORLD = world;
        for (uint256 i = 0; i < FEEDS; ++i) _price[i] = START_PRICE;
    }

    /// @notice A valid report some seconds later, its answer near the one before.
    function reportNear(uint256 feed, uint256 seed, uint256 dt) external {
        feed %= FEEDS;
        uint256 price = _price[feed];
        _report(feed, price - price / 50 + (seed % (price / 25 + 1)), (dt % 30) + 1);
    }

    /// @notice A valid report of a price far away, where the market then stays.
    function reportJump(uint256 feed, bool up, uint256 dt) external {
        feed %= FEEDS;
        _price[feed] = up ? (_price[feed] * 3) / 2 : _price[feed] / 2;
        if (_price[feed] < 1e6 || _price[feed] > 1e20) _price[feed] = START_PRICE;
        _report(feed, _price[feed], (dt % 30) + 1);
    }

    /// @notice A valid report of any answer that the type holds.
    function reportAny(uint256 feed, uint256 answer) external {
        _report(feed % FEEDS, (answer % (2 ** 95 - 1)) + 1, 1);
    }

    /// @notice The last report again.
    function repeat(uint256 dt) external {
        VM.warp(block.timestamp + (dt % 60));
        if (_lastReport.length == 0) return;
        _submitInvalid(_lastReport, _lastSignature);
    }

    /// @notice A fresh report with one byte changed after it was signed.
    function alter(uint256 feed, uint256 position, uint8 change) external {
        VM.warp(block.timestamp + 1);
        bytes memory report = bytes.concat(WORLD.head(block.timestamp, 7), WORLD.entry(feed % FEEDS, START_PRICE));
        IPriceFeeds.Signature memory signature = WORLD.sign(report, 7);
        report[position % report.length] ^= bytes1(change == 0 ? 1 : change);
        _submitInvalid(report, signature);
    }

    /// @notice A fresh report with a signature that nobody made.
    function forge(uint256 feed, IPriceFeeds.Signature calldata signature) external {
        VM.warp(block.timestamp + 1);
        bytes memory report = bytes.concat(WORLD.head(block.timestamp, 7), WORLD.entry(feed % FEEDS, START_PRICE));
        _submitInvalid(report, signature);
    }

    function trip(uint256 feed) external {
        feed %= FEEDS;
        IPriceFeeds.Feed[] memory before = _states();
        if (WORLD.trip(feed)) {
            uint256[] storage times = _tripTimes[feed];
            if (times.length >= 2 && block.timestamp < times[times.length - 2] + 30 days) tripsExceeded = true;
            times.push(block.timestamp);
        }
        _compare(before, FEEDS, 0);
    }

    function reset(uint256 feed) external {
        feed %= FEEDS;
        // Rare, or no feed would live long enough for anything.
        if (uint256(keccak256(abi.encode(block.timestamp, feed))) % 4 != 0) return;
        IPriceFeeds.Feed[] memory before = _states();
        WORLD.reset(feed);
        before[feed].answer = 0;
        before[feed].updatedAt = 0;
        served[feed] = 0;
        _compare(before, FEEDS, 0);
    }

    /// @notice Time goes by: seconds, or days.
    function wait_(uint256 dt) external {
        VM.warp(block.timestamp + (dt % 5 == 0 ? dt % 4 days : dt % 300));
    }

    function configure(uint256 feed, uint16 history, uint16 bandBps, uint24 tau) external {
        if (_setId() >= MAX_SETS) return;
        IPriceFeeds.Feed[] memory before = _states();
        WORLD.setParams(
            feed % FEEDS,
            IPriceFeeds.Params(10, 20, 50, (bandBps % 3_000) + 1, (tau % 10_000) + 1, 20, 2, 5_000, 3, history % 9)
        );
        _noteBlob();
        _compare(before, FEEDS, 0);
    }

    function renewSet() external {
        if (_setId() >= MAX_SETS) return;
        IPriceFeeds.Feed[] memory before = _states();
        WORLD.renewSet();
        _noteBlob();
        _compare(before, FEEDS, 0);
    }

    function _report(uint256 feed, uint256 answer, uint256 dt) internal {
        VM.warp(block.timestamp + dt);
        bytes memory report = bytes.concat(WORLD.head(block.timestamp, 7), WORLD.entry(feed, answer));
        IPriceFeeds.Signature memory signature = WORLD.sign(report, 7);
        IPriceFeeds.Feed[] memory before = _states();
        bool accepted = _submit(report, signature);
        if (accepted) (_lastReport, _lastSignature) = (report, signature);
        _compare(before, accepted ? feed : FEEDS, answer);
    }

    function _submitInvalid(bytes memory report, IPriceFeeds.Signature memory signature) internal {
        IPriceFeeds.Feed[] memory before = _states();
        if (_submit(report, signature)) acceptedInvalid = true;
        _compare(before, FEEDS, 0);
    }

    function _submit(bytes memory report, IPriceFeeds.Signature memory signature) internal returns (bool accepted) {
        try WORLD.feeds().submit(report, signature) {
            accepted = true;
        } catch {}
    }

    /// @dev Records what changed. Only feed `reported`, if any, may have published, and only `answer`.
    function _compare(IPriceFeeds.Feed[] memory before, uint256 reported, uint256 answer) internal {
        IPriceFeeds.Feed[] memory present = _states();
        for (uint256 i = 0; i < FEEDS; ++i) {
            if (present[i].lastReportAt < before[i].lastReportAt) lastReportWentBack = true;
            bool published =
                i == reported &&
                    present[i].answer == answer &&
                    present[i].updatedAt == block.timestamp &&
                    present[i].status == IPriceFeeds.Status.Live;
            if (published) {
                if (before[i].status == IPriceFeeds.Status.Tripped) publishedWhileTripped = true;
                served[i] = answer;
                ++publications[i];
            } else if (present[i].answer != before[i].answer || present[i].updatedAt != before[i].updatedAt) {
                answerChangedOtherwise = true;
            }
            if (present[i].status == IPriceFeeds.Status.Live) {
                (lastLive[i], lastLiveAt[i]) = (present[i].answer, present[i].updatedAt);
            }
        }
    }

    function _states() internal view returns (IPriceFeeds.Feed[] memory states) {
        (, , states) = WORLD.feeds().snapshot();
    }

    function _setId() internal view returns (uint32) {
        (SetId setId, , , ) = WORLD.feeds().currentSet();
        return SetId.unwrap(setId);
    }

    function _noteBlob() internal {
        (SetId setId, address blob, , ) = WORLD.feeds().currentSet();
        blobHash[SetId.unwrap(setId)] = blob.codehash;
    }
}

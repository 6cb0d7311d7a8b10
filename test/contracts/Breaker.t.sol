// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IPriceFeeds} from "../../contracts/interfaces/IPriceFeeds.sol";
import {Breaker} from "../../contracts/libraries/Breaker.sol";
import {FeedWord, PackedFeed} from "../../contracts/libraries/FeedWord.sol";
import {PackedParams, ParamsWord} from "../../contracts/libraries/ParamsWord.sol";

/// @notice Fuzzes the breaker's short path against the same rule in plain checked arithmetic.
contract BreakerTest {
    /// hardhat-config: fuzz.runs = 512
    function testFuzz_publishesInTheBandAndOnlyThere(
        uint96 first,
        uint96 second,
        uint24 elapsed,
        uint16 bandBps,
        uint24 tau
    ) public pure {
        uint256 answer = _bound(first, 2 ** 95 - 1);
        uint256 next = _near(answer, second);
        elapsed = uint24(_bound(elapsed, 1_000));
        PackedParams params = _params(uint16(_bound(bandBps, 10_000)), uint24(_bound(tau, 2_000)));
        PackedFeed feed = PackedFeed.wrap(0).seeded(answer, 1_000);

        uint256 average = (answer >> _excess(answer)) << _excess(answer);
        uint256 distance = next > average ? next - average : average - next;
        bool inBand = distance * 10_000 <= params.bandBps() * average;
        uint256 weight = elapsed > params.tau() ? params.tau() : elapsed;
        uint256 shift = (distance * weight) / params.tau();
        uint256 moved = next > average ? average + shift : average - shift;

        PackedFeed result = Breaker.publishLive(feed, params, next, 1_000 + elapsed);
        require((PackedFeed.unwrap(result) != 0) == inBand, "band");
        if (!inBand) return;
        require(result.answer() == next, "answer");
        require(result.average() == (moved >> _excess(moved)) << _excess(moved), "average");
        require(result.round() == 2, "round");
        require(result.updatedAt() == 1_000 + elapsed && result.lastReportAt() == 1_000 + elapsed, "time");
        require(result.status() == FeedWord.LIVE && result.candidateReports() == 0, "status");
    }

    /// hardhat-config: fuzz.runs = 256
    function testFuzz_publishesNothingAtOnceUnlessLive(uint256 word, uint96 answer, uint32 slot) public pure {
        PackedFeed feed = PackedFeed.wrap(word);
        if (feed.status() == FeedWord.LIVE && slot > feed.lastReportAt()) return;
        PackedFeed result = Breaker.publishLive(feed, _params(1_000, 60), answer, slot);
        require(PackedFeed.unwrap(result) == 0, "published");
    }

    /// @dev 1 to `most`.
    function _bound(uint256 value, uint256 most) internal pure returns (uint256) {
        return (value % most) + 1;
    }

    /// @dev Half of the time within about the band's reach, else anywhere.
    function _near(uint256 answer, uint256 seed) internal pure returns (uint256) {
        if (seed % 2 == 0) return _bound(seed, 2 ** 95 - 1);
        uint256 reach = answer / 5 + 1;
        return _bound(answer - answer / 10 + (seed % reach), 2 ** 95 - 1);
    }

    /// @dev Bits of a value above its 40th.
    function _excess(uint256 value) internal pure returns (uint256 bits) {
        while (value >> (40 + bits) != 0) ++bits;
    }

    function _params(uint16 bandBps, uint24 tau) internal pure returns (PackedParams) {
        return ParamsWord.pack(IPriceFeeds.Params(10, 20, 50, bandBps, tau, 120, 3, 604_800, 3, 0));
    }
}

// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IPriceFeeds} from "../../contracts/interfaces/IPriceFeeds.sol";
import {Report} from "../../contracts/libraries/Report.sol";
import {SetWord} from "../../contracts/libraries/SetWord.sol";
import {deploy} from "./support/Deploy.sol";
import {World} from "./support/World.sol";

/// @notice Fuzzes what `submit` makes of bytes.
contract ReportTest {
    uint256 internal constant FEEDS = 8;

    World internal _world;

    function setUp() public {
        _world = World(deploy("World", ""));
        _world.start(FEEDS, IPriceFeeds.Params(10, 20, 50, 1_000, 3_600, 120, 3, 604_800, 3, 4));
    }

    /// hardhat-config: fuzz.runs = 256
    function testFuzz_readsHeadAndEntriesAsSlicesDo(bytes calldata report, uint256 position) public view {
        bool wellFormed = report.length >= 58 && (report.length - 44) % 14 == 0;
        require(Report.isWellFormed(report) == wellFormed, "length");
        if (report.length < 12) return;
        (uint32 setId, uint32 slot, uint32 signers) = Report.head(report);
        require(bytes4(setId) == bytes4(report[0:4]), "set id");
        require(bytes4(slot) == bytes4(report[4:8]), "slot");
        require(bytes4(signers) == bytes4(report[8:12]), "signers");
        if (report.length < 58) return;
        if (!wellFormed) return;
        bytes memory message = Report.preimage(report);
        require(Report.setOf(message) == setId, "set id in memory");
        (uint256 first, uint256 last) = Report.entries(message);
        uint256 entries = (report.length - 44) / 14;
        require(last == first + 14 * (entries - 1), "entries");
        position %= entries;
        (uint256 index, uint256 values, uint256 answer) = Report.entryAt(first + 14 * position);
        position = 44 + 14 * position;
        require(bytes1(uint8(index)) == report[position], "index");
        require(bytes1(uint8(values)) == report[position + 1], "values");
        require(bytes12(uint96(answer)) == bytes12(report[position + 2:position + 14]), "answer");
    }

    /// hardhat-config: fuzz.runs = 256
    function testFuzz_readsWellFormedReports(uint256 seed, uint256 entries, uint256 position) public view {
        bytes memory report = new bytes(44 + 14 * ((entries % 60) + 1));
        for (uint256 i = 0; i < report.length; ++i) report[i] = bytes1(uint8(uint256(keccak256(abi.encode(seed, i)))));
        this.testFuzz_readsHeadAndEntriesAsSlicesDo(report, position);
        bytes32 expected = keccak256(
            abi.encodePacked(bytes32("Dodona report v1"), block.chainid, uint256(uint160(address(this))), report)
        );
        require(keccak256(this.preimage(report)) == expected, "digest");
    }

    /// hardhat-config: fuzz.runs = 256
    function testFuzz_checksEntriesAsComparisonsDo(
        uint8 index,
        uint8 values,
        uint96 answer,
        uint8 first,
        uint8 last,
        uint8 quorum,
        uint8 operators
    ) public pure {
        if (first > last) (first, last) = (last, first);
        if (quorum > operators) (quorum, operators) = (operators, quorum);
        bool within = index >= first && index <= last && values >= quorum && values <= operators;
        uint256 indices = SetWord.range(first, last);
        uint256 counts = SetWord.range(quorum, operators);
        bool isAnswer = answer != 0 && answer < 2 ** 95;
        require(Report.isWithin(index, indices, values, counts, answer) == (within && isAnswer), "random");
        require(Report.isWithin(index, indices, values, counts, 1) == within, "least answer");
        require(Report.isWithin(index, indices, values, counts, 2 ** 95 - 1) == within, "greatest answer");
        require(!Report.isWithin(first, indices, quorum, counts, 0), "zero");
        require(!Report.isWithin(first, indices, quorum, counts, 2 ** 95), "2^95");
        require(Report.isWithin(last, indices, operators, counts, 1), "upper ends");
    }

    function preimage(bytes calldata report) external view returns (bytes memory) {
        return Report.preimage(report);
    }

    /// hardhat-config: fuzz.runs = 256
    function testFuzz_neverAcceptsRandomBytes(bytes calldata report, IPriceFeeds.Signature calldata signature) public {
        require(!_submit(report, signature), "accepted");
    }

    /// hardhat-config: fuzz.runs = 128
    function testFuzz_storesExactlyTheEntries(uint256 chosen, uint256 seed) public {
        chosen = (chosen % ((1 << FEEDS) - 1)) + 1;
        bytes memory report = _world.head(block.timestamp, 0x15);
        for (uint256 i = 0; i < FEEDS; ++i) {
            if ((chosen >> i) & 1 == 1) report = bytes.concat(report, _world.entry(i, _answer(seed, i)));
        }
        require(_submit(report, _world.sign(report, 0x15)), "refused");
        (, , IPriceFeeds.Feed[] memory states) = _world.feeds().snapshot();
        for (uint256 i = 0; i < FEEDS; ++i) {
            bool carried = (chosen >> i) & 1 == 1;
            require(states[i].answer == (carried ? _answer(seed, i) : 0), "answer");
            require(states[i].round == (carried ? 1 : 0), "round");
            require(states[i].updatedAt == (carried ? block.timestamp : 0), "slot");
        }
    }

    /// hardhat-config: fuzz.runs = 128
    function testFuzz_refusesAnySignedListThatDoesNotAscend(uint8[4] memory indices) public {
        bool ascending = true;
        bytes memory report = _world.head(block.timestamp, 7);
        for (uint256 i = 0; i < 4; ++i) {
            indices[i] %= uint8(FEEDS + 2);
            if (indices[i] >= FEEDS || (i > 0 && indices[i] <= indices[i - 1])) ascending = false;
            report = bytes.concat(report, _world.entry(indices[i], 1e8));
        }
        require(_submit(report, _world.sign(report, 7)) == ascending, "order");
    }

    /// hardhat-config: fuzz.runs = 256
    function testFuzz_refusesASignedReportWithOneByteChanged(uint256 position, uint8 change) public {
        bytes memory report = bytes.concat(_world.head(block.timestamp, 7), _world.entry(0, 1e8), _world.entry(3, 2e8));
        IPriceFeeds.Signature memory signature = _world.sign(report, 7);
        report[position % report.length] ^= bytes1(change == 0 ? 1 : change);
        require(!_submit(report, signature), "accepted");
    }

    /// hardhat-config: fuzz.runs = 128
    function testFuzz_refusesEveryOtherLength(uint256 length) public {
        bytes memory whole = bytes.concat(_world.head(block.timestamp, 7), _world.entry(0, 1e8), _world.entry(3, 2e8));
        length %= 100;
        bytes memory report = new bytes(length);
        for (uint256 i = 0; i < length && i < whole.length; ++i) report[i] = whole[i];
        bool wellFormed = length == 58 || length == 72;
        // Signed as it is: what is refused is refused for its length (or the zero entries behind a longer one).
        require(_submit(report, _world.sign(report, 7)) == wellFormed, "length");
    }

    function _submit(bytes memory report, IPriceFeeds.Signature memory signature) internal returns (bool accepted) {
        try _world.feeds().submit(report, signature) {
            accepted = true;
        } catch {}
    }

    function _answer(uint256 seed, uint256 index) internal pure returns (uint256) {
        return (uint256(keccak256(abi.encode(seed, index))) % (2 ** 95 - 1)) + 1;
    }
}

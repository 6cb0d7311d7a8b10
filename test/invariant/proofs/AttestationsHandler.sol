// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IMedianProofs} from "../../../contracts/interfaces/IMedianProofs.sol";
import {IPriceAttestations} from "../../../contracts/interfaces/IPriceAttestations.sol";
import {IPriceFeeds} from "../../../contracts/interfaces/IPriceFeeds.sol";
import {ISlashing} from "../../../contracts/interfaces/ISlashing.sol";
import {SlashingStake} from "../../../contracts/test/SlashingHarness.sol";
import {FeedId} from "../../../contracts/types/FeedId.sol";
import {SetId} from "../../../contracts/types/SetId.sol";
import {Authority} from "../../contracts/support/Authority.sol";
import {deploy} from "../../contracts/support/Deploy.sol";
import {VM} from "../../contracts/support/Vm.sol";
import {World} from "../../contracts/support/World.sol";
import {StatementVerifier} from "./StatementVerifier.sol";

/// @notice Makes reports of which the medians are proved, attests them in all orders, lies, forges and accuses, and keeps
/// books of its own. Its verifier knows which statements are true.
contract AttestationsHandler is Authority {
    uint256 public constant FEEDS = 12;
    uint256 internal constant CHUNK = 10;
    uint256 internal constant OPERATORS = 5;
    uint256 internal constant QUORUM = 3;
    uint256 internal constant MOST_SETS = 25;
    uint256 internal constant KEY_Y = 17631683881184975370165255887551781615748388533673675138860;

    struct Made {
        bytes report;
        uint32 setId;
        uint32 slot;
        uint32 signers;
        uint32 included;
        bytes32 root;
        uint256[2 * CHUNK] entries;
        uint256 chunks;
        uint256 proven;
        bool isLie;
    }

    World internal immutable WORLD;
    IPriceAttestations public immutable attestations;
    ISlashing public immutable slashing;
    StatementVerifier internal immutable VERIFIER;
    SlashingStake internal immutable STAKE;

    // What the contract must agree with.
    mapping(uint256 feed => mapping(uint256 slot => uint256)) public answerAt;
    mapping(uint256 feed => uint256) public latestSlot;
    mapping(uint256 feed => uint256) public rounds;
    uint256[] public slots;

    // What must never happen.
    bool public acceptedForgery;
    bool public refusedTruth;
    bool public slashedHonest;
    bool public sparedLiar;
    bool public wentBack;

    // That something happened at all.
    uint256 public attested;
    uint256 public slashed;

    Made[] internal _made;
    uint256 internal _salt;

    constructor(World world) {
        WORLD = world;
        VERIFIER = new StatementVerifier();
        STAKE = new SlashingStake(1_000_000);
        attestations = IPriceAttestations(deploy("PriceAttestations", abi.encode(world.feeds(), VERIFIER)));
        slashing = ISlashing(deploy("Slashing", abi.encode(this, world.feeds(), STAKE, 999_999, 100, 100)));
    }

    /// @notice Names the judge of proofs. Not in the constructor: an authority must have code to answer.
    function start() external {
        slashing.setMedianProofs(attestations);
    }

    /// @notice A new report whose medians can be proved, or that lies about one of them, of some past second.
    function make(uint256 seed, bool isLie) external {
        _salt = uint256(keccak256(abi.encode(seed, _salt, _made.length)));
        IPriceFeeds feeds = WORLD.feeds();
        (SetId setId, , uint32 since, ) = feeds.currentSet();
        uint256 age = _salt % 40;
        uint256 slot = block.timestamp - age < since ? since : block.timestamp - age;
        Made storage made = _made.push();
        (made.setId, made.slot) = (SetId.unwrap(setId), uint32(slot));
        (made.signers, made.included) = (uint32(_atLeast(QUORUM, _salt >> 8)), uint32(_atLeast(QUORUM, _salt >> 16)));
        made.root = bytes32(_salt >> 8);
        made.isLie = isLie;
        for (uint256 n = 0; n <= _salt % 4; ++n) {
            uint256 feed = uint256(keccak256(abi.encode(_salt, n))) % FEEDS;
            made.entries[feed] = _entry(made, feed);
            made.chunks |= 1 << (feed / CHUNK);
        }
        // The truth is told before the lie is.
        for (uint256 chunk = 0; chunk < 2; ++chunk) VERIFIER.tell(_inputs(made, chunk));
        if (isLie) {
            for (uint256 feed = 0; feed < FEEDS; ++feed) {
                if (made.entries[feed] == 0) continue;
                made.entries[feed] += _salt % 2 == 0 ? 1 : uint256(1) << 96;
                break;
            }
        }
        made.report = _pack(made);
        slots.push(slot);
        if (seed % 2 == 0) _attest(_made.length - 1, 0, made.signers);
    }

    /// @notice Some chunk of some report, maybe again.
    function attest(uint256 which, uint256 chunk) external {
        if (_made.length == 0) return;
        _attest(which % _made.length, chunk % 3, _made[which % _made.length].signers);
    }

    /// @notice A true report, signed by others than it says, or by too few.
    function forge(uint256 which, uint256 chunk, uint256 by) external {
        if (_made.length == 0) return;
        Made storage made = _made[which % _made.length];
        by = (by % 31) + 1;
        if (by == made.signers) return;
        IPriceFeeds.Signature memory signature = WORLD.sign(made.report, by);
        if (_tryAttest(made.report, signature, made.included, chunk % 2, hex"01")) acceptedForgery = true;
    }

    /// @notice A signed report of which something is not as it was proved.
    function alter(uint256 which, uint256 kind, uint256 by) external {
        if (_made.length == 0) return;
        Made memory made = _made[which % _made.length];
        bytes memory proof = hex"01";
        kind %= 6;
        if (kind == 0) made.slot += uint32(1 + (by % 1_000));
        else if (kind == 1) made.root = bytes32(uint256(made.root) ^ (1 + (by % 1_000)));
        else if (kind == 2) made.included ^= uint32(1 << (by % OPERATORS));
        else if (kind == 3) made.setId += 1;
        else if (kind == 4) proof = by % 2 == 0 ? bytes("") : bytes(hex"02");
        else {
            for (uint256 feed = 0; feed < FEEDS; ++feed) {
                if (made.entries[feed] != 0) made.entries[feed] += 2;
            }
        }
        bytes memory report = _pack(made);
        IPriceFeeds.Signature memory signature = WORLD.sign(report, made.signers);
        for (uint256 chunk = 0; chunk < 2; ++chunk) {
            if (_tryAttest(report, signature, made.included, chunk, proof)) acceptedForgery = true;
        }
    }

    /// @notice Brings the truth against a report.
    function accuse(uint256 which, uint256 chunk) external {
        if (_made.length == 0) return;
        Made storage made = _made[which % _made.length];
        chunk %= 2;
        IMedianProofs.MedianProof memory proof;
        (proof.chunk, proof.quorum, proof.included, proof.proof) = (uint8(chunk), 3, made.included, hex"01");
        for (uint256 k = 0; k < CHUNK; ++k) proof.entries[k] = _entryIfAny(made, chunk * CHUNK + k);
        for (uint256 i = 0; i < OPERATORS; ++i) STAKE.set(_accountAt(made.setId, i), 1_000);
        IPriceFeeds.Signature memory signature = WORLD.sign(made.report, made.signers);
        bytes32 digest = WORLD.feeds().reportDigest(made.report);
        bool before = slashing.isReportPunished(digest);
        bool isContradicted = false;
        for (uint256 k = 0; k < CHUNK; ++k) {
            if (proof.entries[k] != made.entries[chunk * CHUNK + k]) isContradicted = true;
        }
        try slashing.slashProvenMedians(made.report, signature, proof, address(0xBEEF)) {
            ++slashed;
            if (!isContradicted || before) slashedHonest = true;
        } catch {
            if (isContradicted && !before) sparedLiar = true;
        }
    }

    function wait(uint256 time) external {
        VM.warp(block.timestamp + 1 + (time % 20));
    }

    function renewSet() external {
        (SetId setId, , , ) = WORLD.feeds().currentSet();
        if (SetId.unwrap(setId) > MOST_SETS) return;
        VM.warp(block.timestamp + 1);
        WORLD.renewSet();
    }

    function slotsCount() external view returns (uint256) {
        return slots.length;
    }

    function madeCount() external view returns (uint256) {
        return _made.length;
    }

    /// @notice What the contract must say of report `i`: digest, chunks, and those that are proved.
    function expectationAt(uint256 i) external view returns (bytes32 digest, uint256 chunks, uint256 proven) {
        return (WORLD.feeds().reportDigest(_made[i].report), _made[i].chunks, _made[i].proven);
    }

    function idOf(uint256 feed) external view returns (FeedId) {
        return WORLD.idOf(feed);
    }

    function _attest(uint256 which, uint256 chunk, uint256 signers) internal {
        Made storage made = _made[which];
        bool isDue = (made.chunks >> chunk) & 1 == 1 && (made.proven >> chunk) & 1 == 0;
        bool isTrue = true;
        for (uint256 k = 0; k < CHUNK && chunk < 2; ++k) {
            uint256 feed = chunk * CHUNK + k;
            if (made.entries[feed] != _entryIfAny(made, feed)) isTrue = false;
        }
        IPriceFeeds.Signature memory signature = WORLD.sign(made.report, signers);
        bool accepted = _tryAttest(made.report, signature, made.included, chunk, hex"01");
        if (accepted && !(isDue && isTrue)) acceptedForgery = true;
        if (!accepted && isDue && isTrue) refusedTruth = true;
        if (!accepted) return;
        ++attested;
        made.proven |= 1 << chunk;
        for (uint256 k = 0; k < CHUNK; ++k) {
            uint256 feed = chunk * CHUNK + k;
            uint256 entry = made.entries[feed];
            if (entry == 0 || answerAt[feed][made.slot] != 0) continue;
            answerAt[feed][made.slot] = uint96(entry);
            if (made.slot > latestSlot[feed]) {
                latestSlot[feed] = made.slot;
                ++rounds[feed];
            }
        }
    }

    function _tryAttest(
        bytes memory report,
        IPriceFeeds.Signature memory signature,
        uint32 included,
        uint256 chunk,
        bytes memory proof
    ) internal returns (bool accepted) {
        uint256[FEEDS] memory before;
        for (uint256 feed = 0; feed < FEEDS; ++feed) before[feed] = _latestOf(feed);
        IPriceAttestations.ChunkProof[] memory proofs = new IPriceAttestations.ChunkProof[](1);
        proofs[0] = IPriceAttestations.ChunkProof(uint8(chunk), proof);
        try attestations.attest(report, signature, included, proofs) {
            accepted = true;
        } catch {}
        for (uint256 feed = 0; feed < FEEDS; ++feed) {
            if (_latestOf(feed) < before[feed]) wentBack = true;
        }
    }

    function _latestOf(uint256 feed) internal view returns (uint256 slot) {
        try attestations.latestAttested(WORLD.idOf(feed)) returns (int256, uint256 updatedAt, uint80) {
            slot = updatedAt;
        } catch {}
    }

    function _accountAt(uint32 setId, uint256 i) internal view returns (address) {
        (address[] memory accounts, , , ) = WORLD.feeds().describeSet(SetId.wrap(setId));
        return accounts[i];
    }

    /// @dev The circuit's public inputs by its description. Everybody's key is grumpkin's generator.
    function _inputs(Made memory made, uint256 chunk) internal view returns (bytes32[] memory inputs) {
        inputs = new bytes32[](41);
        uint256[9] memory head = [
            block.chainid,
            uint160(address(WORLD.feeds())),
            made.setId,
            made.slot,
            chunk,
            2,
            QUORUM,
            made.included,
            uint256(made.root)
        ];
        for (uint256 i = 0; i < 9; ++i) inputs[i] = bytes32(head[i]);
        for (uint256 k = 0; k < CHUNK; ++k) inputs[9 + k] = bytes32(made.entries[chunk * CHUNK + k]);
        uint256 place = 19;
        for (uint256 i = 0; i < OPERATORS; ++i) {
            if ((made.included >> i) & 1 == 0) continue;
            (inputs[place], inputs[place + 1]) = (bytes32(uint256(1)), bytes32(KEY_Y));
            place += 2;
        }
    }

    /// @dev What is true of a feed that a report has.
    function _entryIfAny(Made memory made, uint256 feed) internal pure returns (uint256) {
        return made.entries[feed] == 0 ? 0 : _entry(made, feed);
    }

    function _entry(Made memory made, uint256 feed) internal pure returns (uint256) {
        uint256 word = uint256(keccak256(abi.encode(made.root, feed)));
        return ((QUORUM + (word % 2)) << 96) | (1 + ((word >> 8) % (2 ** 95 - 4)));
    }

    function _pack(Made memory made) internal pure returns (bytes memory report) {
        report = abi.encodePacked(made.setId, made.slot, made.signers, made.root);
        for (uint256 feed = 0; feed < FEEDS; ++feed) {
            uint256 entry = made.entries[feed];
            if (entry == 0) continue;
            report = abi.encodePacked(report, uint8(feed), uint8(entry >> 96), uint96(entry));
        }
    }

    /// @dev A bitmap of operators with at least so many.
    function _atLeast(uint256 count, uint256 seed) internal pure returns (uint256 bits) {
        bits = seed % (1 << OPERATORS);
        for (uint256 i = 0; _popCount(bits) < count; ++i) bits |= 1 << i;
    }

    function _popCount(uint256 bits) internal pure returns (uint256 count) {
        for (; bits != 0; bits &= bits - 1) ++count;
    }
}

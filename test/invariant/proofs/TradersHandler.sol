// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ITraderRegistry} from "../../../contracts/interfaces/ITraderRegistry.sol";
import {Authority} from "../../contracts/support/Authority.sol";
import {deploy} from "../../contracts/support/Deploy.sol";
import {VM} from "../../contracts/support/Vm.sol";
import {StatementVerifier} from "./StatementVerifier.sol";

/// @dev The cheat code that signs.
interface Signer {
    function sign(uint256 privateKey, bytes32 digest) external pure returns (uint8 v, bytes32 r, bytes32 s);
}

/// @notice Brings true periods of three accounts and three instruments in and out of order, forges, repeats, leaves out,
/// changes the service, and keeps books of its own. Its verifier knows which statements are true.
contract TradersHandler is Authority {
    uint256 public constant ACCOUNTS = 3;
    uint256 public constant INSTRUMENTS = 3;
    uint256 internal constant SERVICES = 3;
    uint256 internal constant MODULUS = 21888242871839275222246405745257275088548364400416034343698204186575808495617;

    StatementVerifier internal immutable VERIFIER;
    ITraderRegistry public immutable registry;

    // What the contract must agree with.
    mapping(address => mapping(bytes32 => ITraderRegistry.Statement[])) internal _recorded;

    // What must never happen.
    bool public acceptedForgery;
    bool public refusedTruth;

    // That something happened at all.
    uint256 public records;

    uint256 internal _service = 1;
    ITraderRegistry.Statement[] internal _seen;

    constructor() {
        VM.warp(1_700_000_000);
        VERIFIER = new StatementVerifier();
        registry = ITraderRegistry(deploy("TraderRegistry", abi.encode(this, VERIFIER, VM.addr(1))));
    }

    /// @notice The next period of an account and instrument.
    function next(uint256 seed) external {
        ITraderRegistry.Statement memory statement = _next(seed);
        _seen.push(statement);
        bool accepted = _submit(statement, _service);
        if (accepted != (_service != 0)) refusedTruth = true;
    }

    /// @notice A period that is true of some other state, time or beginning, and signed.
    function misplaced(uint256 seed, uint256 kind, uint256 by) external {
        ITraderRegistry.Statement memory statement = _next(seed);
        uint256 periods = _recorded[statement.account][statement.instrument].length;
        kind %= 4;
        if (kind == 0) statement.startCommitment = bytes32(1 + (by % 1_000));
        else if (kind == 1) {
            // A second beginning.
            if (periods == 0) return;
            statement.startCommitment = 0;
        } else if (kind == 2) {
            if (periods == 0) return;
            statement.start += by % 2 == 0 ? uint64(1 + (by % 50)) : 0;
            statement.start -= by % 2 == 0 ? 0 : uint64(1 + (by % 50));
            if (statement.end < statement.start) statement.end = statement.start;
        } else {
            statement.end = uint64(block.timestamp * 1_000 + 1 + (by % 1_000));
        }
        VERIFIER.tell(_inputs(statement));
        if (_submit(statement, _service)) acceptedForgery = true;
    }

    /// @notice A figure that is not proved, or a period that is signed by somebody else.
    function forge(uint256 seed, uint256 kind, uint256 by) external {
        ITraderRegistry.Statement memory statement = _next(seed);
        kind %= 6;
        uint256 signer = _service;
        if (kind == 0) statement.profitBps += 1;
        else if (kind == 1) statement.wins ^= uint8(1 << (by % 8));
        else if (kind == 2) statement.drawdownBps += 1;
        else if (kind == 3) statement.account = address(uint160(0xBAD + (by % 100)));
        else if (kind == 4) statement.capital += 1;
        else signer = _service == 0 ? 1 : (_service % SERVICES) + 1;
        if (_submit(statement, signer)) acceptedForgery = true;
    }

    /// @notice A period that was brought before.
    function again(uint256 which) external {
        if (_seen.length == 0) return;
        ITraderRegistry.Statement memory statement = _seen[which % _seen.length];
        ITraderRegistry.Statement[] storage history = _recorded[statement.account][statement.instrument];
        for (uint256 i = 0; i < history.length; ++i) {
            if (history[i].endCommitment != statement.endCommitment) continue;
            if (_submit(statement, _service)) acceptedForgery = true;
            return;
        }
    }

    /// @notice Another service, or none for a while.
    function rotate(uint256 service) external {
        _service = service % 4 == 0 && _service != 0 ? 0 : (service % SERVICES) + 1;
        registry.setService(_service == 0 ? address(0) : VM.addr(_service));
    }

    function wait(uint256 time) external {
        VM.warp(block.timestamp + 1 + (time % 100));
    }

    function accountAt(uint256 i) public pure returns (address) {
        return address(uint160(0xACC0 + i));
    }

    function instrumentAt(uint256 i) public pure returns (bytes32) {
        return bytes32(uint256(0x444f4745 + i));
    }

    function recorded(uint256 account, uint256 instrument) external view returns (ITraderRegistry.Statement[] memory) {
        return _recorded[accountAt(account)][instrumentAt(instrument)];
    }

    /// @dev A true statement of the next period.
    function _next(uint256 seed) internal returns (ITraderRegistry.Statement memory statement) {
        uint256 word = uint256(keccak256(abi.encode(seed, records)));
        (statement.account, statement.instrument) = (accountAt(word % 3), instrumentAt((word >> 8) % 3));
        ITraderRegistry.Statement[] storage history = _recorded[statement.account][statement.instrument];
        uint64 nowMs = uint64(block.timestamp * 1_000);
        if (history.length == 0) {
            statement.capital = uint64(1 + ((word >> 16) % 1e12));
            statement.start = nowMs - uint64((word >> 24) % 100_000);
        } else {
            ITraderRegistry.Statement storage last = history[history.length - 1];
            statement.capital = last.capital;
            (statement.startCommitment, statement.start) = (last.endCommitment, last.end);
        }
        statement.end = statement.start + uint64((word >> 32) % (nowMs - statement.start + 1));
        statement.endCommitment = bytes32(uint256(keccak256(abi.encode("end", word))) >> 8);
        statement.fillsCommitment = bytes32(uint256(keccak256(abi.encode("fills", word))) >> 8);
        statement.count = uint8((word >> 40) % 201);
        statement.closes = uint8((word >> 48) % (uint256(statement.count) + 1));
        statement.wins = uint8((word >> 56) % (uint256(statement.closes) + 1));
        statement.profitBps = int64(int256((word >> 64) % 20_000) - 10_000);
        statement.drawdownBps = uint32((word >> 80) % 2 ** 20);
        VERIFIER.tell(_inputs(statement));
    }

    function _submit(ITraderRegistry.Statement memory statement, uint256 signer) internal returns (bool accepted) {
        (uint8 v, bytes32 r, bytes32 s) = Signer(address(VM)).sign(
            signer == 0 ? 1 : signer,
            registry.fillsDigest(statement.fillsCommitment)
        );
        try registry.submit(statement, abi.encodePacked(r, s, v), hex"01") {
            accepted = true;
            ++records;
            _recorded[statement.account][statement.instrument].push(statement);
        } catch {}
    }

    /// @dev The circuit's public inputs by its description.
    function _inputs(ITraderRegistry.Statement memory statement) internal pure returns (bytes32[] memory inputs) {
        uint256 profit = uint256(int256(statement.profitBps));
        if (statement.profitBps < 0) profit = MODULUS - uint256(-int256(statement.profitBps));
        inputs = new bytes32[](13);
        (inputs[0], inputs[1], inputs[2]) = (
            statement.startCommitment,
            statement.endCommitment,
            statement.fillsCommitment
        );
        (inputs[3], inputs[4]) = (bytes32(uint256(uint160(statement.account))), statement.instrument);
        uint256[8] memory rest = [
            statement.capital,
            statement.start,
            statement.end,
            statement.count,
            profit,
            statement.wins,
            statement.closes,
            statement.drawdownBps
        ];
        for (uint256 i = 0; i < 8; ++i) inputs[5 + i] = bytes32(rest[i]);
    }
}

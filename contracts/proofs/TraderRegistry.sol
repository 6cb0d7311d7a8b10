// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";

import {ITraderRegistry} from "../interfaces/ITraderRegistry.sol";
import {GRUMPKIN_P as FIELD_MODULUS} from "../libraries/Curves.sol";
import {IVerifier} from "../verifiers/IVerifier.sol";
import {ProofConsumer} from "./ProofConsumer.sol";

/// @title TraderRegistry
/// @notice What accounts made with instruments, period after period, proved without showing a trade.
contract TraderRegistry is ITraderRegistry, ProofConsumer, AccessManaged, EIP712 {
    bytes32 internal constant FILLS_TYPEHASH = keccak256("Fills(bytes32 commitment)");
    /// @dev The circuit's public inputs.
    uint256 internal constant INPUTS = 13;
    uint256 internal constant MS = 1_000;

    /// @inheritdoc ITraderRegistry
    address public service;
    mapping(address account => mapping(bytes32 instrument => Chain)) internal _chains;
    mapping(address account => mapping(bytes32 instrument => Record[])) internal _records;
    mapping(address account => bytes32[]) internal _instruments;

    /// @param verifier_ Verifier of `performance`.
    /// @param service_ Whose signatures count; zero for nobody's as yet.
    constructor(
        address authority,
        IVerifier verifier_,
        address service_
    ) ProofConsumer(verifier_) AccessManaged(authority) EIP712("Dodona", "1") {
        _setService(service_);
    }

    /// @inheritdoc ITraderRegistry
    function submit(Statement calldata statement, bytes calldata signature, bytes calldata proof) external {
        address expected = service;
        if (expected == address(0)) revert ServiceDisabled();
        (address account, bytes32 instrument) = (statement.account, statement.instrument);
        Chain memory chain = _chains[account][instrument];
        // Before the first period the commitment is 0, which the circuit takes for a beginning and nothing else.
        if (statement.startCommitment != chain.commitment) {
            revert WrongStart(statement.startCommitment, chain.commitment);
        }
        if (chain.periods != 0 && statement.start != chain.end) revert PeriodsApart(statement.start, chain.end);
        if (statement.end > block.timestamp * MS) revert PeriodNotOver(statement.end, block.timestamp * MS);
        address recovered = ECDSA.recoverCalldata(fillsDigest(statement.fillsCommitment), signature);
        if (recovered != expected) revert WrongService(recovered, expected);
        _requireProven(proof, _inputs(statement));

        uint32 index = chain.periods;
        if (index == 0) {
            (chain.capital, chain.start) = (statement.capital, statement.start);
            _instruments[account].push(instrument);
        }
        (chain.commitment, chain.end, chain.periods) = (statement.endCommitment, statement.end, index + 1);
        chain.fills += statement.count;
        chain.wins += statement.wins;
        chain.closes += statement.closes;
        chain.profitBps += statement.profitBps;
        if (statement.drawdownBps > chain.drawdownBps) chain.drawdownBps = statement.drawdownBps;
        _chains[account][instrument] = chain;
        _records[account][instrument].push(
            Record({
                start: statement.start,
                end: statement.end,
                profitBps: statement.profitBps,
                drawdownBps: statement.drawdownBps,
                count: statement.count,
                wins: statement.wins,
                closes: statement.closes
            })
        );
        emit PeriodRecorded(account, instrument, index, statement, expected);
    }

    /// @inheritdoc ITraderRegistry
    function setService(address newService) external restricted {
        _setService(newService);
    }

    /// @inheritdoc ITraderRegistry
    function chainOf(address account, bytes32 instrument) external view returns (Chain memory) {
        return _chains[account][instrument];
    }

    /// @inheritdoc ITraderRegistry
    function recordAt(address account, bytes32 instrument, uint256 index) external view returns (Record memory) {
        Record[] storage records = _records[account][instrument];
        if (index >= records.length) revert UnknownPeriod(index, records.length);
        return records[index];
    }

    /// @inheritdoc ITraderRegistry
    function instrumentsOf(address account) external view returns (bytes32[] memory) {
        return _instruments[account];
    }

    /// @inheritdoc ITraderRegistry
    function reputationOf(address account) external view returns (Reputation memory reputation) {
        bytes32[] storage instruments = _instruments[account];
        uint256 count = instruments.length;
        if (count == 0) return reputation;
        reputation.instruments = uint32(count);
        (reputation.start, reputation.provenUntil) = (type(uint64).max, type(uint64).max);
        int256 realized = 0;
        for (uint256 i = 0; i < count; ++i) {
            Chain memory chain = _chains[account][instruments[i]];
            reputation.periods += chain.periods;
            reputation.fills += chain.fills;
            reputation.wins += chain.wins;
            reputation.closes += chain.closes;
            reputation.capital += chain.capital;
            if (chain.drawdownBps > reputation.drawdownBps) reputation.drawdownBps = chain.drawdownBps;
            if (chain.start < reputation.start) reputation.start = chain.start;
            if (chain.end < reputation.provenUntil) reputation.provenUntil = chain.end;
            realized += int256(chain.profitBps) * int256(uint256(chain.capital));
        }
        reputation.profitBps = _floorDiv(realized, int256(uint256(reputation.capital)));
    }

    /// @inheritdoc ITraderRegistry
    function fillsDigest(bytes32 fillsCommitment) public view returns (bytes32) {
        return _hashTypedDataV4(keccak256(abi.encode(FILLS_TYPEHASH, fillsCommitment)));
    }

    function _setService(address newService) internal {
        emit ServiceChanged(service, newService);
        service = newService;
    }

    /// @dev The circuit's public inputs. A negative profit counts down from the modulus.
    function _inputs(Statement calldata statement) internal pure returns (bytes32[] memory inputs) {
        int256 profit = statement.profitBps;
        inputs = new bytes32[](INPUTS);
        inputs[0] = statement.startCommitment;
        inputs[1] = statement.endCommitment;
        inputs[2] = statement.fillsCommitment;
        inputs[3] = bytes32(uint256(uint160(statement.account)));
        inputs[4] = statement.instrument;
        inputs[5] = bytes32(uint256(statement.capital));
        inputs[6] = bytes32(uint256(statement.start));
        inputs[7] = bytes32(uint256(statement.end));
        inputs[8] = bytes32(uint256(statement.count));
        inputs[9] = bytes32(profit < 0 ? FIELD_MODULUS - uint256(-profit) : uint256(profit));
        inputs[10] = bytes32(uint256(statement.wins));
        inputs[11] = bytes32(uint256(statement.closes));
        inputs[12] = bytes32(uint256(statement.drawdownBps));
    }

    /// @dev Quotient rounded toward minus infinity, for a positive divisor. It lies between the smallest and the largest
    /// of what it is the weighted mean of, so it fits their 128 bits.
    function _floorDiv(int256 value, int256 divisor) internal pure returns (int128) {
        int256 quotient = value / divisor;
        return int128(value % divisor < 0 ? quotient - 1 : quotient);
    }
}

// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IProofConsumer} from "./IProofConsumer.sol";

/// @title ITraderRegistry
/// @notice What accounts made with instruments, period after period, proved without showing a trade. Anyone may bring a
/// proof: it counts for the account that it is about.
/// @dev Fills of an account and instrument are committed to by the ingestion service, which signs the commitment; the
/// proof is that the figures follow from them and from the state that the period before ended with. A history has one
/// beginning, no gap, no overlap and no second version: each period starts from the commitment that the last one ended
/// with, and at its time; the commitment to the fills names the number of fills before them.
///
/// Times are unix milliseconds. Amounts are in the unit of value that the service expresses the instrument's fills in.
///
/// Warning: the service says what the fills are, and that they are all. Whoever holds its key writes histories, and a
/// history that is not brought is not seen: an account shows the instruments and periods that it wants to, but cannot
/// leave out one between two others. `provenUntil` tells how far all of an account's instruments have come.
///
/// Warning: capital is what the account says that it trades with, once for an instrument; no one vouches for it. Profit and
/// drawdown are fractions of it, profit · capital is not: rounding aside it is what was realized.
///
/// Warning: who knows an account's fills, the service's salt and its signature can bring the account's next period, and
/// blind its end with a factor that the account does not know; nothing can follow then. These are for the account alone.
interface ITraderRegistry is IProofConsumer {
    /// @notice What a proof is about: the circuit `performance`'s public inputs, in its order.
    /// @param startCommitment State at the start; 0 for the first period of an account and instrument.
    /// @param endCommitment State at the end.
    /// @param fillsCommitment Fills of the period, which the service signs.
    /// @param account Whose fills they are.
    /// @param instrument What was traded, a field element: text of at most 31 ASCII characters, right-aligned.
    /// @param capital What profit is measured by, above 0, the same in all periods.
    /// @param start End of the period before.
    /// @param end Not before the last fill.
    /// @param count Fills, at most 200.
    /// @param profitBps Realized in the period, in basis points of the capital, rounded down.
    /// @param wins Fills that closed something and realized more than their fee.
    /// @param closes Fills that closed something.
    /// @param drawdownBps Largest fall of the equity below its highest value since the first period, in basis points of
    /// that, rounded up.
    struct Statement {
        bytes32 startCommitment;
        bytes32 endCommitment;
        bytes32 fillsCommitment;
        address account;
        bytes32 instrument;
        uint64 capital;
        uint64 start;
        uint64 end;
        uint8 count;
        int64 profitBps;
        uint8 wins;
        uint8 closes;
        uint32 drawdownBps;
    }

    /// @notice A period, as kept: see Statement.
    struct Record {
        uint64 start;
        uint64 end;
        int64 profitBps;
        uint32 drawdownBps;
        uint8 count;
        uint8 wins;
        uint8 closes;
    }

    /// @notice All periods of an account and instrument.
    /// @param commitment State that the next period must start from; 0 before the first.
    /// @param capital As in Statement.
    /// @param end Where the next period must start.
    /// @param periods Number of periods.
    /// @param fills Sum of the counts.
    /// @param wins Sum of the wins.
    /// @param closes Sum of the closes.
    /// @param start Where the first period started.
    /// @param drawdownBps Largest drawdown of all periods.
    /// @param profitBps Sum of the profits: what was realized since the first period, rounded down once a period.
    struct Chain {
        bytes32 commitment;
        uint64 capital;
        uint64 end;
        uint32 periods;
        uint32 fills;
        uint32 wins;
        uint32 closes;
        uint64 start;
        uint32 drawdownBps;
        int128 profitBps;
    }

    /// @notice An account over all its instruments.
    /// @param instruments Number of instruments.
    /// @param periods Number of periods.
    /// @param fills Number of fills.
    /// @param wins Fills that closed something and realized more than their fee; of `closes`, the rate of wins.
    /// @param closes Fills that closed something.
    /// @param drawdownBps Largest drawdown of an instrument. Not that of a portfolio: equities are not added up.
    /// @param profitBps ⌊Σ (profit of an instrument · its capital) / Σ capital⌋: what all instruments together realized of all
    /// their capital. Means something only if the service expresses the instruments in one unit of value.
    /// @param capital Σ capital.
    /// @param start Earliest start.
    /// @param provenUntil Earliest of the instruments' ends: until here all of them are proved.
    struct Reputation {
        uint32 instruments;
        uint32 periods;
        uint64 fills;
        uint64 wins;
        uint64 closes;
        uint32 drawdownBps;
        int128 profitBps;
        uint128 capital;
        uint64 start;
        uint64 provenUntil;
    }

    /// @notice A period was proved.
    /// @param index Number of the period of the account and instrument, from 0.
    /// @param service Who signed the commitment to the fills.
    event PeriodRecorded(
        address indexed account,
        bytes32 indexed instrument,
        uint32 indexed index,
        Statement statement,
        address service
    );

    /// @notice Governance changed whose signatures count; the zero address is nobody's.
    event ServiceChanged(address previous, address current);

    /// @notice No service is named: nothing is recorded.
    error ServiceDisabled();
    /// @notice The fills are signed by somebody else.
    error WrongService(address recovered, address expected);
    /// @notice The period does not start from the state that the last one ended with.
    error WrongStart(bytes32 given, bytes32 expected);
    /// @notice The period does not start when the last one ended.
    error PeriodsApart(uint64 start, uint64 lastEnd);
    /// @notice The period is not over: nobody can know all its fills.
    error PeriodNotOver(uint64 end, uint256 nowMs);
    /// @notice The account and instrument have no period of this number.
    error UnknownPeriod(uint256 index, uint256 periods);

    /// @notice Records a period, or reverts: with ServiceDisabled, WrongStart, PeriodsApart, PeriodNotOver, WrongService (or
    /// OpenZeppelin ECDSA's errors), InputOutOfField, InsufficientGas or InvalidProof.
    /// @dev A statement is recorded once, whatever bytes prove it: the next one starts elsewhere. Costs about a million
    /// gas, but needs more: the verifier must be given PROOF_GAS. A wrong proof burns at most that more than what came
    /// before it.
    /// @param statement What is proved.
    /// @param signature ECDSA by the service, 65 bytes r ‖ s ‖ v, low s, over EIP-712 `Fills(bytes32 commitment)` in the
    /// domain {name: "Dodona", version: "1", chain id, this contract}.
    /// @param proof Proof of the circuit `performance`.
    function submit(Statement calldata statement, bytes calldata signature, bytes calldata proof) external;

    /// @notice Names whose signatures count. Restricted to governance.
    /// @dev Holds at once: what the service before signed and nobody has brought needs the new one's signature. What is
    /// recorded stays. The zero address stops records.
    function setService(address newService) external;

    /// @notice Whose signatures count; the zero address is nobody's.
    function service() external view returns (address);

    /// @notice What the service signs, for a commitment to fills.
    function fillsDigest(bytes32 fillsCommitment) external view returns (bytes32);

    /// @notice All periods of an account and instrument; zeros if there is none.
    function chainOf(address account, bytes32 instrument) external view returns (Chain memory);

    /// @notice A period of an account and instrument, from 0; reverts with UnknownPeriod.
    function recordAt(address account, bytes32 instrument, uint256 index) external view returns (Record memory);

    /// @notice Instruments with a period of the account, oldest first.
    function instrumentsOf(address account) external view returns (bytes32[] memory);

    /// @notice An account over all its instruments; zeros if it has none.
    /// @dev Reads three words an instrument.
    function reputationOf(address account) external view returns (Reputation memory);
}

// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title IReportErrors
/// @notice Why a report is refused by those who judge it later than PriceFeeds, by the keys of any set.
interface IReportErrors {
    /// @notice The report's length is not head plus a whole, positive number of entries.
    error ReportLength(uint256 given);
    /// @notice The slot is not of the set's time, `since` to before `until` (2^256−1 while the set is active).
    error SlotOutsideSet(uint32 slot, uint256 since, uint256 until);
    /// @notice The bitmap names a signer that the set does not have.
    error SignerBeyondSet(uint256 signers, uint256 operators);
    /// @notice Fewer signers than the quorum: such a report could do nothing.
    error TooFewSigners(uint256 given, uint256 quorum);
    /// @notice The inverse is not that of the aggregated key's z, or the keys cancel.
    error WrongInverse(uint256 zInverse);
    /// @notice The signature is not one of these signers over this report.
    error InvalidSignature();
}

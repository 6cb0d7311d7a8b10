// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Report
/// @notice Reads the packed bytes of a report and makes the digest that its signers sign.
/// @dev Layout, big-endian: uint32 set id ‖ uint32 slot ‖ uint32 signers ‖ bytes32 observation root ‖
/// k × (uint8 feed index ‖ uint8 values ‖ uint96 answer). Lengths are the caller's to check with `isWellFormed`.
library Report {
    uint256 internal constant HEAD_BYTES = 44;
    uint256 internal constant ENTRY_BYTES = 14;
    bytes32 private constant TAG = "Dodona report v1";

    /// @notice Whether the length is a head and a whole, positive number of entries.
    function isWellFormed(bytes calldata report) internal pure returns (bool) {
        unchecked {
            // The subtraction is evaluated only when it cannot underflow.
            return report.length > HEAD_BYTES && (report.length - HEAD_BYTES) % ENTRY_BYTES == 0;
        }
    }

    /// @notice Set id, slot and signers' bitmap of a well-formed report.
    function head(bytes calldata report) internal pure returns (uint32 setId, uint32 slot, uint32 signers) {
        // Memory-safe: touches no memory. A well-formed report is longer than the 12 bytes that are used.
        assembly ("memory-safe") {
            let word := calldataload(report.offset)
            setId := shr(224, word)
            slot := and(shr(192, word), 0xffffffff)
            signers := and(shr(160, word), 0xffffffff)
        }
    }

    /// @notice Entry that starts at byte `position` of a well-formed report.
    /// @return index Feed index in the set, below 256.
    /// @return values Number of values under the median, below 256.
    /// @return answer The median, below 2^96.
    function entryAt(
        bytes calldata report,
        uint256 position
    ) internal pure returns (uint256 index, uint256 values, uint256 answer) {
        // Memory-safe: touches no memory. The word may reach beyond the report's end; the shift drops all but the
        // entry's own 14 bytes.
        assembly ("memory-safe") {
            let word := shr(144, calldataload(add(report.offset, position)))
            index := shr(104, word)
            values := and(shr(96, word), 0xff)
            answer := and(word, 0xffffffffffffffffffffffff)
        }
    }

    /// @notice keccak256(tag ‖ chain id ‖ this contract ‖ report).
    function digest(bytes calldata report) internal view returns (bytes32 result) {
        bytes32 tag = TAG;
        // Memory-safe: uses memory beyond the free pointer, as scratch, up to 96 bytes plus the report's length.
        assembly ("memory-safe") {
            let scratch := mload(0x40)
            mstore(scratch, tag)
            mstore(add(scratch, 0x20), chainid())
            mstore(add(scratch, 0x40), address())
            calldatacopy(add(scratch, 0x60), report.offset, report.length)
            result := keccak256(scratch, add(0x60, report.length))
        }
    }
}

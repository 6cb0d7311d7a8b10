// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {FeedId} from "../types/FeedId.sol";
import {FeedState} from "./FeedWord.sol";
import {PackedParams} from "./ParamsWord.sol";
import {PackedSet, SET_OPERATORS} from "./SetWord.sol";

/// @notice Some of a set's feed rows in memory, for one report; the place where row 0 lies or would lie.
type FeedRows is uint256;

/// @title SetBlob
/// @notice Operators' keys and feeds' parameters of one set, kept as the code of a contract that nobody can run.
/// @dev One EXTCODECOPY costs less than two SLOADs a signer and one a feed, and code cannot change. Layout, after a
/// first byte 0x00 (STOP), for n operators and m feeds:
///
///   n × (x 32 ‖ y 32)            secp256k1 keys
///   m × (feed id 32 ‖ params 32) feeds
///   n × (x 32 ‖ y 32)            grumpkin keys
///   n × account 20               operators' accounts
///
/// At n ≤ 31 and m ≤ 255 that is at most 20,909 bytes, below EIP-170's 24,576.
library SetBlob {
    uint256 internal constant KEY_BYTES = 64;
    uint256 internal constant FEED_BYTES = 64;
    uint256 internal constant ACCOUNT_BYTES = 20;

    /// @notice The content could not be deployed.
    error BlobNotCreated(uint256 length);

    /// @notice Deploys `content` behind a STOP byte.
    function write(bytes memory content) internal returns (address blob) {
        // Init code: PUSH2 length, DUP1, PUSH1 10, RETURNDATASIZE (0), CODECOPY, RETURNDATASIZE (0), RETURN.
        // The length fits into its 16 bits: init code above 49,152 bytes is not run at all (EIP-3860).
        bytes memory init = abi.encodePacked(hex"61", uint16(content.length + 1), hex"80600a3d393df300", content);
        // Memory-safe: reads `init`, which Solidity allocated, within its length; writes nothing.
        assembly ("memory-safe") {
            blob := create(0, add(init, 0x20), mload(init))
        }
        if (blob == address(0)) revert BlobNotCreated(content.length);
    }

    /// @notice secp256k1 keys of a set.
    function keys(PackedSet set) internal view returns (bytes memory) {
        unchecked {
            // Counts are below 256.
            return _read(set, 0, set.operators() * KEY_BYTES);
        }
    }

    /// @notice secp256k1 keys of a set in memory that is not allocated: they last until the next allocation.
    function borrowKeys(PackedSet set) internal view returns (bytes memory data) {
        // Memory-safe: uses memory beyond the free pointer as scratch, at most 32 + 255 · 64 bytes. EXTCODECOPY ignores
        // what stands above an address.
        assembly ("memory-safe") {
            let length := shl(6, and(shr(SET_OPERATORS, set), 0xff))
            data := mload(0x40)
            mstore(data, length)
            extcodecopy(set, add(data, 0x20), 1, length)
        }
    }

    /// @notice Every feed row of a set.
    function feedRows(PackedSet set) internal view returns (bytes memory) {
        return _read(set, set.operators() * KEY_BYTES, set.feeds() * FEED_BYTES);
    }

    /// @notice Feed rows `first` to `last` of a set. The caller keeps `first` ≤ `last` < feeds.
    function feedRows(PackedSet set, uint256 first, uint256 last) internal view returns (FeedRows rows) {
        // Memory-safe: allocates the rows at the free pointer, a multiple of 64 bytes. Counts are below 256, so nothing
        // overflows; `rows` may wrap below zero and wraps back when a row's offset is added.
        assembly ("memory-safe") {
            let memoryStart := mload(0x40)
            let offset := add(add(shl(6, and(shr(SET_OPERATORS, set), 0xff)), shl(6, first)), 1)
            let length := shl(6, add(sub(last, first), 1))
            extcodecopy(set, memoryStart, offset, length)
            mstore(0x40, add(memoryStart, length))
            rows := sub(memoryStart, shl(6, first))
        }
    }

    /// @notice Feed of row `index`, which must be one that was read.
    function idAt(FeedRows rows, uint256 index) internal pure returns (FeedId feedId) {
        // Memory-safe: reads a word of the row; writes nothing.
        assembly ("memory-safe") {
            feedId := mload(add(rows, shl(6, index)))
        }
    }

    /// @notice Parameters and state of the feed of row `index`, which must be one that was read and can be taken once.
    /// @param feeds States by feed.
    function take(
        FeedRows rows,
        uint256 index,
        mapping(FeedId => FeedState) storage feeds
    ) internal pure returns (PackedParams params, FeedState storage state) {
        // Memory-safe: reads and writes inside the row. Solidity keeps a mapping's value at keccak256(key ‖ slot of the
        // mapping): the slot takes the place of the parameters behind the feed's id, which needs no copy.
        assembly ("memory-safe") {
            let row := add(rows, shl(6, index))
            params := mload(add(row, 0x20))
            mstore(add(row, 0x20), feeds.slot)
            state.slot := keccak256(row, 0x40)
        }
    }

    /// @notice grumpkin keys of a set.
    function proofKeys(PackedSet set) internal view returns (bytes memory) {
        return _read(set, set.operators() * KEY_BYTES + set.feeds() * FEED_BYTES, set.operators() * KEY_BYTES);
    }

    /// @notice Operators' accounts of a set, 20 bytes each.
    function accounts(PackedSet set) internal view returns (bytes memory) {
        return _read(set, 2 * set.operators() * KEY_BYTES + set.feeds() * FEED_BYTES, set.operators() * ACCOUNT_BYTES);
    }

    /// @notice Feed row `index` of rows in memory. The caller keeps `index` below their number.
    function feedAt(bytes memory rows, uint256 index) internal pure returns (FeedId feedId, PackedParams params) {
        // Memory-safe: reads two words inside `rows`, by the caller's bound; writes nothing.
        assembly ("memory-safe") {
            let row := add(add(rows, 0x20), shl(6, index))
            feedId := mload(row)
            params := mload(add(row, 0x20))
        }
    }

    /// @notice Point `index` of keys in memory. The caller keeps `index` below their number.
    function keyAt(bytes memory points, uint256 index) internal pure returns (uint256 x, uint256 y) {
        // Memory-safe: reads two words inside `points`, by the caller's bound; writes nothing.
        assembly ("memory-safe") {
            let row := add(add(points, 0x20), shl(6, index))
            x := mload(row)
            y := mload(add(row, 0x20))
        }
    }

    /// @notice Overwrites feed row `index` of rows in memory. The caller keeps `index` below their number.
    function setFeed(bytes memory rows, uint256 index, FeedId feedId, PackedParams params) internal pure {
        // Memory-safe: writes two words inside `rows`, by the caller's bound.
        assembly ("memory-safe") {
            let row := add(add(rows, 0x20), shl(6, index))
            mstore(row, feedId)
            mstore(add(row, 0x20), params)
        }
    }

    /// @notice Index of a feed among the first `count` rows; `count` if it is not there.
    function indexOf(bytes memory rows, uint256 count, FeedId feedId) internal pure returns (uint256 index) {
        for (; index < count; ++index) {
            (FeedId other, ) = feedAt(rows, index);
            if (FeedId.unwrap(other) == FeedId.unwrap(feedId)) break;
        }
    }

    /// @notice Feed ids of rows in memory.
    function ids(bytes memory rows) internal pure returns (FeedId[] memory list) {
        list = new FeedId[](rows.length / FEED_BYTES);
        for (uint256 i = 0; i < list.length; ++i) (list[i], ) = feedAt(rows, i);
    }

    /// @notice Accounts in memory, unpacked.
    function addresses(bytes memory packed) internal pure returns (address[] memory list) {
        list = new address[](packed.length / ACCOUNT_BYTES);
        for (uint256 i = 0; i < list.length; ++i) {
            address account;
            // Memory-safe: reads the word that ends with account i's own bytes, which begins inside `packed` or its
            // length; writes nothing.
            assembly ("memory-safe") {
                account := shr(96, shl(96, mload(add(packed, mul(ACCOUNT_BYTES, add(i, 1))))))
            }
            list[i] = account;
        }
    }

    /// @dev `length` bytes of the content from `offset`; zeros beyond its end.
    function _read(PackedSet set, uint256 offset, uint256 length) private view returns (bytes memory data) {
        address blob = set.blob();
        // Memory-safe: allocates 32 + length bytes at the free pointer and moves the pointer behind them, rounded up
        // to a word. Offset and length come from counts below 256, so no sum overflows.
        assembly ("memory-safe") {
            data := mload(0x40)
            mstore(data, length)
            extcodecopy(blob, add(data, 0x20), add(offset, 1), length)
            mstore(0x40, and(add(add(data, length), 0x3f), not(0x1f)))
        }
    }
}

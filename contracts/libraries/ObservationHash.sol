// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Poseidon2} from "./Poseidon2.sol";

/// @title ObservationHash
/// @notice What an operator signs about a slot: the EIP-712 hash that its ECDSA signature covers, and the Poseidon2
/// digest that goes into a report's root.
/// @dev Both name chain and contract, so that nothing signed for one network means anything in another.
library ObservationHash {
    bytes32 internal constant DOMAIN_TYPE = keccak256(
        "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
    );
    bytes32 internal constant OBSERVATION_TYPE = keccak256(
        "Observation(uint32 setId,uint32 slot,uint8 operator,uint96[] prices,uint256 digest)"
    );
    bytes32 private constant NAME = keccak256("Dodona");
    bytes32 private constant VERSION = keccak256("1");
    uint256 internal constant DIGEST_TAG = uint168(bytes21("Dodona observation v1"));

    uint256 private constant FEEDS_PER_CHUNK = 10;
    uint256 private constant PRICE_BITS = 96;
    /// @dev Tag, chain, contract, set and slot come before the chunks.
    uint256 private constant HEAD_FIELDS = 4;

    /// @notice EIP-712 hash of an observation for PriceFeeds at `verifyingContract` on this chain.
    function typed(
        address verifyingContract,
        uint32 setId,
        uint32 slot,
        uint8 operator,
        uint96[] calldata prices,
        uint256 digest_
    ) internal view returns (bytes32) {
        bytes32 separator = keccak256(abi.encode(DOMAIN_TYPE, NAME, VERSION, block.chainid, verifyingContract));
        // Packed arrays keep a word an element, as EIP-712 wants them.
        bytes32 content = keccak256(
            abi.encode(OBSERVATION_TYPE, setId, slot, operator, keccak256(abi.encodePacked(prices)), digest_)
        );
        return keccak256(abi.encodePacked(hex"1901", separator, content));
    }

    /// @notice Poseidon2 digest of prices: H(tag, chain, contract, set · 2^32 + slot, chunks), where a chunk is H of ten
    /// feeds packed two to a field, the later one 96 bits higher, zeros for feeds beyond the last.
    /// @dev The number of prices is not hashed: the caller holds it against the set's.
    /// @param table What `Poseidon2.table` returns.
    function digest(
        bytes memory table,
        address verifyingContract,
        uint32 setId,
        uint32 slot,
        uint96[] calldata prices
    ) internal view returns (uint256) {
        uint256 chunks = (prices.length + FEEDS_PER_CHUNK - 1) / FEEDS_PER_CHUNK;
        uint256[] memory fields = new uint256[](HEAD_FIELDS + chunks);
        fields[0] = DIGEST_TAG;
        fields[1] = block.chainid;
        fields[2] = uint160(verifyingContract);
        fields[3] = (uint256(setId) << 32) + slot;
        uint256[] memory packed = new uint256[](FEEDS_PER_CHUNK / 2);
        for (uint256 chunk = 0; chunk < chunks; ++chunk) {
            for (uint256 pair = 0; pair < packed.length; ++pair) {
                uint256 even = chunk * FEEDS_PER_CHUNK + 2 * pair;
                packed[pair] = _priceAt(prices, even) | (_priceAt(prices, even + 1) << PRICE_BITS);
            }
            fields[HEAD_FIELDS + chunk] = Poseidon2.hash(table, packed);
        }
        return Poseidon2.hash(table, fields);
    }

    function _priceAt(uint96[] calldata prices, uint256 index) private pure returns (uint256) {
        return index < prices.length ? prices[index] : 0;
    }
}

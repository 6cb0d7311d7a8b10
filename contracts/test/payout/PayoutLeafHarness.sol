// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {MerkleProof} from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";

import {PayoutLeaf} from "../../libraries/PayoutLeaf.sol";

/// @notice The library beside what it stands in for.
contract PayoutLeafHarness {
    function hash(address account, address token, uint256 cumulative) external pure returns (bytes32) {
        return PayoutLeaf.hash(account, token, cumulative);
    }

    function rootOf(bytes32 leaf, bytes32[] calldata proof) external pure returns (bytes32) {
        return PayoutLeaf.rootOf(leaf, proof);
    }

    function expected(bytes32 leaf, bytes32[] calldata proof) external pure returns (bytes32) {
        return MerkleProof.processProofCalldata(proof, leaf);
    }

    function expectedMulti(
        bytes32[] calldata proof,
        bool[] calldata proofFlags,
        bytes32[] calldata leaves
    ) external pure returns (bytes32) {
        return MerkleProof.processMultiProofCalldata(proof, proofFlags, leaves);
    }
}

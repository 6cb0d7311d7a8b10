// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IVerifier} from "../verifiers/IVerifier.sol";

/// @title IProofConsumer
/// @notice What contracts that have proofs verified share.
interface IProofConsumer {
    /// @notice There is no contract where the verifier should be.
    error NoVerifier(IVerifier verifier);
    /// @notice The call came with too little gas: the verifier would fail for want of it, whatever the proof is worth.
    error InsufficientGas(uint256 given, uint256 required);
    /// @notice A public input is not below the field's modulus, where it would stand for a smaller one.
    error InputOutOfField(uint256 index, bytes32 value);
    /// @notice The proof is not one of this statement.
    error InvalidProof();

    /// @notice Contract that verifies the proofs.
    function verifier() external view returns (IVerifier);

    /// @notice Gas that the verifier is given, and that a wrong proof can burn at most.
    function PROOF_GAS() external view returns (uint256);
}

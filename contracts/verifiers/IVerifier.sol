// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Verifier of one statement's proofs
/// @notice The contracts beside it are generated from the circuits and never edited.
interface IVerifier {
    /// @notice Whether the proof is one of the statement with these public inputs.
    /// @dev Warning: a wrong proof reverts instead of returning false, and may burn all gas that the call is given: call
    /// with a gas limit and catch. Bytes behind a proof are ignored, so the same statement has many proofs.
    /// @param proof Proof as the proving library writes it.
    /// @param publicInputs The statement, one field element each, in the circuit's order.
    /// @return isValid True, or the call reverts.
    function verify(bytes calldata proof, bytes32[] calldata publicInputs) external view returns (bool isValid);
}

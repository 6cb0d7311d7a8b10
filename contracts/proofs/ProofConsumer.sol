// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IProofConsumer} from "../interfaces/IProofConsumer.sol";
import {GRUMPKIN_P as FIELD_MODULUS} from "../libraries/Curves.sol";
import {IVerifier} from "../verifiers/IVerifier.sol";

/// @title ProofConsumer
/// @notice Has proofs verified without handing its gas or its fate to the verifier.
abstract contract ProofConsumer is IProofConsumer {
    /// @inheritdoc IProofConsumer
    /// @dev About twice what a right proof needs, for chains that price the curve's operations higher.
    uint256 public constant PROOF_GAS = 1_500_000;

    /// @dev Bounds what lies between the check of the gas and the call: encoding inputs and a proof of ten kilobytes.
    uint256 internal constant ENCODING_GAS = 30_000;

    /// @inheritdoc IProofConsumer
    IVerifier public immutable verifier;

    constructor(IVerifier verifier_) {
        if (address(verifier_).code.length == 0) revert NoVerifier(verifier_);
        verifier = verifier_;
    }

    /// @dev Reverts unless the proof is one of the statement. Proofs are malleable: nothing may be keyed on their bytes.
    function _requireProven(bytes calldata proof, bytes32[] memory inputs) internal view {
        for (uint256 i = 0; i < inputs.length; ++i) {
            if (uint256(inputs[i]) >= FIELD_MODULUS) revert InputOutOfField(i, inputs[i]);
        }
        // A call gets at most 63/64 of what is left (EIP-150), and silently less than it was promised.
        uint256 required = (PROOF_GAS * 64) / 63 + ENCODING_GAS;
        if (gasleft() < required) revert InsufficientGas(gasleft(), required);
        try verifier.verify{gas: PROOF_GAS}(proof, inputs) returns (bool isValid) {
            if (!isValid) revert InvalidProof();
        } catch {
            revert InvalidProof();
        }
    }
}

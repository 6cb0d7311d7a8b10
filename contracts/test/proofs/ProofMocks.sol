// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ProofConsumer} from "../../proofs/ProofConsumer.sol";
import {IVerifier} from "../../verifiers/IVerifier.sol";

/// @title MockVerifier
/// @notice A verifier that does as it is told, for tests.
contract MockVerifier is IVerifier {
    enum Mode {
        Accept,
        Deny,
        Revert,
        Burn,
        Bomb,
        Hungry
    }

    error Refused();

    /// @dev What finding out takes before it is measured.
    uint256 internal constant ENTRY_GAS = 5_000;

    Mode public mode;
    /// @dev Hash of the only inputs that are accepted; zero for any.
    bytes32 internal _expected;

    function set(Mode mode_) external {
        mode = mode_;
    }

    function setExpected(bytes32[] calldata inputs) external {
        _expected = keccak256(abi.encodePacked(inputs));
    }

    function verify(bytes calldata, bytes32[] calldata inputs) external view returns (bool) {
        // Accepts if it was given what was promised.
        if (mode == Mode.Hungry) return gasleft() >= 1_500_000 - ENTRY_GAS;
        if (_expected != 0 && keccak256(abi.encodePacked(inputs)) != _expected) return false;
        if (mode == Mode.Revert) revert Refused();
        // Burns everything, and then returns nothing or a megabyte of zeros.
        if (mode == Mode.Burn) {
            assembly {
                invalid()
            }
        }
        if (mode == Mode.Bomb) {
            assembly {
                revert(0, 0x60000)
            }
        }
        return mode == Mode.Accept;
    }
}

/// @title ProofProbe
/// @notice Has proofs verified as the network's contracts do, and tells what it cost.
contract ProofProbe is ProofConsumer {
    constructor(IVerifier verifier_) ProofConsumer(verifier_) {}

    function requireProven(bytes calldata proof, bytes32[] calldata inputs) external view {
        _requireProven(proof, inputs);
    }

    /// @notice Whether a proof is accepted, what it is refused with, and the gas of finding out.
    function probe(
        bytes calldata proof,
        bytes32[] calldata inputs
    ) external view returns (bool accepted, bytes memory reason, uint256 gasUsed) {
        gasUsed = gasleft();
        try this.requireProven(proof, inputs) {
            accepted = true;
        } catch (bytes memory data) {
            reason = data;
        }
        gasUsed -= gasleft();
    }
}

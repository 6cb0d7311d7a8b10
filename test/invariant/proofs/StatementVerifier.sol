// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IVerifier} from "../../../contracts/verifiers/IVerifier.sol";

/// @notice A proof system without mathematics: it accepts exactly the statements that it was told are true, with the proof
/// 0x01, and reverts like a real verifier otherwise.
contract StatementVerifier is IVerifier {
    mapping(bytes32 statement => bool) internal _isTrue;

    function tell(bytes32[] calldata inputs) external {
        _isTrue[keccak256(abi.encode(inputs))] = true;
    }

    function verify(bytes calldata proof, bytes32[] calldata inputs) external view returns (bool) {
        require(proof.length == 1 && proof[0] == 0x01 && _isTrue[keccak256(abi.encode(inputs))], "wrong proof");
        return true;
    }
}

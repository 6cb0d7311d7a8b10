// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SECP_N, SECP_P} from "../../contracts/libraries/Curves.sol";
import {Schnorr} from "../../contracts/libraries/Schnorr.sol";
import {Secp256k1} from "./support/Secp256k1.sol";
import {VM} from "./support/Vm.sol";

/// @notice Fuzzes the Schnorr library against keys and addresses that the test runner computes.
contract SchnorrTest {
    uint256 internal constant MEMBERS = 12;

    uint256[] internal _secrets;
    bytes internal _keys;

    function setUp() public {
        for (uint256 i = 0; i < MEMBERS; ++i) {
            uint256 secret = uint256(keccak256(abi.encode("member", i))) >> 1;
            (uint256 x, uint256 y) = Secp256k1.publicKey(secret);
            _secrets.push(secret);
            _keys = abi.encodePacked(_keys, x, y);
        }
    }

    /// hardhat-config: fuzz.runs = 64
    function testFuzz_publicKeysHaveTheAddressesThatTheRunnerComputes(uint256 secret) public view {
        secret = (secret % (SECP_N - 1)) + 1;
        (uint256 x, uint256 y) = Secp256k1.publicKey(secret);
        require(address(uint160(uint256(keccak256(abi.encode(x, y))))) == VM.addr(secret), "address");
    }

    /// hardhat-config: fuzz.runs = 256
    function testFuzz_acceptsWhatTheKeySigned(uint256 secret, uint256 nonce, bytes32 digest) public view {
        (uint256 x, uint256 parity, uint256 s, address commitment) = _sign(secret, nonce, digest);
        require(Schnorr.verify(x, parity, digest, s, commitment), "refused");
    }

    /// hardhat-config: fuzz.runs = 256
    function testFuzz_refusesAnyOtherInput(
        uint256 secret,
        uint256 nonce,
        bytes32 digest,
        uint256 which,
        uint256 other
    ) public view {
        (uint256 x, uint256 parity, uint256 s, address commitment) = _sign(secret, nonce, digest);
        which %= 5;
        if (which == 0) {
            VM.assume(other != x);
            x = other;
        } else if (which == 1) {
            parity = 1 - parity;
        } else if (which == 2) {
            VM.assume(bytes32(other) != digest);
            digest = bytes32(other);
        } else if (which == 3) {
            VM.assume(other != s);
            s = other;
        } else {
            VM.assume(address(uint160(other)) != commitment);
            commitment = address(uint160(other));
        }
        require(!Schnorr.verify(x, parity, digest, s, commitment), "accepted");
    }

    /// hardhat-config: fuzz.runs = 256
    function testFuzz_sumIsTheKeyOfTheSummedSecrets(uint256 signers) public view {
        signers = (signers % ((1 << MEMBERS) - 1)) + 1;
        uint256 secret = 0;
        uint256 count = 0;
        for (uint256 i = 0; i < MEMBERS; ++i) {
            if ((signers >> i) & 1 == 0) continue;
            secret = addmod(secret, _secrets[i], SECP_N);
            ++count;
        }
        (uint256 expectedX, uint256 expectedY) = Secp256k1.publicKey(secret);
        (uint256 x, uint256 y, uint256 z) = Schnorr.sum(_keys, signers);
        // Cross-multiplied, so that no inverse is needed: X = x·Z², Y = y·Z³.
        uint256 zz = mulmod(z, z, SECP_P);
        require(x == mulmod(expectedX, zz, SECP_P), "x");
        require(y == mulmod(expectedY, mulmod(zz, z, SECP_P), SECP_P), "y");
        require(Schnorr.popCount(signers) == count, "count");
    }

    /// hardhat-config: fuzz.runs = 256
    function testFuzz_onlyTheInverseIsOne(uint256 z, uint256 guess) public pure {
        bool right = mulmod(z, guess, SECP_P) == 1;
        require(Schnorr.isInverse(z, guess) == right, "inverse");
        require(!Schnorr.isInverse(0, guess) && !Schnorr.isInverse(SECP_P, guess), "of zero");
    }

    function _sign(
        uint256 secret,
        uint256 nonce,
        bytes32 digest
    ) internal view returns (uint256 x, uint256 parity, uint256 s, address commitment) {
        secret = (secret % (SECP_N - 1)) + 1;
        nonce = (nonce % (SECP_N - 1)) + 1;
        (x, parity) = Secp256k1.publicKey(secret);
        parity &= 1;
        VM.assume(x < SECP_N);
        commitment = VM.addr(nonce);
        uint256 e = uint256(keccak256(abi.encodePacked(x, uint8(parity), digest, commitment))) % SECP_N;
        s = addmod(nonce, mulmod(e, secret, SECP_N), SECP_N);
    }
}

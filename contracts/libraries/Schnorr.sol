// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SECP_N as N, SECP_P as P} from "./Curves.sol";

/// @title Schnorr
/// @notice Accountable Schnorr multisignatures on secp256k1: sums the signers' keys, checks with one ecrecover.
/// @dev Signature (s, c) by key P = xG over digest m: c is the Ethereum address of R, e = keccak256(P.x ‖ parity(P.y)
/// ‖ m ‖ c) mod n, and sG = R + eP. ecrecover(h, v, r, s') returns the address of r⁻¹·(s'·K − h·G) where K is the
/// point with x = r and parity v; with r = P.x, s' = −e·P.x, h = −s·P.x that point is sG − eP, so the signature is
/// valid when the address is c.
///
/// Why a valid multisignature means that every key of the bitmap signed:
///
/// Rogue keys. The aggregate is the plain sum of keys. An operator that could choose X' = X − ΣX_others would sign
/// alone for all of them. Each key is therefore registered with a proof of possession: a Schnorr signature by the
/// key itself over its account, the chain and the registry, under a tag of its own, so that no other signature can
/// serve as one; the challenge contains the key, without which ecrecover would accept a key computed from the
/// proof. With such proofs the plain sum is as strong as one key (Ristenpart and Yilek, EUROCRYPT 2007; for
/// two-round Schnorr: Crites, Komlo, Maller, "How to Prove Schnorr Assuming Schnorr", IACR 2021/1375, SpeedyMuSig).
/// A key with x ≥ n is refused as ecrecover cannot express it, and no x is registered twice, as X and −X cancel.
///
/// Nonce reuse. Two partial signatures with one nonce and challenges e ≠ e' give the key: x = (s − s')/(e − e').
/// Signers draw nonces from the system's generator, keep them in memory only, use them for one session and erase
/// them before the partial signature leaves.
///
/// Concurrent sessions. With one nonce a signer, who opens k sessions at once and picks own nonces last solves a
/// ROS system and forges: Drijvers et al. (IACR 2018/417) in subexponential time, Benhamouda et al. (IACR 2020/945)
/// in polynomial time from k ≥ 256 on. Each signer thus commits to two nonces (D, E) and R = ΣD + b·ΣE, where b
/// hashes the aggregated key, the message, the signers and all their nonces: any change of one nonce, message or
/// signer changes every session's R at random and the system is never linear (FROST, IACR 2020/852; MuSig2, Nick,
/// Ruffing, Seurin, IACR 2020/1261; the proof for keys with proofs of possession is in 2021/1375). The chain sees
/// only the resulting R: this protects signers, and the verifier need not know it.
///
/// 160-bit commitment. c is 160 bits of a hash of R. Since e depends on c, a forger must fix c, learn e and then
/// find s with address(sG − eP) = c: a preimage for a point that e moves, about 2^160 trials, whatever the number
/// of signatures seen. A collision of two addresses (2^80) gives two points for one c, but the forger must know
/// both as sG − eP for the very e that c hashes to, so it yields no forgery; it only loosens the forking
/// argument's bound. Every Ethereum account rests on the same 160 bits.
///
/// Accountability. The bitmap is part of the signed report, hence of m, and e contains the aggregate P of exactly
/// these keys. Neither can be swapped: another subset with the same sum is a discrete-logarithm relation between
/// keys that were all proved. Replay is the caller's to prevent, by what m contains.
///
/// Exceptional points. The mixed addition is incomplete: if a partial sum equals the next key or its negative,
/// h = 0, Z becomes and stays 0, no inverse exists, and the signature is refused.
library Schnorr {
    /// @dev A binary de Bruijn sequence of order 5 at the top of the word, and for each of its windows 2i + 1 where i is
    /// the bit that shifts it to the top. 2i + 1 words behind its length, `bytes memory keys` has key i.
    uint256 private constant DE_BRUIJN = 0x077CB531 << 224;
    uint256 private constant KEY_WORD = 0x010339053b1d31073d2d291f332309113f371b2f2b27210f3519250d170b1513;

    /// @notice Sum of the keys whose bits are set, in Jacobian coordinates (x = X/Z², y = Y/Z³ modulo p).
    /// @param keys n affine points, x ‖ y, 64 bytes each, n ≤ 32.
    /// @param signers Bitmap; the caller keeps it above zero and below 2^n.
    /// @return X Jacobian X.
    /// @return Y Jacobian Y.
    /// @return Z Product of h = x·Z² − X over the additions; 1 for one signer, 0 where keys cancel.
    function sum(bytes memory keys, uint256 signers) internal pure returns (uint256 X, uint256 Y, uint256 Z) {
        // Memory-safe: reads the 64 bytes of every key whose bit is set, which lie inside `keys`; writes nothing. The
        // lowest set bit is found by a de Bruijn product, whose top five bits differ for each of 32 powers of two; it
        // is cleared each time, so the loop ends. Mixed addition (madd, EFD "Jacobian coordinates for short
        // Weierstrass curves") with both differences negated, which saves two negations: g = −h, q = −r. Negation as
        // P − a needs a ≤ P, true of results of mulmod and addmod and of affine coordinates below P.
        assembly ("memory-safe") {
            let bit := and(signers, sub(0, signers))
            let bits := xor(signers, bit)
            let point := add(keys, shl(5, byte(shr(251, mul(bit, DE_BRUIJN)), KEY_WORD)))
            X := mload(point)
            Y := mload(add(point, 0x20))
            Z := 1
            for {} bits {} {
                bit := and(bits, sub(0, bits))
                bits := xor(bits, bit)
                point := add(keys, shl(5, byte(shr(251, mul(bit, DE_BRUIJN)), KEY_WORD)))
                // −Z², so that both products with it are negative.
                let n := sub(P, mulmod(Z, Z, P))
                let g := addmod(X, mulmod(mload(point), n, P), P)
                let q := addmod(Y, mulmod(mload(add(point, 0x20)), mulmod(n, Z, P), P), P)
                let gg := mulmod(g, g, P)
                let ggg := mulmod(gg, g, P)
                let w := sub(P, mulmod(X, gg, P))
                Z := sub(P, mulmod(Z, g, P))
                X := addmod(addmod(mulmod(q, q, P), ggg, P), addmod(w, w, P), P)
                Y := addmod(mulmod(q, addmod(X, w, P), P), mulmod(Y, ggg, P), P)
            }
        }
    }

    /// @notice Number of bits set in a 32-bit bitmap.
    function popCount(uint256 bits) internal pure returns (uint256) {
        unchecked {
            // Sums of pairs, nibbles, bytes; the product adds the bytes into the fourth. No field overflows its width.
            bits -= (bits >> 1) & 0x55555555;
            bits = (bits & 0x33333333) + ((bits >> 2) & 0x33333333);
            bits = (bits + (bits >> 4)) & 0x0f0f0f0f;
            return ((bits * 0x01010101) >> 24) & 0xff;
        }
    }

    /// @notice Affine x and parity of y of a Jacobian point, given the inverse of its Z modulo p.
    function toAffine(uint256 X, uint256 Y, uint256 zInverse) internal pure returns (uint256 x, uint256 parity) {
        uint256 squared = mulmod(zInverse, zInverse, P);
        x = mulmod(X, squared, P);
        parity = mulmod(Y, mulmod(squared, zInverse, P), P) & 1;
    }

    /// @notice Whether `zInverse` is the inverse of Z modulo p; false for Z = 0.
    function isInverse(uint256 Z, uint256 zInverse) internal pure returns (bool) {
        return mulmod(Z, zInverse, P) == 1;
    }

    /// @notice Whether 0 < s < n.
    function isScalar(uint256 s) internal pure returns (bool) {
        unchecked {
            // One comparison: 0 − 1 wraps around.
            return s - 1 < N - 1;
        }
    }

    /// @notice Whether (s, commitment) is the key's signature over the digest; false for inputs out of range.
    /// @param keyX Affine x of the key, the x of a point on the curve.
    /// @param keyParity 1 if the key's y is odd, else 0.
    /// @param digest What is signed.
    /// @param s Response scalar.
    /// @param commitment Address of the nonce point.
    function verify(
        uint256 keyX,
        uint256 keyParity,
        bytes32 digest,
        uint256 s,
        address commitment
    ) internal view returns (bool valid) {
        return isScalar(s) && commitment != address(0) && verifyInRange(keyX, keyParity, digest, s, commitment);
    }

    /// @notice `verify` for a caller that has refused every s with !isScalar(s) and the zero commitment.
    function verifyInRange(
        uint256 keyX,
        uint256 keyParity,
        bytes32 digest,
        uint256 s,
        address commitment
    ) internal view returns (bool valid) {
        // As r of ecrecover it must lie in the range of a scalar.
        bool inRange = isScalar(keyX);
        // Memory-safe: uses 128 bytes beyond the free pointer as scratch and the scratch word at 0, which is zeroed
        // first because a failing ecrecover returns nothing. Products are below n, and not zero since n is prime and
        // neither s nor keyX in range is, so n − product lies in range; e = 0 gives s' = n, which ecrecover refuses.
        assembly ("memory-safe") {
            let scratch := mload(0x40)
            mstore(scratch, keyX)
            mstore8(add(scratch, 0x20), keyParity)
            mstore(add(scratch, 0x21), digest)
            mstore(add(scratch, 0x41), shl(96, commitment))
            let e := mod(keccak256(scratch, 85), N)
            mstore(scratch, sub(N, mulmod(s, keyX, N)))
            mstore(add(scratch, 0x20), add(27, keyParity))
            mstore(add(scratch, 0x40), keyX)
            mstore(add(scratch, 0x60), sub(N, mulmod(e, keyX, N)))
            mstore(0, 0)
            pop(staticcall(gas(), 1, scratch, 0x80, 0, 0x20))
            valid := and(inRange, eq(mload(0), shr(96, shl(96, commitment))))
        }
    }
}

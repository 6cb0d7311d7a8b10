// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {GRUMPKIN_P as P} from "./Curves.sol";
import {
    POSEIDON2_D0 as D0,
    POSEIDON2_D1 as D1,
    POSEIDON2_D2 as D2,
    POSEIDON2_D3 as D3,
    Poseidon2Constants
} from "./Poseidon2Constants.sol";

/// @title Poseidon2
/// @notice Poseidon2 over BN254's scalar field (IACR 2023/323): state of four, x⁵, eight full and 56 partial rounds, in
/// the sponge of Noir and Barretenberg: rate three, the capacity starts at length · 2^64, one output.
/// @dev About 16,000 gas for each three inputs. For evidence, which is rare; nothing else on chain hashes with it.
library Poseidon2 {
    uint256 private constant RATE = 3;

    /// @notice Round constants in memory, to be read once and given to every hash of a call.
    function table() internal pure returns (bytes memory) {
        return Poseidon2Constants.ROUNDS;
    }

    /// @notice Hash of field elements.
    /// @param constants What `table` returns.
    /// @param inputs Each below the field's modulus, which the caller sees to: what is not is reduced, and then two
    /// lists have one hash.
    function hash(bytes memory constants, uint256[] memory inputs) internal pure returns (uint256) {
        uint256[4] memory state;
        uint256 length = inputs.length;
        unchecked {
            state[3] = length << 64;
            for (uint256 i = 0; i < length; ++i) {
                // The cache is absorbed when the next input finds it full.
                if (i != 0 && i % RATE == 0) permute(constants, state);
                state[i % RATE] = addmod(state[i % RATE], inputs[i], P);
            }
        }
        permute(constants, state);
        return state[0];
    }

    /// @notice The permutation, in place.
    /// @param constants What `table` returns.
    /// @param state Four field elements, each below the modulus, before and after.
    function permute(bytes memory constants, uint256[4] memory state) internal pure {
        // Memory-safe: reads the 88 words of `constants`, reads and writes the four of `state`, nothing else. P > 2^253,
        // so sums of up to five reduced elements stay below 2^256; `addmod` and `mulmod` reduce whatever is longer.
        assembly ("memory-safe") {
            /// x⁵ for any x below 2^256.
            function power5(x) -> y {
                let square := mulmod(x, x, P)
                y := mulmod(mulmod(square, square, P), x, P)
            }
            /// The external matrix M4 of reduced elements (appendix B of the paper); its results are reduced.
            function mixExternal(a, b, c, d) -> w, x, y, z {
                let ab := add(a, b)
                let cd := add(c, d)
                let bcd := add(add(b, b), cd)
                let abd := add(add(d, d), ab)
                let ab2 := add(ab, ab)
                let cd2 := add(cd, cd)
                z := addmod(addmod(cd2, cd2, P), abd, P)
                x := addmod(addmod(ab2, ab2, P), bcd, P)
                w := addmod(abd, x, P)
                y := addmod(bcd, z, P)
            }
            function fullRounds(from, a, b, c, d) -> w, x, y, z {
                w := a
                x := b
                y := c
                z := d
                for {
                    let end := add(from, 0x200)
                } lt(from, end) {
                    from := add(from, 0x80)
                } {
                    w, x, y, z := mixExternal(
                        power5(add(w, mload(from))),
                        power5(add(x, mload(add(from, 0x20)))),
                        power5(add(y, mload(add(from, 0x40)))),
                        power5(add(z, mload(add(from, 0x60))))
                    )
                }
            }

            let at := add(constants, 0x20)
            let a, b, c, d := mixExternal(
                mload(state),
                mload(add(state, 0x20)),
                mload(add(state, 0x40)),
                mload(add(state, 0x60))
            )
            a, b, c, d := fullRounds(at, a, b, c, d)
            at := add(at, 0x200)
            for {
                let end := add(at, 0x700)
            } lt(at, end) {
                at := add(at, 0x20)
            } {
                a := power5(add(a, mload(at)))
                let sum := add(add(a, b), add(c, d))
                a := addmod(mulmod(a, D0, P), sum, P)
                b := addmod(mulmod(b, D1, P), sum, P)
                c := addmod(mulmod(c, D2, P), sum, P)
                d := addmod(mulmod(d, D3, P), sum, P)
            }
            a, b, c, d := fullRounds(at, a, b, c, d)
            mstore(state, a)
            mstore(add(state, 0x20), b)
            mstore(add(state, 0x40), c)
            mstore(add(state, 0x60), d)
        }
    }
}

// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Secp256k1} from "./Secp256k1.sol";

/// @title VrfProver
/// @notice Proves as a keeper does, in Solidity, for tests: RFC 9381 with suite byte 0xFE, and the witnesses of
/// libraries/ECVRF.sol. Secret and nonce are small numbers, which makes it quick and nothing else.
library VrfProver {
    uint256 internal constant P = Secp256k1.P;
    uint256 internal constant N = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141;

    struct Point {
        uint256 x;
        uint256 y;
    }

    /// @notice Public key and proof, as a coordinator takes them, and the output.
    function prove(
        uint256 secret,
        uint256 nonce,
        bytes32 alpha
    ) internal view returns (bytes memory proof, uint256 output) {
        Point memory key = multiply(Point(Secp256k1.GX, Secp256k1.GY), secret);
        (Point memory h, bytes memory roots) = hashToCurve(key, alpha);
        Point memory gamma = multiply(h, secret);
        Point memory u = multiply(Point(Secp256k1.GX, Secp256k1.GY), nonce);
        Point memory v = multiply(h, nonce);
        uint256 c =
            uint256(
                sha256(
                    abi.encodePacked(
                        hex"FE02",
                        compress(key),
                        compress(h),
                        compress(gamma),
                        compress(u),
                        compress(v),
                        hex"00"
                    )
                )
            ) >> 128;
        uint256 s = addmod(nonce, mulmod(c, secret, N), N);
        Point memory b = multiply(gamma, c);
        b.y = P - b.y;
        proof = abi.encodePacked(key.x, key.y, compress(gamma), s, u.x, u.y, terms(multiply(h, s), b), roots);
        output = uint256(sha256(abi.encodePacked(hex"FE03", compress(gamma), hex"00")));
    }

    function hashToCurve(Point memory key, bytes32 alpha) internal view returns (Point memory h, bytes memory roots) {
        for (uint8 counter = 0; ; ++counter) {
            h.x = uint256(sha256(abi.encodePacked(hex"FE01", compress(key), alpha, counter, hex"00")));
            uint256 square = addmod(mulmod(mulmod(h.x, h.x, P), h.x, P), 7, P);
            uint256 root = power(square, (P + 1) / 4);
            if (mulmod(root, root, P) == square) {
                h.y = root & 1 == 0 ? root : P - root;
                return (h, roots);
            }
            roots = abi.encodePacked(roots, power(P - square, (P + 1) / 4));
        }
    }

    /// @dev m, u and v of ECVRF.terms.
    function terms(Point memory a, Point memory b) internal view returns (bytes memory) {
        uint256 dx = addmod(b.x, P - a.x, P);
        uint256 slope = mulmod(addmod(b.y, P - a.y, P), Secp256k1.invert(dx), P);
        uint256 perSlope = Secp256k1.invert(addmod(slope, slope, P));
        return
            abi.encodePacked(
                mulmod(slope, Secp256k1.invert(2), P),
                mulmod(dx, perSlope, P),
                mulmod(addmod(a.x, b.x, P), perSlope, P)
            );
    }

    function compress(Point memory point) internal pure returns (bytes memory) {
        return abi.encodePacked(uint8(2 + (point.y & 1)), point.x);
    }

    /// @dev Double-and-add in Jacobian coordinates; a point and its multiple so far never coincide for scalars below n.
    function multiply(Point memory point, uint256 scalar) internal view returns (Point memory) {
        uint256 bit = 255;
        while ((scalar >> bit) & 1 == 0) --bit;
        (uint256 x, uint256 y, uint256 z) = (point.x, point.y, 1);
        while (bit != 0) {
            --bit;
            (x, y, z) = _double(x, y, z);
            if ((scalar >> bit) & 1 == 1) (x, y, z) = _add(x, y, z, point);
        }
        uint256 inverse = Secp256k1.invert(z);
        uint256 square = mulmod(inverse, inverse, P);
        return Point(mulmod(x, square, P), mulmod(y, mulmod(square, inverse, P), P));
    }

    function power(uint256 base, uint256 exponent) internal view returns (uint256) {
        (bool ok, bytes memory result) = address(5).staticcall(
            abi.encode(uint256(32), uint256(32), uint256(32), base, exponent, P)
        );
        require(ok, "modexp");
        return abi.decode(result, (uint256));
    }

    function _double(uint256 x, uint256 y, uint256 z) private pure returns (uint256 x2, uint256 y2, uint256 z2) {
        unchecked {
            uint256 yy = mulmod(y, y, P);
            uint256 s = mulmod(4, mulmod(x, yy, P), P);
            uint256 m = mulmod(3, mulmod(x, x, P), P);
            x2 = addmod(mulmod(m, m, P), P - addmod(s, s, P), P);
            y2 = addmod(mulmod(m, addmod(s, P - x2, P), P), P - mulmod(8, mulmod(yy, yy, P), P), P);
            z2 = mulmod(2, mulmod(y, z, P), P);
        }
    }

    function _add(
        uint256 x,
        uint256 y,
        uint256 z,
        Point memory point
    ) private pure returns (uint256 x2, uint256 y2, uint256 z2) {
        unchecked {
            uint256 zz = mulmod(z, z, P);
            uint256 h = addmod(mulmod(point.x, zz, P), P - x, P);
            uint256 r = addmod(mulmod(point.y, mulmod(zz, z, P), P), P - y, P);
            uint256 hh = mulmod(h, h, P);
            uint256 hhh = mulmod(hh, h, P);
            uint256 v = mulmod(x, hh, P);
            x2 = addmod(addmod(mulmod(r, r, P), P - hhh, P), P - addmod(v, v, P), P);
            y2 = addmod(mulmod(r, addmod(v, P - x2, P), P), P - mulmod(y, hhh, P), P);
            z2 = mulmod(z, h, P);
        }
    }
}

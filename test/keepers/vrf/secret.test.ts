import type { WeierstrassPointCons } from "@noble/curves/abstract/weierstrass.js";
import { expect } from "chai";
import fc from "fast-check";

import { P256_SHA256_TAI, SECP256K1_SHA256_TAI } from "../../../keepers/vrf/ecvrf.ts";
import { publicMultiple, secretMultiples } from "../../../keepers/vrf/secret.ts";

/** The integers modulo n in the place of a curve: they tell what is done with them. */
function integers(n: bigint): { curve: WeierstrassPointCons<bigint>; operations: string[] } {
  const operations: string[] = [];
  const at = (x: bigint): object => ({
    x,
    add: (other: { x: bigint }) => (operations.push("add"), at((x + other.x) % n)),
    double: () => (operations.push("double"), at((2n * x) % n)),
  });
  const curve = { Fn: { ORDER: n, BITS: 256 }, ZERO: at(0n), BASE: at(1n) };
  return { curve: curve as unknown as WeierstrassPointCons<bigint>, operations };
}

for (const { name, Point } of [SECP256K1_SHA256_TAI, P256_SHA256_TAI]) {
  const n = Point.Fn.ORDER;
  const scalar = fc.bigInt({ min: 1n, max: n - 1n });

  describe(`multiples of one point, ${name}`, () => {
    it("are those that the library computes one by one, digits of all kinds included", () => {
      const edges = [1n, 2n, 15n, 16n, 17n, n - 1n, n - 2n, 1n << 255n, (1n << 252n) - 1n].filter(
        (value) => value < n,
      );
      for (const at of [1n, 7n, n - 5n]) {
        const point = Point.BASE.multiply(at);
        const { points, powers } = secretMultiples(Point, point, edges);
        edges.forEach((edge, i) => {
          expect(points[i]!.equals(point.multiply(edge)), String(edge)).to.equal(true);
          const again = publicMultiple(Point, powers, edge);
          expect(again.equals(point.multiply(edge)), String(edge)).to.equal(true);
        });
        expect(publicMultiple(Point, powers, 0n).is0()).to.equal(true);
      }
    });

    it("are right for any scalars, however many share the doublings", () => {
      fc.assert(
        fc.property(scalar, fc.array(scalar, { minLength: 1, maxLength: 3 }), (at, scalars) => {
          const point = Point.BASE.multiply(at);
          const { points } = secretMultiples(Point, point, scalars);
          const expected = scalars.map((value) => Point.BASE.multiply(Point.Fn.mul(at, value)));
          expect(points.length).to.equal(scalars.length);
          expect(points.every((one, i) => one.equals(expected[i]!))).to.equal(true);
        }),
        { numRuns: 10 },
      );
    });

    it("take the same point operations whatever the scalar", () => {
      const made = [1n, 2n, 0x10n, n - 1n, 1n << 200n].map((value) => {
        const { curve, operations } = integers(n);
        const { points } = secretMultiples(curve, curve.BASE, [value, 3n]);
        expect(points.map(({ x }) => x)).to.deep.equal([value, 3n]);
        return operations.join(" ");
      });
      expect(new Set(made).size).to.equal(1);
      // 96 windows of 4 doublings; in each an addition a scalar, and 28 to add up its buckets.
      expect(made[0]!.match(/double/g)).to.have.length(95 * 4);
      expect(made[0]!.match(/add/g)).to.have.length(2 * (96 + 28));
    });

    it("come in other coordinates each time", () => {
      const zOf = (): bigint => secretMultiples(Point, Point.BASE, [5n]).points[0]!.Z;
      expect(zOf()).to.not.equal(zOf());
    });

    it("are refused for scalars outside of [1, n)", () => {
      for (const value of [0n, n, n + 1n, -1n]) {
        expect(() => secretMultiples(Point, Point.BASE, [1n, value])).to.throw(RangeError);
      }
    });
  });
}

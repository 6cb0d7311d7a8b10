import { createHash } from "node:crypto";

import { normalizeZ } from "@noble/curves/abstract/curve.js";
import { bn254 } from "@noble/curves/bn254.js";

/** Points of a structured reference string as the proving library's files hold them. */
export interface Points {
  /** τ⁰·G1, τ¹·G1, …: x and y, 32 bytes each, big-endian. */
  readonly g1: Uint8Array;
  /** τ·G2: x0, x1, y0, y1. */
  readonly g2: Uint8Array;
}

type Affine = readonly [x: bigint, y: bigint];

const P = bn254.fields.Fp.ORDER;
const R = bn254.fields.Fr.ORDER;
const WINDOW_BITS = 10;
const WINDOWS = Math.ceil(254 / WINDOW_BITS);

/**
 * Points whose τ everybody knows: whoever wants to can prove anything with them. They let a chain on this machine work
 * without the ceremony's points, and are good for nothing else. Takes about three seconds for 2^15 points.
 */
export function developmentPoints(count: number): Points {
  const seed = createHash("sha512").update("Dodona development points, not for public networks");
  const tau = BigInt(`0x${seed.digest("hex")}`) % R;
  const scalars: bigint[] = [1n];
  while (scalars.length < count) scalars.push((scalars.at(-1)! * tau) % R);
  const points = multiplesOfG1(scalars);
  const { x, y } = bn254.G2.Point.BASE.multiply(tau).toAffine();
  return { g1: encode(points.flat()), g2: encode([x.c0, x.c1, y.c0, y.c1]) };
}

/** Multiplies the generator by many scalars, window by window, with one inversion for all additions of a window. */
function multiplesOfG1(scalars: readonly bigint[]): Affine[] {
  const sums: (Affine | null)[] = scalars.map(() => null);
  const mask = (1n << BigInt(WINDOW_BITS)) - 1n;
  for (let window = 0; window < WINDOWS; window++) {
    const table = tableOf(window);
    const shift = BigInt(window * WINDOW_BITS);
    const additions: { readonly at: number; readonly to: Affine; readonly add: Affine }[] = [];
    scalars.forEach((scalar, at) => {
      const digit = Number((scalar >> shift) & mask);
      if (digit === 0) return;
      const add = table[digit - 1]!;
      const to = sums[at]!;
      if (to === null) sums[at] = add;
      else additions.push({ at, to, add });
    });
    const inverses = invertAll(additions.map(({ to, add }) => mod(add[0] - to[0])));
    additions.forEach(({ at, to, add }, i) => {
      const slope = mod((add[1] - to[1]) * inverses[i]!);
      const x = mod(slope * slope - to[0] - add[0]);
      sums[at] = [x, mod(slope * (to[0] - x) - to[1])];
    });
  }
  return sums.map((sum) => sum!);
}

/** 1, 2, … times 2^(window bits × window) times the generator. */
function tableOf(window: number): Affine[] {
  const base = bn254.G1.Point.BASE.multiply(1n << BigInt(window * WINDOW_BITS));
  const rows = [base];
  while (rows.length < 2 ** WINDOW_BITS - 1) rows.push(rows.at(-1)!.add(base));
  return normalizeZ(bn254.G1.Point, rows).map(({ x, y }): Affine => [x, y]);
}

/** @throws if a value is 0: two points of a sum were equal or opposite, which no τ worth using brings about. */
function invertAll(values: readonly bigint[]): bigint[] {
  const before: bigint[] = [];
  let product = 1n;
  for (const value of values) {
    before.push(product);
    product = (product * value) % P;
  }
  let inverse = bn254.fields.Fp.inv(product);
  const inverses = Array<bigint>(values.length);
  for (let i = values.length - 1; i >= 0; i--) {
    inverses[i] = (before[i]! * inverse) % P;
    inverse = (inverse * values[i]!) % P;
  }
  return inverses;
}

function mod(value: bigint): bigint {
  const rest = value % P;
  return rest < 0n ? rest + P : rest;
}

function encode(values: readonly bigint[]): Uint8Array {
  return Uint8Array.from(
    Buffer.from(values.map((value) => value.toString(16).padStart(64, "0")).join(""), "hex"),
  );
}

import { randomBytes } from "node:crypto";

import type { WeierstrassPoint, WeierstrassPointCons } from "@noble/curves/abstract/weierstrass.js";
import { bytesToNumberBE } from "@noble/curves/utils.js";

type Point = WeierstrassPoint<bigint>;

const SCALAR_BYTES = 32;

const WINDOW_BITS = 4;
const BUCKETS = 2 ** WINDOW_BITS;
const DIGIT_MASK = BigInt(BUCKETS - 1);
const BLIND_BYTES = 16;

/**
 * A secret key as a scalar.
 * @throws RangeError if it is not 32 bytes, or not in [1, n)
 */
export function secretScalar(secret: Uint8Array, order: bigint): bigint {
  if (secret.length !== SCALAR_BYTES) throw new RangeError("secret must be 32 bytes");
  const scalar = bytesToNumberBE(secret);
  if (scalar === 0n || scalar >= order) throw new RangeError("secret is not in [1, n)");
  return scalar;
}

/** Multiples of a point, and the powers of two of it that they were added up from. */
export interface Multiples {
  readonly points: Point[];
  /** The point times 16 to the power of the index, for each digit of a scalar below n. */
  readonly powers: readonly Point[];
}

/**
 * Multiples of a point by secret scalars, in their order. The doublings are those of the point alone, so the multiples
 * share them: two together cost two thirds of what they cost one by one. Which point operations are done depends on the
 * number of scalars alone: each window adds once, whatever its digit, every bucket is read and written each time, and the
 * additions are complete. As in noble's own multiplication a random multiple of the order hides each scalar from whoever
 * sees the machine at work more than once.
 * @param curve of cofactor 1
 * @param scalars each in [1, n)
 * @return points in projective coordinates, which tell about the scalars: to be normalized before they are shown
 * @throws RangeError if a scalar is out of range
 */
export function secretMultiples(
  curve: WeierstrassPointCons<bigint>,
  point: Point,
  scalars: readonly bigint[],
): Multiples {
  const { ORDER: order, BITS } = curve.Fn;
  const walks = scalars.map((scalar) => ({
    rest: blinded(scalar, order),
    buckets: new Array<Point>(BUCKETS).fill(curve.ZERO),
  }));
  const windows = Math.ceil((BITS + 8 * BLIND_BYTES) / WINDOW_BITS);
  const powers: Point[] = [];
  let power = point;
  for (let window = 0; window < windows; window++) {
    if (window * WINDOW_BITS < BITS) powers.push(power);
    for (const walk of walks) {
      addTo(walk.buckets, Number(walk.rest & DIGIT_MASK), power);
      walk.rest >>= BigInt(WINDOW_BITS);
    }
    if (window === windows - 1) break;
    for (let i = 0; i < WINDOW_BITS; i++) power = power.double();
  }
  return { points: walks.map(({ buckets }) => weightedSum(buckets)), powers };
}

/**
 * Another multiple of the same point, by a public scalar below n: in variable time, and without a doubling.
 * @param powers from `secretMultiples`
 */
export function publicMultiple(
  { ZERO }: WeierstrassPointCons<bigint>,
  powers: readonly Point[],
  scalar: bigint,
): Point {
  const buckets = new Array<Point>(BUCKETS).fill(ZERO);
  let rest = scalar;
  for (const power of powers) {
    const digit = Number(rest & DIGIT_MASK);
    if (digit !== 0) buckets[digit] = buckets[digit]!.add(power);
    rest >>= BigInt(WINDOW_BITS);
  }
  return weightedSum(buckets);
}

/** Adds a point to the bucket of a digit, touching all of them. */
function addTo(buckets: Point[], digit: number, point: Point): void {
  let former = buckets[0]!;
  for (let i = 1; i < BUCKETS; i++) former = i === digit ? buckets[i]! : former;
  const sum = former.add(point);
  for (let i = 0; i < BUCKETS; i++) buckets[i] = i === digit ? sum : buckets[i]!;
}

/** Sum of each bucket times its digit; that of digit 0 counts for nothing. */
function weightedSum(buckets: readonly Point[]): Point {
  let run = buckets[BUCKETS - 1]!;
  let sum = run;
  for (let i = BUCKETS - 2; i > 0; i--) {
    run = run.add(buckets[i]!);
    sum = sum.add(run);
  }
  return sum;
}

/** The scalar plus a random multiple of the order that has all its 128 bits. */
function blinded(scalar: bigint, order: bigint): bigint {
  if (scalar <= 0n || scalar >= order) throw new RangeError("scalar is not in [1, n)");
  const blind = randomBytes(BLIND_BYTES);
  blind[0] = (blind[0]! & 0x3f) | 0x80;
  return scalar + bytesToNumberBE(blind) * order;
}

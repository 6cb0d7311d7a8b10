/*
 * Textbook affine arithmetic on secp256k1 and the contract's check, written without the code under test or its
 * libraries, so that agreement means something. SEC 2, section 2.4.1.
 */
export const P = 2n ** 256n - 2n ** 32n - 977n;
export const N = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
export const G: PlainPoint = {
  x: 0x79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798n,
  y: 0x483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8n,
};

export interface PlainPoint {
  x: bigint;
  y: bigint;
}

export const modulo = (a: bigint, m: bigint): bigint => ((a % m) + m) % m;

export function power(base: bigint, exponent: bigint, m: bigint): bigint {
  let result = 1n;
  let square = modulo(base, m);
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * square) % m;
    square = (square * square) % m;
  }
  return result;
}

/** Inverse by the extended Euclidean algorithm. */
export function inverse(value: bigint, m: bigint): bigint {
  let [a, b] = [modulo(value, m), m];
  let [x, y] = [1n, 0n];
  while (b !== 0n) {
    const quotient = a / b;
    [a, b] = [b, a - quotient * b];
    [x, y] = [y, x - quotient * y];
  }
  return modulo(x, m);
}

export function plus(a: PlainPoint | null, b: PlainPoint | null): PlainPoint | null {
  if (a === null) return b;
  if (b === null) return a;
  if (a.x === b.x && modulo(a.y + b.y, P) === 0n) return null;
  const slope =
    a.x === b.x
      ? modulo(3n * a.x * a.x * inverse(2n * a.y, P), P)
      : modulo((b.y - a.y) * inverse(b.x - a.x, P), P);
  const x = modulo(slope * slope - a.x - b.x, P);
  return { x, y: modulo(slope * (a.x - x) - a.y, P) };
}

export function times(scalar: bigint, point: PlainPoint | null): PlainPoint | null {
  let result: PlainPoint | null = null;
  let doubled = point;
  for (let rest = modulo(scalar, N); rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = plus(result, doubled);
    doubled = plus(doubled, doubled);
  }
  return result;
}

/** Public key recovery, as the ecrecover precompile does it: r⁻¹(s·R − z·G). */
export function recover(z: bigint, v: number, r: bigint, s: bigint): PlainPoint | null {
  if (r <= 0n || r >= N || s <= 0n || s >= N) return null;
  const y = power(r ** 3n + 7n, (P + 1n) / 4n, P);
  if ((y * y) % P !== modulo(r ** 3n + 7n, P)) return null;
  const nonce = { x: r, y: Number(y & 1n) === v - 27 ? y : P - y };
  const rInverse = inverse(r, N);
  return plus(times(s * rInverse, nonce), times(-z * rInverse, G));
}

/*
 * ECVRF-SECP256K1-SHA256-TAI and the contract's proof bytes, from the text of RFC 9381, RFC 6979 and the contract's
 * comments, on textbook arithmetic and node:crypto: nothing of the code under test or its libraries.
 */
import { createHash, createHmac } from "node:crypto";

import type { PlainPoint } from "../feed/signing/plain.ts";
import { G, inverse, modulo, N, P, plus, power, times } from "../feed/signing/plain.ts";

export { G, N, P, plus, times, type PlainPoint };

export const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, "hex"));
export const hex = (data: Uint8Array): string => Buffer.from(data).toString("hex");
export const word = (value: bigint): string => value.toString(16).padStart(64, "0");
export const number = (data: Uint8Array): bigint => BigInt(`0x${hex(data)}`);

export const sha256 = (text: string): string =>
  createHash("sha256").update(Buffer.from(text, "hex")).digest("hex");
const hmac = (key: Buffer, ...parts: Buffer[]): Buffer =>
  createHmac("sha256", key).update(Buffer.concat(parts)).digest();

export const negate = ({ x, y }: PlainPoint): PlainPoint => ({ x, y: modulo(-y, P) });
export const compress = ({ x, y }: PlainPoint): string => `${y & 1n ? "03" : "02"}${word(x)}`;

/** y² at x. */
const squareAt = (x: bigint): bigint => modulo(x ** 3n + 7n, P);
/** The root that exists for a square, of p ≡ 3 (mod 4). */
const rootOf = (square: bigint): bigint => power(square, (P + 1n) / 4n, P);

/** The point with that x and parity, or null. */
export function pointAt(x: bigint, parity: bigint): PlainPoint | null {
  const y = rootOf(squareAt(x));
  if (x >= P || modulo(y * y, P) !== squareAt(x)) return null;
  return { x, y: (y & 1n) === parity ? y : P - y };
}

export function decompress(text: string): PlainPoint | null {
  if (!/^0[23][0-9a-f]{64}$/.test(text)) return null;
  return pointAt(BigInt(`0x${text.slice(2)}`), BigInt(text.slice(0, 2)) & 1n);
}

/** H, and for each counter before its own a square root of −(x³ + 7). */
export function encode(key: string, alpha: string): { h: PlainPoint; roots: bigint[] } {
  const roots: bigint[] = [];
  for (let counter = 0; counter < 256; counter += 1) {
    const digest = sha256(`fe01${key}${alpha}${counter.toString(16).padStart(2, "0")}00`);
    const h = decompress(`02${digest}`);
    if (h !== null) return { h, roots };
    roots.push(rootOf(modulo(-squareAt(BigInt(`0x${digest}`)), P)));
  }
  throw new Error("no point");
}

export function challenge(...points: string[]): bigint {
  return BigInt(`0x${sha256(`fe02${points.join("")}00`).slice(0, 32)}`);
}

export const output = (gamma: string): string => sha256(`fe03${gamma}00`);

/** RFC 6979, 3.2, for SHA-256 and the order of secp256k1. */
export function nonce(secret: bigint, message: string): bigint {
  const h1 = word(BigInt(`0x${sha256(message)}`) % N);
  const seed = Buffer.from(word(secret) + h1, "hex");
  let [key, value] = [Buffer.alloc(32, 0), Buffer.alloc(32, 1)];
  for (const separator of [0, 1]) {
    key = Buffer.from(hmac(key, value, Buffer.of(separator), seed));
    value = Buffer.from(hmac(key, value));
  }
  for (;;) {
    value = Buffer.from(hmac(key, value));
    const k = BigInt(`0x${value.toString("hex")}`);
    if (k > 0n && k < N) return k;
    key = Buffer.from(hmac(key, value, Buffer.of(0)));
    value = Buffer.from(hmac(key, value));
  }
}

export function prove(secret: bigint, alpha: string) {
  const key = compress(times(secret, G)!);
  const { h, roots } = encode(key, alpha);
  const k = nonce(secret, compress(h));
  const [gamma, u, v] = [times(secret, h)!, times(k, G)!, times(k, h)!];
  const c = challenge(key, compress(h), compress(gamma), compress(u), compress(v));
  const s = (k + c * secret) % N;
  const pi = compress(gamma) + c.toString(16).padStart(32, "0") + word(s);
  return { key, h, roots, k, gamma, u, v, c, s, pi, beta: output(compress(gamma)) };
}

export function verify(key: string, alpha: string, pi: string): string | null {
  const [y, gamma] = [decompress(key), decompress(pi.slice(0, 66))];
  const [c, s] = [BigInt(`0x${pi.slice(66, 98)}`), BigInt(`0x${pi.slice(98)}`)];
  if (pi.length !== 162 || y === null || gamma === null || s >= N) return null;
  const { h } = encode(key, alpha);
  const u = plus(times(s, G), times(-c, y));
  const v = plus(times(s, h), times(-c, gamma));
  if (u === null || v === null) return null;
  const points = [y, h, gamma, u, v].map(compress);
  return challenge(...points) === c ? output(compress(gamma)) : null;
}

/** What the proof bytes for the contract are made of. */
export interface WitnessFields {
  gamma: PlainPoint;
  s: bigint;
  u: PlainPoint;
  /** sH and −cΓ, or what claims to be them. */
  a: PlainPoint;
  b: PlainPoint;
  roots: readonly bigint[];
}

/** Half the slope λ of the line through two points, (b.x − a.x)/2λ, (a.x + b.x)/2λ. */
export function termsOf(a: PlainPoint, b: PlainPoint): [bigint, bigint, bigint] {
  const slope =
    a.x === b.x && a.y === b.y
      ? modulo(3n * a.x * a.x * inverse(2n * a.y, P), P)
      : modulo((b.y - a.y) * inverse(b.x - a.x, P), P);
  const per = inverse(2n * slope, P);
  return [
    modulo(slope * inverse(2n, P), P),
    modulo((b.x - a.x) * per, P),
    modulo((a.x + b.x) * per, P),
  ];
}

/** Proof bytes as hex without 0x. Nothing is checked, so that false ones can be written. */
export function encodeWitness({ gamma, s, u, a, b, roots }: WitnessFields): string {
  return compress(gamma) + [s, u.x, u.y, ...termsOf(a, b), ...roots].map(word).join("");
}

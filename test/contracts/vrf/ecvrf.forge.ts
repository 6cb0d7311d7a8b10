/** Proofs for the contract that nobody honest makes, each false in one place and consistent in all others. */
import type { PlainPoint } from "../../keepers/vrf/ecvrf.plain.ts";
import {
  challenge,
  compress,
  encode,
  encodeWitness,
  G,
  N,
  negate,
  plus,
  prove,
  times,
} from "../../keepers/vrf/ecvrf.plain.ts";

/** A key as the contract takes it; not necessarily a point. */
export interface ContractKey {
  x: bigint;
  parity: bigint;
}

/** One call of `ECVRF.verify`. Hex without 0x. */
export interface Case extends ContractKey {
  alpha: string;
  proof: string;
}

/** A right proof with its parts, by arithmetic of its own. */
export function honest(secret: bigint, alpha: string) {
  const made = prove(secret, alpha);
  const { gamma, s, u, c, h, roots } = made;
  const a = times(s, h)!;
  const b = negate(times(c, gamma)!);
  const { x, y } = times(secret, G)!;
  const proof = encodeWitness({ gamma, s, u, a, b, roots });
  return { ...made, a, b, proof, alpha, x, parity: y & 1n };
}

/** The nonce of forgers. */
const K = 1_001n;

const minus = (a: PlainPoint | null, b: PlainPoint | null) =>
  plus(a, b === null ? null : negate(b));

/** What a prover with the key can do for any Γ = gH: everything fits but B, which is −cΓ only if g is the secret. */
export function anotherGamma(secret: bigint, alpha: string, g: bigint): Case {
  const { x, y } = times(secret, G)!;
  const { h, roots } = encode(compress({ x, y }), alpha);
  const [gamma, u, v] = [times(g, h)!, times(K, G)!, times(K, h)!];
  const c = challenge(...[{ x, y }, h, gamma, u, v].map(compress));
  const s = (K + c * secret) % N;
  const a = times(s, h)!;
  const proof = encodeWitness({ gamma, s, u, a, b: minus(v, a)!, roots });
  return { x, parity: y & 1n, alpha, proof };
}

/** As above, but B is right and A is not. */
export function anotherHashTerm(secret: bigint, alpha: string, g: bigint): Case {
  const { x, y } = times(secret, G)!;
  const { h, roots } = encode(compress({ x, y }), alpha);
  const [gamma, u, v] = [times(g, h)!, times(K, G)!, times(K, h)!];
  const c = challenge(...[{ x, y }, h, gamma, u, v].map(compress));
  const s = (K + c * secret) % N;
  const b = negate(times(c, gamma)!);
  const proof = encodeWitness({ gamma, s, u, a: minus(v, b)!, b, roots });
  return { x, parity: y & 1n, alpha, proof };
}

/** What anyone can do without the key, or for bytes that are no key: A, B and V fit, and U cannot be sB − cY. */
export function withoutKey(
  { x, parity }: ContractKey,
  alpha: string,
  u: PlainPoint = times(2_002n, G)!,
): Case {
  const key = `0${2n | parity}${x.toString(16).padStart(64, "0")}`;
  const { h, roots } = encode(key, alpha);
  const [g, k] = [2_001n, 2_002n];
  const [gamma, v] = [times(g, h)!, times(k, h)!];
  const c = challenge(key, ...[h, gamma, u, v].map(compress));
  const s = (k + c * g) % N;
  const b = negate(times(c, gamma)!);
  const proof = encodeWitness({ gamma, s, u, a: times(s, h)!, b, roots });
  return { x, parity, alpha, proof };
}

/** A proof with a part written over at a byte offset. */
export function overwrite(proof: string, offset: number, part: string): string {
  return proof.slice(0, 2 * offset) + part + proof.slice(2 * offset + part.length);
}

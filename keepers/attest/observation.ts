import { weierstrass } from "@noble/curves/abstract/weierstrass.js";
import { poseidon2Hash } from "@zkpassport/poseidon2";

import type { ProvableObservation, ProvingOperator } from "./model.ts";

/*
 * What operators sign for proofs, computed without their code (formats in the ObservationHash library and in
 * circuits/price_batch).
 */

/** Scalar field of BN254, grumpkin's coordinates, and the order of grumpkin's group. */
const FR = 21888242871839275222246405745257275088548364400416034343698204186575808495617n;
const FQ = 21888242871839275222246405745257275088696311157297823662689037894645226208583n;
const Grumpkin = weierstrass({
  ...{ p: FR, n: FQ, h: 1n, a: 0n, b: FR - 17n, Gx: 1n },
  Gy: 17631683881184975370165255887551781615748388533673675138860n,
});

/** Root over operators and their digests, ascending by operator. */
export function rootOf(
  leaves: readonly { readonly operator: number; readonly digest: bigint }[],
): bigint {
  return poseidon2Hash(leaves.flatMap(({ operator, digest }) => [BigInt(operator), digest]));
}

/** Whether the operator's grumpkin key signed the digest: R = sG + eP and e = H(R.x, P.x, P.y, digest). */
export function isProvable(
  { proof: { e, s } }: ProvableObservation,
  { key }: ProvingOperator,
  digest: bigint,
): boolean {
  if (s <= 0n || s >= FQ || e <= 0n || e >= FR) return false;
  try {
    const point = Grumpkin.fromAffine(key);
    point.assertValidity();
    // Of public values: no secret's timing shows.
    const nonce = Grumpkin.BASE.multiplyUnsafe(s).add(point.multiplyUnsafe(e));
    return !nonce.is0() && poseidon2Hash([nonce.toAffine().x, key.x, key.y, digest]) === e;
  } catch {
    return false;
  }
}

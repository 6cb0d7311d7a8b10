import { invert } from "@noble/curves/abstract/modular.js";

import type { Affine, Point } from "./curve.ts";
import { mod, SECP_FIELD, SECP_ORDER, Secp } from "./curve.ts";

/** The signers' common key, and the hint that spares the contract an inversion. */
export interface AggregatedKey {
  readonly key: Point;
  /** Inverse modulo p of the Jacobian z that the contract's additions end with; 1 for one signer. */
  readonly zInverse: bigint;
}

/**
 * Sums the signers' keys as the contract does: from (x, y, 1) of the first by mixed additions (madd-2007-bl without
 * the doubling of z), so that the z it has to invert is Z = ∏ h.
 * @param keys Keys by ascending operator index, at least one.
 * @throws RangeError if a partial sum meets ± the next key (the formula has no case for it), or the sum's x is not
 * below n, so that ecrecover could not take it. Both are as unlikely as guessing a secret key.
 */
export function aggregateKeys(keys: readonly Affine[]): AggregatedKey {
  const [first, ...rest] = keys;
  if (first === undefined) throw new RangeError("no keys to aggregate");
  const p = SECP_FIELD;
  let { x: X, y: Y } = first;
  let Z = 1n;
  for (const { x, y } of rest) {
    const zz = mod(Z * Z, p);
    const h = mod(x * zz - X, p);
    if (h === 0n) throw new RangeError("keys repeat or cancel");
    const r = mod(y * zz * Z - Y, p);
    const hh = mod(h * h, p);
    const hhh = mod(hh * h, p);
    const v = mod(X * hh, p);
    const nextX = mod(r * r - hhh - 2n * v, p);
    Y = mod(r * (v - nextX) - Y * hhh, p);
    X = nextX;
    Z = mod(Z * h, p);
  }
  const zInverse = invert(Z, p);
  const zInverse2 = mod(zInverse * zInverse, p);
  const x = mod(X * zInverse2, p);
  const y = mod(Y * zInverse2 * zInverse, p);
  if (x === 0n || x >= SECP_ORDER) throw new RangeError("aggregated key has no usable x");
  return { key: Secp.fromAffine({ x, y }), zInverse };
}

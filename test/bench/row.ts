/** One measured figure, beside a peer's and the target. */
export interface Row {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** Who else does this, and whether their figure was measured in this run or is a reference. */
  readonly peer: string | null;
  readonly peerValue: number | null;
  /** Largest (or, for rates, smallest) value that is good enough; null where there is no target. */
  readonly target: number | null;
  readonly ok: boolean;
}

/** A figure of gas: good enough up to its target, or whatever it is where there is none. */
export function gasRow(
  name: string,
  value: number,
  target: number | null,
  peer: string | null,
  peerValue: number | null,
): Row {
  const ok = target === null || value <= target;
  return { name, value, unit: "gas", peer, peerValue, target, ok };
}

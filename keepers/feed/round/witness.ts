import type { SignedObservation } from "../signing/observation.ts";

/** Remembers what operators have signed, to notice who says two things about one slot. */
export interface Witness {
  /**
   * Notes a verified observation.
   * @returns The other one that the same operator has signed for the same set and slot, if there is one: together they
   * are proof of lying.
   */
  note(signed: SignedObservation): SignedObservation | null;
}

const KEPT = 2_048;

/** Creates a witness with a bounded memory: enough for a minute of the largest set. */
export function createWitness(): Witness {
  const seen = new Map<string, SignedObservation>();
  return {
    note(signed) {
      const key = `${signed.setId}:${signed.slot}:${signed.operator}`;
      const known = seen.get(key);
      if (known !== undefined) return isSame(known, signed) ? null : known;
      seen.set(key, signed);
      const [oldest] = seen.keys();
      if (seen.size > KEPT && oldest !== undefined) seen.delete(oldest);
      return null;
    },
  };
}

function isSame(a: SignedObservation, b: SignedObservation): boolean {
  return (
    a.pricesE8.length === b.pricesE8.length &&
    a.pricesE8.every((price, feedIndex) => price === b.pricesE8[feedIndex])
  );
}

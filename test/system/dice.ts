/** Random choices that a seed repeats. */
export interface Dice {
  /** In [0, 1). */
  real(): number;
  /** A whole number from `min` to `max`, both included. */
  from(min: number, max: number): number;
  pick<T>(list: readonly T[]): T;
  shuffled<T>(list: readonly T[]): T[];
}

/**
 * Dice of a seed: mulberry32 (Tommy Ettinger, public domain).
 * @param seed 32 bits
 */
export function createDice(seed: number): Dice {
  let state = seed >>> 0;
  const real = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const from = (min: number, max: number): number => min + Math.floor(real() * (max - min + 1));
  const pick = <T>(list: readonly T[]): T => {
    const chosen = list[from(0, list.length - 1)];
    if (chosen === undefined) throw new Error("nothing to choose from");
    return chosen;
  };
  return {
    real,
    from,
    pick,
    shuffled: (list) => {
      const rest = [...list];
      return list.map(() => rest.splice(from(0, rest.length - 1), 1)[0]!);
    },
  };
}

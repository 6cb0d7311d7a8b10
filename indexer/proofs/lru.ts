/** A cache that forgets what was used longest ago. */
export interface Lru<Value> {
  get(key: string): Value | undefined;
  /** Keeps a value, and drops others until all fit; one that is larger than the cache is not kept. */
  set(key: string, value: Value, size: number): void;
}

/**
 * Opens a cache.
 *
 * @param capacity Sum of the sizes of what it keeps, in the caller's unit.
 */
export function createLru<Value>(capacity: number): Lru<Value> {
  const entries = new Map<string, { readonly value: Value; readonly size: number }>();
  let total = 0;
  const drop = (key: string): void => {
    total -= entries.get(key)?.size ?? 0;
    entries.delete(key);
  };
  return {
    get(key) {
      const entry = entries.get(key);
      if (entry === undefined) return undefined;
      // A map keeps the order of insertion: the first is the one to forget.
      entries.delete(key);
      entries.set(key, entry);
      return entry.value;
    },
    set(key, value, size) {
      drop(key);
      if (size > capacity) return;
      entries.set(key, { value, size });
      total += size;
      for (const oldest of entries.keys()) {
        if (total <= capacity) break;
        drop(oldest);
      }
    },
  };
}

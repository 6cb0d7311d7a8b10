/** Time as the keepers see it; tests pass their own. */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  nowMs(): number;
  /**
   * Waits.
   * @param ms milliseconds; 0 or less yields once
   * @param signal when it aborts, the wait ends early without an error: check the signal afterwards
   */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** The wall clock of the machine. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const done = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", done);
        resolve();
      };
      const timer = setTimeout(done, Math.max(0, ms));
      signal?.addEventListener("abort", done, { once: true });
    }),
};

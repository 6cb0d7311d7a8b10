/** A bell between loops: rings while nobody waits are kept, and several count as one. */
export interface Wake {
  wake(): void;
  /** Waits for a ring, `ms` milliseconds, or the signal, whichever is first. Never rejects. */
  wait(ms: number, signal: AbortSignal): Promise<void>;
}

/** Creates a bell for one waiting loop. */
export function createWake(): Wake {
  let rung = false;
  let release: (() => void) | null = null;
  return {
    wake() {
      rung = true;
      release?.();
    },
    async wait(ms, signal) {
      if (!rung && !signal.aborted) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(done, ms);
          function done(): void {
            clearTimeout(timer);
            signal.removeEventListener("abort", done);
            release = null;
            resolve();
          }
          release = done;
          signal.addEventListener("abort", done, { once: true });
        });
      }
      rung = false;
    },
  };
}

import type { Clock } from "../../shared/clock.ts";
import type { Logger } from "../../shared/log.ts";
import type { FeedRules } from "../decide.ts";
import type { FeedState } from "../price/breaker.ts";
import type { Point } from "../signing/curve.ts";

/** One operator of a set, as its peers need it. */
export interface SetOperator {
  readonly index: number;
  readonly account: string;
  readonly secp256k1: Point;
  readonly grumpkin: Point;
}

/** One feed of a set. */
export interface SetFeed {
  /** "BTC/USD". */
  readonly feedId: string;
  /** Venues that an operator needs for a price. */
  readonly minVenues: number;
}

/** Operators, feeds and parameters that are active together; never changes under its id. */
export interface ActiveSet {
  readonly id: number;
  /** First slot that the set may sign. */
  readonly since: number;
  readonly quorum: number;
  readonly operators: readonly SetOperator[];
  readonly feeds: readonly SetFeed[];
  /** By feed index. */
  readonly rules: readonly FeedRules[];
}

/** What the chain was like a moment ago. */
export interface ChainSnapshot {
  readonly set: ActiveSet;
  /** By feed index of the set. */
  readonly states: readonly FeedState[];
  /** Own clock when the answer came. */
  readonly atMs: number;
}

/** Reads from the contracts. */
export interface ChainReader {
  /** Active set id (0: none yet) and every feed's state, in one call. */
  snapshot(): Promise<{ readonly setId: number; readonly states: readonly FeedState[] }>;
  /** Everything about a set. */
  describe(setId: number): Promise<ActiveSet>;
  /** x and y of the secp256k1 key, then of the grumpkin key, of a registered account; null if it is not registered. */
  registeredKeys(account: string): Promise<readonly [bigint, bigint, bigint, bigint] | null>;
  /** Keys that an account announced to replace its own, null if it did not. */
  announcedKeys(account: string): Promise<{
    readonly dueAt: number;
    readonly keys: readonly [bigint, bigint, bigint, bigint];
  } | null>;
  /** Where an operator listens, null if it says nothing usable. */
  endpoint(account: string): Promise<string | null>;
}

/** Follows the active set and the feeds' states. */
export interface ChainView {
  /** Reads the chain once. Rejects if that fails; what was known stays. */
  refresh(): Promise<void>;
  /** Null until the first refresh has succeeded on a chain with an active set. */
  latest(): ChainSnapshot | null;
  /** The active set or the one before, null for any other. */
  setById(setId: number): ActiveSet | null;
  /** Where an operator of the active set listens. */
  endpointOf(account: string): string | null;
}

const ENDPOINTS_FOR_MS = 30_000;

/** Creates a view that knows nothing yet. Refreshes do not overlap: a second call gets the first one's result. */
export function createChainView(reader: ChainReader, clock: Clock, log: Logger): ChainView {
  let current: ChainSnapshot | null = null;
  let previous: ActiveSet | null = null;
  let endpoints = new Map<string, string | null>();
  let endpointsAtMs = 0;
  let refreshing: Promise<void> | null = null;

  async function readEndpoints(set: ActiveSet): Promise<void> {
    const accounts = set.operators.map(({ account }) => account);
    const read = await Promise.all(
      accounts.map(async (account) => [account, await reader.endpoint(account)] as const),
    );
    endpoints = new Map(read);
    endpointsAtMs = clock.nowMs();
  }

  async function refresh(): Promise<void> {
    const { setId, states } = await reader.snapshot();
    if (setId === 0) return;
    const isNew = current?.set.id !== setId;
    const set = isNew || current === null ? await reader.describe(setId) : current.set;
    if (states.length !== set.feeds.length) {
      throw new Error(`set ${setId} has ${set.feeds.length} feeds, the snapshot ${states.length}`);
    }
    if (isNew || clock.nowMs() - endpointsAtMs > ENDPOINTS_FOR_MS) await readEndpoints(set);
    if (isNew) {
      previous = current?.set ?? null;
      log.info(
        {
          setId,
          since: set.since,
          operators: set.operators.length,
          feeds: set.feeds.map(({ feedId }) => feedId),
        },
        "set is active",
      );
    }
    current = { set, states, atMs: clock.nowMs() };
  }

  return {
    refresh() {
      refreshing ??= refresh().finally(() => {
        refreshing = null;
      });
      return refreshing;
    },
    latest: () => current,
    setById(setId) {
      if (current?.set.id === setId) return current.set;
      return previous?.id === setId ? previous : null;
    },
    endpointOf: (account) => endpoints.get(account) ?? null,
  };
}

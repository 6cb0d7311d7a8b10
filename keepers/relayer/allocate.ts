import type { Clock } from "../shared/clock.ts";
import type { Queryable } from "../shared/database.ts";
import { deadness } from "./decide.ts";
import { worstCostWei } from "./fees.ts";
import type { Fees, QueuedIntent } from "./model.ts";
import { schedule, type AccountLoad, type Strategy, type Turn } from "./schedule.ts";
import { readQueue } from "./store.ts";

/**
 * Hands the queue of one chain out to the accounts of this process. Lives in memory only: an intent that was handed out
 * and not signed is still queued, and whoever signs it first has it, in whatever process.
 */
export interface Allocator {
  /**
   * @param load of the account that asks
   * @param nowMs wall clock by which intents expire
   * @returns what the account shall send, and what it shall drop; nobody else gets it before `release`
   */
  take(load: AccountLoad, fees: Fees, nowMs: number): Promise<QueuedIntent[]>;
  /**
   * Ends the account's claim on what it took.
   * @param sent ids of those that have a nonce now
   */
  release(address: string, taken: readonly QueuedIntent[], sent: ReadonlySet<bigint>): void;
  /** The account is not worked on here any more. */
  leave(address: string): void;
}

interface Claim {
  address: string;
  untilMs: number;
  costWei: bigint;
  live: boolean;
}

/** Claims that are not released end by themselves: signing took too long, or the account was not there. */
const takenMs = 30_000;
const offeredMs = 500;
/** An account that did not ask for so long gets nothing: it is stuck, or its chain or database is. */
const absentAfterMs = 3_000;

/**
 * Creates the allocator of one chain.
 * @param wake called with the address of each account that something was set aside for
 */
export function createAllocator(deps: {
  db: Queryable;
  clock: Clock;
  chainId: number;
  strategy: Strategy;
  wake: (address: string) => void;
  random?: () => number;
}): Allocator {
  const { clock, strategy } = deps;
  const loads = new Map<string, { load: AccountLoad; atMs: number }>();
  const claims = new Map<bigint, Claim>();
  const turn: Turn = { next: null, random: deps.random ?? Math.random };
  let last: Promise<unknown> = Promise.resolve();

  async function take(load: AccountLoad, fees: Fees, nowMs: number): Promise<QueuedIntent[]> {
    const rows = await readQueue(deps.db, deps.chainId);
    const localMs = clock.nowMs();
    loads.set(load.address, { load, atMs: localMs });
    const known = new Set(rows.map(({ id }) => id));
    for (const [id, claim] of claims)
      if (claim.untilMs <= localMs || !known.has(id)) claims.delete(id);

    const claim = (intent: QueuedIntent, address: string, ms: number, live: boolean): void => {
      const costWei = worstCostWei({ ...intent, fees });
      claims.set(intent.id, { address, untilMs: localMs + ms, costWei, live });
    };
    const mine: QueuedIntent[] = [];
    const free: QueuedIntent[] = [];
    for (const intent of rows) {
      const owner = claims.get(intent.id)?.address;
      const isDead = deadness(intent, nowMs) !== null;
      if (owner === load.address || (owner === undefined && isDead)) {
        mine.push(intent);
        claim(intent, load.address, takenMs, !isDead);
      } else if (owner === undefined) free.push(intent);
    }
    const present = [...loads.values()].filter(({ atMs }) => localMs - atMs < absentAfterMs);
    const accounts = present
      .map(({ load: one }) => withClaims(one, claims.values()))
      .sort((a, b) => (a.address < b.address ? -1 : 1));
    const { given, next } = schedule(free, accounts, strategy, turn, fees);
    turn.next = next;
    for (const [address, intents] of given) {
      const isMine = address === load.address;
      for (const intent of intents) claim(intent, address, isMine ? takenMs : offeredMs, true);
      if (isMine) mine.push(...intents);
      else deps.wake(address);
    }
    return mine;
  }

  return {
    take(load, fees, nowMs) {
      // One after the other: two that read the same queue would hand out the same intents.
      const result = last.then(() => take(load, fees, nowMs));
      last = result.catch(() => undefined);
      return result;
    },
    release(address, taken, sent) {
      const known = loads.get(address);
      for (const { id } of taken) {
        const claim = claims.get(id);
        if (claim?.address !== address) continue;
        claims.delete(id);
        // Until the account tells its load again, what it has just sent counts all the same.
        if (known !== undefined && sent.has(id)) {
          const { pending, freeWei } = known.load;
          known.load = { ...known.load, pending: pending + 1, freeWei: freeWei - claim.costWei };
        }
      }
    },
    leave(address) {
      loads.delete(address);
      for (const [id, claim] of claims) if (claim.address === address) claims.delete(id);
    },
  };
}

function withClaims(load: AccountLoad, claims: Iterable<Claim>): AccountLoad {
  let { pending, freeWei } = load;
  for (const claim of claims) {
    if (claim.address !== load.address || !claim.live) continue;
    pending++;
    freeWei -= claim.costWei;
  }
  return { ...load, pending, freeWei };
}

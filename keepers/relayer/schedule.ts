import { lanes, type Lane } from "../shared/intents.ts";
import { worstCostWei } from "./fees.ts";
import type { Fees, QueuedIntent } from "./model.ts";

/** How intents are spread over the accounts of a chain. */
export const strategies = ["roundRobin", "leastPending", "random"] as const;
export type Strategy = (typeof strategies)[number];

/** What an account could take on. */
export interface AccountLoad {
  /** Lower case. */
  address: string;
  /** Nonces that are signed and wanted. */
  pending: number;
  /** Most nonces that it may have open. */
  maxPending: number;
  /** Balance less the worst cost of what is pending. */
  freeWei: bigint;
  /** Takes only intents that name it: a treasury. */
  dedicated: boolean;
  /** Why it starts nothing new (paused, quarantined); null when it does. */
  barred: string | null;
  /** Groups of its pending nonces: a newer intent of the group belongs where the older one is. */
  groups: ReadonlySet<string>;
}

/** State of a strategy between calls. */
export interface Turn {
  /** round robin: address of the account that is next; null the first. */
  next: string | null;
  /** random: a number from 0 to below 1. */
  random: () => number;
}

/**
 * Spreads a queue over accounts. Pure but for `turn.random`.
 * Lanes are served by priority, first come first served inside. A lane below the first leaves some nonces of each
 * account to those above it, so that a flood of payouts never makes a price wait for a block. An intent goes to the
 * account that it names, or that has its group pending (whatever bars that one: it is a replacement); else to one with
 * room and balance, by the strategy. Where nobody has the balance it goes to one that lacks only that, which then says
 * how much is missing.
 * @param queue live intents in any order
 * @param fees that a new transaction would have
 * @returns intents by address, in the order of service (what nobody has room for is left out), and whose turn is next
 */
export function schedule(
  queue: readonly QueuedIntent[],
  accounts: readonly AccountLoad[],
  strategy: Strategy,
  turn: Turn,
  fees: Fees,
): { given: Map<string, QueuedIntent[]>; next: string | null } {
  const books = accounts.map((load) => ({ load, pending: load.pending, freeWei: load.freeWei }));
  const given = new Map<string, QueuedIntent[]>();
  let cursor = Math.max(
    0,
    accounts.findIndex(({ address }) => address === turn.next),
  );
  const give = (book: (typeof books)[number], intent: QueuedIntent): void => {
    book.pending++;
    book.freeWei -= worstCostWei({ ...intent, fees });
    const list = given.get(book.load.address);
    if (list === undefined) given.set(book.load.address, [intent]);
    else list.push(intent);
  };

  for (const intent of [...queue].sort(byPriority)) {
    const { account, group, lane } = intent;
    const holder = group === null ? -1 : books.findIndex(({ load }) => load.groups.has(group));
    if (holder >= 0) {
      give(books[holder]!, intent);
      continue;
    }
    const open = books.filter(
      ({ load, pending }) =>
        (account === null ? !load.dedicated : load.address === account) &&
        load.barred === null &&
        pending < limitOf(lane, load.maxPending),
    );
    const costWei = worstCostWei({ ...intent, fees });
    const solvent = open.filter(({ freeWei }) => freeWei >= costWei);
    const candidates = solvent.length > 0 ? solvent : open;
    if (candidates.length === 0) continue;
    if (strategy === "random") {
      give(candidates[Math.floor(turn.random() * candidates.length)]!, intent);
    } else if (strategy === "leastPending") {
      give(
        candidates.reduce((least, one) => (one.pending < least.pending ? one : least)),
        intent,
      );
    } else {
      const order = books.map((_, step) => books[(cursor + step) % books.length]!);
      const chosen = order.find((book) => candidates.includes(book))!;
      give(chosen, intent);
      if (account === null) cursor = (books.indexOf(chosen) + 1) % books.length;
    }
  }
  return { given, next: books[cursor]?.load.address ?? null };
}

/**
 * @returns how many nonces an account may have open for a lane to open one more: a sixteenth less for each lane of
 * higher priority, at least one
 */
export function limitOf(lane: Lane, maxPending: number): number {
  const kept = Math.floor(maxPending / 16) * Math.min(lanes.indexOf(lane), 2);
  return Math.max(1, maxPending - kept);
}

/** Order of service: by lane, then by arrival. */
export function byPriority(
  a: Pick<QueuedIntent, "lane" | "id">,
  b: Pick<QueuedIntent, "lane" | "id">,
): number {
  const lane = lanes.indexOf(a.lane) - lanes.indexOf(b.lane);
  return lane !== 0 ? lane : a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
}

import type { OperatorKeys, PublicKeys } from "../signing/keys.ts";
import type { ActiveSet } from "./set.ts";
import { indexIn } from "./standing.ts";
import type { KeyLock, ObservationStore } from "./store.ts";

/** A key pair, what was signed with it, and whether this process may sign with it. */
export interface HeldKeys {
  readonly keys: OperatorKeys;
  readonly publicKeys: PublicKeys;
  readonly store: ObservationStore;
  readonly lock: KeyLock;
}

/** Where an operator stands in a set, and the key pair that the set has for it. */
export interface Seat {
  readonly index: number;
  readonly held: HeldKeys;
}

/** An operator's key pairs: the one in use and, while it is being replaced, the one that follows. */
export interface KeyRing {
  /** The operator's place in a set; null if the set has none of its key pairs. */
  seatIn(set: ActiveSet): Seat | null;
  /** Every key pair, oldest first. */
  all(): readonly HeldKeys[];
  /** Adds a key pair that is used as soon as a set has it. */
  add(held: HeldKeys): void;
}

/**
 * Creates a ring. Two sets are valid for a minute when keys change, and each is signed with its own.
 *
 * @param account Registered account, lower case.
 * @param first Key pair that is in use.
 */
export function createKeyRing(account: string, first: HeldKeys): KeyRing {
  const ring = [first];
  return {
    seatIn(set) {
      for (const held of ring) {
        const index = indexIn(set, account, held.publicKeys);
        if (index !== null) return { index, held };
      }
      return null;
    },
    all: () => ring,
    add: (held) => void ring.push(held),
  };
}

/**
 * The key pair for a set that the operator is known to belong to.
 *
 * @throws Error if it does not: a mistake of the caller.
 */
export function keysIn(ring: KeyRing, set: ActiveSet): OperatorKeys {
  const seat = ring.seatIn(set);
  if (seat === null) throw new Error(`set ${set.id} has none of this operator's keys`);
  return seat.held.keys;
}

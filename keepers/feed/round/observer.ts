import type { Clock } from "../../shared/clock.ts";
import type { SignedObservation } from "../signing/observation.ts";
import { signObservation } from "../signing/observation.ts";
import type { ReportDomain } from "../signing/report.ts";
import type { KeyRing } from "./key-ring.ts";
import { Refusal } from "./refusal.ts";
import type { ActiveSet } from "./set.ts";

/** The operator's own prices, taken once a slot at its beginning. */
export interface SlotPrices {
  /** By feed id, 8 decimals; a feed without a price is missing. Null if none were taken for the slot. */
  at(slot: number): ReadonlyMap<string, bigint> | null;
}

/** Makes the operator's observations, one a slot and set, the same bytes for everybody who asks. */
export interface Observer {
  /**
   * The signed observation of a slot.
   * @param self The operator's index in the set.
   * @throws Refusal when there are no prices for the slot or the key is held by another process.
   */
  observe(set: ActiveSet, self: number, slot: number): Promise<SignedObservation>;
  /** The observation if it was made already. */
  made(setId: number, slot: number): SignedObservation | null;
}

/** Peers' clocks may be ahead by this much; their question is answered once the slot has begun here too. */
const AHEAD_MS = 200;
const POLL_MS = 5;
const KEPT = 32;

/** Creates an observer over the stores of a key ring. */
export function createObserver(deps: {
  readonly domain: ReportDomain;
  readonly ring: KeyRing;
  readonly prices: SlotPrices;
  readonly clock: Clock;
}): Observer {
  const { domain, ring, prices, clock } = deps;
  const made = new Map<string, SignedObservation>();
  const underway = new Map<string, Promise<SignedObservation>>();

  async function pricesAt(slot: number): Promise<ReadonlyMap<string, bigint>> {
    const waitUntilMs = Math.min(slot * 1_000, clock.nowMs()) + AHEAD_MS;
    for (;;) {
      const taken = prices.at(slot);
      if (taken !== null) return taken;
      // The slot may be about to begin here; one that is long over has no prices any more.
      const isSoon = slot * 1_000 - clock.nowMs() <= AHEAD_MS && clock.nowMs() < waitUntilMs;
      if (!isSoon) throw new Refusal("no prices", `none were taken for slot ${slot}`);
      await clock.sleep(POLL_MS);
    }
  }

  async function make(set: ActiveSet, self: number, slot: number): Promise<SignedObservation> {
    const taken = await pricesAt(slot);
    const pricesE8 = set.feeds.map(({ feedId }) => taken.get(feedId) ?? 0n);
    if (pricesE8.every((price) => price === 0n)) {
      throw new Refusal("no prices", "no feed has a price at the moment");
    }
    const seat = ring.seatIn(set);
    if (seat?.index !== self) throw new Refusal("not ready", "the set has none of the keys here");
    const { keys, lock, store } = seat.held;
    if (!lock.held()) throw new Refusal("not ready", "the key's lock is not held");
    const reserved = await store.reserve({ setId: set.id, slot, operator: self, pricesE8 });
    if ("signature" in reserved) return reserved;
    const signed = signObservation(reserved, keys, domain);
    await store.complete(signed);
    return signed;
  }

  return {
    async observe(set, self, slot) {
      const key = `${set.id}:${slot}`;
      const known = made.get(key);
      if (known !== undefined) return known;
      let promise = underway.get(key);
      if (promise === undefined) {
        promise = make(set, self, slot).finally(() => underway.delete(key));
        underway.set(key, promise);
      }
      const signed = await promise;
      made.set(key, signed);
      for (const old of made.keys()) {
        if (made.size <= KEPT) break;
        made.delete(old);
      }
      return signed;
    },
    made: (setId, slot) => made.get(`${setId}:${slot}`) ?? null,
  };
}

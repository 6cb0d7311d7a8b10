import type { Clock } from "../shared/clock.ts";
import type { Logger } from "../shared/log.ts";
import type { Pricer } from "./price/create.ts";
import type { InFlight, SignedReport } from "./round/inflight.ts";
import type { Leader, RoundOutcome } from "./round/leader.ts";
import type { RoundMetrics } from "./round/metrics.ts";
import type { KeyCheck } from "./round/key-check.ts";
import type { KeyRing } from "./round/key-ring.ts";
import { Refusal } from "./round/refusal.ts";
import type { ActiveSet, ChainReader, ChainView } from "./round/set.ts";
import type { Quotes } from "./round/quotes.ts";
import type { PriceBook } from "./round/slot-prices.ts";
import type { Standing } from "./round/standing.ts";
import { standingOf } from "./round/standing.ts";
import type { Upkeep } from "./round/upkeep.ts";
import type { StatusWriter } from "./status.ts";

/** Everything that the slot loop works with. */
export interface OperatorDeps {
  /** Registered account, lower case. */
  readonly account: string;
  readonly ring: KeyRing;
  readonly keyCheck: KeyCheck;
  readonly upkeep: Upkeep;
  readonly clock: Clock;
  readonly log: Logger;
  readonly reader: Pick<ChainReader, "registeredKeys">;
  readonly view: ChainView;
  readonly quotes: Quotes;
  readonly pricer: Pricer;
  readonly book: PriceBook;
  readonly leader: Leader;
  readonly inFlight: InFlight;
  readonly status: StatusWriter;
  readonly metrics: RoundMetrics;
  readonly deliver: (signed: SignedReport) => Promise<void>;
  /** Bound for a round. */
  readonly roundMs: number;
}

/** What /health shows. */
export interface OperatorHealth {
  standing(): Standing;
}

const SLOT_MS = 1_000;
/** The chain is read late in a slot, so that the next one begins with fresh knowledge and waits for nothing. */
const POLL_AT_MS = 600;
const STATUS_AT_MS = 300;
/** Registration and key files are looked up again this often while the operator is not active. */
const STANDING_EVERY_SLOTS = 5;
const PRUNE_EVERY_SLOTS = 60;
const KEYS_EVERY_SLOTS = 60;
/** Operators take turns in looking whether a change of keys or seats is due. */
const UPKEEP_EVERY_SLOTS = 5;
/** Nobody is answered about slots this old; the margin is for clocks. */
const KEEP_SLOTS = 3_600;

/** Nobody can say from older knowledge what is due. */
const STALE_CHAIN_MS = 15_000;

const NO_STANDING: Standing = { kind: "waiting", problem: "the chain has not been read yet" };

/**
 * Creates the slot loop. Its work within a slot overlaps neither with itself nor with the same work of the next slot:
 * what is still running when its turn comes again is left out once.
 */
export function createOperator(deps: OperatorDeps): OperatorHealth & {
  /** Runs until the signal aborts, then waits for what is under way. */
  run(signal: AbortSignal): Promise<void>;
} {
  const { clock, log, view, pricer, book, inFlight, metrics } = deps;
  let standing = NO_STANDING;
  let pricedSet: ActiveSet | null = null;
  let missing = "";
  const busy = new Map<string, Promise<void>>();

  /** Starts a piece of work unless it is still running; a failure is logged when it is another than the last. */
  const failures = new Map<string, string>();
  function start(name: string, work: () => Promise<void>): void {
    if (busy.has(name)) return;
    const done = work()
      .then(
        () => {
          if (failures.delete(name)) log.info({ work: name }, "works again");
        },
        (error: unknown) => {
          const reason = error instanceof Error ? error.message : String(error);
          if (failures.get(name) === reason) return;
          failures.set(name, reason);
          log.warn({ work: name, reason }, "failed, will be tried again");
        },
      )
      .finally(() => busy.delete(name));
    busy.set(name, done);
  }

  function takePrices(slot: number): void {
    const set = view.latest()?.set ?? null;
    if (set !== null && set !== pricedSet) {
      pricer.setFeeds(set.feeds);
      deps.quotes.follow(set.feeds.map(({ feedId }) => feedId));
      pricedSet = set;
    }
    const prices = pricer.observe(deps.quotes.nowMs());
    book.put(slot, prices);
    const absent = prices.filter(({ priceE8 }) => priceE8 === null);
    metrics.pricedFeeds(prices.length - absent.length);
    metrics.venuesLive(deps.quotes.health().filter(({ state }) => state === "live").length);
    // Reasons hold ages that change every second: what is new is which feeds are missing.
    const names = absent.map(({ feedId }) => feedId).join(",");
    if (names === missing) return;
    missing = names;
    if (absent.length === 0) log.info("every feed has a price");
    else {
      log.warn(
        { feeds: Object.fromEntries(absent.map(({ feedId, reason }) => [feedId, reason])) },
        "feeds without a price are not observed",
      );
    }
  }

  async function lead(slot: number, signal: AbortSignal): Promise<void> {
    const snapshot = view.latest();
    if (snapshot === null) return;
    const { set, atMs } = snapshot;
    const self = deps.ring.seatIn(set)?.index ?? null;
    if (self === null || slot % set.operators.length !== self || slot < set.since) return;
    if (clock.nowMs() - atMs > STALE_CHAIN_MS) {
      throw new Error("the state of the chain is not known well enough to lead");
    }
    const bounded = AbortSignal.any([signal, AbortSignal.timeout(deps.roundMs)]);
    try {
      const outcome = await deps.leader.lead(snapshot, self, slot, bounded);
      const ms = clock.nowMs() - slot * SLOT_MS;
      metrics.led(outcome.kind, ms / 1_000);
      if (outcome.kind !== "idle") {
        for (const operator of outcome.faults.keys()) metrics.peerFault(operator);
      }
      logOutcome(log, set, slot, ms, outcome);
    } catch (error) {
      metrics.led("error", 0);
      if (!(error instanceof Refusal)) throw error;
      log.warn({ slot, reason: error.message }, "round not led");
    }
  }

  async function readChain(slot: number): Promise<void> {
    await view.refresh();
    const set = view.latest()?.set ?? null;
    const keys = deps.ring.all().map(({ publicKeys }) => publicKeys);
    let next = standingOf(set, deps.account, keys, null);
    if (next.kind === "waiting") {
      const isKnown = standing.kind === "waiting" && standing !== NO_STANDING;
      if (isKnown && slot % STANDING_EVERY_SLOTS !== 0) return;
      // The set may have keys whose file is there and was not looked for yet.
      start("keys", () => deps.keyCheck.run());
      const registered = await deps.reader.registeredKeys(deps.account);
      next = standingOf(set, deps.account, keys, registered);
    }
    const before = JSON.stringify(standing);
    standing = next;
    if (JSON.stringify(next) === before) return;
    if (next.kind === "active") log.info({ index: next.index }, "operator is active");
    else log.warn(`waiting: ${next.problem}`);
  }

  async function handOver(): Promise<void> {
    const snapshot = view.latest();
    if (snapshot === null) return;
    const { set, states } = snapshot;
    for (const signed of inFlight.overdue(set.id, states, clock.nowMs())) {
      await deps.deliver(signed);
      inFlight.handedOver(signed);
      log.warn(
        { slot: signed.report.slot },
        "report is not on chain yet, handed to the relayer too",
      );
    }
  }

  async function prune(beforeSlot: number): Promise<void> {
    for (const { store } of deps.ring.all()) await store.prune(beforeSlot);
  }

  function isUpkeepTurn(slot: number): boolean {
    const set = view.latest()?.set;
    if (set === undefined || slot % UPKEEP_EVERY_SLOTS !== 0) return false;
    return (slot / UPKEEP_EVERY_SLOTS) % set.operators.length === deps.ring.seatIn(set)?.index;
  }

  async function keepUp(): Promise<void> {
    const due = await deps.upkeep.run(clock.nowMs());
    if (due.length > 0) log.info({ due }, "a change of operators or keys is due");
  }

  async function runSlot(slot: number, signal: AbortSignal): Promise<void> {
    takePrices(slot);
    start("round", () => lead(slot, signal));
    if (slot % PRUNE_EVERY_SLOTS === 0) start("prune", () => prune(slot - KEEP_SLOTS));
    if (slot % KEYS_EVERY_SLOTS === 0) start("keys", () => deps.keyCheck.run());
    if (isUpkeepTurn(slot)) start("upkeep", keepUp);
    await clock.sleep(slot * SLOT_MS + STATUS_AT_MS - clock.nowMs(), signal);
    start("status", () => deps.status.write(book.latest()));
    await clock.sleep(slot * SLOT_MS + POLL_AT_MS - clock.nowMs(), signal);
    start("chain", async () => {
      await readChain(slot);
      await handOver();
    });
  }

  return {
    standing: () => standing,
    async run(signal) {
      start("chain", () => readChain(0));
      start("keys", () => deps.keyCheck.run());
      for (;;) {
        // A timer may fire a moment early; the slot has begun when the clock says so.
        const slot = Math.floor(clock.nowMs() / SLOT_MS) + 1;
        while (clock.nowMs() < slot * SLOT_MS && !signal.aborted) {
          await clock.sleep(slot * SLOT_MS - clock.nowMs(), signal);
        }
        if (signal.aborted) break;
        await runSlot(Math.floor(clock.nowMs() / SLOT_MS), signal);
      }
      await Promise.all(busy.values());
    },
  };
}

function logOutcome(
  log: Logger,
  set: ActiveSet,
  slot: number,
  ms: number,
  outcome: RoundOutcome,
): void {
  if (outcome.kind === "idle") return;
  const nameOf = (feedIndex: number): string => set.feeds[feedIndex]?.feedId ?? String(feedIndex);
  const faults = Object.fromEntries(
    [...outcome.faults].map(([index, fault]) => [
      set.operators[index]?.account ?? String(index),
      fault,
    ]),
  );
  const dropped = Object.fromEntries(
    outcome.dropped.map(({ feedIndex, reason }) => [nameOf(feedIndex), reason]),
  );
  if (outcome.kind === "failed") {
    log.warn({ slot, ms, reason: outcome.reason, faults, dropped }, "round failed");
    return;
  }
  const { entries, signers } = outcome.signed.report;
  const feeds = Object.fromEntries(
    entries.map(({ feedIndex, answerE8 }) => [nameOf(feedIndex), String(answerE8)]),
  );
  const due = Object.fromEntries(
    outcome.due.map(({ feedIndex, reason }) => [nameOf(feedIndex), reason]),
  );
  const { attempts } = outcome;
  log.info(
    { slot, ms, feeds, due, dropped, signers, attempts, faults },
    "report handed to the relayer",
  );
}

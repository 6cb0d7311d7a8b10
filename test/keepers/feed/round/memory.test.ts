import { expect } from "chai";

import type { Clock } from "../../../../keepers/shared/clock.ts";
import { emptyFeed } from "../../../../keepers/feed/price/breaker.ts";
import type { FeedState } from "../../../../keepers/feed/price/breaker.ts";
import type { SignedReport } from "../../../../keepers/feed/round/inflight.ts";
import { createInFlight } from "../../../../keepers/feed/round/inflight.ts";
import { createKeyRing } from "../../../../keepers/feed/round/key-ring.ts";
import { createObserver } from "../../../../keepers/feed/round/observer.ts";
import { createQuotes } from "../../../../keepers/feed/round/quotes.ts";
import { createRateLimit } from "../../../../keepers/feed/round/rate-limit.ts";
import { Refusal } from "../../../../keepers/feed/round/refusal.ts";
import type { ActiveSet, ChainReader } from "../../../../keepers/feed/round/set.ts";
import { createChainView } from "../../../../keepers/feed/round/set.ts";
import { createPriceBook } from "../../../../keepers/feed/round/slot-prices.ts";
import { createWitness } from "../../../../keepers/feed/round/witness.ts";
import { publicKeys } from "../../../../keepers/feed/signing/keys.ts";
import type {
  Observation,
  SignedObservation,
} from "../../../../keepers/feed/signing/observation.ts";
import { signObservation } from "../../../../keepers/feed/signing/observation.ts";
import type { VenueSource } from "../../../../keepers/feed/venues/source.ts";
import { DOMAIN, freshKeys } from "../signing/helpers.ts";
import { log, memoryStore, RULES } from "./network.ts";

const SLOT = 1_800_000_000;
const keys = freshKeys();
const ACCOUNT = `0x${"00".repeat(20)}`;
const set: ActiveSet = {
  id: 1,
  since: 0,
  quorum: 1,
  operators: [{ index: 0, account: ACCOUNT, ...publicKeys(keys) }],
  feeds: [{ feedId: "BTC/USD", minVenues: 1 }],
  rules: [RULES],
};

/** A clock that sleeping moves. */
function movingClock(startMs: number): Clock & { now: number } {
  const clock = {
    now: startMs,
    nowMs: () => clock.now,
    sleep: (ms: number) => {
      clock.now += Math.max(0, ms);
      return Promise.resolve();
    },
  };
  return clock;
}

describe("reports in flight", () => {
  const timeouts = { reportTimeoutMs: 8_000, handoverMs: 3_000 };
  const signed = (slot: number, feedIndex = 0): SignedReport => ({
    report: {
      setId: 1,
      slot,
      signers: 1,
      observationRoot: 0n,
      entries: [{ feedIndex, count: 1, answerE8: 5n }],
    },
    bytes: new Uint8Array(),
    signature: { s: 1n, commitment: "0x", zInverse: 1n },
  });
  const states = (lastReportAt: number): FeedState[] => [{ ...emptyFeed, lastReportAt }];

  it("are pending until they land or their time is over", () => {
    const inFlight = createInFlight(timeouts);
    expect(inFlight.add(signed(SLOT), 0)).to.equal(true);
    expect(inFlight.add(signed(SLOT), 1)).to.equal(false);
    expect(inFlight.pending(1, states(SLOT - 1), 7_999)).to.have.length(1);
    expect(inFlight.pending(1, states(SLOT), 1)).to.deep.equal([]);
    expect(inFlight.pending(1, states(SLOT - 1), 8_000)).to.deep.equal([]);
    expect(inFlight.pending(2, states(SLOT - 1), 1)).to.deep.equal([]);
  });

  it("stay recent for a while after they have landed", () => {
    const inFlight = createInFlight(timeouts);
    inFlight.add(signed(SLOT), 0);
    expect(inFlight.recent(1, 10_000)).to.have.length(1);
    expect(inFlight.recent(1, 15_000)).to.deep.equal([]);
  });

  it("are overdue until they are handed over", () => {
    const inFlight = createInFlight(timeouts);
    inFlight.add(signed(SLOT), 0);
    expect(inFlight.overdue(1, states(SLOT - 1), 2_999)).to.deep.equal([]);
    const [late] = inFlight.overdue(1, states(SLOT - 1), 3_000);
    expect(late?.report.slot).to.equal(SLOT);
    expect(inFlight.overdue(1, states(SLOT - 1), 3_500)).to.have.length(1);
    inFlight.handedOver(late!);
    expect(inFlight.overdue(1, states(SLOT - 1), 4_000)).to.deep.equal([]);
    inFlight.add(signed(SLOT + 1), 5_000);
    expect(inFlight.overdue(1, states(SLOT + 1), 9_000)).to.deep.equal([]);
  });

  it("take bounded memory", () => {
    const inFlight = createInFlight(timeouts);
    for (let slot = 0; slot < 1_000; slot++) inFlight.add(signed(slot), 0);
    expect(inFlight.recent(1, 0)).to.have.length(64);
  });
});

describe("the operator's observations", () => {
  function observing(options: { locked?: boolean; prices?: bigint | null; startMs?: number } = {}) {
    const clock = movingClock(options.startMs ?? SLOT * 1_000 + 10);
    const book = createPriceBook();
    const rows = new Map<string, Observation | SignedObservation>();
    const observer = createObserver({
      ...{ domain: DOMAIN, clock, prices: book },
      ring: createKeyRing(ACCOUNT, {
        ...{ keys, publicKeys: publicKeys(keys), store: memoryStore(rows) },
        lock: { held: () => options.locked ?? true },
      }),
    });
    const price = (slot: number, priceE8: bigint | null) =>
      book.put(slot, [{ feedId: "BTC/USD", priceE8, reason: "", venues: {} }]);
    if (options.prices !== undefined) price(SLOT, options.prices);
    return { clock, observer, rows, price };
  }
  const refusal = (promise: Promise<unknown>) =>
    promise.then(
      () => null,
      (error: unknown) => (error instanceof Refusal ? error.code : error),
    );

  it("are one a slot, the same object for everybody, made once", async () => {
    const { observer, price } = observing({ prices: 5n });
    const [a, b] = await Promise.all([
      observer.observe(set, 0, SLOT),
      observer.observe(set, 0, SLOT),
    ]);
    expect(a).to.equal(b);
    price(SLOT, 6n);
    expect(await observer.observe(set, 0, SLOT)).to.equal(a);
    expect(observer.made(1, SLOT)).to.equal(a);
    expect(observer.made(2, SLOT)).to.equal(null);
  });

  it("are what was stored before, even if the prices are others now", async () => {
    const { observer, rows } = observing({ prices: 5n });
    rows.set(`1:${SLOT}`, { setId: 1, slot: SLOT, operator: 0, pricesE8: [4n] });
    const signed = await observer.observe(set, 0, SLOT);
    expect(signed.pricesE8).to.deep.equal([4n]);
    expect(signed.signature).to.have.length(132);
  });

  it("are the stored bytes if they were signed before", async () => {
    const { observer, rows } = observing({ prices: 5n });
    const before = signObservation(
      { setId: 1, slot: SLOT, operator: 0, pricesE8: [4n] },
      keys,
      DOMAIN,
    );
    rows.set(`1:${SLOT}`, before);
    expect(await observer.observe(set, 0, SLOT)).to.equal(before);
  });

  it("are not made without prices, without the key's lock, or for a slot that is gone", async () => {
    expect(await refusal(observing({ prices: null }).observer.observe(set, 0, SLOT))).to.equal(
      "no prices",
    );
    const unlocked = observing({ prices: 5n, locked: false });
    expect(await refusal(unlocked.observer.observe(set, 0, SLOT))).to.equal("not ready");
    expect(unlocked.rows.size).to.equal(0);
    expect(await refusal(observing().observer.observe(set, 0, SLOT - 3))).to.equal("no prices");
  });

  it("wait for a slot that is about to begin here, but not for one that is far", async () => {
    const soon = observing({ startMs: SLOT * 1_000 - 100 });
    const waiting = soon.observer.observe(set, 0, SLOT);
    soon.price(SLOT, 5n);
    expect((await waiting).pricesE8).to.deep.equal([5n]);
    const far = observing({ startMs: SLOT * 1_000 - 400 });
    expect(await refusal(far.observer.observe(set, 0, SLOT))).to.equal("no prices");
  });
});

describe("the witness", () => {
  it("notices two different observations of one operator, set and slot", () => {
    const witness = createWitness();
    const first = signObservation(
      { setId: 1, slot: SLOT, operator: 0, pricesE8: [4n] },
      keys,
      DOMAIN,
    );
    const second = signObservation({ ...first, pricesE8: [5n] }, keys, DOMAIN);
    expect(witness.note(first)).to.equal(null);
    expect(witness.note({ ...first })).to.equal(null);
    expect(witness.note(second)).to.equal(first);
    expect(witness.note({ ...second, slot: SLOT + 1 })).to.equal(null);
  });
});

describe("the view of the chain", () => {
  function reading() {
    const chain = { setId: 0, fails: false, described: [] as number[] };
    const reader: ChainReader = {
      snapshot: () =>
        chain.fails
          ? Promise.reject(new Error("no node"))
          : Promise.resolve({ setId: chain.setId, states: [emptyFeed] }),
      describe: (id) => {
        chain.described.push(id);
        return Promise.resolve({ ...set, id });
      },
      registeredKeys: () => Promise.resolve(null),
      announcedKeys: () => Promise.resolve(null),
      endpoint: (account) => Promise.resolve(`http://${account.slice(-2)}`),
    };
    return { chain, view: createChainView(reader, movingClock(0), log) };
  }

  it("knows nothing before there is a set", async () => {
    const { view } = reading();
    await view.refresh();
    expect(view.latest()).to.equal(null);
  });

  it("follows a change of the set and remembers the one before", async () => {
    const { chain, view } = reading();
    chain.setId = 1;
    await view.refresh();
    await view.refresh();
    chain.setId = 2;
    await view.refresh();
    expect(chain.described).to.deep.equal([1, 2]);
    expect(view.latest()?.set.id).to.equal(2);
    expect(view.setById(1)?.id).to.equal(1);
    expect(view.setById(3)).to.equal(null);
    expect(view.endpointOf(set.operators[0]!.account)).to.equal("http://00");
  });

  it("keeps what it knew when the node fails", async () => {
    const { chain, view } = reading();
    chain.setId = 1;
    await view.refresh();
    chain.fails = true;
    const failed = await view.refresh().catch((error: unknown) => String(error));
    expect(failed).to.include("no node");
    expect(view.latest()?.set.id).to.equal(1);
  });
});

describe("a rate limit", () => {
  it("lets a burst through, then as many as come back with time, key by key", () => {
    const clock = movingClock(0);
    const limit = createRateLimit({ perSecond: 10, burst: 3 }, clock);
    const take = (key: string, times: number) =>
      Array.from({ length: times }, () => limit.take(key));
    expect(take("a", 4)).to.deep.equal([true, true, true, false]);
    expect(take("b", 1)).to.deep.equal([true]);
    clock.now += 100;
    expect(take("a", 2)).to.deep.equal([true, false]);
    clock.now += 10_000;
    expect(take("a", 4)).to.deep.equal([true, true, true, false]);
  });
});

describe("quotes", () => {
  it("open the venues anew when the feeds need other currencies, and only then", async () => {
    const opened: string[] = [];
    const started: string[] = [];
    const quotes = createQuotes(
      (bases): VenueSource => {
        opened.push(bases.join());
        return {
          mode: "simulator",
          nowMs: () => 0,
          health: () => [],
          start: (_, signal) => {
            started.push(bases.join());
            return new Promise((resolve) => signal.addEventListener("abort", () => resolve()));
          },
        };
      },
      { always: ["USDT", "USDC"], feedIds: [] },
    );
    const controller = new AbortController();
    const running = quotes.run(() => undefined, controller.signal);
    quotes.follow(["BTC/USD", "USDC/USD"]);
    quotes.follow(["USDC/USD", "BTC/USD"]);
    while (started.length < 2) await new Promise(setImmediate);
    controller.abort();
    await running;
    expect(opened).to.deep.equal(["USDC,USDT", "BTC,USDC,USDT"]);
    expect(started).to.deep.equal(opened);
  });
});

import { expect } from "chai";

import { createLogger } from "../../../../keepers/shared/log.ts";
import type { FeedPrice } from "../../../../keepers/feed/price/observe.ts";
import { emptyFeed } from "../../../../keepers/feed/price/breaker.ts";
import type { SignedReport } from "../../../../keepers/feed/round/inflight.ts";
import { createKeyRing } from "../../../../keepers/feed/round/key-ring.ts";
import { createInFlight } from "../../../../keepers/feed/round/inflight.ts";
import type { ActiveSet, ChainSnapshot } from "../../../../keepers/feed/round/set.ts";
import { createPriceBook } from "../../../../keepers/feed/round/slot-prices.ts";
import type { OperatorDeps } from "../../../../keepers/feed/run.ts";
import { createOperator } from "../../../../keepers/feed/run.ts";
import { publicKeys } from "../../../../keepers/feed/signing/keys.ts";
import { freshKeys } from "../signing/helpers.ts";
import { accountOf, memoryStore, RULES } from "./network.ts";

const SLOT = 1_800_000_000;
const keys = Array.from({ length: 3 }, freshKeys);
const SELF = 1;
const set: ActiveSet = {
  id: 1,
  since: SLOT,
  quorum: 2,
  operators: keys.map((own, index) => ({ index, account: accountOf(index), ...publicKeys(own) })),
  feeds: [{ feedId: "BTC/USD", minVenues: 1 }],
  rules: [RULES],
};

/** An operator whose clock is moved by its own waiting, so that hours pass at once. */
function operating(change: Partial<OperatorDeps> = {}) {
  const seen = {
    led: [] as number[],
    priced: [] as number[],
    statuses: 0,
    polls: [] as number[],
    delivered: [] as number[],
    logs: [] as string[],
    feeds: [] as string[],
    keyChecks: 0,
    upkeeps: [] as number[],
  };
  const clock = {
    now: SLOT * 1_000 - 700,
    nowMs: () => clock.now,
    sleep: async (ms: number) => {
      await new Promise(setImmediate);
      clock.now += Math.max(1, ms);
    },
  };
  const book = createPriceBook();
  const inFlight = createInFlight({ reportTimeoutMs: 8_000, handoverMs: 3_000 });
  let snapshot: ChainSnapshot | null = null;
  const chain = { set: set as ActiveSet | null, fails: false };
  const deps: OperatorDeps = {
    account: accountOf(SELF),
    ring: createKeyRing(accountOf(SELF), {
      ...{ keys: keys[SELF]!, publicKeys: publicKeys(keys[SELF]!), store: memoryStore() },
      lock: { held: () => true },
    }),
    keyCheck: {
      run: () => {
        seen.keyChecks += 1;
        return Promise.resolve();
      },
    },
    upkeep: {
      run: (nowMs) => {
        seen.upkeeps.push(Math.floor(nowMs / 1_000));
        return Promise.resolve([]);
      },
    },
    clock,
    log: createLogger({
      name: "test",
      level: "info",
      destination: { write: (line: string) => void seen.logs.push(line) },
    }),
    reader: { registeredKeys: () => Promise.resolve(null) },
    view: {
      refresh: () => {
        seen.polls.push(clock.now % 1_000);
        if (chain.fails) return Promise.reject(new Error("no node"));
        if (chain.set !== null) {
          snapshot = { set: chain.set, states: [emptyFeed], atMs: clock.now };
        }
        return Promise.resolve();
      },
      latest: () => snapshot,
      setById: () => null,
      endpointOf: () => null,
    },
    quotes: {
      mode: "simulator",
      nowMs: () => clock.now,
      health: () => [],
      follow: (feedIds) => void seen.feeds.push(...feedIds),
      run: () => Promise.resolve(),
    },
    pricer: {
      add: () => null,
      setFeeds: () => undefined,
      observe: (): FeedPrice[] => {
        seen.priced.push(clock.now);
        return [{ feedId: "BTC/USD", priceE8: 5n, reason: "", venues: {} }];
      },
    },
    book,
    leader: {
      lead: (_snapshot, _self, slot) => {
        seen.led.push(slot);
        return Promise.resolve({ kind: "idle" });
      },
    },
    inFlight,
    status: {
      write: () => {
        seen.statuses += 1;
        return Promise.resolve();
      },
    },
    metrics: {
      led: () => undefined,
      cosigned: () => undefined,
      refused: () => undefined,
      observed: () => undefined,
      peerFault: () => undefined,
      venuesLive: () => undefined,
      pricedFeeds: () => undefined,
    },
    deliver: (signed) => {
      seen.delivered.push(signed.report.slot);
      return Promise.resolve();
    },
    roundMs: 950,
    ...change,
  };
  const operator = createOperator(deps);
  async function runUntil(slot: number): Promise<void> {
    const controller = new AbortController();
    const running = operator.run(controller.signal);
    while (clock.now < slot * 1_000) await new Promise(setImmediate);
    controller.abort();
    await running;
  }
  return { ...{ operator, seen, clock, book, inFlight, chain, runUntil } };
}

describe("the slot loop", function () {
  this.timeout(20_000);

  it("takes prices once at the beginning of each slot", async () => {
    const { seen, book, runUntil } = operating();
    await runUntil(SLOT + 10);
    expect(seen.priced.slice(0, 10)).to.deep.equal(
      Array.from({ length: 10 }, (_, slot) => (SLOT + slot) * 1_000),
    );
    expect(book.at(SLOT + 9)?.get("BTC/USD")).to.equal(5n);
    expect(seen.statuses).to.be.within(9, 11);
  });

  it("leads exactly the slots that are its own", async () => {
    const { seen, runUntil } = operating();
    await runUntil(SLOT + 9);
    expect(seen.led.slice(0, 3)).to.deep.equal([SLOT + 1, SLOT + 4, SLOT + 7]);
  });

  it("reads the chain late in each slot, for the next one", async () => {
    const { seen, runUntil } = operating();
    await runUntil(SLOT + 5);
    expect(seen.polls.slice(1, 5)).to.deep.equal([600, 600, 600, 600]);
    expect(seen.feeds).to.deep.equal(["BTC/USD"]);
  });

  it("waits, and says what to do, while it is not in the set; then takes part", async () => {
    const { operator, seen, chain, clock, runUntil } = operating();
    chain.set = { ...set, operators: [set.operators[0]!] };
    const running = runUntil(SLOT + 30);
    while (clock.now < (SLOT + 10) * 1_000) await new Promise(setImmediate);
    expect(operator.standing()).to.have.property("problem").that.includes("not registered");
    expect(seen.led).to.deep.equal([]);
    chain.set = set;
    await running;
    expect(operator.standing()).to.deep.equal({ kind: "active", index: SELF });
    expect(seen.led.length).to.be.greaterThan(3);
    const said = seen.logs.filter((line) => line.includes("not registered"));
    expect(said).to.have.length(1);
  });

  it("does not lead on knowledge of the chain that is too old", async () => {
    const { seen, chain, clock, runUntil } = operating();
    const running = runUntil(SLOT + 40);
    while (clock.now < (SLOT + 5) * 1_000) await new Promise(setImmediate);
    chain.fails = true;
    await running;
    expect(seen.led.at(-1)).to.be.within(SLOT + 17, SLOT + 22);
    expect(seen.logs.filter((line) => line.includes("no node"))).to.have.length(1);
  });

  it("hands a report over that somebody else should have brought on chain", async () => {
    const { seen, clock, inFlight, runUntil } = operating();
    const report = {
      setId: 1,
      slot: SLOT,
      signers: 3,
      observationRoot: 0n,
      entries: [{ feedIndex: 0, count: 2, answerE8: 5n }],
    };
    const signed: SignedReport = {
      report,
      bytes: new Uint8Array(),
      signature: { s: 1n, commitment: "0x", zInverse: 1n },
    };
    inFlight.add(signed, clock.now);
    await runUntil(SLOT + 10);
    expect(seen.delivered).to.deep.equal([SLOT]);
  });

  it("goes on when a piece of work fails, and says so once", async () => {
    const { seen, runUntil } = operating({
      status: { write: () => Promise.reject(new Error("database is gone")) },
    });
    await runUntil(SLOT + 9);
    expect(seen.led.length).to.be.within(3, 4);
    expect(seen.logs.filter((line) => line.includes("database is gone"))).to.have.length(1);
  });

  it("checks its keys at the start and every minute, and takes its turn in looking after changes", async () => {
    const { runUntil, seen } = operating();
    await runUntil(SLOT + 121);
    expect(seen.keyChecks).to.equal(4);
    // Every fifth slot is somebody's turn, every third of these is that of the one with index 1 of three.
    expect(seen.upkeeps.length).to.be.within(7, 9);
    for (const second of seen.upkeeps) expect((second / 5) % 3).to.equal(SELF);
  });

  it("looks for its keys every few seconds while the set has none of them", async () => {
    const { chain, clock, runUntil, seen } = operating();
    const strangers = set.operators.map((own) => ({ ...own, ...publicKeys(freshKeys()) }));
    const running = runUntil(SLOT + 22);
    while (clock.now < (SLOT + 1) * 1_000 + 300) await new Promise(setImmediate);
    const before = seen.keyChecks;
    chain.set = { ...set, id: 2, operators: strangers };
    await running;
    // Once when it finds out, then every five seconds.
    expect(seen.keyChecks - before).to.be.within(4, 6);
  });
});

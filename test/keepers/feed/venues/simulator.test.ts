import { expect } from "chai";
import { createVenueSource } from "../../../../keepers/feed/venues/create.ts";
import {
  simulatedPairs,
  simulatedTrade,
  usdPrice,
} from "../../../../keepers/feed/venues/simulation.ts";
import type { Tick } from "../../../../keepers/feed/venues/source.ts";
import { createLogger } from "../../../../keepers/shared/log.ts";
import { createManualClock } from "./support/clocks.ts";

const NOW = 1_795_000_000_000;
const BASES = ["BTC", "ETH", "USDT", "USDC"];

/** Ticks of an operator that starts at `startMs` and runs until `endMs`, looking up at its own moments. */
async function observe(
  seed: string,
  startMs: number,
  endMs: number,
  stepMs: number,
): Promise<Tick[]> {
  const clock = createManualClock(startMs);
  const log = createLogger({ name: "test", level: "silent" });
  const source = createVenueSource({ mode: "simulator", seed }, { log, clock, bases: BASES });
  expect(source.mode).to.equal("simulator");
  const ticks: Tick[] = [];
  const stop = new AbortController();
  const done = source.start((tick) => ticks.push(tick), stop.signal);
  while (clock.nowMs() < endMs) await clock.advance(Math.min(stepMs, endMs - clock.nowMs()));
  stop.abort();
  await done;
  return ticks;
}

function sorted(ticks: Tick[]): string[] {
  return ticks
    .map(
      ({ atMs, venue, base, quote, price, size }) =>
        `${atMs} ${venue} ${base}/${quote} ${price} ${size}`,
    )
    .sort();
}

describe("simulator", () => {
  it("gives operators with one seed the same trades, whenever they started and however they look", async () => {
    const first = await observe("seed", NOW, NOW + 30_000, 777);
    const second = await observe("seed", NOW + 10_000, NOW + 30_000, 3_100);
    const since = NOW + 10_000 - 890_000;
    const recent = (ticks: Tick[]) => sorted(ticks.filter(({ atMs }) => atMs >= since));
    expect(recent(first)).to.deep.equal(recent(second));
    expect(recent(first).length).to.be.greaterThan(18_000);
  });

  it("gives another seed other prices", () => {
    const pair = { base: "BTC", quote: "USD" };
    expect(simulatedTrade("a", 0, pair, 1_000).price).to.not.equal(
      simulatedTrade("b", 0, pair, 1_000).price,
    );
    expect(usdPrice("a", "BTC", NOW)).to.not.equal(usdPrice("b", "BTC", NOW));
  });

  it("emits no trade before its time and none twice", async () => {
    const clock = createManualClock(NOW);
    const log = createLogger({ name: "test", level: "silent" });
    const source = createVenueSource({ mode: "simulator", seed: 1 }, { log, clock, bases: BASES });
    const seen: Tick[] = [];
    const stop = new AbortController();
    const done = source.start((tick) => {
      expect(tick.atMs).to.be.at.most(clock.nowMs());
      seen.push(tick);
    }, stop.signal);
    await clock.advance(20_000);
    stop.abort();
    await done;
    expect(new Set(sorted(seen)).size).to.equal(seen.length);
  });

  it("trades about as often as it says: each of 6 pairs at 5 venues once in 1.5 s", async () => {
    const ticks = await observe("seed", NOW, NOW + 60_000, 500);
    const recent = ticks.filter(({ atMs }) => atMs > NOW);
    expect(recent.length).to.be.within(6 * 5 * 38, 6 * 5 * 42);
  });

  it("keeps to realistic levels over a year", () => {
    for (let day = 0; day < 365; day++) {
      const atMs = NOW + day * 86_400_000 + day * 61_000;
      expect(usdPrice("s", "BTC", atMs)).to.be.within(56_000, 64_000);
      expect(usdPrice("s", "ETH", atMs)).to.be.within(2_800, 3_200);
      expect(usdPrice("s", "USDT", atMs)).to.be.within(0.998, 1.002);
      expect(usdPrice("s", "USDC", atMs)).to.be.within(0.998, 1.002);
    }
  });

  it("agrees between venues to a few basis points, and prices coins in coins consistently", () => {
    for (const pair of simulatedPairs(BASES)) {
      for (let index = 0; index < 500; index++) {
        for (let venue = 0; venue < 5; venue++) {
          const { price, atMs } = simulatedTrade("s", venue, pair, index);
          const fair = usdPrice("s", pair.base, atMs) / usdPrice("s", pair.quote, atMs);
          expect(Math.abs(price / fair - 1)).to.be.below(2.1e-4);
        }
      }
    }
  });

  it("moves by more than 20 bps within 5 s now and then: at least once in 10 minutes", () => {
    for (let start = NOW; start < NOW + 6 * 3_600_000; start += 600_000) {
      let largest = 0;
      for (let atMs = start; atMs < start + 600_000; atMs += 1_000) {
        const move = usdPrice("s", "BTC", atMs + 5_000) / usdPrice("s", "BTC", atMs) - 1;
        largest = Math.max(largest, Math.abs(move));
      }
      expect(largest, `from ${start}`).to.be.above(20e-4);
    }
  });

  it("never moves by more than a hundredth within 10 s, far inside any breaker", () => {
    for (let atMs = NOW; atMs < NOW + 86_400_000; atMs += 10_000) {
      expect(
        Math.abs(usdPrice("s", "ETH", atMs + 10_000) / usdPrice("s", "ETH", atMs) - 1),
      ).to.be.below(0.01);
    }
  });

  it("gives every simulated pair and an unknown base a positive price", () => {
    expect(
      simulatedPairs(["BTC", "USDT", "USD"]).map(({ base, quote }) => `${base}/${quote}`),
    ).to.deep.equal(["BTC/USD", "BTC/USDT", "USDT/USD"]);
    expect(usdPrice("s", "LINK", NOW)).to.be.above(0);
  });

  it("catches up with the last minutes only after a long pause", async () => {
    const clock = createManualClock(NOW);
    const log = createLogger({ name: "test", level: "silent" });
    const source = createVenueSource(
      { mode: "simulator", seed: 1 },
      { log, clock, bases: ["BTC"] },
    );
    const ticks: Tick[] = [];
    const stop = new AbortController();
    const done = source.start((tick) => ticks.push(tick), stop.signal);
    ticks.length = 0;
    const paused = NOW + 86_400_000;
    clock.jump(paused);
    await clock.advance(0);
    stop.abort();
    await done;
    expect(Math.min(...ticks.map(({ atMs }) => atMs))).to.be.at.least(paused - 902_000);
    expect(ticks.length).to.be.above(2_900);
  });
});

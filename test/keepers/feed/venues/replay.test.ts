import { expect } from "chai";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { createVenueSource } from "../../../../keepers/feed/venues/create.ts";
import type { Tick, VenueSource } from "../../../../keepers/feed/venues/source.ts";
import { createLogger } from "../../../../keepers/shared/log.ts";
import { createManualClock, type ManualClock } from "./support/clocks.ts";

const HEADER = "ts,open,high,low,close,volume\n";
/** Recorded and real origin; the real one is in the present, the recorded one years before. */
const T = 1_677_628_800;
const STARTED_AT_MS = 1_795_000_000_000;

describe("replay", () => {
  let dir: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), "bars-"));
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  function write(name: string, rows: string[]): void {
    const text = HEADER + rows.map((row) => `${row}\n`).join("");
    writeFileSync(join(dir, name), name.endsWith(".gz") ? gzipSync(text) : text);
  }

  function open(clock: ManualClock, { speed = 60, bases = ["BTC", "USDT"] } = {}): VenueSource {
    const log = createLogger({ name: "test", level: "silent" });
    return createVenueSource(
      { mode: "replay", dir, speed, startedAtMs: STARTED_AT_MS },
      { log, clock, bases },
    );
  }

  async function running(
    source: VenueSource,
    during: (ticks: Tick[]) => Promise<void>,
  ): Promise<Tick[]> {
    const ticks: Tick[] = [];
    const stop = new AbortController();
    const done = source.start((tick) => ticks.push(tick), stop.signal);
    await during(ticks);
    stop.abort();
    await done;
    return ticks;
  }

  function writeTwoVenues(): void {
    write("kraken_BTCUSD.csv", [
      `${T},100,105,95,101,2`,
      `${T + 60},101,101,101,101,0`,
      `${T + 120},101,103,101,102.5,0.5`,
    ]);
    write("binance_BTCUSDT.csv.gz", [`${T + 60},99,99,99,99,1.25`, `${T + 180},98,98,97,97,3`]);
    writeFileSync(join(dir, "README.md"), "not bars");
  }

  it("makes a bar one trade of its volume at its close and end, and none of a bar without volume", async () => {
    writeTwoVenues();
    const clock = createManualClock(STARTED_AT_MS);
    const ticks = await running(open(clock), async () => clock.advance(10_000));
    expect(ticks).to.deep.equal([
      {
        venue: "kraken",
        base: "BTC",
        quote: "USD",
        price: 101,
        size: 2,
        atMs: (T + 60) * 1_000,
        kind: "trade",
      },
      {
        venue: "binance",
        base: "BTC",
        quote: "USDT",
        price: 99,
        size: 1.25,
        atMs: (T + 120) * 1_000,
        kind: "trade",
      },
      {
        venue: "kraken",
        base: "BTC",
        quote: "USD",
        price: 102.5,
        size: 0.5,
        atMs: (T + 180) * 1_000,
        kind: "trade",
      },
      {
        venue: "binance",
        base: "BTC",
        quote: "USDT",
        price: 97,
        size: 3,
        atMs: (T + 240) * 1_000,
        kind: "trade",
      },
    ]);
  });

  it("counts recorded time from the shared start at its speed", async () => {
    writeTwoVenues();
    const clock = createManualClock(STARTED_AT_MS + 2_500);
    const source = open(clock, { speed: 60 });
    expect(source.nowMs()).to.equal(T * 1_000 + 150_000);
    await clock.advance(500);
    expect(source.nowMs()).to.equal(T * 1_000 + 180_000);
  });

  it("emits each tick when its time has come and not before", async () => {
    writeTwoVenues();
    const clock = createManualClock(STARTED_AT_MS);
    await running(open(clock, { speed: 1 }), async (ticks) => {
      await clock.advance(59_000);
      expect(ticks.length).to.equal(0);
      await clock.advance(2_000);
      expect(ticks.length).to.equal(1);
    });
  });

  it("hands over the recent past at once, so that a restarted operator has what the others have", async () => {
    writeTwoVenues();
    const steady = createManualClock(STARTED_AT_MS);
    const all = await running(open(steady), async () => steady.advance(10_000));

    const late = createManualClock(STARTED_AT_MS + 3_000);
    const source = open(late);
    let atOnce = 0;
    const resumed = await running(source, async (ticks) => {
      atOnce = ticks.length;
      await late.advance(7_000);
    });
    expect(atOnce).to.equal(3);
    expect(resumed).to.deep.equal(all);
  });

  it("hands over no more than two hours of the past", async () => {
    write(
      "kraken_BTCUSD.csv",
      Array.from({ length: 300 }, (_, i) => `${T + 60 * i},1,1,1,${i + 1},1`),
    );
    // 200 recorded minutes have passed: the 200th bar (close 200) has just ended
    const clock = createManualClock(STARTED_AT_MS + 200_000);
    const ticks = await running(open(clock), async () => undefined);
    expect(ticks.length).to.equal(120);
    expect([ticks[0]?.price, ticks.at(-1)?.price]).to.deep.equal([81, 200]);
  });

  it("emits nothing before the recording starts", async () => {
    writeTwoVenues();
    const clock = createManualClock(STARTED_AT_MS - 60_000);
    const ticks = await running(open(clock), async () => clock.advance(59_000));
    expect(ticks).to.deep.equal([]);
  });

  it("ends without looping: ages, and says so", async () => {
    writeTwoVenues();
    const clock = createManualClock(STARTED_AT_MS);
    const source = open(clock);
    const ticks = await running(source, async () => clock.advance(3_600_000));
    expect(ticks.length).to.equal(4);
    expect(source.health().map(({ state, detail }) => [state, detail])).to.deep.equal([
      ["stale", "the recording has ended"],
      ["stale", "the recording has ended"],
    ]);
    expect(source.nowMs()).to.equal(T * 1_000 + 3_600_000 * 60);
  });

  it("takes its start from all files, whatever bases are asked for", () => {
    write("kraken_ETHUSD.csv", [`${T - 600},1,1,1,1,1`]);
    writeTwoVenues();
    const clock = createManualClock(STARTED_AT_MS);
    const source = open(clock);
    expect(source.nowMs()).to.equal((T - 600) * 1_000);
    expect(source.health().map(({ venue, pair }) => `${venue} ${pair}`)).to.deep.equal([
      "binance BTC/USDT",
      "kraken BTC/USD",
    ]);
  });

  it("reads stablecoin pairs by their longest quote", () => {
    write("coinbase_USDTUSD.csv", [`${T},1,1,1,1,1`]);
    write("kraken_USDCUSDT.csv", [`${T},1,1,1,1,1`]);
    const source = open(createManualClock(STARTED_AT_MS), { bases: ["USDT", "USDC"] });
    expect(source.health().map(({ pair }) => pair)).to.deep.equal(["USDT/USD", "USDC/USDT"]);
  });

  it("stops at once", async () => {
    writeTwoVenues();
    const clock = createManualClock(STARTED_AT_MS);
    await running(open(clock), async () => undefined);
    expect(clock.sleeping()).to.equal(0);
  });

  it("refuses a folder without bars, a missing folder and a speed that is not positive", () => {
    const clock = createManualClock(STARTED_AT_MS);
    expect(() => open(clock)).to.throw(/no usable files/);
    write("kraken_BTCUSD.csv", []);
    expect(() => open(clock)).to.throw(/holds no bars/);
    writeTwoVenues();
    expect(() => open(clock, { speed: 0 })).to.throw(/speed/);
    rmSync(dir, { recursive: true });
    expect(() => open(clock)).to.throw(/cannot read/);
  });

  for (const [what, row] of [
    ["too few fields", "1677628860,1,1,1,1"],
    ["an empty field", "1677628860,1,1,1,,1"],
    ["a price that is no number", "1677628860,1,1,1,abc,1"],
    ["a trade at a price of zero", "1677628860,1,1,1,0,1"],
    ["a negative volume", "1677628860,1,1,1,1,-1"],
    ["a time that repeats", `${T},1,1,1,1,1`],
  ] as const) {
    it(`names file and line of a row with ${what}`, () => {
      write("kraken_BTCUSD.csv", [`${T},1,1,1,1,1`, row]);
      expect(() => open(createManualClock(STARTED_AT_MS))).to.throw(/kraken_BTCUSD\.csv line 3: /);
    });
  }
});

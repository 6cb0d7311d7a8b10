import { existsSync } from "node:fs";
import path from "node:path";

import { expect } from "chai";

import { median } from "../../../../keepers/feed/price/outliers.ts";
import { defaultPriceSettings } from "../../../../keepers/feed/price/settings.ts";
import { BAR_SECONDS, readRecording } from "../../../../keepers/feed/replay/bars.ts";
import type { BarSeries } from "../../../../keepers/feed/replay/bars.ts";
import { marketsFor, planReplay } from "../../../../keepers/feed/replay/plan.ts";
import { replay } from "../../../../keepers/feed/replay/replay.ts";
import type { ReplayLine } from "../../../../keepers/feed/replay/replay.ts";
import { reportMarket } from "../../../../keepers/feed/replay/silences.ts";
import { PARAMS } from "./fixtures.ts";

/** Recorded bars lie beside the project, not in it: where they are absent these tests are skipped. */
const MARKET = path.resolve(import.meta.dirname, "../../../../../shared/data/market");
const WEEK = path.join(MARKET, "2023-03-01_08");
const INCIDENTS = path.join(MARKET, "incidents");
const BAND = 0.1;

function lines(dir: string, feedId: string, minVenues: number, change = (all: BarSeries[]) => all) {
  const { series, markets } = readRecording(dir, marketsFor(feedId));
  const changed = change(series);
  const request = {
    feedId,
    minVenues,
    from: null,
    to: null,
    step: 60,
    params: PARAMS,
    assumedRates: {},
  };
  return { series, lines: [...replay(changed, planReplay(request, changed, markets).spec)] };
}

/** Median of the closes of all dollar markets but one venue's, by the end of their bar. */
function reference(series: readonly BarSeries[], without: string): Map<number, number> {
  const closes = new Map<number, number[]>();
  for (const { venue, base, quote, openTs, close, volume } of series) {
    if (base !== "BTC" || quote !== "USD" || venue === without) continue;
    for (let index = 0; index < openTs.length; index += 1) {
      if (volume[index] === 0) continue;
      const ts = openTs[index]! + BAR_SECONDS;
      closes.set(ts, [...(closes.get(ts) ?? []), close[index]!]);
    }
  }
  return new Map([...closes].map(([ts, values]) => [ts, median(values)]));
}

function errorsBps(all: readonly ReplayLine[], truth: ReadonlyMap<number, number>) {
  const errors = all
    .flatMap(({ ts, price }) => {
      const close = truth.get(ts);
      return price === null || close === undefined ? [] : [Math.abs(price / close - 1) * 10_000];
    })
    .sort((a, b) => a - b);
  return { p99: errors[Math.floor(errors.length * 0.99)]!, max: errors.at(-1)! };
}

/** Longest time during which the price was further from the answer than the band, in seconds. */
function longestUnpublished(all: readonly ReplayLine[]): number {
  let longest = 0;
  let since: number | null = null;
  for (const { ts, price, answer, status } of all) {
    const away =
      price !== null &&
      answer !== null &&
      status !== "dormant" &&
      Math.abs(price / answer - 1) > BAND;
    // Counted to the step that ends it: the first one at which price and answer agree again.
    if (since !== null) longest = Math.max(longest, ts - since);
    if (away) since ??= ts;
    else since = null;
  }
  return longest;
}

function mutate(
  wanted: (series: BarSeries) => boolean,
  bar: (close: number, volume: number, index: number) => readonly [number, number],
) {
  return (all: BarSeries[]): BarSeries[] =>
    all.map((series) => {
      if (!wanted(series)) return series;
      const bars = Array.from(series.close, (close, index) =>
        bar(close, series.volume[index]!, index),
      );
      return {
        ...series,
        close: Float64Array.from(bars, ([close]) => close),
        volume: Float64Array.from(bars, ([, volume]) => volume),
      };
    });
}

describe("recorded week of March 2023, BTC/USD", function () {
  this.timeout(60_000);

  before(function () {
    if (!existsSync(WEEK)) {
      console.log(`      skipped: no recorded bars in ${WEEK}`);
      this.skip();
    }
  });

  it("has a price at every step, within 3 bps (p99) and 8 bps (max) of the dollar venues", () => {
    const { series, lines: all } = lines(WEEK, "BTC/USD", 3);
    const { p99, max } = errorsBps(all, reference(series, ""));
    console.log(
      `      ${all.length} steps, error p99 ${p99.toFixed(2)} bps, max ${max.toFixed(2)} bps`,
    );
    expect(all.length).to.equal(11_520);
    expect(all.filter(({ price }) => price === null)).to.deep.equal([]);
    expect(p99).to.be.at.most(3);
    expect(max).to.be.at.most(8);
  });

  it("survives and names the outage of Coinbase and the gaps of Kraken", () => {
    const { series, lines: all } = lines(WEEK, "BTC/USD", 3);
    // 17:00 is the end of the last bar before the outage, 21:38 that of the first one after it.
    const during = all.filter(({ ts }) => ts > 1_677_949_500 && ts < 1_677_965_880);
    expect(during.length).to.be.greaterThan(250);
    for (const { venues, price } of during) {
      expect(venues["coinbase"]).to.contain("stale: silent for");
      expect(price).to.be.a("number");
    }
    const gaps = all.filter(({ reason }) => reason.includes("kraken BTC/USDT stale"));
    expect(gaps.length).to.be.greaterThan(100);
    expect(gaps.every(({ venues }) => venues["kraken"] === "used")).to.equal(true);
    const silences = series.flatMap(
      (one) => reportMarket(one, all[0]!.ts, all.at(-1)!.ts, defaultPriceSettings).silences,
    );
    expect(silences).to.deep.include({
      venue: "coinbase",
      pair: "BTC/USD",
      from: 1_677_949_200,
      to: 1_677_965_880,
      seconds: 16_680,
    });
  });

  const harms: Record<string, (all: BarSeries[]) => BarSeries[]> = {
    "freezes without volume": mutate(
      ({ venue, base }) => venue === "coinbase" && base === "BTC",
      (close, volume, index) => (index < 1_440 ? [close, volume] : [23_000, 0]),
    ),
    "freezes with volume": mutate(
      ({ venue, base }) => venue === "coinbase" && base === "BTC",
      (close, volume, index) => (index < 1_440 ? [close, volume] : [23_000, 1]),
    ),
    "publishes garbage": mutate(
      ({ venue, base }) => venue === "coinbase" && base === "BTC",
      (_, __, index) => [10 ** (((index * 7_919) % 17) - 5), 1e6],
    ),
    "crashes alone": mutate(
      ({ venue, base }) => venue === "coinbase" && base === "BTC",
      (close, volume, index) => (index % 60 < 10 ? [close * 0.7, volume * 50] : [close, volume]),
    ),
    disappears: (all) => all.filter(({ venue }) => venue !== "coinbase"),
  };
  for (const [harm, change] of Object.entries(harms)) {
    it(`stays within the same bounds when Coinbase ${harm}`, () => {
      const { series, lines: all } = lines(WEEK, "BTC/USD", 3, change);
      const { p99, max } = errorsBps(all, reference(series, "coinbase"));
      expect(all.filter(({ price }) => price === null)).to.deep.equal([]);
      expect(p99).to.be.at.most(3);
      expect(max).to.be.at.most(8);
    });
  }

  it("gives the same prices when USDC is worth 0.88 dollars", () => {
    const convert = (all: BarSeries[]) =>
      all.map((series) => {
        const factor = series.base === "USDC" ? 0.88 : series.quote === "USDC" ? 1 / 0.88 : 1;
        return { ...series, close: series.close.map((close) => close * factor) };
      });
    const plain = lines(WEEK, "BTC/USD", 3).lines;
    const changed = lines(WEEK, "BTC/USD", 3, convert).lines;
    for (let index = 0; index < plain.length; index += 1) {
      expect(changed[index]!.price).to.be.closeTo(plain[index]!.price!, 1e-4);
    }
  });
});

describe("recorded collapse of LUNA in May 2022", function () {
  this.timeout(60_000);

  before(function () {
    if (!existsSync(INCIDENTS)) {
      console.log(`      skipped: no recorded bars in ${INCIDENTS}`);
      this.skip();
    }
  });

  it("publishes every level within five minutes at a band of 10 %", () => {
    const { lines: all } = lines(INCIDENTS, "LUNA/USDT", 1);
    const seconds = longestUnpublished(all);
    console.log(`      longest time away from the answer by more than the band: ${seconds} s`);
    expect(seconds).to.be.at.most(300);
    expect(
      Math.min(...all.flatMap(({ answer }) => (answer === null ? [] : [answer]))),
    ).to.be.lessThan(1e-4);
  });

  it("never publishes the other asset that comes back after the gap", () => {
    for (const feedId of ["LUNA/USDT", "LUNA/USD"]) {
      const { lines: all } = lines(INCIDENTS, feedId, 1);
      const after = all.filter(({ ts }) => ts > 1_653_976_000);
      const priced = after.filter(({ price }) => price !== null);
      expect(priced.length).to.be.greaterThan(1_000);
      expect(priced.every(({ price }) => price! > 1)).to.equal(true);
      expect(after.some(({ published }) => published)).to.equal(false);
      expect(after.every(({ status, answer }) => status === "dormant" && answer! < 1e-4)).to.equal(
        true,
      );
    }
  });
});

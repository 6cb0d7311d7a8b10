import { expect } from "chai";

import type { BarSeries } from "../../../../keepers/feed/replay/bars.ts";
import { replay } from "../../../../keepers/feed/replay/replay.ts";
import type { ReplayLine, ReplaySpec } from "../../../../keepers/feed/replay/replay.ts";
import { OPEN_TS, PARAMS, series } from "./fixtures.ts";

const FIRST = OPEN_TS + 60;

function run(
  markets: readonly BarSeries[],
  steps: number,
  changes: Partial<ReplaySpec> = {},
): ReplayLine[] {
  const spec: ReplaySpec = {
    feedId: "BTC/USD",
    minVenues: 1,
    from: FIRST,
    to: FIRST + (steps - 1) * 60,
    step: 60,
    params: PARAMS,
    ...changes,
  };
  return [...replay(markets, spec)];
}

describe("replay", () => {
  it("gives a line for every step, with what was observed and what the contract serves", () => {
    const lines = run([series("a BTC/USD", [100, 101])], 2);
    expect(lines).to.deep.equal(
      [100, 101].map((price, index) => ({
        ts: FIRST + index * 60,
        price,
        reason: "median of 1 venue",
        venues: { a: "used" },
        answer: price,
        status: "live",
        published: true,
      })),
    );
  });

  it("knows no bar before its end", () => {
    const [early, late] = run([series("a BTC/USD", [100])], 1, {
      from: FIRST - 1,
      to: FIRST,
      step: 1,
    });
    expect(early).to.deep.equal({
      ts: FIRST - 1,
      price: null,
      reason: "too few venues: 0 live, 1 needed; a: BTC/USD no data yet",
      venues: { a: "BTC/USD no data yet" },
      answer: null,
      status: "empty",
      published: false,
    });
    expect(late?.price).to.equal(100);
  });

  it("takes a bar without volume for no trade", () => {
    const closes = Array.from({ length: 8 }, () => 100);
    const lines = run([series("a BTC/USD", closes, (index) => (index < 2 ? 1 : 0))], 8);
    // The last trade is at the second step; 300 s later is the seventh, the eighth is beyond the limit.
    expect(lines.map(({ price }) => price === null)).to.deep.equal([
      ...Array.from({ length: 7 }, () => false),
      true,
    ]);
    expect(lines[7]?.venues["a"]).to.equal("BTC/USD stale: silent for 360 s (limit 300 s)");
    expect(lines[7]?.answer).to.equal(100);
  });

  it("fills windows with what was recorded before the first step", () => {
    const [line] = run([series("a BTC/USD", [100, null, null, 50])], 1, {
      from: FIRST + 120,
      to: FIRST + 120,
    });
    expect(line?.price).to.equal(100);
  });

  it("publishes a crash after its cool-down, and never a glitch", () => {
    const closes = [100, 100, 50, 100, 50, 50, 50, 50];
    const lines = run([series("a BTC/USD", closes)], 8);
    expect(lines.map(({ answer }) => answer)).to.deep.equal([100, 100, 100, 100, 100, 100, 50, 50]);
    expect(lines.map(({ status }) => status)).to.deep.equal([
      "live",
      "live",
      "suspended",
      "live",
      "suspended",
      "suspended",
      "live",
      "live",
    ]);
    expect(lines.map(({ published }) => published)).to.deep.equal([
      true,
      true,
      false,
      true,
      false,
      false,
      true,
      true,
    ]);
  });

  it("never continues with what comes back after the dormancy limit", () => {
    const gap = Array.from({ length: 20 }, () => null);
    const lines = run([series("a BTC/USD", [100, ...gap, 100, 100, 100, 100])], 25, {
      params: { ...PARAMS, dormancy: 900 },
    });
    expect(lines.at(-1)).to.include({
      price: 100,
      answer: 100,
      status: "dormant",
      published: false,
    });
    expect(lines.slice(10).some(({ published }) => published)).to.equal(false);
  });

  it("reports by deviation and heartbeat only", () => {
    const closes = [100, 100.1, 100.1, 100.3, 100.3, 100.3];
    const lines = run([series("a BTC/USD", closes)], 6, {
      params: { ...PARAMS, heartbeat: 120, deviationBps: 20 },
    });
    // 10 bps is no reason at step 2; the heartbeat at step 3; 20 bps from 100.1 is 100.3002 at step 4; heartbeat at 5
    expect(lines.map(({ published }) => published)).to.deep.equal([
      true,
      false,
      true,
      false,
      true,
      false,
    ]);
  });

  it("works every bar between lines that are further apart", () => {
    const closes = [100, 50, 50, 50, 50, 50];
    const lines = run([series("a BTC/USD", closes)], 6, { step: 300 });
    expect(lines.map(({ ts, answer, published }) => [ts - FIRST, answer, published])).to.deep.equal(
      [
        [0, 100, true],
        [300, 50, true],
      ],
    );
  });

  it("prices a feed in another quote from markets in that quote", () => {
    const { defaultUnit, lines } = {
      defaultUnit: run([series("a LUNA/USDT", [5])], 1, { feedId: "LUNA/USDT" }),
      lines: run([series("a LUNA/USDT", [5])], 1, {
        feedId: "LUNA/USDT",
        settings: { unit: "USDT" },
      }),
    };
    expect(defaultUnit[0]?.reason).to.match(/^unsupported/);
    expect(lines[0]?.price).to.equal(5);
  });

  it("does not depend on the order of markets", () => {
    const markets = ["a", "b", "c", "d"].map((venue, index) =>
      series(`${venue} BTC/USD`, [100 + index, 101 - index, 102]),
    );
    expect(run([...markets].reverse(), 3, { minVenues: 3 })).to.deep.equal(
      run(markets, 3, { minVenues: 3 }),
    );
  });
});

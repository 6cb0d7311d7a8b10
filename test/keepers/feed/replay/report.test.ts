import { expect } from "chai";

import { defaultPriceSettings } from "../../../../keepers/feed/price/settings.ts";
import { duration, renderReplay } from "../../../../keepers/feed/replay/render.ts";
import type { ReplayLine } from "../../../../keepers/feed/replay/replay.ts";
import { reportMarket } from "../../../../keepers/feed/replay/silences.ts";
import { createSummarizer } from "../../../../keepers/feed/replay/summary.ts";
import { OPEN_TS, series } from "./fixtures.ts";

const FIRST = OPEN_TS + 60;

function line(changes: Partial<ReplayLine>): ReplayLine {
  return {
    ts: 0,
    price: 1,
    reason: "",
    venues: {},
    answer: 1,
    status: "live",
    published: true,
    ...changes,
  };
}

describe("summary", () => {
  it("counts steps and finds the longest time without a new answer, the end included", () => {
    const summarizer = createSummarizer();
    summarizer.add(line({ ts: 0, venues: { a: "used", b: "BTC/USD stale" } }));
    summarizer.add(line({ ts: 60, status: "suspended", published: false, venues: { a: "used" } }));
    summarizer.add(line({ ts: 120, venues: { a: "used" } }));
    summarizer.add(line({ ts: 180, price: null, published: false }));
    summarizer.add(line({ ts: 240, price: null, published: false }));
    summarizer.add(line({ ts: 300, price: null, status: "dormant", published: false }));
    expect(summarizer.summary()).to.deep.equal({
      steps: 6,
      published: 2,
      missing: 3,
      suspended: 1,
      maxGapSeconds: 180,
    });
    expect([...summarizer.usedSteps()]).to.deep.equal([
      ["a", 3],
      ["b", 0],
    ]);
    expect(summarizer.stretches()).to.deep.equal([
      { what: "suspended", from: 60, to: 60 },
      { what: "no price", from: 180, to: 300 },
      { what: "dormant", from: 300, to: 300 },
    ]);
  });

  it("counts a replay that published nothing as one gap", () => {
    const summarizer = createSummarizer();
    for (const ts of [0, 60, 120]) summarizer.add(line({ ts, published: false, price: null }));
    expect(summarizer.summary().maxGapSeconds).to.equal(120);
  });
});

describe("silences of a market", () => {
  it("names those beyond the pair's limit, from the last trade to the next", () => {
    // Trades at minutes 0, 1, 7, 13: 6 min of silence are beyond 5, between 7 and 13 a bar without volume is no trade.
    const closes = Array.from({ length: 14 }, (_, index) =>
      [0, 1, 7, 10, 13].includes(index) ? 5 : null,
    );
    const bars = series("kraken BTC/USDT", closes, (index) => (index === 10 ? 0 : 1));
    const report = reportMarket(bars, FIRST, FIRST + 13 * 60, defaultPriceSettings);
    expect(report).to.deep.equal({
      venue: "kraken",
      pair: "BTC/USDT",
      trades: 4,
      silentMinutes: 10,
      silences: [
        { venue: "kraken", pair: "BTC/USDT", from: FIRST + 60, to: FIRST + 420, seconds: 360 },
        { venue: "kraken", pair: "BTC/USDT", from: FIRST + 420, to: FIRST + 780, seconds: 360 },
      ],
    });
  });

  it("does not count silence at the limit", () => {
    const bars = series("a BTC/USD", [5, null, null, null, null, 5]);
    expect(reportMarket(bars, FIRST, FIRST + 300, defaultPriceSettings).silences).to.deep.equal([]);
  });

  it("sees an outage that lasts to the end", () => {
    const [silence] = reportMarket(
      series("a BTC/USD", [5]),
      FIRST,
      FIRST + 3_600,
      defaultPriceSettings,
    ).silences;
    expect(silence?.seconds).to.equal(3_600);
  });
});

describe("rendering of a replay", () => {
  it("says durations as people do", () => {
    expect([45, 119, 120, 7_140, 16_680, 1_574_460].map(duration)).to.deep.equal([
      "45 s",
      "119 s",
      "2 min",
      "119 min",
      "4 h 38 min",
      "18.2 days",
    ]);
  });

  it("names venues, outages and times when the feed was not live", () => {
    const silence = {
      venue: "coinbase",
      pair: "BTC/USD",
      from: 1_677_949_200,
      to: 1_677_965_880,
      seconds: 16_680,
    };
    const text = renderReplay({
      feedId: "BTC/USD",
      from: 1_677_628_860,
      to: 1_678_320_000,
      step: 60,
      summary: { steps: 11_520, published: 11_520, missing: 0, suspended: 3, maxGapSeconds: 60 },
      usedSteps: new Map([["coinbase", 11_248]]),
      stretches: [{ what: "suspended", from: 1_677_949_200, to: 1_677_949_320 }],
      markets: [
        { venue: "coinbase", pair: "BTC/USD", trades: 1, silentMinutes: 2, silences: [silence] },
      ],
      last: { answer: 21_701.42, status: "live" },
    });
    expect(text).to.contain("coinbase  11248 (97.6 %)");
    expect(text).to.contain(
      "coinbase BTC/USD  2023-03-04 17:00 (1677949200) to 2023-03-04 21:38 (1677965880)  4 h 38 min",
    );
    expect(text).to.contain(
      "suspended  2023-03-04 17:00 (1677949200) to 2023-03-04 17:02 (1677949320)",
    );
    expect(text).to.contain("At the end: live, answer 21701.42.");
  });
});

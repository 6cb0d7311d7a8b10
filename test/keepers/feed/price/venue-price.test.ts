import { expect } from "chai";

import { twap, venuePrice, vwap } from "../../../../keepers/feed/price/venue-price.ts";
import type { MarketView } from "../../../../keepers/feed/price/window.ts";
import { NOW_MS, tick } from "./fixtures.ts";

const WINDOW_MS = 30_000;

function view(changes: Partial<MarketView>): MarketView {
  const empty = { ticks: [], carry: null, lastAtMs: null, notional: 0 };
  return { venue: "alpha", base: "BTC", quote: "USD", ...empty, ...changes };
}

describe("venue price", () => {
  it("weighs trades by volume", () => {
    // (100·1 + 110·3) / 4 = 107.5
    const trades = [tick({ price: 100, size: 1 }), tick({ price: 110, size: 3 })];
    expect(vwap(trades)).to.equal(107.5);
  });

  it("gives one trade's price to the last digit", () => {
    expect(vwap([tick({ price: 0.1, size: 0.3 })])).to.equal(0.1);
  });

  it("has no volume-weighted price without volume", () => {
    expect(vwap([tick({ size: 0 }), tick({ kind: "book", size: 9 })])).to.equal(null);
  });

  it("weighs events by the time they held", () => {
    // 100 for 10 s, 130 for 20 s: (1000 + 2600) / 30 = 120
    const events = [tick({ price: 130, atMs: NOW_MS - 20_000 })];
    const opening = tick({ price: 100, atMs: NOW_MS - 90_000 });
    expect(twap(events, NOW_MS, NOW_MS - WINDOW_MS, opening)).to.equal(120);
  });

  it("counts time from the first event when nothing held before", () => {
    // 100 for 10 s, 130 for 10 s
    const events = [
      tick({ price: 100, atMs: NOW_MS - 20_000 }),
      tick({ price: 130, atMs: NOW_MS - 10_000 }),
    ];
    expect(twap(events, NOW_MS, NOW_MS - WINDOW_MS, null)).to.equal(115);
  });

  it("takes the event itself when no time has passed", () => {
    expect(twap([tick({ price: 7 })], NOW_MS, NOW_MS - WINDOW_MS, null)).to.equal(7);
  });

  it("prefers trades with volume to time, and time to the last price", () => {
    const carry = tick({ price: 50, atMs: NOW_MS - 40_000 });
    const book = tick({ price: 80, atMs: NOW_MS - 15_000, kind: "book", size: 0 });
    const trade = tick({ price: 90 });
    const price = (ticks: MarketView["ticks"]) =>
      venuePrice(view({ ticks, carry }), NOW_MS, WINDOW_MS, 300_000);
    expect(price([book, trade])).to.deep.equal({ price: 90, method: "vwap" });
    // 50 for 15 s, 80 for 15 s
    expect(price([book])).to.deep.equal({ price: 65, method: "twap" });
    expect(price([])).to.deep.equal({ price: 50, method: "last" });
  });

  it("does not open a window with a price that had died before it", () => {
    const carry = tick({ price: 50, atMs: NOW_MS - WINDOW_MS - 300_001 });
    const book = tick({ price: 80, atMs: NOW_MS - 15_000, kind: "book", size: 0 });
    const priced = venuePrice(view({ ticks: [book], carry }), NOW_MS, WINDOW_MS, 300_000);
    expect(priced?.price).to.equal(80);
  });

  it("has none where nothing was heard", () => {
    expect(venuePrice(view({}), NOW_MS, WINDOW_MS, 300_000)).to.equal(null);
  });
});

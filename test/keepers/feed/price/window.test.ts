import { expect } from "chai";
import fc from "fast-check";

import { QuoteWindow } from "../../../../keepers/feed/price/window.ts";
import { NOW_MS, settings, shuffled, tick } from "./fixtures.ts";

const market = { venue: "alpha", base: "BTC", quote: "USD" };

describe("quote window", () => {
  it("shows what lies within the window, its older end excluded, and the event before it", () => {
    const window = new QuoteWindow(market, settings({ windowMs: 30_000 }));
    for (const ago of [60_000, 30_000, 29_999, 0])
      window.add(tick({ atMs: NOW_MS - ago, price: ago + 1 }));
    const view = window.snapshot(NOW_MS);
    expect(view.ticks.map(({ price }) => price)).to.deep.equal([30_000, 1]);
    expect(view.carry?.price).to.equal(30_001);
    expect(view.lastAtMs).to.equal(NOW_MS);
  });

  it("says that nothing was heard", () => {
    const view = new QuoteWindow(market, settings()).snapshot(NOW_MS);
    expect(view).to.deep.include({ ticks: [], carry: null, lastAtMs: null, notional: 0 });
  });

  it("does not look ahead", () => {
    const window = new QuoteWindow(market, settings());
    window.add(tick({ atMs: NOW_MS + 1 }));
    expect(window.snapshot(NOW_MS).lastAtMs).to.equal(null);
    expect(window.snapshot(NOW_MS + 1).lastAtMs).to.equal(NOW_MS + 1);
  });

  it("refuses events far ahead of its clock, and forgets those taken before it had one", () => {
    const window = new QuoteWindow(market, settings({ maxAheadMs: 1_000, maxTicksPerMarket: 2 }));
    window.add(tick({ atMs: NOW_MS * 1_000 }));
    window.add(tick({ atMs: NOW_MS }));
    expect(window.snapshot(NOW_MS).lastAtMs).to.equal(NOW_MS);
    expect(window.add(tick({ atMs: NOW_MS + 1_001 }))).to.equal("time lies in the future");
    expect(window.add(tick({ atMs: NOW_MS + 1_000 }))).to.equal(null);
    expect(window.snapshot(NOW_MS).notional).to.equal(100);
  });

  it("counts traded value of the last quarter of an hour, and no book event", () => {
    const window = new QuoteWindow(market, settings());
    window.add(tick({ atMs: NOW_MS - 16 * 60_000, size: 1_000 }));
    window.add(tick({ atMs: NOW_MS - 10 * 60_000, price: 10, size: 3 }));
    window.add(tick({ atMs: NOW_MS - 60_000, price: 20, size: 2 }));
    window.add(tick({ kind: "book", size: 500 }));
    // 10·3 + 20·2
    expect(window.snapshot(NOW_MS).notional).to.equal(70);
  });

  it("keeps the newest events when a venue sends more than it may", () => {
    const window = new QuoteWindow(market, settings({ maxTicksPerMarket: 10 }));
    for (let index = 0; index < 10_000; index += 1) {
      window.add(tick({ atMs: NOW_MS - 10_000 + index, price: index + 1 }));
    }
    const view = window.snapshot(NOW_MS);
    expect(view.ticks).to.have.length(10);
    expect(view.ticks[0]!.price).to.equal(9_991);
  });

  it("shows the same whatever the order of arrival", () => {
    const event = fc.record({
      ago: fc.integer({ min: -500, max: 60_000 }),
      price: fc.integer({ min: 1, max: 50 }),
      size: fc.integer({ min: 0, max: 3 }),
      kind: fc.constantFrom("trade" as const, "book" as const),
    });
    fc.assert(
      fc.property(fc.array(event, { maxLength: 60 }), fc.nat(), (events, seed) => {
        const ticks = events.map(({ ago, ...rest }) => tick({ ...rest, atMs: NOW_MS - ago }));
        const view = (order: typeof ticks) => {
          const window = new QuoteWindow(market, settings({ maxTicksPerMarket: 20 }));
          for (const one of order) window.add(one);
          return window.snapshot(NOW_MS);
        };
        expect(view(shuffled(ticks, seed))).to.deep.equal(view(ticks));
      }),
    );
  });

  it("stays small for ever", () => {
    const window = new QuoteWindow(market, settings({ maxTicksPerMarket: 50 }));
    for (let index = 0; index < 50_000; index += 1) {
      window.add(tick({ atMs: NOW_MS + index * 100 }));
      if (index % 10 === 0) window.snapshot(NOW_MS + index * 100);
    }
    expect(window.snapshot(NOW_MS + 5_000_000).ticks.length).to.be.lessThan(51);
    expect(window.size).to.be.lessThan(400);
  });
});

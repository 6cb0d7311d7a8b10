import { expect } from "chai";

import { createPricer } from "../../../../keepers/feed/price/create.ts";
import { NOW_MS, tick } from "./fixtures.ts";

const feeds = [{ feedId: "BTC/USD", minVenues: 3 }];

describe("pricer", () => {
  it("prices what it was told", () => {
    const pricer = createPricer({ feeds });
    ["a", "b", "c"].forEach((venue, index) => pricer.add(tick({ venue, price: 100 + index })));
    expect(pricer.observe(NOW_MS)[0]?.priceE8).to.equal(10_100_000_000n);
  });

  it("refuses bad events with a reason and goes on", () => {
    const pricer = createPricer({ feeds: [{ feedId: "BTC/USD", minVenues: 1 }] });
    pricer.add(tick());
    for (const price of [Number.NaN, Infinity, -1, 0]) {
      expect(pricer.add(tick({ price }))).to.be.a("string");
    }
    expect(pricer.observe(NOW_MS)[0]?.priceE8).to.equal(10_000_000_000n);
  });

  it("reports on markets that have not spoken", () => {
    const markets = [{ venue: "kraken", base: "BTC", quote: "USD" }];
    expect(createPricer({ feeds, markets }).observe(NOW_MS)[0]?.venues).to.deep.equal({
      kraken: "BTC/USD no data yet",
    });
  });

  it("keeps what it heard when the feeds change", () => {
    const pricer = createPricer({ feeds: [] });
    pricer.add(tick());
    expect(pricer.observe(NOW_MS)).to.deep.equal([]);
    pricer.setFeeds([{ feedId: "BTC/USD", minVenues: 1 }]);
    expect(pricer.observe(NOW_MS)[0]?.priceE8).to.equal(10_000_000_000n);
  });

  it("does not follow more markets than memory is meant for", () => {
    const pricer = createPricer({ feeds });
    const refused = Array.from({ length: 2_001 }, (_, index) =>
      pricer.add(tick({ venue: `v${index}` })),
    );
    expect(refused.filter((reason) => reason !== null)).to.deep.equal(["too many markets"]);
  });

  it("lets a price age and die in silence", () => {
    const pricer = createPricer({ feeds: [{ feedId: "BTC/USD", minVenues: 1 }] });
    pricer.add(tick());
    expect(pricer.observe(NOW_MS + 300_000)[0]?.priceE8).to.equal(10_000_000_000n);
    expect(pricer.observe(NOW_MS + 300_001)[0]?.priceE8).to.equal(null);
  });
});

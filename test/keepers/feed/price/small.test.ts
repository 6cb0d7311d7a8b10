import { expect } from "chai";

import { parseFeedId } from "../../../../keepers/feed/price/feed-id.ts";
import { deathOf } from "../../../../keepers/feed/price/liveness.ts";
import { staleLimitMs } from "../../../../keepers/feed/price/settings.ts";
import { toE8 } from "../../../../keepers/feed/price/to-e8.ts";
import { settings } from "./fixtures.ts";

describe("feed id", () => {
  it("splits base and quote", () => {
    expect(parseFeedId("BTC/USD")).to.deep.equal({ base: "BTC", quote: "USD" });
    expect(parseFeedId("1INCH/USD")).to.deep.equal({ base: "1INCH", quote: "USD" });
  });

  for (const id of [
    "",
    "BTC",
    "BTC/",
    "/USD",
    "BTC/USD/X",
    "btc/usd",
    "BTC-USD",
    "USD/USD",
    "BTC/USD\0",
  ]) {
    it(`refuses ${JSON.stringify(id)}`, () => {
      expect(parseFeedId(id)).to.equal(null);
    });
  }
});

describe("liveness", () => {
  it("calls a market dead when it was silent longer than its limit, and not a moment before", () => {
    expect(deathOf(1_000, 301_000, 300_000)).to.equal(null);
    expect(deathOf(1_000, 301_001, 300_000)).to.equal("stale: silent for 300 s (limit 300 s)");
  });

  it("knows a market that never spoke", () => {
    expect(deathOf(null, 5, 300_000)).to.equal("no data yet");
  });

  it("takes the pair's limit, else its base's, else the default", () => {
    const own = settings({ staleMs: { default: 1, BTC: 2, "BTC/USDC": 3 } });
    expect(staleLimitMs(own, "ETH", "USD")).to.equal(1);
    expect(staleLimitMs(own, "BTC", "USD")).to.equal(2);
    expect(staleLimitMs(own, "BTC", "USDC")).to.equal(3);
  });

  it("lets dollar tokens rest for half an hour", () => {
    expect(staleLimitMs(settings(), "USDC", "USD")).to.equal(1_800_000);
  });
});

describe("conversion to 8 decimals", () => {
  it("rounds half up, once", () => {
    expect(toE8(23_143.73)).to.equal(2_314_373_000_000n);
    expect(toE8(0.99985)).to.equal(99_985_000n);
    // 2^-9 = 0.001953125 and 2^-10 = 0.0009765625 = 97656.25 units
    expect(toE8(2 ** -9)).to.equal(195_313n);
    expect(toE8(2 ** -10)).to.equal(97_656n);
  });

  it("has no answer for what 8 decimals or 95 bits cannot hold", () => {
    expect(toE8(4e-9)).to.equal(null);
    expect(toE8(1e-8)).to.equal(1n);
    expect(toE8(2 ** 95 / 1e8)).to.equal(null);
    // 2^68 = 295147905179352825856 is exact, and so is its product in doubles that the answer must carry
    expect(toE8(2 ** 68)).to.equal(BigInt(2 ** 68 * 1e8));
    expect(toE8(Number.NaN)).to.equal(null);
    expect(toE8(Infinity)).to.equal(null);
    expect(toE8(-1)).to.equal(null);
  });
});

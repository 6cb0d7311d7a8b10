import { expect } from "chai";

import type { ApiFeed } from "../../deploy/stack/api.ts";
import { allHealthy, judge } from "../../deploy/stack/health.ts";
import type { OperatorStatus } from "../../deploy/stack/status.ts";
import { formatPrice, randomnessLine, renderFeeds, sourceLine } from "../../deploy/stack/table.ts";

const feed = (id: string, round: number, more: Partial<ApiFeed> = {}): ApiFeed => ({
  id,
  answer: "2314373000000",
  updatedAt: 1000,
  round,
  status: "live",
  signers: ["0xa", "0xb", "0xc"],
  heartbeat: 10,
  deviationBps: 20,
  gasUsed: 45_123,
  source: "replay",
  reason: null,
  ...more,
});

const status = (
  operator: string,
  prices: Record<string, string | null>,
  source = "replay",
): OperatorStatus => ({
  operator,
  source,
  ageMs: 100,
  feeds: Object.fromEntries(
    Object.entries(prices).map(([id, priceE8]) => [
      id,
      { priceE8, reason: priceE8 === null ? "1 of 3 venues" : "", venues: {} },
    ]),
  ),
});

describe("health of the network", () => {
  const three = ["a", "b", "c"].map((name) => status(name, { "BTC/USD": "1", "ETH/USD": null }));

  it("needs two rounds that are newer than this start", () => {
    const before = new Map([["BTC/USD", 40]]);
    expect(judge([feed("BTC/USD", 41)], three, before, 3)[0]).to.include({
      expected: true,
      healthy: false,
    });
    expect(judge([feed("BTC/USD", 42)], three, before, 3)[0]).to.include({
      expected: true,
      healthy: true,
    });
  });

  it("names why a feed without enough venues is not expected", () => {
    const [health] = judge([feed("ETH/USD", 0)], three, new Map(), 3);
    expect(health).to.deep.equal({
      id: "ETH/USD",
      expected: false,
      healthy: false,
      reason: "1 of 3 venues",
    });
  });

  it("does not expect a feed that only a minority of operators can price", () => {
    const two = [
      status("a", { "BTC/USD": "1" }),
      status("b", { "BTC/USD": "1" }),
      status("c", { "BTC/USD": null }),
    ];
    expect(judge([feed("BTC/USD", 5)], two, new Map(), 3)[0]).to.include({ expected: false });
  });

  it("is not healthy before every operator has spoken, nor without any feed", () => {
    const good = judge([feed("BTC/USD", 5)], three, new Map(), 3);
    expect(allHealthy(good, 4, 5)).to.equal(false);
    expect(allHealthy(good, 5, 5)).to.equal(true);
    expect(allHealthy([], 5, 5)).to.equal(false);
  });
});

describe("table of feeds", () => {
  it("writes prices with digits that suit their size", () => {
    expect(formatPrice("2314373000000")).to.equal("23,143.73");
    expect(formatPrice("99987654")).to.equal("0.999877");
    expect(formatPrice("123456789")).to.equal("1.2346");
  });

  it("shows age, signers, the operators' distance from the answer and the gas", () => {
    const statuses = ["a", "b", "c"].map((name) => status(name, { "BTC/USD": "2316687373000" }));
    const text = renderFeeds([feed("BTC/USD", 7)], statuses, 5, 1004, false);
    for (const part of ["BTC/USD", "23,143.73", "4 s", "3 of 5", "live", "+10.0 bps", "45,123"]) {
      expect(text).to.contain(part);
    }
  });

  it("lines up", () => {
    const text = renderFeeds(
      [feed("BTC/USD", 7), feed("USDT/USD", 12_345, { answer: "100000000" })],
      [],
      5,
      1004,
      false,
    );
    const widths = new Set(text.split("\n").map((line) => line.length));
    expect(widths.size).to.equal(1);
  });

  it("never hides that prices are made up", () => {
    expect(sourceLine([status("a", {}, "simulated")], false)).to.contain("SIMULATED");
  });
});

describe("line about randomness", () => {
  it("counts requests, and names refunds only when there are some", () => {
    const requests = { pending: 2, fulfilled: 17, refunded: 0 };
    expect(randomnessLine({ coordinator: "0xc0", requests })).to.equal(
      "Randomness: 2 pending, 17 fulfilled; coordinator 0xc0",
    );
    expect(
      randomnessLine({ coordinator: "0xc0", requests: { ...requests, refunded: 1 } }),
    ).to.contain("17 fulfilled, 1 refunded;");
  });
});

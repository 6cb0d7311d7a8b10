import { expect } from "chai";

import { summarize, type OperatorStatus } from "../../indexer/src/api/operatorStatus.ts";
import { statusAt } from "../../indexer/src/api/present.ts";
import { feedName } from "../../indexer/src/feedName.ts";
import { PARAMS } from "./network.ts";

const NOW = 1_700_000_000_000;

const operator = (
  priceE8: string | null,
  reason: string,
  extra: Partial<OperatorStatus> = {},
): OperatorStatus => ({
  operator: "0x1",
  source: "live",
  updatedAtMs: NOW - 1_000,
  feeds: { "BTC/USD": { priceE8, reason, venues: {} } },
  ...extra,
});

describe("source and reason of a feed", () => {
  it("say nothing when no operator writes here", () => {
    expect(summarize("BTC/USD", [], 3, NOW)).to.deep.equal({ source: null, reason: null });
  });

  it("give no reason while a quorum has a price", () => {
    const statuses = [operator("1", ""), operator("1", ""), operator(null, "2 of 3 venues")];
    expect(summarize("BTC/USD", statuses, 2, NOW)).to.deep.equal({ source: "live", reason: null });
  });

  it("give the commonest reason when fewer have one", () => {
    const statuses = [
      operator("1", ""),
      operator(null, "a"),
      operator(null, "b"),
      operator(null, "b"),
    ];
    expect(summarize("BTC/USD", statuses, 3, NOW).reason).to.equal(
      "b (1 of 3 operators needed have a price)",
    );
    expect(summarize("ETH/USD", statuses, 3, NOW).reason).to.match(/^no price/);
  });

  it("never hide that one operator simulates", () => {
    const statuses = [operator("1", ""), operator("1", "", { source: "simulated" })];
    expect(summarize("BTC/USD", statuses, 1, NOW).source).to.equal("simulated");
  });

  it("forget operators that stopped writing", () => {
    const old = operator("1", "", { updatedAtMs: NOW - 60_000 });
    expect(summarize("BTC/USD", [old], 1, NOW)).to.deep.equal({
      source: null,
      reason: "no operator has written for 60 s",
    });
    expect(summarize("BTC/USD", [old, operator(null, "dead")], 1, NOW).reason).to.contain("dead");
  });
});

describe("status that readers see", () => {
  const row = { status: "suspended" as const, lastReportAt: 1_000, params: PARAMS };

  it("is dormant only after the limit, and never for an empty feed", () => {
    expect(statusAt(row, 1_000 + PARAMS.dormancy)).to.equal("suspended");
    expect(statusAt(row, 1_001 + PARAMS.dormancy)).to.equal("dormant");
    expect(statusAt({ ...row, status: "empty" }, 2 ** 32)).to.equal("empty");
  });
});

describe("name of a feed", () => {
  it("is the ASCII text before the zeros, else the hex", () => {
    expect(feedName(`0x4254432f555344${"00".repeat(25)}`)).to.equal("BTC/USD");
    const odd = `0x42540043${"00".repeat(28)}` as const;
    expect(feedName(odd)).to.equal(odd);
    const full = `0x${"AB".repeat(32)}` as const;
    expect(feedName(full)).to.equal(full.toLowerCase());
  });
});

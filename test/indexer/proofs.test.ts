import { expect } from "chai";

import { reputationOf } from "../../indexer/src/api/reputationOfTrader.ts";
import { parseAttestationsQuery, parseSlot } from "../../indexer/src/api/proofsQuery.ts";
import { BadRequest } from "../../indexer/src/api/query.ts";
import { instrumentName } from "../../indexer/src/instrumentName.ts";

describe("index of proofs", () => {
  it("names an instrument by its text, and by its number where it is none", () => {
    const word = (digits: string): string => `0x${digits.padStart(64, "0")}`;
    expect(instrumentName(word("4254432d555344"))).to.equal("BTC-USD");
    expect(instrumentName(word("0a41"))).to.equal(word("0a41"));
    expect(instrumentName(word(""))).to.equal(word(""));
    expect(instrumentName(word("410042"))).to.equal(word("410042"));
    // Text is at the right: what stands at the left is a number.
    const left = `0x${"4254432d555344".padEnd(64, "0")}`;
    expect(instrumentName(left)).to.equal(left);
  });

  it("weighs profits by capital, rounded down, and is proved until its slowest instrument", () => {
    // 1 % of 300 and −2 % of 100 are 1 of 400: 0.25 %.
    const totals = {
      ...{ periods: 3, fills: 30, wins: 4, closes: 9, drawdownBps: 250, start: 5 },
      ...{ capital: 400n, realizedBps: 100n * 300n - 200n * 100n },
    };
    expect(reputationOf(totals, [[{ end: 10 }, { end: 20 }], [{ end: 15 }]])).to.deep.equal({
      ...{ instruments: 2, periods: 3, fills: 30, wins: 4, closes: 9, drawdownBps: 250 },
      ...{ profitBps: "25", capital: "400", start: 5, provenUntil: 15 },
    });
    // A third of a basis point down is one down.
    const loss = { ...totals, capital: 3n, realizedBps: -1n };
    expect(reputationOf(loss, [[{ end: 1 }]]).profitBps).to.equal("-1");
  });

  it("refuses what no page or slot is", () => {
    expect(parseAttestationsQuery({})).to.deep.equal({ limit: 100, before: null });
    expect(parseAttestationsQuery({ limit: "1", cursor: "v7.3" })).to.deep.equal({
      ...{ limit: 1, before: { block: 7, logIndex: 3 } },
    });
    for (const query of [{ limit: "0" }, { limit: "1001" }, { cursor: "x" }, { slot: "1" }]) {
      expect(() => parseAttestationsQuery(query)).to.throw(BadRequest);
    }
    expect(parseSlot("4294967295")).to.equal(4_294_967_295);
    for (const slot of ["0", "4294967296", "now", "1.5"]) {
      expect(() => parseSlot(slot)).to.throw(BadRequest);
    }
  });
});
